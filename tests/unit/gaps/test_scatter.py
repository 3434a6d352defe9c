"""What is put differently each time and stands beside everything is no part of what is asked."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from kbsync.gaps.scatter import sayings, scattered

_THINGS = "parcel password invoice refund colour voucher basket coupon newsletter warranty".split()
_PLEASANTRIES = (
    ("this is going to be a bit {} so please bear with me", "long winding lengthy large".split()),
    ("i spent most of the {} on this and had two coffees", "morning afternoon day evening".split()),
    ("we are three people who {} ever see each other", "hardly barely scarcely rarely".split()),
)


def _mails(each: int = 8) -> list[set[str]]:
    """Return mails about ten things, each with two of three pleasantries in one of four wordings."""
    mails = []
    for thing in _THINGS:
        for turn in range(each):
            chosen = [pleasantry for number, pleasantry in enumerate(_PLEASANTRIES) if number != turn % 3]
            polite = {text.format(words[(turn + len(thing)) % 4]) for text, words in chosen}
            mails.append({f"where is the {thing} that was promised for the {thing} shelf", *polite})
    return mails


def test_pleasantries_are_told_from_questions_though_they_keep_each_other_company() -> None:
    """Every wording of what stands in mails about everything is idle, nothing that one topic asks is."""
    mails = _mails()

    idle = scattered(mails)

    assert idle == {sentence for said in mails for sentence in said if not sentence.startswith("where is")}


def test_wordings_of_one_sentence_are_one_saying() -> None:
    """A word more or another one makes no new saying, another thing asked about does."""
    found = sayings(
        Counter(
            {
                "sorry in advance but i would rather give you everything at once": 3,
                "sorry in advance but i would rather tell you everything at once now": 1,
                "sorry in advance but i would rather have my money": 1,
                "thanks": 40,
            }
        )
    )

    assert found[0] == found[1]
    assert len(set(found.tolist())) == 3


def test_a_few_conversations_tell_nothing() -> None:
    """Below fifty conversations of more than one sentence nothing is dropped."""
    assert scattered(_mails(4)) == frozenset()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sets(st.sampled_from("a b c d e f".split()), max_size=3), max_size=70))
def test_only_what_was_said_is_idle(said: list[set[str]]) -> None:
    """Whatever is said, and by however few, the answer is some of the sentences."""
    assert scattered(said) <= {sentence for sentences in said for sentence in sentences}
