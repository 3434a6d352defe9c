"""One address for one video, whichever way it was spelt."""

from __future__ import annotations

import pytest

from kbsync.document.video import frame_url, is_video, share_url

SPELLINGS = [
    ("https://www.youtube.com/watch?v=dQw4w9WgXcQ", "https://www.youtube.com/embed/dQw4w9WgXcQ"),
    (
        "https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=90s",
        "https://www.youtube.com/embed/dQw4w9WgXcQ?start=90",
    ),
    ("https://vimeo.com/76979871", "https://player.vimeo.com/video/76979871"),
    ("https://vimeo.com/76979871/abc123", "https://player.vimeo.com/video/76979871?h=abc123"),
    ("https://www.loom.com/share/0123abcd", "https://www.loom.com/embed/0123abcd"),
    ("https://home.wistia.com/medias/abc123", "https://fast.wistia.net/embed/iframe/abc123"),
    ("https://share.vidyard.com/watch/AbC1", "https://play.vidyard.com/AbC1"),
    (
        "https://streamio.com/api/v1/videos/12ab/public_show?player_id=9",
        "https://streamio.com/api/v1/videos/12ab/public_show?player_id=9",
    ),
]


@pytest.mark.parametrize(("share", "frame"), SPELLINGS)
def test_share_and_frame_are_each_others_inverse(share: str, frame: str) -> None:
    """What a person shares and what a frame shows name the same video."""
    assert frame_url(share) == frame
    assert share_url(frame) == share
    assert share_url(share) == share


@pytest.mark.parametrize(
    "address",
    [
        "https://youtu.be/dQw4w9WgXcQ?si=x",
        "//www.youtube-nocookie.com/embed/dQw4w9WgXcQ?rel=0",
        "https://m.youtube.com/watch?feature=share&v=dQw4w9WgXcQ",
        "https://www.youtube.com/shorts/dQw4w9WgXcQ",
    ],
)
def test_every_spelling_is_one_address(address: str) -> None:
    """Short links, frames and phone links share as one."""
    assert share_url(address) == "https://www.youtube.com/watch?v=dQw4w9WgXcQ"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "youtube",
        "https://www.youtube.com/@channel/videos",
        "https://www.youtube.com/playlist?list=x",
        "https://www.youtube.com.evil.example/embed/x",
        "https://evil.example/?https://youtu.be/x",
        "javascript:https://youtu.be/x",
        "https://youtu.be/a b",
        "https://[youtu.be/x",
        "https://vimeo.com/about",
    ],
)
def test_other_addresses_are_no_videos(address: str) -> None:
    """Only addresses of a known player's videos are embedded."""
    assert not is_video(address)
