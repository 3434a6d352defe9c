"""Hypothesis strategies for documents, shared by the laws of all formats.

`documents()` makes documents of every node kind. A format that cannot hold some of them passes `without`:

    documents(without={Math, Footnote})     # neither formulas nor footnotes, at any depth

A footnote's reference and its definition come together; an image alone in a paragraph, and text at the
edge of a wrapper, occur as people and editors make them, because canon is what has to see through them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Final, TypeVar

from hypothesis import strategies as st

from kbsync.document.blocks import (
    Block,
    Button,
    Callout,
    Cell,
    Code,
    CodeBlock,
    Collapsible,
    Divider,
    Document,
    Embed,
    Emphasis,
    Figure,
    Footnote,
    FootnoteRef,
    Heading,
    Image,
    Inline,
    Item,
    LineBreak,
    Link,
    List,
    Math,
    MathBlock,
    Node,
    OpaqueBlock,
    OpaqueInline,
    Paragraph,
    Quote,
    Row,
    SoftBreak,
    Strike,
    Strong,
    Subscript,
    Superscript,
    Table,
    Text,
    Underline,
    Url,
)

Kinds = Collection[type[Node]]
ValueT = TypeVar("ValueT")

ALIGNS: Final = (None, "left", "center", "right")
CALLOUTS: Final = ("note", "tip", "important", "warning", "caution")
ORIGINS: Final = ("intercom", "confluence")
WRAPPERS: Final = (Strong, Emphasis, Strike, Underline, Superscript, Subscript)
PUNCTUATION: Final = "*_~`[](){}<>#+-=.!|\\$&;:/\"'@^%"

words = st.text(st.characters(codec="utf-8", categories=("L", "N")), min_size=1, max_size=8)
"""Letters and digits of all scripts."""

marks = st.text(st.sampled_from(PUNCTUATION), min_size=1, max_size=4)
"""What some format takes for markup."""

spoilers = st.sampled_from(
    (
        "# no heading",
        "1. no list",
        "- no list",
        "+ no list",
        "> no quote",
        "--- ",
        "===",
        "[x] no task",
        "[^1]: no note",
        "[no]: link",
        "[no](link)",
        "![no](image)",
        "[!NOTE]",
        "&amp; &nbsp; &#32;",
        "$5 and $6",
        "$no math$",
        "https://example.com/no_link_here",
        "www.example.com.",
        "<b>no markup</b>",
        "<!-- no comment -->",
        "]]>",
        "</details>",
        "{=html}",
        "{width=400}",
        "| no | table |",
        "snake_case_name",
        "2 * 3 * 4",
        "~~~",
        "```",
        "C:\\new\\table",
        "\N{NO-BREAK SPACE}",
        "\N{ZERO WIDTH JOINER}",
        "a\N{SOFT HYPHEN}b",
        "\N{FACE WITH TEARS OF JOY}",
        "العربية",
        "{{placeholder}}",
    )
)
"""Text that reads as markup somewhere, and is none."""

pieces = st.one_of(words, words, marks, spoilers, st.just(" "), st.just(" "))
plain = st.lists(pieces, min_size=1, max_size=5).map("".join)
"""Any running text on one line."""

labels = st.lists(words, min_size=1, max_size=3).map(" ".join)
"""Text without anything special, for labels and titles."""

lines = st.lists(st.one_of(plain, st.just(""), st.just("    indented"), st.just("\ttab")), max_size=4).map(
    "\n".join
)
"""Code: any lines, blank ones too."""

addresses = st.sampled_from(
    (
        "https://example.com",
        "https://example.com/a_b*c?x=1&y=2#z",
        "https://example.com/with (brackets)",
        "https://example.com/%20%C3%A4",
        "https://example.com/ä/ü",
        "mailto:help@example.com",
        "../billing/refunds.md#how-long",
        "#anchor",
        "tel:+1-555",
    )
)
"""Addresses that all formats hold."""

videos = st.sampled_from(
    (
        "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
        "https://youtu.be/dQw4w9WgXcQ",
        "https://vimeo.com/76979871",
        "https://www.loom.com/share/0123456789abcdef0123456789abcdef",
    )
)
targets = addresses.map(Url)
images = st.builds(
    Image,
    targets,
    alt=st.one_of(st.just(""), plain),
    title=st.one_of(st.just(""), labels),
    width=st.one_of(st.none(), st.integers(1, 4000)),
)

# --- running text ---------------------------------------------------------------------------------

_LEAVES: Final[Mapping[type[Node], st.SearchStrategy[Inline]]] = MappingProxyType(
    {
        Text: plain.map(Text),
        Code: plain.map(Code),
        Image: images,
        LineBreak: st.just(LineBreak()),
        SoftBreak: st.just(SoftBreak()),
        Math: st.sampled_from(("x^2", "a_1 + b", "\\frac{1}{2}", "5", "|x|")).map(Math),
        OpaqueInline: st.builds(
            OpaqueInline,
            st.sampled_from(ORIGINS),
            st.sampled_from(
                (
                    '<ac:emoticon ac:name="smile"/>',
                    '<time datetime="2026-01-01"></time>',
                    '<ac:link><ri:user ri:account-id="1"/></ac:link>',
                    "<x>`tick`</x>",
                )
            ),
            st.one_of(st.just(""), labels),
        ),
    }
)


def inlines(without: Kinds = (), depth: int = 2) -> st.SearchStrategy[tuple[Inline, ...]]:
    """Return running text, wrappers nested up to `depth` deep, never a link in a link."""
    choices = [leaf for kind, leaf in _LEAVES.items() if kind not in without]
    if depth:
        inner = inlines(without, depth - 1)
        choices += [st.builds(kind, inner) for kind in WRAPPERS if kind not in without]
        if Link not in without:
            unlinked = inlines({*without, Link}, depth - 1)
            choices.append(st.builds(Link, targets, unlinked, title=st.one_of(st.just(""), labels)))
    text = plain.map(Text)
    return st.lists(st.one_of(text, text, *choices), min_size=1, max_size=4).map(tuple)


# --- blocks ---------------------------------------------------------------------------------------


def _lists(blocks: st.SearchStrategy[tuple[Block, ...]]) -> st.SearchStrategy[Block]:
    items = st.builds(Item, blocks)
    tasks = st.builds(Item, blocks, checked=st.one_of(st.booleans(), st.none()))
    return st.one_of(
        st.builds(List, st.lists(items, min_size=1, max_size=4).map(tuple)),
        st.builds(List, st.lists(tasks, min_size=1, max_size=4).map(tuple)),
        st.builds(
            List,
            st.lists(items, min_size=1, max_size=4).map(tuple),
            ordered=st.just(True),
            start=st.integers(0, 100),
        ),
    )


def _plain_tables(text: st.SearchStrategy[tuple[Inline, ...]]) -> st.SearchStrategy[Block]:
    """Return tables with one header row and one paragraph a cell."""

    def table(size: tuple[int, int]) -> st.SearchStrategy[Table]:
        columns, rows = size
        cells = st.tuples(*[st.one_of(st.just(()), text.map(lambda t: (Paragraph(t),)))] * columns)
        aligns = st.tuples(*[st.sampled_from(ALIGNS)] * columns)

        def build(
            head: tuple[object, ...], body: list[tuple[object, ...]], align: tuple[object, ...]
        ) -> Table:
            made = [
                tuple(Cell(b, header=not n, align=a) for b, a in zip(row, align, strict=True))
                for n, row in enumerate([head, *body])
            ]
            return Table(tuple(map(Row, made)))

        return st.builds(build, cells, st.lists(cells, min_size=rows, max_size=rows), aligns)

    return st.tuples(st.integers(1, 3), st.integers(1, 3)).flatmap(table)


def _rich_tables(blocks: st.SearchStrategy[tuple[Block, ...]]) -> st.SearchStrategy[Block]:
    """Return tables with any blocks, spans, shades and header cells anywhere."""
    cells = st.builds(
        Cell,
        st.one_of(st.just(()), blocks),
        header=st.booleans(),
        align=st.sampled_from(ALIGNS),
        colspan=st.integers(1, 3),
        rowspan=st.integers(1, 2),
        shade=st.sampled_from(("", "#ffebe6", "#E6FCFF")),
    )
    rows = st.builds(Row, st.lists(cells, min_size=1, max_size=3).map(tuple))
    return st.builds(Table, st.lists(rows, min_size=1, max_size=3).map(tuple))


def _leaf_blocks(
    text: st.SearchStrategy[tuple[Inline, ...]],
) -> Mapping[type[Node], st.SearchStrategy[Block]]:
    return {
        Paragraph: st.builds(Paragraph, st.one_of(st.just(()), text, text, text)),
        Heading: st.builds(Heading, st.integers(1, 6), text),
        CodeBlock: st.builds(
            CodeBlock,
            lines,
            language=st.sampled_from(("", "python", "c++", "plain text", "objective-c")),
            options=st.sampled_from(
                ((), (("title", "a b"),), (("linenumbers", "true"), ("title", 'say "hi"')))
            ),
        ),
        Figure: st.builds(
            Figure,
            images,
            link=st.one_of(st.none(), targets),
            align=st.sampled_from(ALIGNS),
        ),
        Embed: videos.map(Embed),
        Button: st.builds(Button, targets, labels, align=st.sampled_from(ALIGNS)),
        Divider: st.just(Divider()),
        MathBlock: st.sampled_from(("x^2", "a\n= b", "\\begin{matrix}\n1\n\\end{matrix}")).map(MathBlock),
        OpaqueBlock: st.builds(
            OpaqueBlock,
            st.sampled_from(ORIGINS),
            st.sampled_from(
                (
                    '<ac:structured-macro ac:name="toc"/>',
                    "<a>\n\n  ``` x\n</a>",
                    '<div class="intercom-x"></div>',
                )
            ),
        ),
        Table: _plain_tables(text),
    }


def _deep_blocks(
    text: st.SearchStrategy[tuple[Inline, ...]], blocks: st.SearchStrategy[tuple[Block, ...]]
) -> Mapping[type[Node], st.SearchStrategy[Block]]:
    return {
        List: _lists(blocks),
        Quote: st.builds(Quote, blocks),
        Callout: st.builds(
            Callout, st.sampled_from(CALLOUTS), blocks, title=st.one_of(st.just(""), labels, plain)
        ),
        Collapsible: st.builds(Collapsible, text, blocks),
        Table: _rich_tables(blocks),
    }


def block_lists(without: Kinds = (), depth: int = 2) -> st.SearchStrategy[tuple[Block, ...]]:
    """Return one to three blocks, nested up to `depth` deep."""
    text = inlines(without)
    choices = [made for kind, made in _leaf_blocks(text).items() if kind not in without]
    if depth:
        inner = block_lists(without, depth - 1)
        choices += [made for kind, made in _deep_blocks(text, inner).items() if kind not in without]
    return st.lists(st.one_of(choices), min_size=1, max_size=3).map(tuple)


def _noted(blocks: tuple[Block, ...], notes: list[tuple[Block, ...]]) -> tuple[Block, ...]:
    """Return the blocks with a paragraph that refers to each note, and the notes behind them."""
    refs = tuple(
        Paragraph((Text("See"), FootnoteRef(f"n{at}"), Text(" there."))) for at, _ in enumerate(notes)
    )
    return (*blocks, *refs, *(Footnote(f"n{at}", note) for at, note in enumerate(notes)))


def documents(
    without: Kinds = (),
    *,
    depth: int = 2,
    where: Callable[[Document], bool] | None = None,
) -> st.SearchStrategy[Document]:
    """Return documents of every node kind but those in `without`, blocks nested up to `depth` deep."""
    blocks = block_lists(without, depth)
    if Footnote not in without and FootnoteRef not in without:
        notes = st.lists(block_lists({*without, Footnote}, 0), max_size=2)
        blocks = st.one_of(blocks, blocks, st.builds(_noted, blocks, notes))
    made = blocks.map(Document)
    return made.filter(where) if where else made
