"""Blocks to Markdown: one small function per node.

The style is mdformat's where it has one: ATX headings, `-` bullets, `***` nowhere but where `---` would
read as something else, fences as long as needed, tables padded by one space.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final

from kbsync.document.blocks import (
    Block,
    Button,
    Callout,
    CodeBlock,
    Collapsible,
    Divider,
    Document,
    Embed,
    Figure,
    Footnote,
    Heading,
    Inline,
    Item,
    LineBreak,
    List,
    MathBlock,
    OpaqueBlock,
    Paragraph,
    Quote,
    SoftBreak,
    Table,
    Text,
)
from kbsync.document.formats import Links, Loss, Rendered
from kbsync.document.markdown import code, escape
from kbsync.document.markdown.inline_writer import InlineWriter, escape_raw, footnote_label, image, labelled
from kbsync.document.markdown.parser import MAX_DEPTH, parse
from kbsync.document.markdown.reader import read
from kbsync.document.markdown.rules import bare_end
from kbsync.document.markdown.tables import write_table
from kbsync.document.video import is_video
from kbsync.errors import DocumentError

SPACER: Final = "&nbsp;"
SAFE_DIVIDER: Final = "___"
HIGHEST_NUMBER: Final = 999_999_999

_FENCES: Final = re.compile(r"^[ \t]*(`{3,}|~{3,})", re.MULTILINE)
_UNRAW: Final = re.compile(r"[\r\0]")
_SETEXT: Final = MappingProxyType({1: "===", 2: "---"})
_SUMMARY_END: Final = re.compile(r"</(?=summary)", re.IGNORECASE)


class Writer:
    """Writes the blocks of one body."""

    __slots__ = ("deepest", "depth", "inline", "losses")

    def __init__(self, links: Links) -> None:
        self.losses: dict[Loss, None] = {}
        self.inline = InlineWriter(links, self.losses)
        self.depth = self.deepest = 0

    def blocks(self, blocks: Sequence[Block], *, tight: bool = False, task: str = "") -> str:
        """Return blocks one under the other, with a blank line between where one is wanted or needed.

        `task` stands before the first paragraph, or alone.
        """
        self.depth += 1
        self.deepest = max(self.deepest, self.depth)
        out: list[str] = []
        before: Block | None = None
        starred = False
        for at, block in enumerate(blocks):
            starred = type(block) is List and _continues(before, block) and not starred
            text = self.block(block, starred=starred, last=at == len(blocks) - 1)
            if not text:
                continue
            if task and not at:
                text = f"{task} {text}" if isinstance(block, Paragraph) else f"{task}\n\n{text}"
            if before is not None:
                close = tight and _may_touch(before, block)
                text = SAFE_DIVIDER if close and isinstance(block, Divider) else text
                out.append("\n" if close else "\n\n")
            out.append(text)
            before = block
        self.depth -= 1
        return "".join(out)

    def block(self, block: Block, *, starred: bool, last: bool) -> str:
        """Return one block; `starred` lists take the other marker, `last` is nothing behind it."""
        if isinstance(block, List):
            return _list(self, block, starred=starred)
        if isinstance(block, OpaqueBlock):
            return _opaque(block, last=last)
        return _BLOCKS[type(block)](self, block)

    def line(self, inlines: Sequence[Inline]) -> str:
        """Return running text on one line, safe at both ends."""
        return escape.guard_edges(self.inline.write(inlines, one_line=True).strip(" \t"))

    def label(self, text: str) -> str:
        """Return plain text on one line."""
        return self.inline.write((Text(" ".join(text.split())),), in_link=True)

    def misaligned(self, block: Paragraph | Heading) -> None:
        """Note an alignment that Markdown cannot hold."""
        if block.align not in {None, "left"}:
            self.inline.lose("alignment", f"Markdown cannot hold the alignment {block.align!r} of text")


def _continues(before: Block | None, block: List) -> bool:
    """Return whether Markdown would take the list for more items of the one before."""
    return isinstance(before, List) and before.ordered == block.ordered


def _may_touch(before: Block, block: Block) -> bool:
    """Return whether `block` may follow on the next line, as it does in tight lists."""
    kind = type(block)
    if type(before) in {CodeBlock, MathBlock, Heading, Divider}:
        return not isinstance(block, OpaqueBlock)
    if kind in {CodeBlock, Divider}:
        return type(before) in {Paragraph, List, Quote, Callout, Figure}
    if isinstance(block, Heading):
        return type(before) in {Paragraph, List, Quote, Callout} and not _is_setext(block)
    if kind in {Quote, Callout}:
        return type(before) in {Paragraph, List}
    if isinstance(block, List):
        return type(before) in {Paragraph, Quote, Callout} and _may_interrupt(block)
    return False


def _may_interrupt(block: List) -> bool:
    """Return whether the list may stand right under a paragraph (CommonMark 5.2)."""
    return bool(block.items) and bool(block.items[0].blocks) and (not block.ordered or block.start == 1)


def indented(text: str, first: str, further: str) -> str:
    """Return the text with `first` before its first line and `further` before all others, blank ones bare."""
    lines = text.split("\n")
    rest = [further + line if line else further.rstrip() for line in lines[1:]]
    return "\n".join([first + lines[0] if lines[0] else first.rstrip(), *rest])


# --- running text ---------------------------------------------------------------------------------


def _paragraph(writer: Writer, block: Paragraph) -> str:
    writer.misaligned(block)
    if not block.children:
        return SPACER
    text = escape.guard_lines(writer.inline.write(block.children))
    if text == SPACER:
        return "&#160;"
    return text or SPACER


def _is_setext(block: Heading) -> bool:
    return (
        block.level in _SETEXT and _holds(block.children, SoftBreak) and not _holds(block.children, LineBreak)
    )


def _holds(inlines: Sequence[Inline], kind: type) -> bool:
    return any(type(each) is kind or _holds(getattr(each, "children", ()), kind) for each in inlines)


def _heading(writer: Writer, block: Heading) -> str:
    writer.misaligned(block)
    level = min(max(block.level, 1), 6)
    if _is_setext(block):
        text = escape.guard_lines(writer.inline.write(block.children))
        if "\n" in text and "|" not in text:
            return f"{text}\n{_SETEXT[level]}"
    text = escape.guard_closing(writer.line(block.children))
    return f"{'#' * level} {text}".rstrip(" ")


# --- code, formulas, raw --------------------------------------------------------------------------


def fenced(text: str, info: str) -> str:
    """Return a code block with a fence longer than any inside."""
    char = "~" if "`" in info else "`"
    longest = max((len(found) for found in _FENCES.findall(text) if found[0] == char), default=2)
    fence = char * max(3, longest + 1)
    body = f"{text}\n" if text else ""
    return f"{fence}{info}\n{body}{fence}"


def _code(writer: Writer, block: CodeBlock) -> str:
    info = code.write_info(block.language, block.options)
    if info == "math":
        writer.inline.lose("code-language", "a code block in the language `math` is a formula in Markdown")
    return fenced(block.text.replace("\r\n", "\n").replace("\r", "\n"), info)


def _math(_writer: Writer, block: MathBlock) -> str:
    tex = block.tex.strip()
    lines = tex.split("\n")
    if tex and "$$" not in tex and not tex.endswith("$") and all(line.strip() for line in lines):
        return f"$$\n{tex}\n$$"
    return fenced(block.tex, "math")


def _opaque(block: OpaqueBlock, *, last: bool) -> str:
    if block.origin == "markdown" and not block.raw.lstrip().startswith("<!--"):
        return block.raw
    if block.origin in {"html", "markdown"} and _is_html_block(block.raw, last=last):
        return block.raw
    escaped = bool(_UNRAW.search(block.raw))
    raw = escape_raw(block.raw) if escaped else block.raw
    return fenced(raw, f"{{={block.origin}{' .escaped' if escaped else ''}}}")


def _is_html_block(raw: str, *, last: bool) -> bool:
    """Return whether Markdown takes the text for one HTML block, and what may follow for another block."""
    tokens = parse(raw if last else f"{raw}\n\nx")
    if not tokens or tokens[0].type != "html_block" or tokens[0].content.rstrip("\n") != raw:
        return False
    return len(tokens) == (1 if last else 4)


# --- containers -----------------------------------------------------------------------------------


def _list(writer: Writer, block: List, *, starred: bool) -> str:
    items: list[str] = []
    tight = block.tight and all(map(_is_tight, block.items))
    for at, item in enumerate(block.items):
        marker = _marker(block, at, starred=starred)
        items.append(_item(writer, item, marker, tight=tight))
    return ("\n" if tight else "\n\n").join(items)


def _is_tight(item: Item) -> bool:
    """Return whether the blocks of an item can stand without blank lines between them."""
    if item.checked is not None and item.blocks and not isinstance(item.blocks[0], Paragraph):
        return False
    return all(_may_touch(one, other) for one, other in pairwise(item.blocks))


def _marker(block: List, at: int, *, starred: bool) -> str:
    if not block.ordered:
        return "*" if starred else "-"
    number = min(max(block.start, 0) + at, HIGHEST_NUMBER)
    return f"{number}{')' if starred else '.'}"


def _item(writer: Writer, item: Item, marker: str, *, tight: bool) -> str:
    task = "" if item.checked is None else "[x]" if item.checked else "[ ]"
    text = writer.blocks(item.blocks, tight=tight, task=task) or task
    if not task and item.blocks and isinstance(item.blocks[0], Divider):
        text = SAFE_DIVIDER + text[3:]
    if not text:
        return marker
    further = " " * (len(marker) + 1)
    if text[0] in " \t":
        return f"{marker}\n{indented(text, further, further)}"
    return indented(text, f"{marker} ", further)


def _quote(writer: Writer, block: Quote) -> str:
    return indented(writer.blocks(block.blocks), "> ", "> ")


def _callout(writer: Writer, block: Callout) -> str:
    title = " ".join(block.title.split())
    head = f"[!{block.callout.upper()}]"
    if title:
        head += f" {writer.inline.write((Text(title),))}"
    body = writer.blocks(block.blocks)
    if body and block.blocks and isinstance(block.blocks[0], Paragraph):
        text = f"{head}\n{body}"
    else:
        text = f"{head}\n\n{body}" if body else head
    return indented(text, "> ", "> ")


def _collapsible(writer: Writer, block: Collapsible) -> str:
    summary = _SUMMARY_END.sub("&lt;/", writer.line(block.summary))
    body = writer.blocks(block.blocks)
    inner = f"\n\n{body}\n\n" if body else "\n"
    return f"<details>\n<summary>{summary}</summary>{inner}</details>"


def _footnote(writer: Writer, block: Footnote) -> str:
    head = f"[^{footnote_label(block.label)}]:"
    body = writer.blocks(block.blocks)
    if not body:
        return head
    if isinstance(block.blocks[0], Paragraph):
        return indented(body, f"{head} ", "    ")
    return f"{head}\n{indented(body, '    ', '    ')}"


def _table(writer: Writer, block: Table) -> str:
    return write_table(block, writer.line, writer.blocks)


# --- media ----------------------------------------------------------------------------------------


def _figure(writer: Writer, block: Figure) -> str:
    if block.caption:
        writer.inline.lose("caption", "Markdown cannot hold the caption of an image")
    written = image(writer.inline, block.image, block.align or "")
    address = writer.inline.target(block.link, "link") if block.link else None
    return escape.settle(
        f"[{written}]({escape.address(address)})" if address is not None else written, has_math=False
    )


def _embed(writer: Writer, block: Embed) -> str:
    if (
        block.href.startswith("http")
        and is_video(block.href)
        and bare_end(block.href) == len(block.href)
        and not set(block.href) & _LOUD
    ):
        return block.href
    return f"{labelled(writer.inline, (Text('Video'),), block.href)}{{.embed}}"


_LOUD: Final = frozenset("*~`[]\\&{}$|<>")


def _button(writer: Writer, block: Button) -> str:
    address = writer.inline.target(block.target, "button")
    label = writer.label(block.label)
    if address is None:
        return label
    align = f" align={block.align}" if block.align else ""
    return f"[{label}]({escape.address(address)}){{.button{align}}}"


def _divider(_writer: Writer, _block: Divider) -> str:
    return "---"


_BLOCKS: Final[Mapping[type, Callable[[Writer, Any], str]]] = MappingProxyType(
    {
        Paragraph: _paragraph,
        Heading: _heading,
        CodeBlock: _code,
        MathBlock: _math,
        Quote: _quote,
        Callout: _callout,
        Collapsible: _collapsible,
        Footnote: _footnote,
        Table: _table,
        Figure: _figure,
        Embed: _embed,
        Button: _button,
        Divider: _divider,
    }
)


def write(document: Document, links: Links) -> Rendered:
    """Return the document as Markdown that ends in one line end, and what Markdown cannot hold.

    Raises:
        DocumentError: blocks or marks are nested too deep to be read again.

    """
    writer = Writer(links)
    try:
        text = writer.blocks(document.blocks)
    except RecursionError:
        raise DocumentError("blocks are nested too deep", hint="nest them less") from None
    if document.blocks and isinstance(document.blocks[0], Divider):
        text = SAFE_DIVIDER + text[3:]
    if max(writer.deepest, writer.inline.deepest) > MAX_DEPTH // 4:
        read(text, links)
    return Rendered(f"{text}\n" if text else "", tuple(writer.losses))
