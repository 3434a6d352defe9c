"""Intercom tables: no header cells, so the editor's shade is what makes one."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from kbsync.document.blocks import Align, Block, Cell, Paragraph, Row, Span, Table
from kbsync.document.intercom.colours import FIRST_ROW_SHADE, HEADER_SHADE, background
from kbsync.document.markup.elements import TEXT, Element
from kbsync.document.markup.reading import BlockRow, Reader, span
from kbsync.document.markup.tables import aligned_cell, count, rows_of


def table(align_of: Callable[[Element], Align | None]) -> BlockRow:
    """Return the row of a table; `align_of` reads an element's alignment."""

    def cell(reader: Reader, element: Element) -> Cell:
        blocks = reader.inside(element.children)
        header = element.tag == "th"
        if not element.attributes and blocks:
            plain = Cell(blocks, header, source=Span(element.start, element.end))
            first = blocks[0]
            return aligned_cell(plain, None) if type(first) is Paragraph and first.align else plain
        shade = background(element.get("style"))
        header = header or shade == HEADER_SHADE
        return aligned_cell(
            Cell(
                blocks,
                header,
                align_of(element),
                count(element.get("colspan")),
                count(element.get("rowspan")),
                "" if shade == HEADER_SHADE else shade,
                span(element),
            ),
            _empty_align(element, align_of),
        )

    def row(reader: Reader, element: Element) -> Block | tuple[Block, ...]:
        lines = rows_of(element)
        if lines is None:
            return reader.opaque(element)
        rows = tuple(
            Row(tuple([cell(reader, each) for each in line.children if each.tag != TEXT]), span(line))
            for line in lines
        )
        if not rows:
            return ()
        return Table((_headed(rows[0]), *rows[1:]), span(element))

    return row


def _empty_align(element: Element, align_of: Callable[[Element], Align | None]) -> Align | None:
    inner = element.find("p")
    return align_of(inner) if inner is not None else None


def _headed(row: Row) -> Row:
    """In a first row, the editor's second header shade makes header cells too."""
    if not any(cell.shade == FIRST_ROW_SHADE for cell in row.cells):
        return row
    cells = [
        msgspec.structs.replace(cell, header=True) if cell.shade == FIRST_ROW_SHADE else cell
        for cell in row.cells
    ]
    return msgspec.structs.replace(row, cells=tuple(cells))
