"""A topic keeps its id for as long as it lives."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from kbsync.gaps.model import Analysis, ConversationVerdict, TopicVerdict
from kbsync.gaps.track import Decision, Ledger, dismissed, track


def topic(id: str, members: list[str], verdict: str = "uncovered") -> TopicVerdict:
    return TopicVerdict(id, f"about {id}", [], len(members), verdict, 0.1, None, {}, [], members[:1], members)  # type: ignore[arg-type]


def analysis(groups: dict[str, list[str]]) -> Analysis:
    topics = [topic(id, members) for id, members in groups.items()]
    conversations = [ConversationVerdict(m, id, 0.1, True, None) for id, ms in groups.items() for m in ms]
    return Analysis(topics, conversations, {})


def members(start: int, stop: int) -> list[str]:
    return [f"c{n}" for n in range(start, stop)]


FIRST = {"a": members(0, 10), "b": members(10, 20), "d": members(20, 30)}


def test_ids_outlive_new_members() -> None:
    """When the window moves on, a topic that keeps most members keeps its id, whatever it is called now."""
    ledger = track(analysis(FIRST), Ledger()).ledger

    second = track(analysis({"x": members(3, 14)[:7] + members(40, 44), "y": members(12, 20)}), ledger)

    assert [t.id for t in second.analysis.topics] == ["a", "b"]
    assert {c.topic for c in second.analysis.conversations} == {"a", "b"}
    assert second.changes.gone == (("d", "about d"),)


def test_merges_and_splits_are_told() -> None:
    """A topic that swallows another keeps one id and names both; one that splits names its parts."""
    ledger = track(analysis(FIRST), Ledger()).ledger

    second = track(
        analysis({"m": members(0, 20), "s": members(20, 25), "t": members(25, 30), "n": members(50, 55)}),
        ledger,
    )

    assert second.changes.merged == (("a", ("a", "b")),)
    assert second.changes.split == (("d", ("d", "t")),)
    assert second.changes.born == ("n",)


def test_a_new_topic_never_takes_a_known_id() -> None:
    """An id that belonged to a topic is not given to another one."""
    ledger = track(analysis({"a": members(0, 10)}), Ledger()).ledger

    second = track(analysis({"a": members(100, 110)}), ledger)

    assert second.analysis.topics[0].id != "a"


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 30), min_size=1), st.randoms())
def test_the_same_analysis_keeps_all_ids(sizes: dict[str, int], shuffle: random.Random) -> None:
    """Tracking an analysis against itself, in any order, changes nothing."""
    groups, start = dict[str, list[str]](), 0
    for id, size in sizes.items():
        groups[id] = members(start, start + size)
        start += size
    ledger = track(analysis(groups), Ledger()).ledger
    shuffled = list(groups.items())
    shuffle.shuffle(shuffled)

    second = track(analysis({f"{id}{id}": ms for id, ms in shuffled}), ledger)

    assert {t.id: t.conversations for t in second.analysis.topics} == groups
    assert second.changes.born == second.changes.gone == second.changes.merged == second.changes.split == ()


def test_a_dismissal_lasts_until_the_topic_changes() -> None:
    """Dismissed stays dismissed while size and verdict stand; growth by half or another verdict brings it back."""
    ledger = Ledger(decisions=[Decision("a", "out of scope", 0.0, 10, "uncovered")])

    assert dismissed(topic("a", members(0, 12)), ledger) is not None
    assert dismissed(topic("a", members(0, 16)), ledger) is None
    assert dismissed(topic("a", members(0, 10), "stale"), ledger) is None
    assert dismissed(topic("b", members(0, 10)), ledger) is None


def test_a_small_topic_does_not_come_back_for_one_more() -> None:
    """Two more conversations are half of a topic of three, and yet no material change."""
    ledger = Ledger(decisions=[Decision("a", "out of scope", 0.0, 3, "uncovered")])

    assert dismissed(topic("a", members(0, 5)), ledger) is not None
    assert dismissed(topic("a", members(0, 6)), ledger) is None
