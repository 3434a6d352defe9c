"""The one definition of "equal" for documents.

Two documents are the same when their canonical forms are. Canon ignores exactly what systems change by
themselves on save, and nothing a person would notice: every thing it ignores is a row of `RULES` with
its reason, and each row has a test that a real difference beside it is still seen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, TypeVar

import msgspec

from kbsync.document import canon_block as on_block
from kbsync.document import canon_inline as on_text
from kbsync.document.blocks import (
    Button,
    Callout,
    Cell,
    CodeBlock,
    Document,
    Embed,
    Figure,
    Heading,
    List,
    MathBlock,
    OpaqueBlock,
    Paragraph,
    Table,
)
from kbsync.document.runs import nest
from kbsync.document.shape import PARTS, Part, children

PartT = TypeVar("PartT", bound=Part)

ALL: Final[tuple[type, ...]] = (object,)


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing canon ignores: its name, what does not count, who changes it, and the function."""

    name: str
    ignores: str
    why: str
    apply: Callable[..., Any]
    on: tuple[type, ...] = ()


RULES: Final[tuple[Rule, ...]] = (
    Rule("spans", "where a block stood", "a place is no content", on_block.text_and_place, ALL),
    Rule("soft-break", "line ends in the source", "CommonMark 6.8: renders as a space", on_text.soft_breaks),
    Rule("white-space", "white space runs, edges", "HTML 4 9.1: inter-word space", on_text.white_space),
    Rule("code-lines", "line ends in inline code", "CommonMark 6.1: converted to spaces", on_text.code_lines),
    Rule("image-marks", "bold or italics on an image", "they do not show", on_text.unmarked),
    Rule("last-break", "breaks at the end", "editors leave them behind", on_text.trailing_breaks),
    Rule("split-text", "one text in several nodes", "edit history splits text", on_text.joined),
    Rule("wrappers", "nesting order, split and doubled wrappers", "Confluence splits <strong>", nest),
    Rule("leaves", "signatures, volatile attributes", "new at every read or save", on_text.settle),
    Rule("left", "align left", "Intercom adds intercom-align-left", on_block.left, (Paragraph, Heading, Figure, Button, Cell)),
    Rule("spacer", "blanks in an empty paragraph or heading", "Intercom and Confluence: <p>&nbsp;</p>", on_block.spacer, (Paragraph, Heading)),
    Rule("lone-image", "the paragraph around an image", "Intercom lifts images out", on_block.lone_image, (Paragraph,)),
    Rule("image-size", "an image's height beside its width", "Intercom adds it", on_block.figure_target, (Figure,)),
    Rule("label", "white space in a label", "HTML 4 9.1", on_block.label, (Button,)),
    Rule("title", "white space in a title", "Confluence trims parameters", on_block.title, (Callout,)),
    Rule("code-end", "last line ends, order of options", "Confluence: parameters have no order", on_block.code_end, (CodeBlock,)),
    Rule("list-spacing", "loose and tight lists", "HTML has only items", on_block.list_spacing, (List,)),
    Rule("cell-align", "align of a cell or of all its text", "Intercom aligns the text", on_block.cell_align, (Cell,)),
    Rule("cell-shade", "the shade of header cells", "Intercom has no th, it shades", on_block.cell_shade, (Cell,)),
    Rule("short-rows", "empty cells at a row's end", "GFM 4.10: missing cells are empty", on_block.short_rows, (Table,)),
    Rule("video", "which of its addresses a video has", "players are embedded by another one", on_block.embed, (Embed,)),
    Rule("formula", "white space around a formula", "TeX ignores it", on_block.formula, (MathBlock,)),
    Rule("opaque", "volatile attributes in opaque blocks", "Confluence renews ac:local-id", on_text.settled, (OpaqueBlock,)),
    Rule("spacers", "empty paragraphs at ends, in rows", "Intercom adds them", on_block.spacers),
    Rule("hollow", "lists and tables of nothing", "they do not show", on_block.hollow),
    Rule("levels", "the level of the top heading", "Intercom shifts headings relatively", on_block.shifted),
)  # fmt: skip
"""Everything that canon ignores, in the order in which it is applied."""


def _by_type() -> Mapping[type, tuple[Callable[[Any], Any], ...]]:
    kinds = {kind for rule in RULES for kind in rule.on} - {object}
    return MappingProxyType({kind: tuple(rule.apply for rule in RULES if kind in rule.on) for kind in kinds})


_RULES_OF: Final = _by_type()


def part(node: PartT) -> PartT:
    """Return one block, item, row or cell in canonical form; heading levels stay as they are."""
    return _part(node)  # type: ignore[return-value]  # rules keep the kind, or turn it into another block


@lru_cache(maxsize=1 << 15)
def _part(node: Part) -> Part:
    field = PARTS.get(type(node))
    if field is not None:
        node = msgspec.structs.replace(node, **{field: _sequence(children(node))})
    settled: Any = on_block.text_and_place(node)
    for apply in _RULES_OF.get(type(settled), ()):
        settled = apply(settled)
        if type(settled) is not type(node):
            return _part(settled)
    return settled  # type: ignore[no-any-return]  # a rule is typed by its own kind


def _sequence(parts: tuple[Part, ...]) -> tuple[Any, ...]:
    return on_block.spacers(on_block.hollow(tuple(map(_part, parts))))


def canon(document: Document) -> Document:
    """Return the document in canonical form, from which canon changes nothing more."""
    blocks = _sequence(document.blocks)
    up = 1 - on_block.top_level(blocks)
    return Document(tuple(on_block.shifted(block, up) for block in blocks)) if up else Document(blocks)


def key(node: Part) -> bytes:
    """Return the canonical form of one part as bytes; equal keys read the same."""
    return msgspec.json.encode(part(node))


def digest(document: Document) -> str:
    """Return the SHA-256 of the canonical form as 64 hexadecimal digits."""
    return hashlib.sha256(msgspec.json.encode(canon(document))).hexdigest()


def same(one: Document, other: Document) -> bool:
    """Return whether both read the same."""
    return one == other or canon(one) == canon(other)
