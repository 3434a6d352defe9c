"""From blocks to markup: the walk that both markup formats share; how each node is spelt is their rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from kbsync.document.blocks import (
    ArticleRef,
    AssetRef,
    Block,
    Code,
    Document,
    Inline,
    Link,
    OpaqueBlock,
    OpaqueInline,
    Origin,
    Target,
    Url,
)
from kbsync.document.formats import Links, Loss, Rendered
from kbsync.document.markup.conventions import MARK
from kbsync.document.markup.elements import MAX_DEPTH
from kbsync.document.markup.escape import escape_text, is_unsafe, without_illegal
from kbsync.errors import DocumentError

Row: TypeAlias = Callable[[Any, Any], str]


class Writer:
    """Writes one body; `lose` collects what the format cannot hold, each sentence once."""

    origin: Origin
    parse: Callable[[str], object]
    """How the format reads its own markup; raises DocumentError where it nests too deep."""
    depth = deepest = 0
    """How many blocks stand around, here and at most."""

    def __init__(self, links: Links, rows: Mapping[type, Row]) -> None:
        self.links = links
        self.rows = rows
        self.losses: dict[Loss, None] = {}

    def document(self, document: Document) -> Rendered:
        """Return the whole body. Raises DocumentError when it nests too deep to be written."""
        try:
            raw = self.blocks(document.blocks)
        except RecursionError:
            raise _too_deep() from None
        legal = without_illegal(raw)
        self._check_depth(legal)
        if legal != raw:
            self.lose("control-character", "control characters are left out")
        return Rendered(legal, tuple(self.losses))

    def blocks(self, blocks: Iterable[Block]) -> str:
        """Return the blocks one after the other."""
        rows = self.rows
        self.depth += 1
        self.deepest = max(self.deepest, self.depth)
        written = "".join([rows[type(block)](self, block) for block in blocks])
        self.depth -= 1
        return written

    def _check_depth(self, raw: str) -> None:
        """Refuse what could not be read back; a block makes up to five elements, so most bodies are safe."""
        if self.deepest > MAX_DEPTH // 10:
            try:
                self.parse(raw)
            except DocumentError:
                raise _too_deep() from None

    def inlines(self, inlines: Iterable[Inline]) -> str:
        """Return running text."""
        rows = self.rows
        return "".join([rows[type(inline)](self, inline) for inline in inlines])

    def lose(self, code: str, message: str) -> None:
        """Note what the format cannot hold."""
        self.losses[Loss(code, message)] = None

    def address(self, target: Target) -> str | None:
        """Return the address to write, or None, with its loss, when there is none or it is not safe."""
        address = self.links.write(target)
        if address is None or not address.strip():
            self.lose(*_unaddressed(target))
            return None
        if is_unsafe(address):
            self.lose("unsafe-link", f"a link that would run code is left out: {address[:60]}")
            return None
        return address


def _too_deep() -> DocumentError:
    return DocumentError(
        "the document is nested too deep to be written", hint="take some of the nesting away"
    )


def _unaddressed(target: Target) -> tuple[str, str]:
    match target:
        case Url(href):
            return "dead-link", f"a link that leads nowhere is written as its text: {href[:60]}"
        case AssetRef(path):
            return "asset-pending", f"{path} has no address here yet"
        case ArticleRef(article):
            return "link-pending", f"{article} has no address here yet"


# --- rows that HTML and storage format share ------------------------------------------------------


def text(writer: Writer, node: Any) -> str:  # noqa: ARG001  a row's signature
    """Characters, escaped."""
    return escape_text(node.text)


def code_text(writer: Writer, node: Code) -> str:  # noqa: ARG001  a row's signature
    """Inline code; a MARK in front of it shows nothing, and would make a formula of it."""
    characters = node.text.lstrip(MARK)
    return f"<code>{escape_text(characters)}</code>" if characters else ""


def wrapped(tag: str) -> Row:
    """Return the row of a node that wraps running text in a tag."""

    def row(writer: Writer, node: Any) -> str:
        inner = writer.inlines(node.children)
        return f"<{tag}>{inner}</{tag}>" if inner else ""

    return row


def unwrapped(code: str, message: str) -> Row:
    """Return the row of a node whose text stays and whose look is lost."""

    def row(writer: Writer, node: Any) -> str:
        writer.lose(code, message)
        return writer.inlines(node.children)

    return row


def space(writer: Writer, node: Any) -> str:  # noqa: ARG001  a row's signature
    """A line end of the source reads as a space."""
    return " "


def opaque_block(accepts: Callable[[Any, str], bool]) -> Row:
    """Return the row of a raw block: byte for byte into its own format when that accepts it."""

    def row(writer: Writer, node: OpaqueBlock) -> str:
        if node.origin != writer.origin:
            writer.lose("foreign-block", f"a block only {node.origin} understands is left out")
            return ""
        return node.raw if accepts(writer, node.raw) else ""

    return row


def opaque_inline(accepts: Callable[[Any, str], bool]) -> Row:
    """Return the row of raw running text; elsewhere its visible text stands for it."""

    def row(writer: Writer, node: OpaqueInline) -> str:
        if node.origin == writer.origin and accepts(writer, node.raw):
            return node.raw
        if node.origin != writer.origin:
            writer.lose(
                "foreign-inline", f"{node.text or 'something'} that only {node.origin} understands is text"
            )
        return escape_text(node.text)

    return row


def contains_link(inlines: Iterable[Inline]) -> bool:
    """Tell whether a link stands anywhere inside; links do not nest in markup."""
    return any(isinstance(each, Link) or contains_link(getattr(each, "children", ())) for each in inlines)
