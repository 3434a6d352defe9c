"""The merge of one entry: laws that hold for any values, and what they mean for locales and labels."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from kbsync.document.blocks import Document, Paragraph, Text
from kbsync.document.merge import merge_for
from kbsync.sync.fields import Field, Fields, lift, merge_labels
from kbsync.sync.votes import Claim, merge_claims

law = settings(deadline=None)  # a busy machine is no finding
TITLE, BODY, LABELS = Field("title", "en"), Field("body", "en"), Field("labels")


def _document(words: list[str]) -> Document:
    return Document(tuple(Paragraph((Text(word),)) for word in words))


bodies = st.lists(st.sampled_from(["alpha", "beta", "gamma", "delta", "epsilon"]), max_size=4).map(_document)
entries = st.fixed_dictionaries(
    {
        TITLE: st.sampled_from(["A", "B", "C"]),
        BODY: bodies,
        LABELS: st.sets(st.sampled_from("xyz")).map(lambda labels: tuple(sorted(labels))),
    }
)


@law
@given(base=entries, version=entries)
def test_one_edit_is_taken_as_it_is(base: Fields, version: Fields) -> None:
    """merge(base, x) is x, and no dispute."""
    merged = merge_claims(base, [Claim("files", version, base)])
    assert not merged.disputes
    assert merged.fields == version


@law
@given(base=entries, version=entries)
def test_equal_edits_agree(base: Fields, version: Fields) -> None:
    """merge(base, x, x) is x, and no dispute."""
    merged = merge_claims(base, [Claim("files", version, base), Claim("intercom", version, base)])
    assert not merged.disputes
    assert merged.fields == version


@law
@given(base=entries, versions=st.lists(entries, min_size=3, max_size=3))
def test_no_order_decides(base: Fields, versions: list[Fields]) -> None:
    """All orders of claims give the same fields and the same disputes."""
    names = ("files", "intercom", "confluence")
    claims = [Claim(name, version, base) for name, version in zip(names, versions, strict=True)]
    results = [merge_claims(base, list(order)) for order in permutations(claims)]
    assert all(result.fields == results[0].fields for result in results)
    assert all(result.disputes == results[0].disputes for result in results)


@law
@given(base=entries, agreed=entries, version=entries)
def test_what_a_replica_shows_in_full_is_carried_over_in_full(
    base: Fields, agreed: Fields, version: Fields
) -> None:
    """A replica that shows everything lifts to exactly what it shows."""
    assert lift(agreed, agreed, version) == version
    assert lift(base, agreed, agreed) == base


def test_labels_never_conflict() -> None:
    """What anyone added is there, what anyone removed is gone."""
    assert merge_labels(("a", "b"), (("a", "b"), ("a", "c")), (("a", "b"), ("b", "d"))) == ("c", "d")


def test_an_edit_of_a_locale_beats_its_removal() -> None:
    """A translation that one side removes and another edits stays, with the edit."""
    base: Fields = {TITLE: "A", Field("title", "fr"): "F", Field("body", "fr"): _document(["un"])}
    removed: Fields = {TITLE: "A"}
    edited: Fields = {**base, Field("body", "fr"): _document(["un", "deux"])}
    merged = merge_claims(base, [Claim("files", removed, base), Claim("intercom", edited, base)])
    assert merged.fields == edited
    assert merge_claims(base, [Claim("files", removed, base)]).fields == removed


def test_an_old_claim_is_brought_forward() -> None:
    """An edit made from an older version is merged with what the base became meanwhile."""
    old: Fields = {TITLE: "A", BODY: _document(["alpha", "beta", "gamma"])}
    base: Fields = {TITLE: "B", BODY: _document(["ALPHA", "beta", "gamma"])}
    edit: Fields = {TITLE: "A", BODY: _document(["alpha", "beta", "GAMMA"])}
    merged = merge_claims(base, [Claim("intercom", edit, old)])
    assert merged.fields == {TITLE: "B", BODY: _document(["ALPHA", "beta", "GAMMA"])}


def test_a_side_decides_only_what_it_takes_part_in() -> None:
    """A preferred side wins its own collisions and stays out of the others'."""
    base: Fields = {TITLE: "A"}
    claims = [Claim(name, {TITLE: name}, base) for name in ("intercom", "confluence")]
    assert TITLE in merge_claims(base, claims, "files").disputes
    assert merge_claims(base, claims, "intercom").fields == {TITLE: "intercom"}


@law
@given(base=bodies, versions=st.lists(bodies, min_size=1, max_size=3))
def test_a_winner_that_has_no_part_in_a_collision_still_ends_it(
    base: Document, versions: list[Document]
) -> None:
    """Where the others collide, one of them is taken whole: what the winner left alone blocks nothing."""
    known = {base, *versions}
    merged = merge_for(base, [base, *versions], winner=0)
    assert set(merged.blocks) <= {block for each in known for block in each.blocks}


def test_losers_that_rewrite_one_word_leave_one_of_their_words() -> None:
    """Two losers replace the same word, the winner did not touch it: one of theirs stands, once."""
    base, one, other = (_document([f"a {word} c"]) for word in ("b", "bee", "bay"))
    results = {merge_for(base, [base, *order], winner=0) for order in ((one, other), (other, one))}
    assert len(results) == 1
    assert results < {one, other}
