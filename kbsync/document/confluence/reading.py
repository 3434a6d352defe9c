"""Storage format to blocks: one row per tag.

Forms: "Confluence Storage Format" (confluence.atlassian.com) and what Cloud's editor stores today. Tags
carry the macro's name as `macro:<name>`; what has no row stays as it is, opaque.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from kbsync.document.blocks import (
    Align,
    Block,
    Button,
    Cell,
    Code,
    CodeBlock,
    Divider,
    Document,
    Embed,
    Emphasis,
    Figure,
    Footnote,
    FootnoteRef,
    Heading,
    Inline,
    Item,
    Link,
    List,
    Math,
    Paragraph,
    Quote,
    Row,
    Span,
    Strike,
    Strong,
    Subscript,
    Superscript,
    Table,
    Text,
    Underline,
    Url,
)
from kbsync.document.confluence import links as link_rows
from kbsync.document.confluence import macros
from kbsync.document.formats import PLAIN, Links
from kbsync.document.markup.conventions import MARK, checked_item
from kbsync.document.markup.elements import Element, content, sole
from kbsync.document.markup.reading import (
    BlockRow,
    InlineRow,
    Inlines,
    Reader,
    aligned,
    at,
    figure_or_paragraph,
    inline_code,
    line_break,
    plain_text,
    span,
    transparent,
    wrapping,
)
from kbsync.document.markup.tables import aligned_cell, count, rows_of, whole_number
from kbsync.document.markup.xml import parse
from kbsync.document.video import share_url

FOOTNOTE: Final = "fn-"
"""Anchors of footnotes start so."""

_ALIGN: Final = re.compile(r"(?:^|;)\s*text-align\s*:\s*(left|center|right|justify)\s*(?:;|$)")
_STRUCK: Final = re.compile(r"text-decoration[^;]*line-through")


def read(raw: str, links: Links = PLAIN) -> Document:
    """Return the document of a page body.

    Raises DocumentError with line and reason when the body is not well-formed XML, names an entity that
    HTML does not know, or nests too deep.
    """
    root = parse(raw)
    reader = Reader(
        raw, links, "confluence", BLOCKS, INLINES, _finish if MARK in raw else figure_or_paragraph
    )
    return Document(reader.document(root.children))


def align_of(element: Element) -> Align | None:
    """Return the alignment in an element's style."""
    found = _ALIGN.search(element.get("style")) if "align" in element.attributes else None
    return found[1] if found else None  # type: ignore[return-value]  # one of Align by the pattern


def _finish(line: Inlines, align: Align | None, place: Span) -> Block:
    """A bold link that ends in a MARK is a button."""
    if len(line) == 1 and type(line[0]) is Strong and len(line[0].children) == 1:
        link = line[0].children[0]
        if type(link) is Link:
            label = plain_text(link.children)
            if label.endswith(MARK):
                return Button(link.target, label[:-1], align, place)
    return figure_or_paragraph(line, align, place)


# --- blocks ---------------------------------------------------------------------------------------


def _paragraph(reader: Reader, element: Element) -> Block:
    first = element.children[0] if element.children else None
    if first is not None and first.tag == "macro:anchor":
        label = macros.parameters(first).get("", "")
        if label.startswith(FOOTNOTE):
            return _footnote(reader, element, label.removeprefix(FOOTNOTE))
    if first is not None and first.tag == "a" and first.get("data-card-appearance") == "embed":
        href = share_url(first.get("href"))
        if href and sole(element.children) is first:
            return Embed(href, span(element))
    return reader.paragraph(element, align_of(element))


def _footnote(reader: Reader, element: Element, label: str) -> Block:
    line = reader.line(element.children[1:])
    if line and line[0] == Superscript((Text(label),)):
        line = line[1:]
    if line and type(line[0]) is Text:
        text = line[0].text.lstrip(" ")
        line = (Text(text), *line[1:]) if text else line[1:]
    return Footnote(label, (Paragraph(line, align_of(element)),), span(element))


def _heading(level: int) -> BlockRow:
    def row(reader: Reader, element: Element) -> Block:
        return Heading(level, reader.line(element.children), align_of(element), span(element))

    return row


def _list(reader: Reader, element: Element) -> Block | tuple[Block, ...]:
    items: list[Item] = []
    for child in element.children:
        if child.is_blank():
            continue
        if child.tag == "li":
            checked, blocks = checked_item(reader.inside(child.children))
            items.append(Item(blocks, checked, span(child)))
        elif items:
            items[-1] = _extended(reader, items[-1], child)
        else:
            return reader.opaque(element)
    if not items:
        return ()
    ordered = element.tag == "ol"
    start = element.get("start") if ordered else ""
    return List(tuple(items), ordered, whole_number(start), source=span(element))


def _extended(reader: Reader, item: Item, child: Element) -> Item:
    """Return the item with what stands behind it in the list, such as a nested list of tasks."""
    place = Span(item.source.start, child.end)
    return Item(item.blocks + reader.blocks((child,)), item.checked, place)


def _task_list(reader: Reader, element: Element) -> Block | tuple[Block, ...]:
    items: list[Item] = []
    for child in element.children:
        if child.is_blank():
            continue
        if child.tag == "ac:task":
            items.append(_task(reader, child))
        elif items:
            items[-1] = _extended(reader, items[-1], child)
        else:
            return reader.opaque(element)
    return List(tuple(items), source=span(element)) if items else ()


def _task(reader: Reader, element: Element) -> Item:
    status = element.find("ac:task-status")
    body = element.find("ac:task-body")
    children = body.children if body else []
    inner = sole(children)
    if inner is not None and inner.tag == "span":
        children = inner.children
    done = status is not None and content(status).strip() == "complete"
    return Item(reader.inside(children), done, span(element))


def _code(reader: Reader, element: Element) -> Block:  # noqa: ARG001  a row's signature
    return CodeBlock(content(element).rstrip("\n"), source=span(element))


def _quote(reader: Reader, element: Element) -> Block:
    return Quote(reader.inside(element.children), span(element))


def _divider(reader: Reader, element: Element) -> Block:  # noqa: ARG001  a row's signature
    return Divider(span(element))


def _division(reader: Reader, element: Element) -> Block | tuple[Block, ...]:
    """A `div` around one block is that block; around several it only says where they stand."""
    blocks = reader.document(element.children)
    align = align_of(element)
    if len(blocks) == 1:
        return at(aligned(blocks[0], align), element)
    return tuple(aligned(block, align) for block in blocks)


def _layout(reader: Reader, element: Element) -> Block | tuple[Block, ...]:
    """Return the blocks of a layout, a section or a cell; the lens keeps them where they stand."""
    return reader.document(element.children)


def _table(reader: Reader, element: Element) -> Block | tuple[Block, ...]:
    lines = rows_of(element)
    if lines is None:
        return reader.opaque(element)
    rows = tuple(
        Row(tuple(_cell(reader, each) for each in line.children if not each.is_blank()), span(line))
        for line in lines
    )
    return Table(rows, span(element)) if rows else ()


def _cell(reader: Reader, element: Element) -> Cell:
    inner = element.find("p")
    return aligned_cell(
        Cell(
            reader.inside(element.children),
            element.tag == "th",
            align_of(element),
            count(element.get("colspan")),
            count(element.get("rowspan")),
            element.get("data-highlight-colour"),
            span(element),
        ),
        align_of(inner) if inner is not None else None,
    )


def _image_block(reader: Reader, element: Element) -> Block:
    image = link_rows.image(reader, element)
    if image is None:
        return reader.opaque(element)
    caption = element.find("ac:caption")
    line: Inlines = ()
    if caption is not None:
        inner = sole(caption.children)
        line = reader.line((inner if inner is not None and inner.tag == "p" else caption).children)
    return Figure(image, align=link_rows.image_align(element), caption=line, source=span(element))


# --- running text ---------------------------------------------------------------------------------


def _span(reader: Reader, element: Element) -> Inline | Inlines:
    children = reader.inlines(element.children)
    if children and _STRUCK.search(element.get("style")):
        return Strike(children)
    return children


def _superscript(reader: Reader, element: Element) -> Inline | Inlines:
    children = reader.inlines(element.children)
    if len(children) == 1 and type(children[0]) is Link:
        link = children[0]
        label = plain_text(link.children)
        if link.target == Url(f"#{FOOTNOTE}{label}"):
            return FootnoteRef(label)
    return Superscript(children) if children else ()


def _inline_code(reader: Reader, element: Element) -> Inline | Inlines:
    made = inline_code(reader, element)
    return Math(made.text[1:]) if isinstance(made, Code) and made.text.startswith(MARK) else made


def _time(reader: Reader, element: Element) -> Inline:
    return reader.opaque_inline(element, element.get("datetime"))


def _emoticon(reader: Reader, element: Element) -> Inline:
    fallback = element.get("ac:emoji-fallback")
    return reader.opaque_inline(element, fallback or f":{element.get('ac:name')}:")


BLOCKS: Final[Mapping[str, BlockRow]] = {
    "p": _paragraph,
    **{f"h{level}": _heading(level) for level in range(1, 7)},
    "ul": _list,
    "ol": _list,
    "ac:task-list": _task_list,
    "pre": _code,
    "blockquote": _quote,
    "hr": _divider,
    "div": _division,
    **dict.fromkeys(("ac:layout", "ac:layout-section", "ac:layout-cell"), _layout),
    "table": _table,
    "ac:image": _image_block,
    **macros.BLOCKS,
}
"""What a tag is among blocks."""

INLINES: Final[Mapping[str, InlineRow]] = {
    "strong": wrapping(Strong),
    "b": wrapping(Strong),
    "em": wrapping(Emphasis),
    "i": wrapping(Emphasis),
    "s": wrapping(Strike),
    "del": wrapping(Strike),
    "strike": wrapping(Strike),
    "u": wrapping(Underline),
    "ins": wrapping(Underline),
    "sup": _superscript,
    "sub": wrapping(Subscript),
    "span": _span,
    "code": _inline_code,
    "br": line_break,
    "a": link_rows.anchor,
    "ac:link": link_rows.link,
    "ac:image": link_rows.inline_image,
    "time": _time,
    "ac:emoticon": _emoticon,
    **dict.fromkeys(("ac:inline-comment-marker", "font", "small", "big", "tt"), transparent),
    **macros.INLINES,
}
"""What a tag is inside running text."""
