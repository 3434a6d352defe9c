"""Tables to Markdown: GFM where it can hold the table, HTML tags with Markdown between them elsewhere."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, TypeAlias

from kbsync.document.blocks import Align, Block, Cell, Inline, Paragraph, Table

WriteText: TypeAlias = Callable[[Sequence[Inline]], str]
WriteBlocks: TypeAlias = Callable[[Sequence[Block]], str]

_RULES: Final[Mapping[Align | None, str]] = MappingProxyType(
    {None: "---", "left": ":--", "center": ":-:", "right": "--:"}
)


def write_table(table: Table, write_text: WriteText, write_blocks: WriteBlocks) -> str:
    """Return a table; one without rows is nothing."""
    rows = [row.cells for row in table.rows if row.cells]
    if not rows:
        return ""
    aligns = _column_aligns(rows) if _is_plain(rows) else None
    written = None if aligns is None else _gfm(rows, aligns, write_text)
    return written or _html(rows, write_blocks)


def _is_plain(rows: Sequence[tuple[Cell, ...]]) -> bool:
    """Return whether the cells have no spans, shades or blocks, and headers stand in the first row only."""
    if not all(_holds_text(cell) for row in rows for cell in row):
        return False
    if any(cell.header for row in rows[1:] for cell in row):
        return False
    headers = {cell.header for cell in rows[0]}
    return len(headers) == 1


def _holds_text(cell: Cell) -> bool:
    if cell.colspan > 1 or cell.rowspan > 1 or cell.shade or len(cell.blocks) > 1:
        return False
    return all(type(block) is Paragraph and not block.align for block in cell.blocks)


def _text(cell: Cell) -> tuple[Inline, ...]:
    return cell.blocks[0].children if cell.blocks and isinstance(cell.blocks[0], Paragraph) else ()


def _column_aligns(rows: Sequence[tuple[Cell, ...]]) -> list[Align | None] | None:
    """Return each column's alignment, or None when cells of one column differ."""
    aligns: list[Align | None] = []
    for column in range(max(map(len, rows))):
        found = {row[column].align for row in rows if column < len(row) and _text(row[column])}
        if len(found) > 1 or "justify" in found:
            return None
        aligns.append(found.pop() if found else _empty_align(rows, column))
    return aligns


def _empty_align(rows: Sequence[tuple[Cell, ...]], column: int) -> Align | None:
    found = {row[column].align for row in rows if column < len(row)}
    return found.pop() if len(found) == 1 and "justify" not in found else None


def _gfm(rows: Sequence[tuple[Cell, ...]], aligns: Sequence[Align | None], write_text: WriteText) -> str:
    """Return a GFM table; nothing when its header row would be empty, which says that it has none."""
    has_head = rows[0][0].header
    lines = [_line(row, len(aligns), write_text) for row in rows]
    if not has_head:
        lines.insert(0, _line((), len(aligns), write_text))
    elif not lines[0].strip("| "):
        return ""
    lines.insert(1, f"| {' | '.join(_RULES[align] for align in aligns)} |")
    return "\n".join(lines)


def _line(cells: Sequence[Cell], width: int, write_text: WriteText) -> str:
    texts = [write_text(_text(cell)).replace("|", "\\|") for cell in cells]
    return f"| {' | '.join([*texts, *[''] * (width - len(texts))])} |"


def _html(rows: Sequence[tuple[Cell, ...]], write_blocks: WriteBlocks) -> str:
    parts = ["<table>"]
    for row in rows:
        parts.append("<tr>")
        parts += [_html_cell(cell, write_blocks(cell.blocks)) for cell in row]
        parts.append("</tr>")
    return "\n".join([*parts, "</table>"])


def _html_cell(cell: Cell, inner: str) -> str:
    name = "th" if cell.header else "td"
    attrs = {
        "colspan": str(cell.colspan) if cell.colspan > 1 else "",
        "rowspan": str(cell.rowspan) if cell.rowspan > 1 else "",
        "align": cell.align or "",
        "bgcolor": cell.shade,
    }
    written = "".join(f' {key}="{html.escape(value)}"' for key, value in attrs.items() if value)
    return f"<{name}{written}></{name}>" if not inner else f"<{name}{written}>\n\n{inner}\n\n</{name}>"
