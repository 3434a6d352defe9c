"""Block tokens to blocks: one small function per token."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from markdown_it.token import Token

from kbsync.document.blocks import (
    NOWHERE,
    Align,
    Block,
    Button,
    Callout,
    Cell,
    CodeBlock,
    Divider,
    Document,
    Embed,
    Figure,
    Footnote,
    Heading,
    Image,
    Inline,
    Item,
    LineBreak,
    List,
    MathBlock,
    OpaqueBlock,
    Paragraph,
    Quote,
    Row,
    Span,
    Table,
)
from kbsync.document.formats import Links
from kbsync.document.markdown import code, frames
from kbsync.document.markdown.inline_reader import figure_align, read_inlines, unescaped
from kbsync.document.markdown.parser import MAX_DEPTH, parse, parse_inline
from kbsync.document.markdown.places import Lines
from kbsync.document.video import is_video
from kbsync.errors import DocumentError

ALERT: Final = re.compile(r"\[!(note|tip|important|warning|caution)\](?=\s|$)[ \t]*", re.IGNORECASE)
TASK: Final = re.compile(r"\[([ xX])\](?: +|$)")
SPACER: Final = "&nbsp;"
END: Final = Token("end", "", 0)

_LINE_END: Final = re.compile(r"\n[ \t]*")
_BREAKS: Final = frozenset({"softbreak", "hardbreak"})


class Reader:
    """Walks the block tokens of one body."""

    __slots__ = ("at", "behind", "grouped", "lines", "links", "out", "quotes", "tokens")

    def __init__(self, raw: str, links: Links) -> None:
        self.links = links
        self.lines = Lines(raw)
        self.tokens = [*parse(raw), END]
        self.at = 0
        self.out: list[Block | frames.Group] = []
        self.grouped = False
        self.quotes = 0
        self.behind = (-1, 0)

    def blocks(self, closing: str) -> tuple[Block, ...]:
        """Return the blocks up to the closing token, and step over it."""
        outer, grouped = self.out, self.grouped
        self.out, self.grouped = [], False
        tokens = self.tokens
        while (token := tokens[self.at]).type != closing:
            self.at += 1
            _TOKENS[token.type](self, token)
        self.at += 1
        made, found = self.out, self.grouped
        self.out, self.grouped = outer, grouped
        return frames.fold(made, self.summary) if found else tuple(made)  # type: ignore[arg-type]  # no groups

    def contents(self, token: Token, start: int, closing: str, skip: int = 0) -> tuple[Block, ...]:
        """Return the blocks of a container that begins at `start`, its marker `skip` characters longer."""
        if token.level >= MAX_DEPTH - 1:
            raise DocumentError(
                "blocks are nested too deep", line_number=line_number(token), hint="nest them less"
            )
        behind = self.behind
        if token.map:
            self.behind = (token.map[0], self.lines.behind_marker(start) + skip)
        made = self.blocks(closing)
        self.behind = behind
        return made

    def inlines(self, token: Token) -> tuple[Inline, ...]:
        """Return the running text of an inline token."""
        try:
            return read_inlines(token.children or (), self.links)
        except DocumentError as error:
            error.line_number = line_number(token)
            raise

    def summary(self, text: str) -> tuple[Inline, ...]:
        """Return the running text of a summary."""
        return read_inlines(parse_inline(_LINE_END.sub(" ", text.strip(" \t\n"))), self.links)

    def span(self, token: Token) -> Span:
        """Return the place of a block: whole lines at the top, from the first character inside others."""
        if token.map is None:
            return NOWHERE
        first, last = token.map
        is_code = token.type in {"fence", "code_block"}
        place = self.lines.span(first, last, self.quotes, code=is_code)
        if not token.level:
            return place
        if token.type == "code_block":
            return NOWHERE
        return Span(self.start(first), place.end)

    def starts(self, token: Token, span: Span) -> Sequence[int]:
        """Return where the lines of an HTML block begin; one is enough where line ends are one character."""
        if token.level or token.map is None:
            return ()
        return self.lines.starts[slice(*token.map)] if self.lines.has_returns else (span.start,)

    def start(self, line: int) -> int:
        """Return where the content of a line begins inside the containers that are open."""
        if line == self.behind[0]:
            return self.behind[1]
        return self.lines.inside(line, self.quotes)


def line_number(token: Token) -> int:
    """Return the 1-based line a token begins in, 0 when it has none."""
    return token.map[0] + 1 if token.map else 0


# --- paragraphs and what looks like one -----------------------------------------------------------


def _paragraph(reader: Reader, token: Token) -> None:
    inline = reader.tokens[reader.at]
    reader.at += 2
    children = inline.children or []
    made: Block | None = None
    if children and children[0].type in _LONE:
        made = _LONE[children[0].type](reader, children, reader.span(token))
    elif inline.content == SPACER:
        made = Paragraph((), source=reader.span(token))
    reader.out.append(made or Paragraph(reader.inlines(inline), source=reader.span(token)))


def _lone_image(reader: Reader, children: Sequence[Token], span: Span) -> Block | None:
    if len(children) != 1:
        return None
    image = read_inlines(children, reader.links)[0]
    return _figure(image, children[0], None, span)


def _figure(
    image: Inline, token: Token, link: str | None, span: Span, reader: Reader | None = None
) -> Block | None:
    if not isinstance(image, Image):
        return None
    target = reader.links.read(link) if reader and link is not None else None
    return Figure(image, link=target, align=figure_align(token), source=span)


def _lone_link(reader: Reader, children: Sequence[Token], span: Span) -> Block | None:
    last = children[-1]
    if last.type != "link_close" or any(token.type == "link_close" for token in children[:-1]):
        return None
    href = str(children[0].attrs["href"])
    attributes = last.meta.get("attributes") if last.meta else None
    if attributes:
        return _marked_link(reader, children, attributes, span)
    if children[0].markup == "linkify":
        return Embed(href, source=span) if is_video(href) else None
    if len(children) == 3 and children[1].type == "image" and "title" not in children[0].attrs:  # noqa: PLR2004  # link, image, end
        image = read_inlines(children[1:2], reader.links)[0]
        return _figure(image, children[1], href, span, reader)
    return None


def _marked_link(reader: Reader, children: Sequence[Token], found: re.Match[str], span: Span) -> Block | None:
    href = str(children[0].attrs["href"])
    if found[1] == "embed":
        return Embed(href, source=span)
    if any(token.type != "text" for token in children[1:-1]):
        return None
    label = "".join(token.content for token in children[1:-1])
    align: Align | None = found[2]  # type: ignore[assignment]  # the pattern lists the values
    return Button(reader.links.read(href), label, align=align, source=span)


_LONE: Final[Mapping[str, Callable[[Reader, Sequence[Token], Span], Block | None]]] = MappingProxyType(
    {"image": _lone_image, "link_open": _lone_link}
)


def _heading(reader: Reader, token: Token) -> None:
    inline = reader.tokens[reader.at]
    reader.at += 2
    reader.out.append(Heading(int(token.tag[1]), reader.inlines(inline), source=reader.span(token)))


def _divider(reader: Reader, token: Token) -> None:
    reader.out.append(Divider(source=reader.span(token)))


# --- code and raw blocks --------------------------------------------------------------------------


def _fence(reader: Reader, token: Token) -> None:
    reader.out.append(_fenced(token, token.content.removesuffix("\n"), reader.span(token)))


def _fenced(token: Token, text: str, span: Span) -> Block:
    info = token.info.strip()
    if raw := code.RAW_INFO.fullmatch(info):
        return OpaqueBlock(raw[1], unescaped(text) if raw[2] else text, source=span)  # type: ignore[arg-type]  # the pattern lists the origins
    if info == "math":
        return MathBlock(text, source=span)
    if not info:
        return CodeBlock(text, source=span)
    language, options = code.read_info(info)
    return CodeBlock(text, language, options, source=span)


def _indented(reader: Reader, token: Token) -> None:
    reader.out.append(CodeBlock(token.content.removesuffix("\n"), source=reader.span(token)))


def _math(reader: Reader, token: Token) -> None:
    reader.out.append(MathBlock(token.content.strip(), source=reader.span(token)))


def _html(reader: Reader, token: Token) -> None:
    span = reader.span(token)
    raw = token.content.rstrip("\n")
    if frames.STARTS.match(raw):
        found = frames.group(raw, span, reader.starts(token, span))
        if found is not None:
            reader.out.append(found)
            reader.grouped = True
            return
    if raw.strip() in {"<br>", "<br />", "<br/>"}:
        reader.out.append(Paragraph((LineBreak(),), source=span))
    else:
        origin = "markdown" if raw.lstrip().startswith("<!--") else "html"
        reader.out.append(OpaqueBlock(origin, raw, source=span))  # type: ignore[arg-type]  # one of the two


def _definition(reader: Reader, token: Token) -> None:
    """Keep definitions that follow each other: the links are read already, but a file keeps its lines."""
    span = reader.span(token)
    if token.level:
        raw = code.definition(token.meta)
    else:
        while _follows(token, reader.tokens[reader.at]):
            token = reader.tokens[reader.at]
            reader.at += 1
        span = Span(span.start, reader.span(token).end)
        raw = reader.lines.raw[span.start : span.end]
    reader.out.append(OpaqueBlock("markdown", raw.replace("\r\n", "\n"), source=span))


def _follows(token: Token, other: Token) -> bool:
    if other.type != "definition" or other.level or not (token.map and other.map):
        return False
    return other.map[0] == token.map[1]


# --- containers -----------------------------------------------------------------------------------


def _quote(reader: Reader, token: Token) -> None:
    span = reader.span(token)
    alert = _alert(reader)
    start = reader.start(token.map[0]) if token.map else 0
    reader.quotes += 1
    blocks = reader.contents(token, start, "blockquote_close")
    reader.quotes -= 1
    if alert:
        kind, title = alert
        reader.out.append(Callout(kind, blocks, title, source=span))  # type: ignore[arg-type]  # the pattern lists the kinds
    else:
        reader.out.append(Quote(blocks, source=span))


def _alert(reader: Reader) -> tuple[str, str] | None:
    """Take `[!NOTE] title` off the first paragraph of a quote; return kind and title."""
    tokens, at = reader.tokens, reader.at
    if tokens[at].type != "paragraph_open":
        return None
    inline = tokens[at + 1]
    found = ALERT.match(inline.content)
    children = inline.children or []
    if found is None or not children or not children[0].content.startswith(found[0].rstrip()):
        return None
    children[0].content = children[0].content[len(found[0]) :]
    head, rest = _first_line(children)
    if tokens[at].map and rest is not None:
        tokens[at].map = [tokens[at].map[0] + 1, tokens[at].map[1]]  # type: ignore[index]  # checked above
    if not rest:
        reader.at += 3
    inline.children = rest
    inline.content = inline.content.partition("\n")[2]
    title = "".join(token.content for token in head)
    return found[1].lower(), title.strip()


def _first_line(children: list[Token]) -> tuple[list[Token], list[Token] | None]:
    """Return what stands on the first line, and the rest; emphasis over the line end keeps all in the rest."""
    depth = 0
    for at, token in enumerate(children):
        depth += token.nesting
        if token.type in _BREAKS and not depth:
            return children[:at], children[at + 1 :]
    if any(token.type in _BREAKS for token in children):
        return [], children
    return children, None


def _list(reader: Reader, token: Token) -> None:
    span = reader.span(token)
    ordered = token.type == "ordered_list_open"
    closing = "ordered_list_close" if ordered else "bullet_list_close"
    tight = _tight(reader, token.level + 2, closing)
    items: list[Item] = []
    while (opened := reader.tokens[reader.at]).type != closing:
        reader.at += 1
        items.append(_item(reader, opened))
    reader.at += 1
    start = int(token.attrs.get("start", 1)) if ordered else 1
    reader.out.append(List(tuple(items), ordered, start, tight, source=span))


def _tight(reader: Reader, level: int, closing: str) -> bool:
    """Return whether the first paragraph that is an item's own is spaced tightly."""
    for at in range(reader.at, len(reader.tokens)):
        token = reader.tokens[at]
        if token.type == "paragraph_open" and token.level == level:
            return token.hidden
        if token.type == closing and token.level == level - 2:
            break
    return True


def _item(reader: Reader, token: Token) -> Item:
    span = reader.span(token)
    box = _task(reader)
    blocks = reader.contents(token, span.start, "list_item_close", len(box))
    return Item(blocks, box[1] != " " if box else None, source=span)


def _task(reader: Reader) -> str:
    """Take `[ ] ` or `[x] ` off the first paragraph of an item, and return it."""
    tokens, at = reader.tokens, reader.at
    if tokens[at].type != "paragraph_open":
        return ""
    inline = tokens[at + 1]
    found = TASK.match(inline.content)
    children = inline.children or []
    if found is None or not children or not children[0].content.startswith(found[0]):
        return ""
    children[0].content = children[0].content[found.end() :]
    inline.content = inline.content[found.end() :]
    if not inline.content:
        reader.at += 3
    elif not children[0].content:
        children.pop(0)
    return found[0]


def _footnote(reader: Reader, token: Token) -> None:
    span = reader.span(token)
    blocks = reader.contents(token, span.start, "footnote_reference_close")
    reader.out.append(Footnote(token.meta["label"], blocks, source=span))


# --- tables ---------------------------------------------------------------------------------------

_ALIGNS: Final[Mapping[str, Align]] = MappingProxyType(
    {"text-align:left": "left", "text-align:center": "center", "text-align:right": "right"}
)


def _table(reader: Reader, token: Token) -> None:
    span = reader.span(token)
    rows: list[Row] = []
    while (part := reader.tokens[reader.at]).type != "table_close":
        reader.at += 1
        if part.type == "tr_open":
            rows.append(Row(_cells(reader), source=reader.span(part)))
    reader.at += 1
    if len(rows) > 1 and not any(cell.blocks for cell in rows[0].cells):
        del rows[0]
    reader.out.append(Table(tuple(rows), source=span))


def _cells(reader: Reader) -> tuple[Cell, ...]:
    cells: list[Cell] = []
    tokens = reader.tokens
    while (opened := tokens[reader.at]).type != "tr_close":
        text = reader.inlines(tokens[reader.at + 1])
        align = _ALIGNS.get(str(opened.attrs.get("style")))
        cells.append(Cell((Paragraph(text),) if text else (), header=opened.type == "th_open", align=align))
        reader.at += 3
    reader.at += 1
    return tuple(cells)


_TOKENS: Final[Mapping[str, Callable[[Reader, Token], None]]] = MappingProxyType(
    {
        "paragraph_open": _paragraph,
        "heading_open": _heading,
        "hr": _divider,
        "fence": _fence,
        "code_block": _indented,
        "math_block": _math,
        "html_block": _html,
        "definition": _definition,
        "blockquote_open": _quote,
        "bullet_list_open": _list,
        "ordered_list_open": _list,
        "footnote_reference_open": _footnote,
        "table_open": _table,
    }
)


def read(raw: str, links: Links) -> Document:
    """Return the body as a document.

    Raises:
        DocumentError: blocks or inlines are nested too deep; with the line.

    """
    return Document(Reader(raw, links).blocks("end"))
