"""Video addresses: what a person shares and what a frame shows, for the players Intercom embeds.

The hosts are those of Intercom's "Supported HTML" page (developers.intercom.com): YouTube, Vimeo, Loom,
Wistia, Vidyard and StreamIO.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlsplit

_ID = r"([A-Za-z0-9_-]+)"


@dataclass(frozen=True, slots=True)
class _Player:
    """One player: which addresses are its videos, and the two ways to spell one."""

    hosts: re.Pattern[str]
    path: re.Pattern[str]
    share: Callable[[str, dict[str, str]], str]
    frame: Callable[[str, dict[str, str]], str]


def _seconds(query: dict[str, str]) -> str:
    found = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?", query.get("t") or query.get("start") or "")
    if found is None:
        return ""
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return str(hours * 3600 + minutes * 60 + seconds or "")


def _youtube(video: str, query: dict[str, str]) -> str:
    at = _seconds(query)
    return f"https://www.youtube.com/watch?v={video}" + (f"&t={at}s" if at else "")


def _youtube_frame(video: str, query: dict[str, str]) -> str:
    at = _seconds(query)
    return f"https://www.youtube.com/embed/{video}" + (f"?start={at}" if at else "")


def _vimeo(video: str, query: dict[str, str]) -> str:
    return f"https://vimeo.com/{video}" + (f"/{query['h']}" if query.get("h") else "")


def _vimeo_frame(video: str, query: dict[str, str]) -> str:
    return f"https://player.vimeo.com/video/{video}" + (f"?h={query['h']}" if query.get("h") else "")


def _streamio(video: str, query: dict[str, str]) -> str:
    player = query.get("player_id", "")
    return f"https://streamio.com/api/v1/videos/{video}/public_show" + (
        f"?player_id={player}" if player else ""
    )


_PLAYERS: Final = (
    _Player(
        re.compile(r"(?:www\.|m\.)?youtube(?:-nocookie)?\.com"),
        re.compile(rf"(?:/(?:embed|shorts|live|v)/|/watch\?v=){_ID}/?"),
        _youtube,
        _youtube_frame,
    ),
    _Player(re.compile(r"youtu\.be"), re.compile(rf"/{_ID}/?"), _youtube, _youtube_frame),
    _Player(
        re.compile(r"(?:www\.|player\.)?vimeo\.com"),
        re.compile(r"/(?:video/)?(\d+)(?:/(?P<h>[0-9a-f]+))?/?"),
        _vimeo,
        _vimeo_frame,
    ),
    _Player(
        re.compile(r"(?:www\.)?loom\.com"),
        re.compile(rf"/(?:share|embed)/{_ID}/?"),
        lambda video, _: f"https://www.loom.com/share/{video}",
        lambda video, _: f"https://www.loom.com/embed/{video}",
    ),
    _Player(
        re.compile(r"(?:[a-z0-9-]+\.)?wistia\.(?:com|net)"),
        re.compile(rf"/(?:medias|embed/iframe|embed/medias)/{_ID}/?"),
        lambda video, _: f"https://home.wistia.com/medias/{video}",
        lambda video, _: f"https://fast.wistia.net/embed/iframe/{video}",
    ),
    _Player(
        re.compile(r"(?:share|play|embed)\.vidyard\.com"),
        re.compile(rf"/(?:watch/|share/)?{_ID}(?:\.html)?/?"),
        lambda video, _: f"https://share.vidyard.com/watch/{video}",
        lambda video, _: f"https://play.vidyard.com/{video}",
    ),
    _Player(
        re.compile(r"(?:www\.)?streamio\.com"),
        re.compile(rf"/api/v1/videos/{_ID}/public_show"),
        _streamio,
        _streamio,
    ),
)


def _find(address: str) -> tuple[_Player, str, dict[str, str]] | None:
    if not address.startswith(("https://", "http://", "//")) or any(blank in address for blank in " \t\n\r"):
        return None
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").lower()
    except ValueError:
        return None
    query = {name: values[0] for name, values in parse_qs(parts.query, max_num_fields=None).items()}
    for player in _PLAYERS:
        if not player.hosts.fullmatch(host):
            continue
        watched = parts.path.rstrip("/") == "/watch" and "v" in query
        found = player.path.fullmatch(f"/watch?v={query['v']}" if watched else parts.path)
        if found is None:
            return None
        return player, found[1], query | {name: value for name, value in found.groupdict().items() if value}
    return None


def is_video(address: str) -> bool:
    """Tell whether the address is a video of a player that Intercom embeds."""
    return _find(address) is not None


def share_url(address: str) -> str | None:
    """Return the one address a person would share for this video, None when it is no known video.

    `https://www.youtube.com/embed/ID?rel=0` and `https://youtu.be/ID` are both
    `https://www.youtube.com/watch?v=ID`; a start time stays.
    """
    found = _find(address)
    return found[0].share(found[1], found[2]) if found else None


def frame_url(address: str) -> str | None:
    """Return the address an iframe shows the video at, None when it is no known video."""
    found = _find(address)
    return found[0].frame(found[1], found[2]) if found else None
