"""The round-trip probe: a throw-away draft with every construct, sent to a remote and compared.

What the two services do to a body on saving is documented in part only, and differs between sites; this
tells it of the site at hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from kbsync.article import Article, Text
from kbsync.document.blocks import Document
from kbsync.document.canon import canon
from kbsync.document.formats import PLAIN
from kbsync.document.markdown import MARKDOWN
from kbsync.errors import KbsyncError
from kbsync.replicas.base import Kind, Names, Reading, Replica
from kbsync.resources import folder

ID = "kbsync-probe"


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
    written = replica.create("article", ID, replica.render(article, None, names).raw)
    try:
        back = replica.parse(written.reading, names)
        assert isinstance(back, Article)
        yield from _compare(sent, back.texts[default_locale].body)
    finally:
        try:
            replica.discard(written.reading)
        except KbsyncError as error:
            yield "probe", False, f"the draft could not be deleted: {error.line()}"


def _compare(sent: Document, back: Document) -> Iterator[tuple[str, bool, str]]:
    came = canon(back).blocks
    for block in canon(sent).blocks:
        name = type(block).__name__.lower()
        kept = block in came
        yield (
            name,
            kept,
            "comes back as it was sent" if kept else "comes back different; kbsync keeps it in the files",
        )
