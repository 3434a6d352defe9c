"""Which of the writer's losses a put made: those of the blocks it wrote, and of what it left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from kbsync.document import canon
from kbsync.document.blocks import Block, Document
from kbsync.document.formats import Format, Links, Loss, Rendered
from kbsync.document.walk import targets

_OWED: Final = "-pending"
"""How codes end that say what is still to come, whoever wrote the block: `link-pending`, `asset-pending`."""


def made(
    fmt: Format, links: Links, doc: Document, written: Rendered, kept: Iterable[Block]
) -> tuple[Loss, ...]:
    """Return the losses of `written` without those that only blocks bear which stand there as they stood.

    `written` is what the writer made of `doc`, `kept` are the old blocks that kept their bytes. A block that
    shows nothing is no block that stands there: what is left out is always said.
    """
    if all(loss.code.endswith(_OWED) for loss in written.losses):
        return written.losses
    alone = [(block, fmt.write(Document((block,)), links)) for block in doc.blocks]
    there = Counter(map(canon.key, kept))
    there.subtract(canon.key(block) for block, rendered in alone if not rendered.losses)
    borne: dict[Loss, bool] = {}
    for _, rendered in alone:
        if rendered.losses:
            touched = not _taken(there, fmt.read(rendered.raw, links))
            borne.update((loss, touched or borne.get(loss, False)) for loss in rendered.losses)
    return tuple(loss for loss in written.losses if loss.code.endswith(_OWED) or borne.get(loss, True))


def owed(fmt: Format, links: Links, doc: Document) -> tuple[Loss, ...]:
    """Return what is still to come of the document: its links and files that have no address yet."""
    if all(links.write(target) for target, _ in targets(doc)):
        return ()
    return tuple(loss for loss in fmt.write(doc, links).losses if loss.code.endswith(_OWED))


def _taken(there: Counter[bytes], shown: Document) -> bool:
    """Return whether what a block shows stands there already; then it stands there for no other block."""
    keys = Counter(map(canon.key, shown.blocks))
    if not keys or not keys <= +there:
        return False
    there.subtract(keys)
    return True
