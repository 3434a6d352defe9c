"""The document tree: the body of one locale as typed, frozen blocks and inlines.

Every node is a value. JSON (`kbsync convert --to json`) is the node's fields with its lower-case name
under `kind`. Nothing here knows a format; readers and writers live beside it.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Align: TypeAlias = Literal["left", "center", "right", "justify"]
CalloutKind: TypeAlias = Literal["note", "tip", "important", "warning", "caution"]
Origin: TypeAlias = Literal["markdown", "intercom", "confluence", "html"]


class Span(msgspec.Struct, frozen=True, gc=False):
    """Where a block stood in the raw form it was read from: character offsets `[start, end)`.

    Two spans always compare equal: where a block came from is never a difference between documents.
    """

    start: int
    end: int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Span)

    def __hash__(self) -> int:
        return 0


NOWHERE = Span(0, 0)
"""The span of a block that was not read from anywhere."""


class Node(
    msgspec.Struct,
    frozen=True,
    gc=False,
    omit_defaults=True,
    tag=str.lower,
    tag_field="kind",
):
    """Base of everything in the tree."""


# --- what links and images point at ---------------------------------------------------------------


class Url(Node, frozen=True):
    """An address outside the help center, exactly as written."""

    href: str


class ArticleRef(Node, frozen=True):
    """Another article by its kbsync id; `anchor` is a heading's slug, without `#`."""

    article: str
    anchor: str = ""


class AssetRef(Node, frozen=True):
    """A file of the help center by its path under the content root, e.g. `assets/shot.png`."""

    path: str


Target: TypeAlias = Url | ArticleRef | AssetRef

# --- inlines --------------------------------------------------------------------------------------


class Text(Node, frozen=True):
    """Characters as they are read: no markup, no entities."""

    text: str


class Strong(Node, frozen=True):
    children: tuple[Inline, ...]


class Emphasis(Node, frozen=True):
    children: tuple[Inline, ...]


class Strike(Node, frozen=True):
    children: tuple[Inline, ...]


class Underline(Node, frozen=True):
    children: tuple[Inline, ...]


class Superscript(Node, frozen=True):
    children: tuple[Inline, ...]


class Subscript(Node, frozen=True):
    children: tuple[Inline, ...]


class Code(Node, frozen=True):
    """Inline code."""

    text: str


class Link(Node, frozen=True):
    target: Target
    children: tuple[Inline, ...]
    title: str = ""


class Image(Node, frozen=True):
    """An image in running text; `width` and `height` are CSS pixels."""

    target: Target
    alt: str = ""
    title: str = ""
    width: int | None = None
    height: int | None = None


class LineBreak(Node, frozen=True):
    """A hard break."""


class SoftBreak(Node, frozen=True):
    """A line end in the source that reads as a space; canon makes it one."""


class FootnoteRef(Node, frozen=True):
    label: str


class Math(Node, frozen=True):
    """Inline TeX."""

    tex: str


class OpaqueInline(Node, frozen=True):
    """Something only `origin` understands: `raw` returns there byte for byte, `text` is what readers see."""

    origin: Origin
    raw: str
    text: str = ""


Inline: TypeAlias = (
    Text
    | Strong
    | Emphasis
    | Strike
    | Underline
    | Superscript
    | Subscript
    | Code
    | Link
    | Image
    | LineBreak
    | SoftBreak
    | FootnoteRef
    | Math
    | OpaqueInline
)

# --- blocks ---------------------------------------------------------------------------------------


class Heading(Node, frozen=True):
    level: int
    children: tuple[Inline, ...]
    align: Align | None = None
    source: Span = NOWHERE


class Paragraph(Node, frozen=True):
    """Running text; one without children is a spacer (Intercom keeps them)."""

    children: tuple[Inline, ...]
    align: Align | None = None
    source: Span = NOWHERE


class Item(Node, frozen=True):
    """One list item; `checked` is None for ordinary items, a bool for tasks."""

    blocks: tuple[Block, ...]
    checked: bool | None = None
    source: Span = NOWHERE


class List(Node, frozen=True):
    """A list; `start` counts for ordered ones, `tight` is how Markdown spaces it."""

    items: tuple[Item, ...]
    ordered: bool = False
    start: int = 1
    tight: bool = True
    source: Span = NOWHERE


class CodeBlock(Node, frozen=True):
    """`text` has no trailing newline; `options` are what stands behind the language, in order."""

    text: str
    language: str = ""
    options: tuple[tuple[str, str], ...] = ()
    source: Span = NOWHERE


class Quote(Node, frozen=True):
    blocks: tuple[Block, ...]
    source: Span = NOWHERE


class Callout(Node, frozen=True):
    """A GitHub alert, an Intercom callout, a Confluence info, tip, note or warning panel."""

    callout: CalloutKind
    blocks: tuple[Block, ...]
    title: str = ""
    source: Span = NOWHERE


class Cell(Node, frozen=True):
    blocks: tuple[Block, ...]
    header: bool = False
    align: Align | None = None
    colspan: int = 1
    rowspan: int = 1
    shade: str = ""
    source: Span = NOWHERE


class Row(Node, frozen=True):
    cells: tuple[Cell, ...]
    source: Span = NOWHERE


class Table(Node, frozen=True):
    rows: tuple[Row, ...]
    source: Span = NOWHERE


class Figure(Node, frozen=True):
    """An image that is a block of its own, perhaps a link, perhaps with a caption."""

    image: Image
    link: Target | None = None
    align: Align | None = None
    caption: tuple[Inline, ...] = ()
    source: Span = NOWHERE


class Embed(Node, frozen=True):
    """A video by the address a person would share."""

    href: str
    source: Span = NOWHERE


class Button(Node, frozen=True):
    target: Target
    label: str
    align: Align | None = None
    source: Span = NOWHERE


class Collapsible(Node, frozen=True):
    summary: tuple[Inline, ...]
    blocks: tuple[Block, ...]
    source: Span = NOWHERE


class Divider(Node, frozen=True):
    source: Span = NOWHERE


class Footnote(Node, frozen=True):
    """The definition a FootnoteRef of the same label points at."""

    label: str
    blocks: tuple[Block, ...]
    source: Span = NOWHERE


class MathBlock(Node, frozen=True):
    tex: str
    source: Span = NOWHERE


class OpaqueBlock(Node, frozen=True):
    """A block only `origin` understands: `raw` returns there byte for byte."""

    origin: Origin
    raw: str
    source: Span = NOWHERE


Block: TypeAlias = (
    Heading
    | Paragraph
    | List
    | CodeBlock
    | Quote
    | Callout
    | Table
    | Figure
    | Embed
    | Button
    | Collapsible
    | Divider
    | Footnote
    | MathBlock
    | OpaqueBlock
)


class Document(Node, frozen=True):
    """The body of one locale."""

    blocks: tuple[Block, ...] = ()
