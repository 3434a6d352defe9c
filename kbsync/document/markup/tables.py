"""What tables in HTML and in storage format have in common."""

from __future__ import annotations

import re

import msgspec

from kbsync.document.blocks import Align, Block, Cell, Image, Inline, LineBreak, Paragraph, SoftBreak, Text
from kbsync.document.markup.elements import BLANK, Element
from kbsync.document.shape import WRAPPERS

_BODIES = frozenset(["tbody", "thead", "tfoot"])
_NUMBER = re.compile(r"[0-9]{1,9}")
_LOOKS = frozenset(["colgroup", "col"])
_CELLS = frozenset(["td", "th"])
MAX_SPAN = 1000
"""The most columns a cell may span, as in the HTML standard (section 4.9.11)."""


def rows_of(table: Element) -> list[Element] | None:
    """Return the rows of a table in order, None when something else stands among rows or cells."""
    rows: list[Element] = []
    for child in table.children:
        if child.tag in _BODIES:
            rows.extend(each for each in child.children if not each.is_blank())
        elif child.tag not in _LOOKS and not child.is_blank():
            rows.append(child)
    if all(row.tag == "tr" and _only_cells(row) for row in rows):
        return rows
    return None


def _only_cells(row: Element) -> bool:
    return not [cell for cell in row.children if cell.tag not in _CELLS and not cell.is_blank()]


def count(value: str) -> int:
    """Return how many rows or columns a cell spans; 1 for nonsense."""
    return min(max(whole_number(value), 1), MAX_SPAN)


def whole_number(value: str) -> int:
    """Return the number an attribute says; 1 for nonsense."""
    found = _NUMBER.fullmatch(value) if value else None
    return int(found[0]) if found else 1


def written_align(cell: Cell) -> tuple[tuple[Block, ...], Align | None]:
    """Return a cell's blocks as they are written, and the alignment its own tag has to carry.

    Text carries it itself, as both editors do; the tag carries it where lists, images and the like stand
    in the cell too.
    """
    blocks: tuple[Block, ...] = cell.blocks or (Paragraph(()),)
    if cell.align is None or not all(
        type(block) is Paragraph and _has_text(block.children) for block in blocks
    ):
        return blocks, cell.align
    return tuple(_with_align(block, cell.align) for block in blocks), None


def _has_text(line: tuple[Inline, ...]) -> bool:
    return any(
        _has_text(getattr(inline, "children", ()))
        if isinstance(inline, WRAPPERS)
        else not isinstance(inline, Image | LineBreak | SoftBreak)
        and not (isinstance(inline, Text) and not inline.text.strip(BLANK))
        for inline in line
    )


def _with_align(block: Block, align: Align) -> Block:
    if isinstance(block, Paragraph) and block.align is None:
        return Paragraph(block.children, align)
    return block


def aligned_cell(cell: Cell, of_empty: Align | None) -> Cell:
    """Return the cell with the alignment its paragraphs share; both systems align the text, not the cell."""
    if not cell.blocks:
        return msgspec.structs.replace(cell, align=cell.align or of_empty)
    aligns = {block.align if type(block) is Paragraph else None for block in cell.blocks}
    if len(aligns) != 1 or None in aligns:
        return cell
    blocks = tuple(msgspec.structs.replace(block, align=None) for block in cell.blocks)
    return msgspec.structs.replace(cell, blocks=blocks, align=aligns.pop())
