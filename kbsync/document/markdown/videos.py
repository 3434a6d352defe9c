"""Which addresses are videos: the players that Intercom articles and Confluence's widget show."""

from __future__ import annotations

import re
from typing import Final

_VIDEO: Final = re.compile(
    r"https?://(?:"
    r"(?:www\.|m\.)?youtube(?:-nocookie)?\.com/(?:watch\?|embed/|shorts/|live/)"
    r"|youtu\.be/"
    r"|(?:www\.|player\.)?vimeo\.com/(?:[\w-]+/)*(?=\d)"
    r"|(?:www\.)?loom\.com/(?:share|embed)/"
    r"|[\w-]+(?:\.wistia\.(?:com|net)|\.wi\.st)/(?:medias|embed)/"
    r"|(?:share|video|play|embed)\.vidyard\.com/"
    r")[^\s<>]+"
)


def is_video(address: str) -> bool:
    """Return whether the address is the page or player of one video."""
    return _VIDEO.fullmatch(address) is not None
