"""Merging, example by example."""

from __future__ import annotations

from itertools import permutations

import pytest

from kbsync.document.align import align
from kbsync.document.blocks import (
    Block,
    Callout,
    Cell,
    CodeBlock,
    Divider,
    Document,
    Item,
    List,
    Paragraph,
    Row,
    Strong,
    Table,
    Text,
)
from kbsync.document.markers import has_markers, marked
from kbsync.document.merge import Merged, merge


def para(text: str) -> Paragraph:
    return Paragraph((Text(text),))


def doc(*blocks: Block | str) -> Document:
    return Document(tuple(para(each) if isinstance(each, str) else each for each in blocks))


def bullets(*lines: str) -> List:
    return List(tuple(Item((para(line),)) for line in lines))


def table(*rows: tuple[str, ...]) -> Table:
    return Table(tuple(Row(tuple(Cell((para(text),)) for text in row)) for row in rows))


def merged(base: Document, *versions: Document) -> Merged:
    """Merge in every order, which must not matter, and return the result."""
    first = merge(base, versions)
    for order in permutations(versions):
        assert merge(base, order).document == first.document
    return first


def test_sentences_of_one_paragraph_merge_and_ask_for_a_look() -> None:
    """Edits of two sentences of a paragraph both stand, and the paragraph is marked."""
    base = doc("Top.", "First one. Second one. Third one.")

    result = merged(
        base,
        doc("Top.", "First one changed. Second one. Third one."),
        doc("Top.", "First one. Second one. The third was rewritten."),
    )

    assert result.document == doc("Top.", "First one changed. Second one. The third was rewritten.")
    assert result.look == (1,)
    assert not result.conflicts


def test_one_sentence_changed_twice_is_a_conflict() -> None:
    """The disputed block stays as the base has it; the conflict holds each version's."""
    base = doc("Top.", "First one. Second one.", "End.")
    one, other = doc("Top.", "First a. Second one.", "End."), doc("Top.", "First b. Second one.", "The end.")

    result = merge(base, [one, other])

    assert result.document == doc("Top.", "First one. Second one.", "The end.")
    (conflict,) = result.conflicts
    assert conflict.index == 1
    assert conflict.base == base.blocks[1:2]
    assert conflict.versions == (one.blocks[1:2], other.blocks[1:2])


def test_attributes_of_a_block_merge_one_by_one() -> None:
    """One version names the language, the other changes the code."""
    result = merged(
        doc(CodeBlock("a\nb", "py")), doc(CodeBlock("a\nb", "python")), doc(CodeBlock("a\nc", "py"))
    )

    assert result.document == doc(CodeBlock("a\nc", "python"))


def test_items_and_cells_merge_one_by_one() -> None:
    """Edits of different items, cells and rows of one block never conflict."""
    base = doc(bullets("red", "green", "blue"), table(("a1", "b1"), ("a2", "b2")))

    result = merged(
        base,
        doc(bullets("crimson red", "green", "blue"), table(("a1 new", "b1"), ("a2", "b2"))),
        doc(bullets("red", "green", "blue", "black"), table(("a1", "b1 new"), ("a2", "b2"), ("a3", "b3"))),
    )

    assert result.document == doc(
        bullets("crimson red", "green", "blue", "black"),
        table(("a1 new", "b1 new"), ("a2", "b2"), ("a3", "b3")),
    )


def test_conflict_inside_a_list_keeps_the_other_items_merged() -> None:
    """What does not collide is merged in every side of a conflict."""
    base = doc(bullets("red one", "green one"))
    one, other = bullets("red a", "green one", "blue"), bullets("red b", "green one")

    (conflict,) = merge(base, [doc(one), doc(other)]).conflicts

    assert conflict.versions == ((one,), (bullets("red b", "green one", "blue"),))
    assert conflict.base == (bullets("red one", "green one", "blue"),)


def test_blocks_that_changed_places_keep_their_edits() -> None:
    """Two paragraphs that one version swaps are moved, not rewritten: another's edits of them follow."""
    base = doc("First words of the page.", "In between.", "Last words of the page.")

    result = merged(
        base,
        doc("Last words of the page.", "In between.", "First words of the page."),
        doc("First words of this page.", "In between.", "Last words of this page."),
    )

    assert result.document == doc("Last words of this page.", "In between.", "First words of this page.")
    assert not result.conflicts


def test_a_moved_block_keeps_its_edit() -> None:
    """One version moves a block, the other edits it: it is edited where it went."""
    base = doc("One is here.", "Two is here.", "Three is the last of them.")

    result = merged(
        base,
        doc("Three is the last of them.", "One is here.", "Two is here."),
        doc("One is here.", "Two is here.", "Three is the very last of them."),
    )

    assert result.document == doc("Three is the very last of them.", "One is here.", "Two is here.")


def test_an_edit_beats_a_removal() -> None:
    """A block that one removed and another edited stays, and asks for a look."""
    base = doc("Keep this.", "Some words about refunds.")

    result = merged(base, doc("Keep this."), doc("Keep this.", "Some more words about refunds."))

    assert result.document == doc("Keep this.", "Some more words about refunds.")
    assert result.look == (1,)


def test_additions_in_one_place_are_all_kept() -> None:
    """What several versions add in one place stands there in an order of content."""
    result = merged(
        doc("Top.", "End."),
        doc("Top.", "Beta was added.", "End."),
        doc("Top.", "Alpha came too.", "End."),
        doc("Top.", "Beta was added.", "End."),
    )

    assert result.document == doc("Top.", "Alpha came too.", "Beta was added.", "End.")


def test_one_addition_worded_twice_is_a_conflict() -> None:
    """Two versions of one new paragraph are not both published."""
    one, other = "A refund takes five working days.", "A refund takes ten working days."

    result = merge(doc("Top."), [doc("Top.", one), doc("Top.", other)])

    assert result.document == doc("Top.")
    assert [each.versions for each in result.conflicts] == [((para(one),), (para(other),))]


def test_crossed_moves_lose_nothing() -> None:
    """Two versions that move blocks behind each other leave every block in the result once."""
    base = doc("Alpha words.", "Beta words.", "Gamma words.", "Delta words.")

    result = merged(
        base,
        doc("Beta words.", "Alpha words.", "Gamma words.", "Delta words."),
        doc("Beta words.", "Gamma words.", "Delta words.", "Alpha words."),
        doc("Delta words.", "Alpha words.", "Beta words.", "Gamma words."),
    )

    assert set(result.document.blocks) == set(base.blocks)
    assert len(result.document.blocks) == len(base.blocks)


def test_kind_of_a_callout_and_its_text_merge() -> None:
    """A callout's kind and its text are different things."""
    base = doc(Callout("note", (para("Mind the gap."),)))

    result = merged(
        base,
        doc(Callout("warning", (para("Mind the gap."),))),
        doc(Callout("note", (para("Mind the big gap."),))),
    )

    assert result.document == doc(Callout("warning", (para("Mind the big gap."),)))


def test_text_without_spaces_between_sentences_merges() -> None:
    """Sentences of scripts that do not use spaces merge by their full stops."""
    result = merged(
        doc("退款需要五天。请等待。"), doc("退款需要十天。请等待。"), doc("退款需要五天。请耐心等待。")
    )

    assert result.document == doc("退款需要十天。请耐心等待。")


def test_bold_sentence_keeps_its_place_in_a_merge() -> None:
    """Formatting of an untouched sentence survives the merge around it."""
    bold = Strong((Text("Never share it."),))
    base = Document((Paragraph((Text("Open it. "), bold, Text(" Close it."))),))
    one = Document((Paragraph((Text("Open the box. "), bold, Text(" Close it."))),))
    other = Document((Paragraph((Text("Open it. "), bold, Text(" Close the box."))),))

    result = merged(base, one, other)

    assert result.document == Document((Paragraph((Text("Open the box. "), bold, Text(" Close the box."))),))


def test_align_finds_edited_and_moved_blocks() -> None:
    """Blocks are known again when they were edited, and when they moved."""
    old = (para("one two three four"), para("alpha beta gamma delta"), Divider(), para("x y z w"))
    new = (para("x y z w"), para("one two three five"), para("brand new"), para("alpha beta gamma delta"))

    matches = {(m.old, m.new): m for m in align(old, new)}

    assert matches[3, 0].moved
    assert matches[0, 1].score == pytest.approx(0.75)
    assert matches[1, 3].same
    assert (None, 2) in matches
    assert (2, None) in matches


# --- markers --------------------------------------------------------------------------------------


def write(document: Document) -> str:
    lines = []
    for block in document.blocks:
        assert isinstance(block, Paragraph)
        assert isinstance(block.children[0], Text)
        lines.append(block.children[0].text + "\n")
    return "\n".join(lines)


def test_markers_stand_around_disputed_blocks_only() -> None:
    """The text reads as git writes a conflict in diff3 style."""
    base = doc("Top.", "First one.", "End.")
    result = merge(base, [doc("Top.", "First a.", "End."), doc("Top.", "First b.", "The end.")])

    assert marked(result, ["files", "intercom"], write) == (
        "Top.\n\n<<<<<<< files\nFirst a.\n||||||| base\nFirst one.\n=======\nFirst b.\n>>>>>>> intercom\n\nThe end.\n"
    )


def test_an_unchanged_version_has_no_section() -> None:
    """Only versions that changed the disputed place stand between the markers."""
    base = doc("First one.")
    versions = [doc("First a."), base, doc("First b.")]

    text = marked(merge(base, versions), ["files", "intercom", "confluence"], write)

    assert "intercom" not in text
    assert text.endswith(">>>>>>> confluence\n")


def test_markers_in_code_are_no_markers() -> None:
    """An article about git conflicts is not taken for an unsettled one."""
    sample = "```\n<<<<<<< HEAD\na\n=======\nb\n>>>>>>> main\n```\n"

    assert not has_markers(sample)
    assert has_markers(sample + "<<<<<<< files\n")
    assert has_markers("a\n>>>>>>> intercom\n")
