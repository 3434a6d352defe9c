"""Blocks to Intercom HTML: one row per node, one line, nothing between blocks.

Any white space between blocks would show as an empty paragraph, and one refused construct fails the whole
request, so what Intercom refuses (developers.intercom.com, "Supported HTML": tables in lists or in tables,
lists and tables without content, frames of other players) is never written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from kbsync.document.blocks import (
    Align,
    Block,
    Button,
    Callout,
    Cell,
    Code,
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
    LineBreak,
    Link,
    List,
    Math,
    MathBlock,
    OpaqueBlock,
    OpaqueInline,
    Paragraph,
    Quote,
    SoftBreak,
    Strike,
    Strong,
    Subscript,
    Superscript,
    Table,
    Text,
    Underline,
)
from kbsync.document.formats import PLAIN, Links, Rendered
from kbsync.document.intercom.colours import FIRST_ROW_SHADE, HEADER_SHADE, callout_style
from kbsync.document.markup.conventions import MARK, footnote_sign, signed_item
from kbsync.document.markup.elements import Element, content, walk
from kbsync.document.markup.escape import escape_attribute, escape_text
from kbsync.document.markup.html import ENDS_PARAGRAPH, parse
from kbsync.document.markup.reading import collapse
from kbsync.document.markup.tables import written_align
from kbsync.document.markup.writing import (
    Row,
    Writer,
    code_text,
    contains_link,
    opaque_block,
    opaque_inline,
    space,
    unwrapped,
    wrapped,
)
from kbsync.document.runs import flatten, nest
from kbsync.document.video import frame_url, is_video
from kbsync.errors import DocumentError

DEEPEST_HEADING: Final = 4
_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{3,8}|[a-zA-Z]+")
_HOLLOW: Final = re.compile(r"(?:<p[^>]*>(?:<br>|[\s\u00a0\u200b\ufeff])*</p>)+")
"""An item that shows nothing: it would be read as an empty one."""


class IntercomWriter(Writer):
    """Knows where it is: inside a list or a table, other tables are refused."""

    origin = "intercom"
    parse = staticmethod(parse)
    confined = 0
    """How many lists and tables stand around."""


def write(document: Document, links: Links = PLAIN) -> Rendered:
    """Return the body as one line of HTML."""
    return IntercomWriter(links, ROWS).document(document)


def _class(align: Align | None) -> str:
    return f' class="intercom-align-{align}"' if align and align != "left" else ""


def _container(inner: str, align: Align | None = None) -> str:
    name = f"intercom-container intercom-align-{align}" if align and align != "left" else "intercom-container"
    return f'<div class="{name}">{inner}</div>'


# --- blocks ---------------------------------------------------------------------------------------


def _heading(writer: IntercomWriter, node: Heading) -> str:
    level = node.level
    if level > DEEPEST_HEADING:
        writer.lose("heading-level", f"a heading of level {level} is written as level {DEEPEST_HEADING}")
        level = DEEPEST_HEADING
    return f"<h{level}{_class(node.align)}>{writer.inlines(node.children)}</h{level}>"


def _paragraph(writer: IntercomWriter, node: Paragraph) -> str:
    return f"<p{_class(node.align)}>{writer.inlines(node.children)}</p>"


def _list(writer: IntercomWriter, node: List) -> str:
    tag = "ol" if node.ordered else "ul"
    if node.ordered and node.start != 1:
        writer.lose("list-start", f"a list that starts at {node.start} starts at 1")
    writer.confined += 1
    items = [writer.blocks(signed_item(item)) or "<p></p>" for item in node.items]
    writer.confined -= 1
    if all(_HOLLOW.fullmatch(item) for item in items):
        if items:
            writer.lose("empty-list", "a list without any text is left out")
        return ""
    return f"<{tag}><li>{'</li><li>'.join(items)}</li></{tag}>"


def _code(writer: IntercomWriter, node: CodeBlock) -> str:
    if node.language or node.options:
        writer.lose(
            "code-language", f"the language of a code block ({node.language or 'options'}) is not kept"
        )
    return f"<pre><code>{escape_text(node.text)}</code></pre>"


def _callout_box(kind_style: str, inner: str) -> str:
    return f'<div class="intercom-interblocks-callout" style="{kind_style}">{inner}</div>'


def _callout(writer: IntercomWriter, node: Callout) -> str:
    title = f"<p><b>{escape_text(node.title)}{MARK}</b></p>" if node.title else ""
    inner = title + writer.blocks(node.blocks)
    return _callout_box(callout_style(node.callout), inner or "<p></p>")


def _quote(writer: IntercomWriter, node: Quote) -> str:
    """Intercom has no quotes; a grey callout that opens with a MARK is one."""
    blocks = node.blocks
    if blocks and type(blocks[0]) is Paragraph and blocks[0].children:
        opening = Paragraph((Text(MARK), *blocks[0].children), blocks[0].align)
        inner = writer.blocks((opening, *blocks[1:]))
    else:
        inner = f"<p>{MARK}</p>" + writer.blocks(blocks)
    return _callout_box(callout_style("note"), inner)


def _table(writer: IntercomWriter, node: Table) -> str:
    rows = [row.cells for row in node.rows if row.cells]
    if not rows:
        writer.lose("empty-table", "a table without cells is left out")
        return ""
    if writer.confined:
        writer.lose("nested-table", "a table inside a list or a table is written as its text")
        return "".join(writer.blocks(cell.blocks) for cells in rows for cell in cells)
    writer.confined += 1
    lines = ["".join([_cell(writer, cell, at == 0) for cell in cells]) for at, cells in enumerate(rows)]
    writer.confined -= 1
    body = "</tr><tr>".join(lines)
    return (
        '<div class="intercom-interblocks-table-container"><table role="presentation"><tbody>'
        f"<tr>{body}</tr></tbody></table></div>"
    )


def _cell(writer: IntercomWriter, cell: Cell, first: bool) -> str:
    attributes = ""
    if cell.colspan > 1:
        attributes += f' colspan="{cell.colspan}"'
    if cell.rowspan > 1:
        attributes += f' rowspan="{cell.rowspan}"'
    shade = _shade(writer, cell, first)
    if shade:
        attributes += f' style="background-color: {shade};"'
    blocks, align = written_align(cell)
    return f"<td{attributes}{_class(align)}>{writer.blocks(blocks) or '<p></p>'}</td>"


def _shade(writer: IntercomWriter, cell: Cell, first: bool) -> str:
    shade = cell.shade.lower()
    if not cell.header:
        if shade == HEADER_SHADE or (first and shade == FIRST_ROW_SHADE):
            writer.lose("cell-shade", "a cell in the shade of headers becomes a header")
        return cell.shade if _COLOUR.fullmatch(shade) else ""
    if shade == FIRST_ROW_SHADE and first:
        return FIRST_ROW_SHADE
    if shade not in {"", HEADER_SHADE}:
        writer.lose("cell-shade", "the shade of a header cell becomes that of all headers")
    return HEADER_SHADE


def _figure(writer: IntercomWriter, node: Figure) -> str:
    image = _image(writer, node.image)
    if not image.startswith("<img"):
        inner = f"<p{_class(node.align)}>{image}</p>" if image else ""
    else:
        href = writer.address(node.link) if node.link else None
        linked = f'<a href="{escape_attribute(href)}">{image}</a>' if href else image
        inner = _container(linked, node.align)
    if node.caption:
        inner += f"<p{_class(node.align)}>{MARK}{writer.inlines(node.caption)}</p>"
    return inner


def _embed(writer: IntercomWriter, node: Embed) -> str:
    frame = frame_url(node.href)
    if frame:
        return (
            f'<div class="intercom-h2b-video"><iframe src="{escape_attribute(frame)}" frameborder="0" '
            "allowfullscreen></iframe></div>"
        )
    writer.lose("embed", f"Intercom does not play {node.href[:80]}; it is written as a link")
    return f"<p>{_link(writer, Link(writer.links.read(node.href), (Text(node.href),)))}</p>"


def _button(writer: IntercomWriter, node: Button) -> str:
    href = writer.address(node.target)
    if href is None:
        return f"<p{_class(node.align)}>{escape_text(node.label)}</p>"
    anchor = f'<a class="intercom-h2b-button" href="{escape_attribute(href)}">{escape_text(node.label)}</a>'
    return _container(anchor, node.align)


def _collapsible(writer: IntercomWriter, node: Collapsible) -> str:
    return (
        f"<details><summary><h2>{writer.inlines(node.summary)}</h2></summary>"
        f'<div class="collapsible-section-content">{writer.blocks(node.blocks)}</div></details>'
    )


def _divider(writer: IntercomWriter, node: Divider) -> str:  # noqa: ARG001  a row's signature
    return "<hr>"


def _footnote(writer: IntercomWriter, node: Footnote) -> str:
    sign = footnote_sign(node.label) + ": "
    blocks = node.blocks
    if len(blocks) != 1 or type(blocks[0]) is not Paragraph:
        writer.lose(
            "footnote", f"footnote {node.label} is more than a paragraph: only its first belongs to it"
        )
    if blocks and type(blocks[0]) is Paragraph:
        first = Paragraph((Text(sign), *blocks[0].children), blocks[0].align)
        return writer.blocks((first, *blocks[1:]))
    return f"<p>{sign}</p>" + writer.blocks(blocks)


def _math_block(writer: IntercomWriter, node: MathBlock) -> str:
    writer.lose("math", "a formula is shown as its TeX source")
    return f"<pre><code>{MARK}{escape_text(node.tex)}</code></pre>"


# --- running text ---------------------------------------------------------------------------------


def _text(writer: IntercomWriter, node: Text) -> str:  # noqa: ARG001  a row's signature
    return escape_text(collapse(node.text))


def _link(writer: Writer, node: Link) -> str:
    if contains_link(node.children):
        return writer.inlines(nest(flatten((node,))))
    inner = writer.inlines(node.children)
    href = writer.address(node.target)
    if href is None:
        return inner
    if node.title:
        writer.lose("link-title", f"the title of a link is not kept: {node.title[:60]}")
    return f'<a href="{escape_attribute(href)}">{inner}</a>'


def _image(writer: Writer, node: Image) -> str:
    src = writer.address(node.target)
    if src is None:
        return escape_text(node.alt)
    if node.title:
        writer.lose("image-title", f"the title of an image is not kept: {node.title[:60]}")
    alt = f' alt="{escape_attribute(node.alt)}"' if node.alt else ""
    width = f' width="{node.width}"' if node.width else ""
    height = f' height="{node.height}"' if node.height else ""
    return f'<img src="{escape_attribute(src)}"{alt}{width}{height}>'


def _line_break(writer: Writer, node: LineBreak) -> str:  # noqa: ARG001  a row's signature
    return "<br>"


def _footnote_ref(writer: Writer, node: FootnoteRef) -> str:  # noqa: ARG001  a row's signature
    return escape_text(footnote_sign(node.label))


def _math(writer: Writer, node: Math) -> str:
    writer.lose("math", "a formula is shown as its TeX source")
    return f"<code>{MARK}{escape_text(node.tex)}</code>"


# --- raw markup -----------------------------------------------------------------------------------


def _accepts(writer: IntercomWriter, raw: str) -> bool:
    """Tell whether raw markup is whole and holds nothing that fails the whole request."""
    try:
        tree = parse(raw)
    except DocumentError:
        tree = None
    if tree is None or not tree.balanced:
        writer.lose("malformed-block", "raw Intercom markup whose tags do not match is left out")
        return False
    refused = next((each.tag for each in walk(tree.root) if _is_refused(each, writer.confined > 0)), None)
    if refused:
        writer.lose(
            "refused-block", f"raw Intercom markup with a {refused} that Intercom refuses is left out"
        )
    return refused is None


def _accepts_inline(writer: IntercomWriter, raw: str) -> bool:
    """Tell the same of raw markup amid running text, where a tag that ends a paragraph would tear it apart."""
    if not _accepts(writer, raw):
        return False
    torn = any(each.tag in ENDS_PARAGRAPH for each in walk(parse(raw).root))
    if torn:
        writer.lose("malformed-block", "raw Intercom markup that would tear its paragraph apart is text")
    return not torn


def _is_refused(element: Element, confined: bool) -> bool:
    if element.tag == "iframe":
        return not is_video(element.get("src"))
    if element.tag == "table":
        return (
            confined or not any(each.tag in {"td", "th"} for each in walk(element)) or _holds_table(element)
        )
    if element.tag in {"ul", "ol"}:
        return not content(element).strip() or _holds_table(element)
    return element.tag == "dl"


def _holds_table(element: Element) -> bool:
    return any(each.tag == "table" for each in walk(element))


_ROWS: Mapping[type[Block | Inline], Row] = {
    Heading: _heading,
    Paragraph: _paragraph,
    List: _list,
    CodeBlock: _code,
    Quote: _quote,
    Callout: _callout,
    Table: _table,
    Figure: _figure,
    Embed: _embed,
    Button: _button,
    Collapsible: _collapsible,
    Divider: _divider,
    Footnote: _footnote,
    MathBlock: _math_block,
    OpaqueBlock: opaque_block(_accepts),
    Text: _text,
    Strong: wrapped("b"),
    Emphasis: wrapped("i"),
    Strike: unwrapped("strike", "struck-out text stands unmarked"),
    Underline: unwrapped("underline", "underlined text stands unmarked"),
    Superscript: unwrapped("superscript", "superscript stands on the line"),
    Subscript: unwrapped("subscript", "subscript stands on the line"),
    Code: code_text,
    Link: _link,
    Image: _image,
    LineBreak: _line_break,
    SoftBreak: space,
    FootnoteRef: _footnote_ref,
    Math: _math,
    OpaqueInline: opaque_inline(_accepts_inline),
}
ROWS: Final = MappingProxyType(_ROWS)
"""How each node is spelt."""
