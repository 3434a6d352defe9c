"""What the lens keeps of a Markdown file's own hand: list markers and line ends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from kbsync.document.blocks import List
from kbsync.document.shape import Part, children

_MARKER: Final = re.compile(r"([-*+])|\d{1,9}([.)])")


def line_ends(raw: str, like: str) -> str:
    """Return the text with the line ends of another one."""
    return raw.replace("\n", "\r\n") if "\r\n" in like else raw


def list_markers(raw: str, part: Part) -> dict[tuple[int, bool], str]:
    """Return the marker of the first list of each depth and kind, e.g. `{(0, False): "*"}`."""
    found: dict[tuple[int, bool], str] = {}
    for at, kind in _marks(raw, part, 0):
        found.setdefault(kind, raw[at])
    return found


def with_markers(raw: str, part: Part, markers: dict[tuple[int, bool], str]) -> str:
    """Return the text of a part, its list markers replaced by these; the length stays."""
    letters = list(raw[part.source.start : part.source.end])
    for at, kind in _marks(raw, part, 0):
        letters[at - part.source.start] = markers.get(kind, raw[at])
    return "".join(letters)


def _marks(raw: str, part: Part, depth: int) -> Iterator[tuple[int, tuple[int, bool]]]:
    """Yield where each list item's marker character stands, with its list's depth and kind."""
    if isinstance(part, List):
        depth += 1
        for item in part.items:
            found = _MARKER.match(raw, item.source.start)
            if found:
                yield found.start(1 if found[1] else 2), (depth, part.ordered)
    for child in children(part):
        yield from _marks(raw, child, depth)
