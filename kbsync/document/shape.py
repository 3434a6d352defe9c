"""Where a node keeps its content: which field holds running text, which holds blocks, which holds parts.

Canon, merge and lenses walk documents by this table, so a new block is a row here and a class there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

import msgspec

from kbsync.document.blocks import (
    Block,
    Callout,
    Cell,
    Collapsible,
    Emphasis,
    Figure,
    Footnote,
    Heading,
    Inline,
    Item,
    Link,
    List,
    Paragraph,
    Quote,
    Row,
    Strike,
    Strong,
    Subscript,
    Superscript,
    Table,
    Underline,
)

Part: TypeAlias = Block | Item | Row | Cell
"""Everything that stands in a sequence and has a source span."""

Role: TypeAlias = Literal["value", "inlines", "parts", "lines"]

INLINES: Final[Mapping[type, str]] = MappingProxyType(
    {Heading: "children", Paragraph: "children", Figure: "caption", Collapsible: "summary"}
)
"""The field of running text."""

PARTS: Final[Mapping[type, str]] = MappingProxyType(
    {
        List: "items",
        Item: "blocks",
        Quote: "blocks",
        Callout: "blocks",
        Table: "rows",
        Row: "cells",
        Cell: "blocks",
        Collapsible: "blocks",
        Footnote: "blocks",
    }
)
"""The field of nested blocks, items, rows or cells."""

WRAPPERS: Final[tuple[type, ...]] = (
    Link,
    Strong,
    Emphasis,
    Underline,
    Strike,
    Superscript,
    Subscript,
)
"""Inlines with children, outermost first where nothing else decides."""


def children(part: Part) -> tuple[Part, ...]:
    """Return the nested blocks, items, rows or cells; empty for a leaf."""
    field = PARTS.get(type(part))
    return getattr(part, field) if field else ()


def running_text(part: Part) -> tuple[Inline, ...]:
    """Return the running text of this very node, without its nested parts."""
    field = INLINES.get(type(part))
    return getattr(part, field) if field else ()


def walk(parts: tuple[Part, ...]) -> Iterator[Part]:
    """Yield every part and everything nested in it, in reading order."""
    stack = list(reversed(parts))
    while stack:
        part = stack.pop()
        yield part
        stack.extend(reversed(children(part)))


@cache
def value_fields(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """Return the fields of a node that are plain values: neither text, nor parts, nor its span."""
    content = {INLINES.get(kind), PARTS.get(kind), "source"}
    return tuple(name for name in kind.__struct_fields__ if name not in content)
