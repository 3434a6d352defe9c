"""The rules of canon for blocks, items, cells and whole documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

import msgspec

from kbsync.document.blocks import (
    NOWHERE,
    Block,
    Button,
    Callout,
    Cell,
    CodeBlock,
    Embed,
    Figure,
    Heading,
    Image,
    Inline,
    Link,
    List,
    MathBlock,
    Paragraph,
    Table,
    Target,
    Text,
)
from kbsync.document.canon_inline import WHITESPACE, canon_inlines, collapse, image_size, unsigned
from kbsync.document.shape import INLINES, PARTS, Part, children, walk
from kbsync.document.video import share_url

replace = msgspec.structs.replace

PartT = TypeVar("PartT", bound=Part)
Aligned = TypeVar("Aligned", Paragraph, Heading, Figure, Button, Cell)

_BLANK: Final = WHITESPACE + "\N{NO-BREAK SPACE}\N{ZERO WIDTH SPACE}\N{ZERO WIDTH NO-BREAK SPACE}"
_HEADER_SHADES: Final = frozenset({"#e8e8e880", "e8e8e880"})

# --- rules of one node ----------------------------------------------------------------------------


def text_and_place(part: Part) -> Part:
    """Running text is canonical, and where a node stood is forgotten."""
    field = INLINES.get(type(part))
    if field is None:
        return replace(part, source=NOWHERE)
    return replace(part, source=NOWHERE, **{field: canon_inlines(getattr(part, field))})


def left(part: Aligned) -> Aligned:
    """Left is where text stands anyway."""
    return replace(part, align=None) if part.align == "left" else part


def spacer(line: Paragraph | Heading) -> Paragraph | Heading:
    """A paragraph or heading of nothing but blanks is an empty one."""
    if not all(isinstance(each, Text) and not each.text.strip(_BLANK) for each in line.children):
        return line
    return Paragraph(()) if isinstance(line, Paragraph) else Heading(line.level, ())


def lone_image(paragraph: Paragraph) -> Paragraph | Figure:
    """A paragraph that holds one image is that image as a block."""
    if len(paragraph.children) != 1:
        return paragraph
    image, link = _linked_image(paragraph.children[0])
    if image is None:
        return paragraph
    return Figure(image, link=link, align=paragraph.align)


def _linked_image(inline: Inline) -> tuple[Image | None, Target | None]:
    if isinstance(inline, Image):
        return inline, None
    if isinstance(inline, Link) and len(inline.children) == 1 and not inline.title:
        image, _ = _linked_image(inline.children[0])
        return image, inline.target
    return None, None


def code_end(code: CodeBlock) -> CodeBlock:
    """Line ends are one character, the last of them no content; options have no order."""
    text = code.text.replace("\r\n", "\n").rstrip("\n")
    return replace(code, text=text, language=code.language.strip(), options=tuple(sorted(code.options)))


def list_spacing(block: List) -> List:
    """How a list is spaced in its source does not show; only numbers start somewhere."""
    return replace(block, tight=True, start=block.start if block.ordered else 1)


def cell_align(cell: Cell) -> Cell:
    """What a cell's blocks all share is the cell's own alignment; an empty cell has none."""
    if not all(isinstance(block, Paragraph | Heading) for block in cell.blocks):
        return cell
    aligned = [block.align or cell.align for block in cell.blocks if isinstance(block, Paragraph | Heading)]
    if len(set(aligned)) > 1:
        return replace(cell, align=None, blocks=_aligned(cell.blocks, aligned))
    align = aligned[0] if aligned else None
    return replace(cell, align=align, blocks=_aligned(cell.blocks, [None] * len(aligned)))


def _aligned(blocks: Sequence[Block], aligns: Sequence[object]) -> tuple[Block, ...]:
    return tuple(
        replace(block, align=align) if block != Paragraph(()) else block
        for block, align in zip(blocks, aligns, strict=True)
    )


def cell_shade(cell: Cell) -> Cell:
    """A header cell's usual shade is how a header looks; spans are at least one."""
    shade = cell.shade.strip().lower()
    if cell.header and shade in _HEADER_SHADES:
        shade = ""
    return replace(cell, shade=shade, colspan=max(1, cell.colspan), rowspan=max(1, cell.rowspan))


def short_rows(table: Table) -> Table:
    """A row that ends early shows empty cells, where no cell spans others."""
    rows = tuple(row for row in table.rows if row.cells)
    if any(cell.colspan > 1 or cell.rowspan > 1 for row in rows for cell in row.cells):
        return replace(table, rows=rows)
    width = max((len(row.cells) for row in rows), default=0)
    return replace(table, rows=tuple(_filled(row, width) for row in rows))


def _filled(row: Part, width: int) -> Part:
    cells = children(row)
    if len(cells) == width:
        return row
    header = all(isinstance(cell, Cell) and cell.header for cell in cells)
    return replace(row, cells=cells + (Cell((), header=header),) * (width - len(cells)))


def figure_target(figure: Figure) -> Figure:
    """A figure's image and link follow the rules of running text."""
    link = unsigned(figure.link) if figure.link else None
    return replace(figure, image=image_size(figure.image), link=link)


def label(button: Button) -> Button:
    """A label is one line."""
    return replace(button, label=collapse(button.label), target=unsigned(button.target))


def title(callout: Callout) -> Callout:
    """A title is one line."""
    return replace(callout, title=collapse(callout.title))


def embed(block: Embed) -> Embed:
    """The many addresses of one video are one."""
    return msgspec.structs.replace(block, href=share_url(block.href) or block.href)


def formula(math: MathBlock) -> MathBlock:
    """White space around a formula is no content."""
    return replace(math, tex=math.tex.strip())


# --- rules of neighbours --------------------------------------------------------------------------


def spacers(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Empty paragraphs at the ends do not count, and several in a row are one."""
    out: list[Part] = []
    for part in parts:
        if part == _SPACER and (not out or out[-1] == _SPACER):
            continue
        out.append(part)
    if out and out[-1] == _SPACER:
        out.pop()
    return tuple(out)


_SPACER: Final = Paragraph(())


def hollow(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """A list without items and a table without cells do not show."""
    return tuple(part for part in parts if not (isinstance(part, List | Table) and not children(part)))


# --- rules of the whole document ------------------------------------------------------------------


def top_level(blocks: Sequence[Block]) -> int:
    """Return the smallest heading level anywhere in the blocks, 1 without headings."""
    return min((part.level for part in walk(tuple(blocks)) if isinstance(part, Heading)), default=1)


def shifted(part: PartT, by: int) -> PartT:
    """Return the part with every heading `by` levels deeper, never above the first."""
    if not by:
        return part
    if isinstance(part, Heading):
        return replace(part, level=max(1, part.level + by))
    field = PARTS.get(type(part))
    if field is None:
        return part
    return replace(part, **{field: tuple(shifted(child, by) for child in children(part))})
