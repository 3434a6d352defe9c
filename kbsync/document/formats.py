"""What a format is: a reader and a writer, and how they spell links.

A *format* is a pair of pure functions. `read` gives every top-level block (and every nested block, item,
row and cell that can be found again in the raw text) its `source` span; spans of siblings never overlap
and never run backwards. What stands between two spans is glue and belongs to nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from kbsync.document.blocks import ArticleRef, AssetRef, Document, Target, Url

FormatName: TypeAlias = Literal["markdown", "intercom", "confluence"]


class Links(Protocol):
    """How one replica spells, in one body, what documents name by identity.

    Addresses are strings. Storage format has no addresses for pages and attachments, so its reader and
    writer use `ri:page/<space key or empty>/<title>#<anchor>` and `ri:attachment/<file name>`, each part
    percent-encoded.
    """

    def read(self, address: str) -> Target:
        """Return what the address names; an address kbsync does not know is a `Url`."""
        ...

    def write(self, target: Target) -> str | None:
        """Return the address of the target here, or None while it has none."""
        ...


class PlainLinks:
    """Links of a body that stands alone: every address is itself.

    Articles and assets, which have no address of their own, become `article:<id>#<anchor>` and the path.
    """

    def read(self, address: str) -> Target:
        """Return the address as a Url, or the reference that `write` made it from."""
        if address.startswith("article:"):
            article, _, anchor = address.removeprefix("article:").partition("#")
            return ArticleRef(article, anchor)
        return Url(address)

    def write(self, target: Target) -> str | None:
        """Return the address."""
        match target:
            case Url(href):
                return href
            case ArticleRef(article, anchor):
                return f"article:{article}" + (f"#{anchor}" if anchor else "")
            case AssetRef(path):
                return path


PLAIN = PlainLinks()


@dataclass(frozen=True, slots=True)
class Loss:
    """Something a format could not hold: a stable kebab-case code, and a sentence for a person."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a writer made, and what it had to leave out."""

    raw: str
    losses: tuple[Loss, ...] = ()


@dataclass(frozen=True, slots=True)
class Format:
    """One format: its name, its pure reader and writer, and the glue between two fresh blocks."""

    name: FormatName
    read: Callable[[str, Links], Document]
    write: Callable[[Document, Links], Rendered]
    glue: str
