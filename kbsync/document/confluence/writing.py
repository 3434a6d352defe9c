"""Blocks to storage format: one row per node, built as strings, every text and attribute escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from kbsync.document.blocks import (
    Align,
    Block,
    Button,
    Callout,
    CalloutKind,
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
    Item,
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
from kbsync.document.confluence.addresses import attachment_of, page_of
from kbsync.document.confluence.macros import CALLOUT_MACROS, IMPORTANT_COLOUR, MATH_TITLE
from kbsync.document.confluence.reading import FOOTNOTE
from kbsync.document.formats import PLAIN, Links, Rendered
from kbsync.document.markup.conventions import MARK, signed_item
from kbsync.document.markup.escape import escape_attribute, escape_text
from kbsync.document.markup.reading import plain_text
from kbsync.document.markup.tables import written_align
from kbsync.document.markup.writing import (
    Row,
    Writer,
    code_text,
    contains_link,
    opaque_block,
    opaque_inline,
    space,
    text,
    wrapped,
)
from kbsync.document.markup.xml import is_well_formed, parse
from kbsync.document.runs import flatten, nest
from kbsync.document.video import is_video

_MACRO_OF: Final = MappingProxyType[CalloutKind, str]({kind: name for name, kind in CALLOUT_MACROS.items()})
_LAYOUT_OF: Final = MappingProxyType({"left": "align-start", "center": "center", "right": "align-end"})
_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{3,8}|[a-zA-Z-]+")


class ConfluenceWriter(Writer):
    """Numbers the tasks of a page: `ac:task-id` is unique on it."""

    origin = "confluence"
    parse = staticmethod(parse)
    tasks = 0


def write(document: Document, links: Links = PLAIN) -> Rendered:
    """Return the body as well-formed storage format."""
    return ConfluenceWriter(links, ROWS).document(document)


def _style(align: Align | None) -> str:
    return f' style="text-align: {align};"' if align else ""


def _parameter(name: str, value: str) -> str:
    return f'<ac:parameter ac:name="{escape_attribute(name)}">{escape_text(value)}</ac:parameter>'


def _macro(name: str, parameters: Iterable[tuple[str, str]], body: str) -> str:
    inner = "".join([_parameter(key, value) for key, value in parameters])
    return f'<ac:structured-macro ac:name="{name}">{inner}{body}</ac:structured-macro>'


def _cdata(characters: str) -> str:
    return f"<![CDATA[{characters.replace(']]>', ']]]]><![CDATA[>')}]]>"


def _rich(inner: str) -> str:
    return f"<ac:rich-text-body>{inner or '<p></p>'}</ac:rich-text-body>"


# --- blocks ---------------------------------------------------------------------------------------


def _heading(writer: Writer, node: Heading) -> str:
    level = min(max(node.level, 1), 6)
    return f"<h{level}{_style(node.align)}>{writer.inlines(node.children)}</h{level}>"


def _paragraph(writer: Writer, node: Paragraph) -> str:
    return f"<p{_style(node.align)}>{writer.inlines(node.children)}</p>"


def _list(writer: ConfluenceWriter, node: List) -> str:
    items = node.items
    if not items:
        return ""
    if not node.ordered and all(item.checked is not None for item in items):
        return f"<ac:task-list>{''.join([_task(writer, item) for item in items])}</ac:task-list>"
    tag = "ol" if node.ordered else "ul"
    start = f' start="{node.start}"' if node.ordered and node.start != 1 else ""
    lines = "</li><li>".join([writer.blocks(signed_item(item)) or "<p></p>" for item in items])
    return f"<{tag}{start}><li>{lines}</li></{tag}>"


def _task(writer: ConfluenceWriter, item: Item) -> str:
    writer.tasks += 1
    head = f"<ac:task-id>{writer.tasks}</ac:task-id>"
    status = "complete" if item.checked else "incomplete"
    blocks = item.blocks
    if len(blocks) == 1 and type(blocks[0]) is Paragraph and blocks[0].align is None:
        body = writer.inlines(blocks[0].children)
    else:
        body = writer.blocks(blocks)
    return f"<ac:task>{head}<ac:task-status>{status}</ac:task-status><ac:task-body>{body}</ac:task-body></ac:task>"


def _code(writer: Writer, node: CodeBlock) -> str:
    body = f"<ac:plain-text-body>{_cdata(node.text)}</ac:plain-text-body>"
    if node.options == (("macro", "noformat"),) and not node.language:
        return _macro("noformat", (), body)
    named = {name: value for name, value in node.options if name != "language"}
    if len(named) != len(node.options):
        writer.lose("code-options", "an option of a code block that is named twice is kept once")
    language = (("language", node.language),) if node.language else ()
    return _macro("code", (*language, *named.items()), body)


def _quote(writer: Writer, node: Quote) -> str:
    return f"<blockquote>{writer.blocks(node.blocks) or '<p></p>'}</blockquote>"


def _callout(writer: Writer, node: Callout) -> str:
    title = (("title", node.title),) if node.title else ()
    colour = (("bgColor", IMPORTANT_COLOUR),) if node.callout == "important" else ()
    return _macro(_MACRO_OF[node.callout], (*title, *colour), _rich(writer.blocks(node.blocks)))


def _table(writer: Writer, node: Table) -> str:
    rows = ["".join([_cell(writer, cell) for cell in row.cells]) for row in node.rows if row.cells]
    if not rows:
        writer.lose("empty-table", "a table without cells is left out")
        return ""
    return f"<table><tbody><tr>{'</tr><tr>'.join(rows)}</tr></tbody></table>"


def _cell(writer: Writer, cell: Cell) -> str:
    tag = "th" if cell.header else "td"
    attributes = f' colspan="{cell.colspan}"' if cell.colspan > 1 else ""
    if cell.rowspan > 1:
        attributes += f' rowspan="{cell.rowspan}"'
    if cell.shade and _COLOUR.fullmatch(cell.shade):
        attributes += f' data-highlight-colour="{cell.shade}"'
    blocks, align = written_align(cell)
    return f"<{tag}{attributes}{_style(align)}>{writer.blocks(blocks)}</{tag}>"


def _figure(writer: Writer, node: Figure) -> str:
    caption = writer.inlines(node.caption)
    href = writer.address(node.link) if node.link else None
    if href is None:
        image = _image_element(writer, node.image, caption, node.align)
        if image is not None:
            return image
    inner = _image(writer, node.image)
    if inner and href is not None:
        inner = _linked(href, inner, "")
    style = _style(node.align)
    below = f"<p{style}>{MARK}{caption}</p>" if caption else ""
    return (f"<p{style}>{inner}</p>" if inner else "") + below


def _image_element(writer: Writer, node: Image, caption: str = "", align: Align | None = None) -> str | None:
    address = writer.address(node.target)
    if address is None:
        return None
    attributes = ""
    if align and align != "justify":
        attributes += f' ac:align="{align}" ac:layout="{_LAYOUT_OF[align]}"'
    sized = (("width", node.width), ("height", node.height), ("alt", node.alt), ("title", node.title))
    for name, value in sized:
        if value:
            attributes += f' ac:{name}="{escape_attribute(str(value))}"'
    file = attachment_of(address)
    resource = (
        f'<ri:url ri:value="{escape_attribute(address)}"/>'
        if file is None
        else f'<ri:attachment ri:filename="{escape_attribute(file)}"/>'
    )
    caption = f"<ac:caption><p>{caption}</p></ac:caption>" if caption else ""
    return f"<ac:image{attributes}>{resource}{caption}</ac:image>"


def _embed(writer: Writer, node: Embed) -> str:
    if is_video(node.href):
        url = f'<ac:parameter ac:name="url"><ri:url ri:value="{escape_attribute(node.href)}"/></ac:parameter>'
        return f'<ac:structured-macro ac:name="widget">{url}</ac:structured-macro>'
    writer.lose("embed", f"Confluence does not play {node.href[:80]}; it is written as a link")
    return f"<p>{_link(writer, Link(writer.links.read(node.href), (Text(node.href),)))}</p>"


def _button(writer: Writer, node: Button) -> str:
    href = writer.address(node.target)
    label = escape_text(node.label)
    if href is None:
        return f"<p{_style(node.align)}>{label}</p>"
    return f"<p{_style(node.align)}><strong>{_linked(href, label + MARK, '')}</strong></p>"


def _collapsible(writer: Writer, node: Collapsible) -> str:
    title = plain_text(node.summary)
    if any(type(inline) is not Text for inline in node.summary):
        writer.lose("summary-format", f"the title of a collapsible is plain text: {title[:60]}")
    return _macro("expand", (("title", title),) if title else (), _rich(writer.blocks(node.blocks)))


def _divider(writer: Writer, node: Divider) -> str:  # noqa: ARG001  a row's signature
    return "<hr/>"


def _footnote(writer: Writer, node: Footnote) -> str:
    label = escape_text(node.label)
    anchor = _macro("anchor", (("", f"{FOOTNOTE}{node.label}"),), "")
    blocks = node.blocks
    first = blocks[0] if blocks else None
    if type(first) is Paragraph:
        opening = f"<p{_style(first.align)}>{anchor}<sup>{label}</sup> {writer.inlines(first.children)}</p>"
        blocks = blocks[1:]
    else:
        opening = f"<p>{anchor}<sup>{label}</sup></p>"
    if blocks:
        writer.lose(
            "footnote", f"footnote {node.label} is more than a paragraph: only its first belongs to it"
        )
    return opening + writer.blocks(blocks)


def _math_block(writer: Writer, node: MathBlock) -> str:
    writer.lose("math", "a formula is shown as its TeX source")
    body = f"<ac:plain-text-body>{_cdata(node.tex)}</ac:plain-text-body>"
    return _macro("code", (("language", "latex"), ("title", MATH_TITLE)), body)


# --- running text ---------------------------------------------------------------------------------


def _link(writer: Writer, node: Link) -> str:
    if contains_link(node.children):
        return writer.inlines(nest(flatten((node,))))
    inner = writer.inlines(node.children)
    href = writer.address(node.target)
    if href is None:
        return inner
    if not inner:
        writer.lose("empty-link", f"a link without words is left out: {href[:60]}")
        return ""
    if node.title and _is_resource(href):
        writer.lose("link-title", f"the title of a link is not kept: {node.title[:60]}")
    return _linked(href, inner, node.title)


def _is_resource(href: str) -> bool:
    return (
        (href.startswith("#") and href != "#") or page_of(href) is not None or attachment_of(href) is not None
    )


def _linked(href: str, inner: str, title: str) -> str:
    """Return the link around markup: storage format names pages, attachments and anchors by elements."""
    if not _is_resource(href):
        shown = f' title="{escape_attribute(title)}"' if title else ""
        return f'<a href="{escape_attribute(href)}"{shown}>{inner}</a>'
    page, name = page_of(href), attachment_of(href)
    anchor, resource = "", ""
    if page is not None:
        anchor = page.anchor
        space = f' ri:space-key="{escape_attribute(page.space)}"' if page.space else ""
        resource = f'<ri:page{space} ri:content-title="{escape_attribute(page.title)}"/>'
    elif name is not None:
        resource = f'<ri:attachment ri:filename="{escape_attribute(name)}"/>'
    else:
        anchor = href[1:]
    place = f' ac:anchor="{escape_attribute(anchor)}"' if anchor else ""
    return f"<ac:link{place}>{resource}<ac:link-body>{inner}</ac:link-body></ac:link>"


def _image(writer: Writer, node: Image) -> str:
    image = _image_element(writer, node)
    return escape_text(node.alt) if image is None else image


def _line_break(writer: Writer, node: LineBreak) -> str:  # noqa: ARG001  a row's signature
    return "<br/>"


def _footnote_ref(writer: Writer, node: FootnoteRef) -> str:  # noqa: ARG001  a row's signature
    return f"<sup>{_linked(f'#{FOOTNOTE}{node.label}', escape_text(node.label), '')}</sup>"


def _math(writer: Writer, node: Math) -> str:
    writer.lose("math", "a formula is shown as its TeX source")
    return f"<code>{MARK}{escape_text(node.tex)}</code>"


def _accepts(writer: Writer, raw: str) -> bool:
    if is_well_formed(raw):
        return True
    writer.lose("malformed-block", "raw storage format that is not well-formed XML is left out")
    return False


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
    Text: text,
    Strong: wrapped("strong"),
    Emphasis: wrapped("em"),
    Strike: wrapped("s"),
    Underline: wrapped("u"),
    Superscript: wrapped("sup"),
    Subscript: wrapped("sub"),
    Code: code_text,
    Link: _link,
    Image: _image,
    LineBreak: _line_break,
    SoftBreak: space,
    FootnoteRef: _footnote_ref,
    Math: _math,
    OpaqueInline: opaque_inline(_accepts),
}
ROWS: Final = MappingProxyType(_ROWS)
"""How each node is spelt."""
