"""How the markup formats hold what they have no tag for, so that it reads back as what it was.

Two kinds of sign are used. People see the first and write it themselves: `☐ ` and `☑ ` open a task,
`⁽1⁾` is a footnote reference, `⁽1⁾: ` opens its text. The other is MARK, a WORD JOINER (U+2060), which
shows nothing and breaks no line: it tells a formula from code, a callout's title from a bold paragraph, a
caption from a paragraph, a quote from a grey callout and a button from a bold link.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from kbsync.document.blocks import Block, Figure, FootnoteRef, Inline, Item, Paragraph, Span, Text

MARK = "\N{WORD JOINER}"
_TASK = re.compile("([☐☑])(?: |$)")
_FOOTNOTE = re.compile("⁽([^⁽⁾\\s]+)⁾")


def checked_item(blocks: tuple[Block, ...]) -> tuple[bool | None, tuple[Block, ...]]:
    """Return whether an item's blocks open with a task sign, and the blocks without it."""
    if not blocks or type(blocks[0]) is not Paragraph:
        return None, blocks
    line = blocks[0].children
    if not line or type(line[0]) is not Text or line[0].text[:1] not in "☐☑":
        return None, blocks
    found = _TASK.match(line[0].text)
    if found is None or (found.end() == len(line[0].text) and found[0] == found[1] and len(line) > 1):
        return None, blocks
    rest = without_start(line, found.end())
    if rest or len(blocks) == 1:
        first = (Paragraph(rest, blocks[0].align, blocks[0].source),) if rest else ()
        return found[1] == "☑", (*first, *blocks[1:])
    return found[1] == "☑", blocks[1:]


def without_start(line: tuple[Inline, ...], length: int) -> tuple[Inline, ...]:
    """Return the line without the first characters of its first text."""
    first = line[0]
    assert isinstance(first, Text)
    text = first.text[length:].lstrip(" ")
    return (Text(text), *line[1:]) if text else line[1:]


def signed_item(item: Item) -> tuple[Block, ...]:
    """Return the blocks of an item with the sign of its task in front."""
    if item.checked is None:
        return item.blocks
    sign = "☑" if item.checked else "☐"
    if item.blocks and type(item.blocks[0]) is Paragraph and item.blocks[0].children:
        first = item.blocks[0]
        return (Paragraph((Text(f"{sign} "), *first.children), first.align), *item.blocks[1:])
    return (Paragraph((Text(sign),)), *item.blocks)


def captioned(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """Return the blocks with every marked paragraph behind a figure as that figure's caption."""
    out: list[Block] = []
    for block in blocks:
        caption = _unmarked(block)
        if caption and out and type(out[-1]) is Figure and not out[-1].caption:
            place = Span(out[-1].source.start, block.source.end)
            out[-1] = msgspec.structs.replace(out[-1], caption=caption, source=place)
        else:
            out.append(block)
    return tuple(out)


def _unmarked(block: Block) -> tuple[Inline, ...]:
    """Return the running text behind a MARK, () for a block that does not open with one."""
    if type(block) is not Paragraph or not block.children:
        return ()
    first = block.children[0]
    return without_start(block.children, 1) if type(first) is Text and first.text[0] == MARK else ()


def footnote_sign(label: str) -> str:
    """Return the text that refers to a footnote."""
    return f"⁽{'-'.join(label.split()).translate({ord('⁽'): None, ord('⁾'): None})}⁾"


def with_footnotes(text: str) -> Iterable[Inline]:
    """Yield the text with its footnote signs as references."""
    position = 0
    for found in _FOOTNOTE.finditer(text):
        if found.start() > position:
            yield Text(text[position : found.start()])
        yield FootnoteRef(found[1])
        position = found.end()
    if position < len(text):
        yield Text(text[position:])
