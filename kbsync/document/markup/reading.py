"""From elements to blocks: the walk that both markup formats share; what each tag means is their rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol, TypeAlias, TypeVar

import msgspec

from kbsync.document.blocks import (
    Align,
    Block,
    Button,
    Code,
    Emphasis,
    Figure,
    Image,
    Inline,
    LineBreak,
    Link,
    OpaqueBlock,
    OpaqueInline,
    Origin,
    Paragraph,
    SoftBreak,
    Span,
    Strike,
    Strong,
    Subscript,
    Superscript,
    Text,
    Underline,
)
from kbsync.document.formats import Links
from kbsync.document.markup.conventions import MARK, captioned
from kbsync.document.markup.elements import BLANK, TEXT, Element, content, sole

NBSP = "\N{NO-BREAK SPACE}"
_BLANKS = re.compile(r"[ \t\n\r\f]+")
_WRAPPERS = (Strong, Emphasis, Strike, Underline, Superscript, Subscript)

Inlines: TypeAlias = tuple[Inline, ...]
BlockRow: TypeAlias = Callable[["Reader", Element], "Block | tuple[Block, ...]"]
InlineRow: TypeAlias = Callable[["Reader", Element], "Inline | Inlines"]
BlockT = TypeVar("BlockT", bound=Block)


class Finish(Protocol):
    """A format's own conventions for running text that stands as a block."""

    def __call__(self, line: Inlines, align: Align | None, place: Span, /) -> Block:
        """Return the block this line is."""
        ...


class Reader:
    """Reads one body. Rows give the meaning of a tag as a block and inside running text."""

    __slots__ = ("block_rows", "block_tags", "finish", "inline_rows", "links", "marked", "origin", "raw")

    def __init__(
        self,
        raw: str,
        links: Links,
        origin: Origin,
        block_rows: Mapping[str, BlockRow],
        inline_rows: Mapping[str, InlineRow],
        finish: Finish,
    ) -> None:
        self.raw = raw
        self.marked = MARK in raw
        self.links = links
        self.origin = origin
        self.block_rows = block_rows
        self.block_tags = block_rows.keys()
        self.inline_rows = inline_rows
        self.finish = finish

    # --- blocks

    def blocks(self, children: Iterable[Element]) -> tuple[Block, ...]:
        """Return the blocks; neighbouring text and inline tags are one paragraph."""
        out: list[Block] = []
        run: list[Element] = []
        rows, inline_rows = self.block_rows, self.inline_rows
        for child in children:
            tag = child.tag
            row = rows.get(tag)
            if row is None:
                if (
                    tag in inline_rows
                    or (run and tag != TEXT)
                    or (tag == TEXT and (run or not child.is_blank()))
                ):
                    run.append(child)
                elif tag != TEXT:
                    out.append(self.opaque(child))
                continue
            if run:
                self._flush(run, out)
                run = []
            made = row(self, child)
            if type(made) is tuple:
                out.extend(made)
            else:
                out.append(made)  # type: ignore[arg-type]  # a single block
        if run:
            self._flush(run, out)
        return tuple(out)

    def _flush(self, run: list[Element], out: list[Block]) -> None:
        while run and run[-1].is_blank():
            run.pop()
        line = self.line(run)
        if line:
            out.append(self.finish(line, None, self._trimmed(run[0].start, run[-1].end)))

    def _trimmed(self, start: int, end: int) -> Span:
        piece = self.raw[start:end]
        return Span(
            start + len(piece) - len(piece.lstrip(BLANK)), end - len(piece) + len(piece.rstrip(BLANK))
        )

    def document(self, children: Sequence[Element]) -> tuple[Block, ...]:
        """Return the blocks of a whole body, or of a body inside it, captions with their figures."""
        blocks = self.blocks(children)
        return captioned(blocks) if self.marked else blocks

    def inside(self, children: Sequence[Element]) -> tuple[Block, ...]:
        """Return the blocks of an item, cell or body; a lone empty paragraph is how editors show nothing."""
        if len(children) == 1 and children[0].tag == TEXT:
            line = _alone(children[0].text)
            place = self._trimmed(children[0].start, children[0].end)
            return (self.finish(line, None, place),) if line else ()
        blocks = self.document(children)
        if len(blocks) == 1 and type(blocks[0]) is Paragraph and not blocks[0].children:
            return ()
        return blocks

    def paragraph(self, element: Element, align: Align | None) -> Block:
        """Return the paragraph, or the one block it merely wraps."""
        children = element.children
        if len(children) == 1 and children[0].tag == TEXT:
            line = _alone(children[0].text)
        else:
            if not self.block_tags.isdisjoint([child.tag for child in children]):
                inner = sole(children)
                if inner is not None:
                    made = self.blocks((inner,))
                    if len(made) == 1:
                        return at(aligned(made[0], align), element)
            line = self.line(children)
        return self.finish(line, align, Span(element.start, element.end))

    def opaque(self, element: Element) -> OpaqueBlock:
        """Return the element as it stands."""
        return OpaqueBlock(self.origin, self.raw[element.start : element.end], source=span(element))

    # --- running text

    def line(self, children: Sequence[Element]) -> Inlines:
        """Return running text without blanks at its edges and breaks at its end."""
        if len(children) == 1 and children[0].tag == TEXT:
            return _alone(children[0].text)
        out = self._inlines(children)
        _strip(out)
        if len(out) == 1 and type(out[0]) is Text and not out[0].text.strip(NBSP):
            return ()
        return tuple(out)

    def inlines(self, children: Sequence[Element]) -> Inlines:
        """Return running text with its edges as they are."""
        if len(children) == 1 and children[0].tag == TEXT:
            text = collapse(children[0].text)
            return (Text(text),) if text else ()
        return tuple(self._inlines(children))

    def _inlines(self, children: Iterable[Element]) -> list[Inline]:
        out: list[Inline] = []
        rows = self.inline_rows
        for child in children:
            tag = child.tag
            if tag == TEXT:
                text = collapse(child.text)
                if out and type(out[-1]) is Text:
                    out[-1] = Text(out[-1].text + text)
                elif text:
                    out.append(Text(text))
                continue
            row = rows.get(tag)
            made = row(self, child) if row else self.opaque_inline(child)
            kind = type(made)
            if kind is tuple:
                for inline in made:  # type: ignore[union-attr]  # several inlines
                    _add(out, inline)
            elif kind is Text or (out and type(out[-1]) is kind):
                _add(out, made)  # type: ignore[arg-type]  # a single inline
            else:
                out.append(made)  # type: ignore[arg-type]
        return out

    def opaque_inline(self, element: Element, text: str | None = None) -> OpaqueInline:
        """Return the element as it stands; without `text` readers see its characters."""
        seen = collapse(content(element)).strip(" ") if text is None else text
        return OpaqueInline(self.origin, self.raw[element.start : element.end], seen)


def _alone(text: str) -> Inlines:
    """Return the line that is this text alone."""
    text = collapse(text).strip(BLANK)
    return (Text(text),) if text and (text[0] != NBSP or text.strip(NBSP)) else ()


def span(element: Element) -> Span:
    """Return where the element stands."""
    return Span(element.start, element.end)


def at(block: BlockT, element: Element) -> BlockT:
    """Return the block with the place of the element around it."""
    return msgspec.structs.replace(block, source=Span(element.start, element.end))


def aligned(block: BlockT, align: Align | None) -> BlockT:
    """Return an image or button with the alignment of what wraps it, where it has none itself."""
    if align and isinstance(block, Figure | Button) and block.align is None:
        return msgspec.structs.replace(block, align=align)
    return block


def collapse(text: str) -> str:
    """Return the text with each run of white space as one space; no-break spaces stay."""
    if "\n" in text or "  " in text or "\t" in text or "\r" in text or "\f" in text:
        return _BLANKS.sub(" ", text)
    return text


def plain_text(inlines: Iterable[Inline]) -> str:
    """Return the characters a reader sees."""
    return "".join([_seen(inline) for inline in inlines])


def _seen(inline: Inline) -> str:
    if isinstance(inline, Text | Code | OpaqueInline):
        return inline.text
    if isinstance(inline, Image):
        return inline.alt
    return plain_text(getattr(inline, "children", ())) or (
        " " if isinstance(inline, LineBreak | SoftBreak) else ""
    )


def _strip(out: list[Inline]) -> None:
    """Take blanks off both ends of a line, and breaks off its end."""
    while out:
        last = out[-1]
        if type(last) is Text:
            text = last.text.rstrip(BLANK)
            if text:
                if text is not last.text:
                    out[-1] = Text(text)
                break
        elif type(last) is not LineBreak:
            break
        out.pop()
    if out and type(out[0]) is Text:
        text = out[0].text.lstrip(BLANK)
        out[:1] = (Text(text),) if text else ()


def _add(out: list[Inline], inline: Inline) -> None:
    """Append; what edit history split (`<b>a</b><b>b</b>`) grows together again."""
    kind = type(inline)
    if out and type(out[-1]) is kind:
        last = out[-1]
        if kind is Text:
            out[-1] = Text(last.text + inline.text)  # type: ignore[union-attr]  # both are Text
            return
        if kind in _WRAPPERS:
            children = list(last.children)  # type: ignore[union-attr]  # both are wrappers
            for child in inline.children:  # type: ignore[union-attr]
                _add(children, child)
            out[-1] = kind(tuple(children))
            return
    if kind is Text and not inline.text:  # type: ignore[union-attr]
        return
    out.append(inline)


def figure_or_paragraph(line: Inlines, align: Align | None, place: Span) -> Block:
    """Return a Figure for an image that stands alone, perhaps linked, else a Paragraph."""
    if len(line) == 1:
        only = line[0]
        if type(only) is Image:
            return Figure(only, align=align, source=place)
        if (
            type(only) is Link
            and len(only.children) == 1
            and type(only.children[0]) is Image
            and not only.title
        ):
            return Figure(only.children[0], link=only.target, align=align, source=place)
    return Paragraph(line, align, place)


# --- rows that HTML and storage format share ------------------------------------------------------


def wrapping(kind: Callable[[Inlines], Inline]) -> InlineRow:
    """Return the row of a tag that wraps running text."""

    def row(reader: Reader, element: Element) -> Inline | Inlines:
        children = reader.inlines(element.children)
        return kind(children) if children else ()

    return row


def transparent(reader: Reader, element: Element) -> Inlines:
    """Return the children alone: the tag only says how they look."""
    return reader.inlines(element.children)


def line_break(reader: Reader, element: Element) -> Inline:  # noqa: ARG001  a row's signature
    """Return a hard break."""
    return LineBreak()


def inline_code(reader: Reader, element: Element) -> Inline | Inlines:
    """Return Code; markup inside goes outside (`<code><b>x</b></code>` is bold code)."""
    children = element.children
    if len(children) == 1 and children[0].tag == TEXT:
        return Code(_one_line(children[0].text))
    return tuple(_coded(child, reader) for child in children)


def _one_line(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\n", " ")


def _coded(element: Element, reader: Reader) -> Inline:
    if element.tag == TEXT:
        return Code(_one_line(element.text))
    row = reader.inline_rows.get(element.tag)
    made = row(reader, element) if row else reader.opaque_inline(element)
    inlines = made if isinstance(made, tuple) else (made,)
    coded = tuple(map(_as_code, inlines))
    return coded[0] if len(coded) == 1 else Code(plain_text(coded))


def _as_code(inline: Inline) -> Inline:
    if isinstance(inline, Text):
        return Code(inline.text)
    if isinstance(inline, (*_WRAPPERS, Link)):
        return msgspec.structs.replace(inline, children=tuple(map(_as_code, inline.children)))
    return inline
