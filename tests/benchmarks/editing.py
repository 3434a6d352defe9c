"""What an edit of one block costs beside reading the document, and how each work grows with its size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from kbsync.document import canon
from kbsync.document.align import align
from kbsync.document.blocks import Document, Paragraph, Text
from kbsync.document.convert import format_of
from kbsync.document.formats import PLAIN, Format, FormatName
from kbsync.document.lens import put
from kbsync.document.merge import merge

from .material import body, markdown_files
from .measure import Row, cpu, growth

SIZE = 1_000_000
FORMS: tuple[FormatName, ...] = ("markdown", "intercom", "confluence")


@dataclass(frozen=True, slots=True)
class Case:
    """A long document in one format, as it was read and with one of its blocks edited."""

    form: Format
    raw: str
    document: Document
    edited: Document
    other: Document


def rows() -> list[Row]:
    """Measure every format."""
    return [row for form in FORMS for row in _of(form)]


def _of(name: FormatName) -> Iterator[Row]:
    whole, half = _case(name, SIZE), _case(name, SIZE // 2)
    works = {
        "put of one edited block": lambda case: put(case.form, case.edited, case.raw, PLAIN),
        "canon": lambda case: _canon(case.document),
        "align": lambda case: align(case.document.blocks, case.edited.blocks),
        "merge of two edits": lambda case: merge(case.document, [case.edited, case.other]),
    }
    read, *taken = cpu(
        lambda: whole.form.read(whole.raw, PLAIN), *(lambda work=work: work(whole) for work in works.values())
    )
    times = len(whole.raw) / len(half.raw)
    exponent = growth(lambda case: case.form.read(case.raw, PLAIN), half, whole, times)
    yield Row(f"{name}: read", f"{read:.2f} s", "twice the size", "growth", exponent, 1.15, True)
    for (what, work), ours in zip(works.items(), taken, strict=True):
        yield Row(f"{name}: {what}", f"{ours:.2f} s", "read", f"{read:.2f} s", ours / read)
        exponent = growth(work, half, whole, times)
        yield Row(f"{name}: {what}", f"{ours:.2f} s", "twice the size", "growth", exponent, 1.15, True)


def _canon(document: Document) -> str:
    """Return the digest; a copy has none in store."""
    return canon.digest(msgspec.structs.replace(document))


def _case(name: FormatName, size: int) -> Case:
    form = format_of(name)
    raw = form.write(_long(size), PLAIN).raw
    document = form.read(raw, PLAIN)
    paragraphs = [at for at, block in enumerate(document.blocks) if isinstance(block, Paragraph)]
    first, last = paragraphs[len(paragraphs) // 3], paragraphs[len(paragraphs) * 2 // 3]
    return Case(form, raw, document, _edited(document, first), _edited(document, last))


def _long(size: int) -> Document:
    """Return the files one behind the other, each round with words of its own."""
    read = format_of("markdown").read
    texts = [body(path) for path in dict.fromkeys(markdown_files())]
    blocks: list[Any] = []
    written = 0
    while written < size:
        text = texts[len(blocks) % len(texts)]
        blocks += [Paragraph((Text(f"Part {len(blocks)} of the whole"),)), *read(text, PLAIN).blocks]
        written += len(text)
    return Document(tuple(blocks))


def _edited(document: Document, at: int) -> Document:
    block = document.blocks[at]
    assert isinstance(block, Paragraph)
    edited = Paragraph((*block.children, Text(" One more sentence.")), block.align, block.source)
    return Document((*document.blocks[:at], edited, *document.blocks[at + 1 :]))
