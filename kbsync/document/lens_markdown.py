"""What the lens keeps of a Markdown file's own hand: list markers and line ends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, TypeVar

import msgspec

from kbsync.document.align import align
from kbsync.document.blocks import Document, List
from kbsync.document.canon_inline import tidy
from kbsync.document.runs import nest
from kbsync.document.shape import INLINES, PARTS, Part, children, running_text

PartT = TypeVar("PartT", bound=Part)

_MARKER: Final = re.compile(r"([-*+])|\d{1,9}([.)])")


def line_ends(raw: str, like: str) -> str:
    """Return the text with the line ends of another one."""
    return raw.replace("\n", "\r\n") if "\r\n" in like else raw


def without_style(document: Document, before: Document) -> Document:
    """Return the document without soft breaks and loose lists in blocks that `before` has in some form.

    How such a block is wrapped and spaced is for the old text to say.
    """
    known = {match.new for match in align(before.blocks, document.blocks) if match.old is not None}
    return Document(
        tuple(_plain(block) if at in known else block for at, block in enumerate(document.blocks))
    )


def _plain(part: PartT) -> PartT:
    fields: dict[str, Any] = {"tight": True} if isinstance(part, List) else {}
    if type(part) in INLINES:
        fields[INLINES[type(part)]] = nest(tidy(running_text(part)))
    if type(part) in PARTS:
        fields[PARTS[type(part)]] = tuple(map(_plain, children(part)))
    return msgspec.structs.replace(part, **fields) if fields else part


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
