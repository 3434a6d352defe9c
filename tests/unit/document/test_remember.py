"""A format that remembers reads what the plain one reads, and less often."""

from __future__ import annotations

from dataclasses import replace

from kbsync.document.blocks import ArticleRef, Document, Target, Url
from kbsync.document.formats import PLAIN, Format, Links
from kbsync.document.markdown import MARKDOWN
from kbsync.document.remember import remembered

TEXT = "See [the other](other.md).\n"


class _Book(dict[str, str]):
    """Articles by address."""

    def read(self, address: str) -> Target:
        return ArticleRef(self[address]) if address in self else Url(address)

    def write(self, target: Target) -> str | None:
        return None


class _Counting:
    def __init__(self) -> None:
        self.read_bodies: list[str] = []

    def read(self, raw: str, links: Links = PLAIN) -> Document:
        self.read_bodies.append(raw)
        return MARKDOWN.read(raw, links)

    def format(self, limit: int) -> Format:
        return remembered(replace(MARKDOWN, read=self.read), limit)


def test_a_body_is_read_once() -> None:
    """The second look at a body costs nothing and shows the same."""
    counting = _Counting()
    fmt = counting.format(1000)
    assert fmt.read(TEXT, _Book()) == fmt.read(TEXT, _Book()) == MARKDOWN.read(TEXT, _Book())
    assert counting.read_bodies == [TEXT]


def test_a_body_is_read_anew_when_an_address_names_something_else() -> None:
    """A link that found its article meanwhile shows it."""
    fmt, book = remembered(MARKDOWN), _Book()
    fmt.read(TEXT, book)
    book["other.md"] = "other"
    assert fmt.read(TEXT, book) == MARKDOWN.read(TEXT, book)


def test_memory_is_bounded() -> None:
    """What was read longest ago is forgotten first."""
    counting = _Counting()
    fmt = counting.format(10)
    for raw in ("aaaaaa\n", "bb\n", "cccccc\n", "bb\n", "aaaaaa\n"):
        fmt.read(raw, PLAIN)
    assert counting.read_bodies == ["aaaaaa\n", "bb\n", "cccccc\n", "aaaaaa\n"]
