"""Columns and divisions: their tags stay where they stood, whatever happens to the blocks in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pytest

from kbsync.document.blocks import Block, Document, Paragraph, Text
from kbsync.document.confluence import CONFLUENCE
from kbsync.document.formats import PLAIN
from kbsync.document.intercom import INTERCOM
from kbsync.document.lens import put
from kbsync.document.markdown import MARKDOWN
from kbsync.document.sequence import cuts

PAGE: Final = (
    '<ac:layout><ac:layout-section ac:type="two_equal"><ac:layout-cell><p>one left</p><p>two left</p>'
    "</ac:layout-cell><ac:layout-cell><p>one right</p></ac:layout-cell></ac:layout-section>\n"
    '<ac:layout-section ac:type="single"><ac:layout-cell><p>one below</p></ac:layout-cell></ac:layout-section></ac:layout>'
)
A, B, C, D = CONFLUENCE.read(PAGE, PLAIN).blocks
LEFT, RIGHT = (
    f"{PAGE[: PAGE.index('<p>')]}{{}}</ac:layout-cell><ac:layout-cell>{{}}",
    PAGE[PAGE.index("</ac:layout-cell></ac:layout-section>\n") :],
)


def laid_out(left: str, right: str, below: str = "<p>one below</p>") -> str:
    """Return the page with this content in its three cells."""
    return (LEFT.format(left, right) + RIGHT).replace("<p>one below</p>", below)


def paragraph(text: str) -> Paragraph:
    return Paragraph((Text(text),))


def test_a_layout_reads_as_its_blocks() -> None:
    """People read and edit what stands in columns; Markdown shows it in reading order."""
    assert (
        MARKDOWN.write(Document((A, B, C, D)), PLAIN).raw
        == "one left\n\ntwo left\n\none right\n\none below\n"
    )


@pytest.mark.parametrize(
    ("blocks", "page"),
    [
        (
            (A, B, paragraph("one right, edited"), D),
            laid_out("<p>one left</p><p>two left</p>", "<p>one right, edited</p>"),
        ),
        (
            (A, B, paragraph("new"), C, D),
            laid_out("<p>one left</p><p>two left</p><p>new</p>", "<p>one right</p>"),
        ),
        (
            (paragraph("new"), A, B, C, D),
            laid_out("<p>new</p><p>one left</p><p>two left</p>", "<p>one right</p>"),
        ),
        (
            (A, B, C, D, paragraph("new")),
            laid_out("<p>one left</p><p>two left</p>", "<p>one right</p>", "<p>one below</p><p>new</p>"),
        ),
        ((A, C, D), laid_out("<p>one left</p>", "<p>one right</p>")),
        ((A, B, D), laid_out("<p>one left</p><p>two left</p>", "")),
        ((D,), laid_out("", "")),
        ((), laid_out("", "", "")),
        ((A, C, B, D), laid_out("<p>one left</p><p>one right</p><p>two left</p>", "")),
    ],
    ids=[
        "edited",
        "added",
        "added first",
        "added last",
        "removed",
        "emptied",
        "one left",
        "none left",
        "moved",
    ],
)
def test_columns_stay_where_they_are(blocks: Sequence[Block], page: str) -> None:
    """An edit of any kind touches the blocks and leaves every tag of the layout in its place."""
    made = put(CONFLUENCE, Document(tuple(blocks)), PAGE)

    assert made.raw == page
    assert not made.losses


def test_a_division_keeps_both_its_tags() -> None:
    """A division that loses its first block still opens, so that its end tag matches."""
    raw = '<div class="x"><p>one thing</p><p>another one</p></div><p>third</p>'
    document = INTERCOM.read(raw, PLAIN)

    made = put(INTERCOM, Document(document.blocks[1:]), raw)

    assert made.raw == '<div class="x"><p>another one</p></div><p>third</p>'


@pytest.mark.parametrize(
    ("order", "seams", "places"),
    [
        ([0, 1, 2], [0], {1: [0]}),
        ([0, None, 1], [0], {2: [0]}),
        ([1, 2], [0], {0: [0]}),
        ([0], [0, 1], {1: [0, 1]}),
        ([1, 2, 0, 3], [0, 2], {0: [0], 3: [2]}),
        ([], [3], {0: [3]}),
    ],
)
def test_a_seam_goes_where_fewest_blocks_change_sides(
    order: list[int | None], seams: list[int], places: dict[int, list[int]]
) -> None:
    """Seams keep their order, and what is new stays with what stands before it."""
    assert cuts(order, seams) == places
