"""The round-trip probe: a throw-away draft with every construct, sent to a remote and compared.

What the two services do to a body on saving is documented in part only, and differs between sites; this
tells it of the site at hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from kbsync.article import Article, Text
from kbsync.document.blocks import Block, CodeBlock, Document, List
from kbsync.document.canon import canon
from kbsync.document.formats import PLAIN
from kbsync.document.markdown import MARKDOWN
from kbsync.errors import KbsyncError
from kbsync.replicas.base import Kind, Names, Reading, Replica
from kbsync.resources import folder

ID = "kbsync-probe"


@runtime_checkable
class Disposable(Replica, Protocol):
    """A replica that can remove for good what it made."""

    def discard(self, reading: Reading) -> None:
        """Delete the thing."""
        ...


class _Nobody:
    """A book of names in which nothing stands."""

    def __init__(self, default_locale: str) -> None:
        self.default_locale = default_locale

    def id(self, handle: str, kind: Kind = "article") -> str | None:  # noqa: ARG002  the book's signature
        return None

    handle = alias = by_alias = id

    def asset(self, address: str) -> str | None:  # noqa: ARG002  the book's signature
        return None

    address = asset


def round_trip(replica: Disposable, default_locale: str) -> Iterator[tuple[str, bool, str]]:
    """Yield one check a construct: whether it came back as it was sent. The draft is deleted again."""
    names: Names = _Nobody(default_locale)
    sent = MARKDOWN.read((folder("templates") / "probe.md").read_text("utf-8"), PLAIN)
    article = Article(
        ID, {default_locale: Text("kbsync round-trip probe, please ignore", sent, state="draft")}
    )
    raw = replica.render(article, None, names).raw
    written = replica.create("article", ID, raw)
    try:
        held = replica.parse(Reading("article", written.reading.handle, "", raw), names)
        back = replica.parse(written.reading, names)
        assert isinstance(held, Article)
        assert isinstance(back, Article)
        yield from _compare(sent, held.texts[default_locale].body, back.texts[default_locale].body)
    finally:
        try:
            replica.discard(written.reading)
        except KbsyncError as error:
            yield "probe", False, f"the draft could not be deleted: {error.line()}"


def _compare(sent: Document, held: Document, back: Document) -> Iterator[tuple[str, bool, str]]:
    """Tell what the format cannot hold, which is known, from what this site changed, which is news."""
    holds, came = canon(held).blocks, canon(back).blocks
    for block in canon(sent).blocks:
        if block in came:
            yield _called(block), True, "comes back as it was sent"
        elif block not in holds:
            yield _called(block), True, "has no full counterpart there; kbsync keeps it in the files"
        else:
            yield _called(block), False, "is changed by this site on saving; kbsync keeps what the files say"


def _called(block: Block) -> str:
    match block:
        case List(items=items) if any(item.checked is not None for item in items):
            return "task list"
        case List(ordered=True):
            return "ordered list"
        case CodeBlock():
            return "code block"
        case _:
            return type(block).__name__.lower()
