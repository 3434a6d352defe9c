"""Put an edit into the stretch of a body that it touched, where that reads as putting the whole would.

Most edits touch one block of many. The blocks before and behind the edited stretch are neither written nor
aligned; that all reads as wanted is checked on the whole body at the end, as ever.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kbsync.document import canon
from kbsync.document.blocks import Block, Document, Heading, Item, Span
from kbsync.document.formats import Format, Links, Rendered
from kbsync.document.lens_losses import owed
from kbsync.document.patch import in_order
from kbsync.document.shape import walk
from kbsync.errors import DocumentError


@dataclass(frozen=True, slots=True)
class Stretch:
    """What differs between two bodies: the old and the new blocks, and how many stand before and behind."""

    old: tuple[Block, ...]
    new: tuple[Block, ...]
    ahead: int
    behind: int


def stretch(old: Sequence[Block], new: Sequence[Block]) -> Stretch | None:
    """Return what differs, None where it cannot be told apart from the rest.

    That is so where blocks are only added or only removed, where the levels of headings are at stake, which
    count against those of the whole body, and where tasks are, whose numbers are the page's.
    """
    most = min(len(old), len(new))
    ahead = 0
    while ahead < most and _alike(old[ahead], new[ahead]):
        ahead += 1
    behind = 0
    while behind < most - ahead and _alike(old[-1 - behind], new[-1 - behind]):
        behind += 1
    mine, theirs = tuple(old[ahead : len(old) - behind]), tuple(new[ahead : len(new) - behind])
    if not mine or not theirs or not ahead + behind or any(map(_counts, walk(mine + theirs))):
        return None
    return Stretch(mine, theirs, ahead, behind)


def _alike(one: Block, other: Block) -> bool:
    return one == other or canon.key(one) == canon.key(other)


def _counts(part: object) -> bool:
    return isinstance(part, Heading) or (isinstance(part, Item) and part.checked is not None)


def put_into(
    fmt: Format,
    links: Links,
    doc: Document,
    old_raw: str,
    before: Document,
    put: Callable[[Format, Document, str, Links], Rendered],
) -> Rendered | None:
    """Return the body with only the edited stretch put anew, None where the whole has to be looked at."""
    found = stretch(before.blocks, doc.blocks)
    if found is None or not in_order(before.blocks, Span(0, len(old_raw))):
        return None
    start, end = found.old[0].source.start, found.old[-1].source.end
    piece = old_raw[start:end]
    if ("\r\n" in old_raw) != ("\r\n" in piece):
        return None  # the stretch alone does not show which line ends the body has
    try:
        if fmt.read(piece, links).blocks != found.old:
            return None
        made = put(fmt, Document(found.new), piece, links)
        inner = made.raw.rstrip("\r\n") if fmt.name == "markdown" else made.raw
        raw = old_raw[:start] + inner + old_raw[end:]
        shown = fmt.read(made.raw, links).blocks
        got = fmt.read(raw, links)
    except DocumentError:
        return None
    rest = before.blocks[len(before.blocks) - found.behind :]
    if not shown or not canon.same(got, Document((*before.blocks[: found.ahead], *shown, *rest))):
        return None
    outside = Document((*doc.blocks[: found.ahead], *doc.blocks[len(doc.blocks) - found.behind :]))
    return Rendered(raw, tuple(dict.fromkeys((*made.losses, *owed(fmt, links, outside)))))
