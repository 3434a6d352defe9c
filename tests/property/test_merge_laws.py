"""Laws of align and merge over generated documents and edits."""

from __future__ import annotations

import os
from collections import Counter
from itertools import permutations

from documents import documents, labels
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kbsync.document import canon, tokens
from kbsync.document.align import align
from kbsync.document.blocks import Block, Document, Item, List, Paragraph, Text
from kbsync.document.merge import Merged, merge, merge_for

SOAK = int(os.environ.get("KBSYNC_SOAK", "0"))

law = settings(
    max_examples=max(SOAK, 1_000) if SOAK else 20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)

DOCUMENTS = documents()

paragraphs = st.lists(labels, min_size=1, max_size=4).map(
    lambda sentences: Paragraph((Text(". ".join(sentences) + "."),))
)
lists = st.lists(paragraphs, min_size=1, max_size=4).map(
    lambda blocks: List(tuple(Item((block,)) for block in blocks))
)
texts = st.lists(st.one_of(paragraphs, paragraphs, lists), max_size=6).map(lambda b: Document(tuple(b)))


@st.composite
def edits(draw: st.DrawFn, base: Document) -> Document:
    """Return the base after a few blocks were changed, added, removed or moved."""
    blocks = list(base.blocks)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, max(0, len(blocks) - 1)))
        match draw(st.sampled_from(("add", "remove", "change", "move"))):
            case "add":
                blocks.insert(at, draw(paragraphs))
            case "remove" if blocks:
                del blocks[at]
            case "change" if blocks:
                blocks[at] = draw(st.one_of(paragraphs, lists))
            case "move" if blocks:
                blocks.insert(draw(st.integers(0, len(blocks) - 1)), blocks.pop(at))
    return Document(tuple(blocks))


@st.composite
def histories(draw: st.DrawFn, most: int = 3) -> tuple[Document, tuple[Document, ...]]:
    """Return a base and up to `most` edited versions of it."""
    base = draw(texts)
    return base, tuple(draw(edits(base)) for _ in range(draw(st.integers(1, most))))


def all_words(blocks: tuple[Block, ...]) -> Counter[str]:
    return sum((tokens.bag(block) for block in blocks), Counter())


def in_conflicts(merged: Merged) -> set[str]:
    sides = (side for conflict in merged.conflicts for side in conflict.versions)
    return {word for side in sides for word in all_words(side)}


@law
@given(DOCUMENTS, DOCUMENTS)
def test_one_changed_version_is_the_result(base: Document, version: Document) -> None:
    """Merging a version with the unchanged base gives the version."""
    merged = merge(base, [version, base])

    assert canon.same(merged.document, version)
    assert not merged.conflicts


@law
@given(DOCUMENTS, DOCUMENTS)
def test_equal_edits_are_no_conflict(base: Document, version: Document) -> None:
    """Merging a version with itself gives the version."""
    merged = merge(base, [version, version])

    assert canon.same(merged.document, version)
    assert not merged.conflicts


@law
@given(DOCUMENTS, DOCUMENTS, DOCUMENTS)
def test_merge_of_strangers_is_order_free(base: Document, one: Document, other: Document) -> None:
    """Even unrelated documents merge alike in both orders."""
    left, right = merge(base, [one, other]), merge(base, [other, one])

    assert left.document == right.document
    assert left.look == right.look
    assert [each.versions for each in left.conflicts] == [each.versions[::-1] for each in right.conflicts]


@law
@given(histories())
def test_merge_is_order_free(history: tuple[Document, tuple[Document, ...]]) -> None:
    """The result does not depend on the order of the versions, conflicts included."""
    base, versions = history
    merged = merge(base, versions)

    for order in permutations(range(len(versions))):
        other = merge(base, [versions[at] for at in order])
        assert other.document == merged.document
        assert other.look == merged.look
        assert [each.versions for each in other.conflicts] == [
            tuple(each.versions[at] for at in order) for each in merged.conflicts
        ]


@law
@given(histories())
def test_nothing_is_invented(history: tuple[Document, tuple[Document, ...]]) -> None:
    """Every word of the result comes from the base or a version."""
    base, versions = history
    known = {word for each in (base, *versions) for word in all_words(each.blocks)}

    assert set(all_words(merge(base, versions).document.blocks)) <= known


@law
@given(histories())
def test_nothing_added_is_lost(history: tuple[Document, tuple[Document, ...]]) -> None:
    """Every word that a version added stands in the result or in a conflict."""
    base, versions = history
    merged = merge(base, versions)
    added = {word for each in versions for word in all_words(each.blocks)} - set(all_words(base.blocks))

    assert added <= set(all_words(merged.document.blocks)) | in_conflicts(merged)


@law
@given(histories())
def test_a_winner_leaves_no_conflict(history: tuple[Document, tuple[Document, ...]]) -> None:
    """With a winner every collision is settled, and every word it added stands in the result."""
    base, versions = history
    added = set(all_words(versions[0].blocks)) - set(all_words(base.blocks))

    assert added <= set(all_words(merge_for(base, versions, winner=0).blocks))


@law
@given(st.lists(paragraphs, min_size=2, max_size=6), st.data())
def test_edits_of_different_blocks_never_conflict(blocks: list[Paragraph], data: st.DataObject) -> None:
    """Two versions that change different blocks merge into both changes."""
    one, other = data.draw(st.lists(st.integers(0, len(blocks) - 1), min_size=2, max_size=2, unique=True))
    base = Document(tuple(Paragraph((Text(f"block{at} "), *each.children)) for at, each in enumerate(blocks)))
    changed = [_with_sentence(base, one, "Added here"), _with_sentence(base, other, "Added there")]

    merged = merge(base, changed)

    assert not merged.conflicts
    assert canon.same(merged.document, _with_sentence(changed[0], other, "Added there"))


def _with_sentence(document: Document, at: int, sentence: str) -> Document:
    blocks = list(document.blocks)
    block = blocks[at]
    assert isinstance(block, Paragraph)
    blocks[at] = Paragraph((*block.children, Text(f" {sentence}.")))
    return Document(tuple(blocks))


@law
@given(DOCUMENTS, DOCUMENTS)
def test_align_names_every_block_once(one: Document, other: Document) -> None:
    """Every block of both sides stands in exactly one match."""
    matches = align(one.blocks, other.blocks)

    assert sorted(m.old for m in matches if m.old is not None) == list(range(len(one.blocks)))
    assert sorted(m.new for m in matches if m.new is not None) == list(range(len(other.blocks)))


@law
@given(DOCUMENTS)
def test_a_document_aligns_with_itself(document: Document) -> None:
    """A document matches itself block for block."""
    assert all(m.same and not m.moved and m.old == m.new for m in align(document.blocks, document.blocks))
