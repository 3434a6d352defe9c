"""Intercom HTML to blocks: one row per tag.

The forms are those the Articles API returns and has returned (developers.intercom.com, "Supported HTML"
and the article model), and whatever HTML else: what has no row stays as it is, opaque.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from kbsync.document.blocks import (
    Align,
    Block,
    Button,
    Callout,
    CodeBlock,
    Collapsible,
    Divider,
    Document,
    Embed,
    Emphasis,
    Figure,
    Footnote,
    FootnoteRef,
    Heading,
    Image,
    Inline,
    Item,
    Link,
    List,
    Math,
    MathBlock,
    Paragraph,
    Quote,
    Span,
    Strike,
    Strong,
    Subscript,
    Superscript,
    Text,
    Underline,
)
from kbsync.document.formats import PLAIN, Links
from kbsync.document.intercom.addresses import unsigned
from kbsync.document.intercom.colours import callout_kind
from kbsync.document.intercom.tables import table
from kbsync.document.markup.conventions import MARK, checked_item, with_footnotes, without_start
from kbsync.document.markup.elements import Element, content, sole, walk
from kbsync.document.markup.html import parse
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
from kbsync.document.markup.tables import whole_number
from kbsync.document.video import share_url

BUTTON: Final = "a.button"
"""The tag that buttons get: `<a class="intercom-h2b-button">`."""

_BUTTON_CLASS: Final = "intercom-h2b-button"
_CALLOUT_CLASS: Final = "intercom-interblocks-callout"
_ALIGN: Final = re.compile(r"\bintercom(?:-interblocks)?-align-(center|right|justify)\b")
_SIGN_REFERENCE: Final = re.compile(r"&#(?:0*8317|[xX]0*207[dD])")
_HEADINGS: Final = ("h1", "h2", "h3", "h4", "h5", "h6")


def read(raw: str, links: Links = PLAIN) -> Document:
    """Return the document of an article's body. Raises DocumentError when it nests too deep."""
    root = parse(raw).root
    if _BUTTON_CLASS in raw:
        for element in walk(root):
            if element.tag == "a" and _BUTTON_CLASS in element.get("class").split():
                element.tag = BUTTON
    reader = Reader(
        raw, links, "intercom", BLOCKS, INLINES, _finish if _has_signs(raw) else figure_or_paragraph
    )
    return Document(reader.document(root.children))


def _has_signs(raw: str) -> bool:
    return "⁽" in raw or ("&#" in raw and _SIGN_REFERENCE.search(raw) is not None)


def align_of(element: Element) -> Align | None:
    """Return the alignment in an element's class; left is where text stands anyway."""
    if not element.attributes or "-align-" not in element.attributes:
        return None
    found = _ALIGN.search(element.get("class"))
    return found[1] if found else None  # type: ignore[return-value]  # one of Align by the pattern


# --- conventions ----------------------------------------------------------------------------------


def _finish(line: Inlines, align: Align | None, place: Span) -> Block:
    line = _with_footnotes(line)
    if (
        len(line) > 1
        and type(line[0]) is FootnoteRef
        and type(line[1]) is Text
        and line[1].text.startswith(":")
    ):
        return Footnote(line[0].label, (Paragraph(without_start(line[1:], 1), align),), place)
    return figure_or_paragraph(line, align, place)


def _with_footnotes(line: Inlines) -> Inlines:
    out: list[Inline] = []
    for inline in line:
        if isinstance(inline, Text):
            out.extend(with_footnotes(inline.text) if "⁽" in inline.text else (inline,))
        elif isinstance(inline, Strong | Emphasis | Link):
            out.append(msgspec.structs.replace(inline, children=_with_footnotes(inline.children)))
        else:
            out.append(inline)
    return tuple(out)


# --- blocks ---------------------------------------------------------------------------------------


def _paragraph(reader: Reader, element: Element) -> Block:
    return reader.paragraph(element, align_of(element) if element.attributes else None)


def _heading(level: int) -> BlockRow:
    def row(reader: Reader, element: Element) -> Block:
        line = reader.line(element.children)
        if reader.finish is _finish:
            line = _with_footnotes(line)
        return Heading(level, line, align_of(element), Span(element.start, element.end))

    return row


def _list(reader: Reader, element: Element) -> Block | tuple[Block, ...]:
    items: list[Item] = []
    for child in element.children:
        if child.tag == "li":
            checked, blocks = checked_item(reader.inside(child.children))
            items.append(Item(blocks, checked, Span(child.start, child.end)))
        elif child.is_blank():
            continue
        elif items:  # old editors put a nested list beside its item
            last = items[-1]
            blocks = last.blocks + reader.blocks((child,))
            items[-1] = Item(blocks, last.checked, Span(last.source.start, child.end))
        else:
            items.append(Item(reader.blocks((child,)), None, span(child)))
    if not items:
        return ()
    ordered = element.tag == "ol"
    start = element.get("start") if ordered else ""
    return List(tuple(items), ordered, whole_number(start), source=span(element))


def _code(reader: Reader, element: Element) -> Block:
    text = content(element).rstrip("\n")
    if reader.marked and text.startswith(MARK):
        return MathBlock(text[1:], span(element))
    return CodeBlock(text, source=span(element))


def _quote(reader: Reader, element: Element) -> Block:
    return Quote(reader.inside(element.children), span(element))


def _divider(reader: Reader, element: Element) -> Block:  # noqa: ARG001  a row's signature
    return Divider(span(element))


def _frame(reader: Reader, element: Element) -> Block:
    href = share_url(element.get("src"))
    return Embed(href, span(element)) if href else reader.opaque(element)


def _button(reader: Reader, element: Element) -> Block:
    target = reader.links.read(unsigned(element.get("href")))
    label = plain_text(reader.line(element.children))
    return Button(target, label, align_of(element), span(element))


def _figure(reader: Reader, element: Element) -> Block | tuple[Block, ...]:
    caption = element.find("figcaption")
    others = [child for child in element.children if child is not caption]
    made = reader.blocks(others)
    if len(made) != 1 or type(made[0]) is not Figure:
        return reader.opaque(element)
    line = reader.line(caption.children) if caption else ()
    return at(aligned(msgspec.structs.replace(made[0], caption=line), align_of(element)), element)


def _collapsible(reader: Reader, element: Element) -> Block:
    summary = element.find("summary")
    others: Sequence[Element] = [child for child in element.children if child is not summary]
    line: Inlines = ()
    if summary is not None:
        inner = sole(summary.children)
        line = reader.line((inner if inner is not None and inner.tag in _TITLES else summary).children)
    inner = sole(others)
    if inner is not None and inner.tag == "div" and _CALLOUT_CLASS not in inner.get("class"):
        others = inner.children
    return Collapsible(line, reader.inside(others), span(element))


_TITLES: Final = frozenset(["p", *_HEADINGS])


def _division(reader: Reader, element: Element) -> Block | tuple[Block, ...]:
    if _CALLOUT_CLASS in element.get("class"):
        return _callout(reader, element)
    blocks = reader.blocks(element.children)
    if not blocks:
        return ()
    align = align_of(element)
    if len(blocks) == 1:
        return at(aligned(blocks[0], align), element)
    return tuple(aligned(block, align) for block in blocks)


def _callout(reader: Reader, element: Element) -> Block:
    blocks = reader.inside(element.children)
    kind = callout_kind(element.get("style"))
    place = span(element)
    if blocks and reader.marked:
        first = blocks[0]
        if type(first) is Paragraph and first.children:
            title = _title(first.children)
            if title:
                return Callout(kind, blocks[1:], title, place)
            opening = first.children[0]
            if type(opening) is Text and opening.text[0] == MARK:
                return Quote(_quoted(first, blocks[1:]), place)
    return Callout(kind, blocks, source=place)


def _title(line: Inlines) -> str:
    if len(line) != 1 or type(line[0]) is not Strong:
        return ""
    text = plain_text(line[0].children)
    return text[:-1] if text.endswith(MARK) else ""


def _quoted(first: Paragraph, others: tuple[Block, ...]) -> tuple[Block, ...]:
    line = without_start(first.children, 1)
    return (msgspec.structs.replace(first, children=line), *others) if line else others


# --- running text ---------------------------------------------------------------------------------


def _link(reader: Reader, element: Element) -> Inline | Inlines:
    children = reader.inlines(element.children)
    href = unsigned(element.get("href").strip())
    if not href:
        return children
    return Link(reader.links.read(href), children, element.get("title"))


def _image(reader: Reader, element: Element) -> Inline:
    return Image(
        reader.links.read(unsigned(element.get("src").strip())),
        element.get("alt"),
        element.get("title"),
        _pixels(element.get("width")),
        _pixels(element.get("height")),
    )


def _pixels(value: str) -> int | None:
    found = re.fullmatch(r"\s*(\d{1,6})(?:\.\d+)?(?:px)?\s*", value, re.ASCII)
    return int(found[1]) or None if found else None


def _inline_code(reader: Reader, element: Element) -> Inline | Inlines:
    if reader.marked:
        children = element.children
        if len(children) == 1 and children[0].text.startswith(MARK):
            return Math(children[0].text[1:])
    return inline_code(reader, element)


BLOCKS: Final[Mapping[str, BlockRow]] = {
    "p": _paragraph,
    **{tag: _heading(level) for level, tag in enumerate(_HEADINGS, 1)},
    "ul": _list,
    "ol": _list,
    "pre": _code,
    "blockquote": _quote,
    "hr": _divider,
    "table": table(align_of),
    "iframe": _frame,
    BUTTON: _button,
    "figure": _figure,
    "details": _collapsible,
    **dict.fromkeys(
        ("div", "section", "article", "main", "header", "footer", "aside", "center", "body", "html"),
        _division,
    ),
}
"""What a tag is among blocks."""

INLINES: Final[Mapping[str, InlineRow]] = {
    "b": wrapping(Strong),
    "strong": wrapping(Strong),
    "i": wrapping(Emphasis),
    "em": wrapping(Emphasis),
    "s": wrapping(Strike),
    "del": wrapping(Strike),
    "strike": wrapping(Strike),
    "u": wrapping(Underline),
    "ins": wrapping(Underline),
    "sup": wrapping(Superscript),
    "sub": wrapping(Subscript),
    "code": _inline_code,
    "br": line_break,
    "a": _link,
    BUTTON: _link,
    "img": _image,
    **dict.fromkeys(("span", "font", "small", "big", "bdi", "bdo", "p", "div", "wbr", "label"), transparent),
}
"""What a tag is inside running text."""
