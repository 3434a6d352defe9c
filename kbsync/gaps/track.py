"""Topics that last: ids carried from one analysis to the next, and what became of each topic.

A topic of today is a topic of the last analysis when they share conversations: pairs are taken by how much
of the smaller one is shared, the largest share first, each topic once. The window moves by a week while it
spans many, so a topic that lives on shares most of its members.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from kbsync.gaps.model import Analysis, ConversationVerdict, TopicVerdict

SHARED = 0.3
"""Share of the smaller topic's members that makes two topics one."""

GROWN = 3
"""A dismissed topic that gained fewer conversations than this has not changed materially."""


class Memory(msgspec.Struct, frozen=True, omit_defaults=True):
    """A topic as it was last seen: enough to know it again and to see that it changed.

    `asleep` is a dismissed topic that the last analysis did not find: it is known again when it comes back.
    """

    id: str
    label: str
    members: list[str]
    verdict: str
    size: int
    asleep: bool = False


class Decision(msgspec.Struct, frozen=True):
    """A dismissal: why, when (epoch seconds), and how the topic stood then."""

    topic: str
    why: str
    at: float
    size: int
    verdict: str


class Ledger(msgspec.Struct, frozen=True):
    """What is remembered from week to week: the topics and the decisions."""

    topics: list[Memory] = []
    decisions: list[Decision] = []


@dataclass(frozen=True, slots=True)
class Changes:
    """What became of the topics: ids and labels, and for merges and splits the other ids."""

    born: tuple[str, ...] = ()
    gone: tuple[tuple[str, str], ...] = ()
    merged: tuple[tuple[str, tuple[str, ...]], ...] = ()
    split: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Tracked:
    """The analysis under lasting ids, what changed, and the ledger to keep."""

    analysis: Analysis
    changes: Changes
    ledger: Ledger
    seen_before: bool = False


def track(analysis: Analysis, ledger: Ledger) -> Tracked:
    """Carry ids over. The result does not depend on the order of topics."""
    shares = _shares(analysis.topics, ledger.topics)
    carried = _match(shares)
    renamed = _renamed(analysis, carried, {memory.id for memory in ledger.topics})
    memories = [Memory(t.id, t.label, t.conversations, t.verdict, t.size) for t in renamed.topics]
    memories = [*_asleep(ledger, memories), *memories]
    known = {memory.id for memory in memories}
    kept = [d for d in ledger.decisions if d.topic in known]
    return Tracked(
        renamed,
        _changes(analysis, ledger, shares, carried, renamed),
        Ledger(memories, kept),
        bool(ledger.topics),
    )


def _asleep(ledger: Ledger, awake: Sequence[Memory]) -> list[Memory]:
    """Return the dismissed topics of which nothing is left: a quiet month undoes no decision, a merge does."""
    decided = {decision.topic for decision in ledger.decisions} - {memory.id for memory in awake}
    present = {member for memory in awake for member in memory.members}
    return [
        msgspec.structs.replace(memory, asleep=True)
        for memory in ledger.topics
        if memory.id in decided and len(present.intersection(memory.members)) < SHARED * len(memory.members)
    ]


def dismissed(topic: TopicVerdict, ledger: Ledger) -> Decision | None:
    """Return the decision that still holds for a topic.

    A dismissed topic comes back when it has grown by half and by three conversations since, or its verdict changed.
    """
    for decision in reversed(ledger.decisions):
        if decision.topic == topic.id:
            grown = topic.size > 1.5 * decision.size and topic.size - decision.size >= GROWN
            return None if grown or topic.verdict != decision.verdict else decision
    return None


def _shares(topics: Sequence[TopicVerdict], memories: Sequence[Memory]) -> dict[tuple[str, str], float]:
    """Return, for every pair that shares members, the share of the smaller one: (new id, old id)."""
    owner = {member: memory.id for memory in memories for member in memory.members}
    sizes = {memory.id: len(memory.members) for memory in memories}
    shares: dict[tuple[str, str], float] = {}
    for topic in topics:
        common = Counter(owner[c] for c in topic.conversations if c in owner)
        for old, count in common.items():
            shares[topic.id, old] = count / min(len(topic.conversations), sizes[old])
    return shares


def _match(shares: Mapping[tuple[str, str], float]) -> dict[str, str]:
    """Return new id -> old id, the surest pairs first."""
    carried: dict[str, str] = {}
    taken = set[str]()
    for (new, old), share in sorted(shares.items(), key=lambda item: (-item[1], item[0])):
        if share >= SHARED and new not in carried and old not in taken:
            carried[new] = old
            taken.add(old)
    return carried


def _renamed(analysis: Analysis, carried: Mapping[str, str], known: set[str]) -> Analysis:
    """Give topics their old ids; a new topic whose made-up id is somebody's gets another."""
    ids = dict(carried)
    used = set(carried.values())
    for topic in analysis.topics:
        if topic.id not in ids:
            fresh = topic.id
            while fresh in used or fresh in known:
                fresh += "x"
            ids[topic.id] = fresh
            used.add(fresh)
    return msgspec.structs.replace(
        analysis,
        topics=[msgspec.structs.replace(t, id=ids[t.id]) for t in analysis.topics],
        conversations=[_moved(c, ids) for c in analysis.conversations],
    )


def _moved(verdict: ConversationVerdict, ids: Mapping[str, str]) -> ConversationVerdict:
    return msgspec.structs.replace(verdict, topic=ids[verdict.topic]) if verdict.topic else verdict


def _changes(
    analysis: Analysis,
    ledger: Ledger,
    shares: Mapping[tuple[str, str], float],
    carried: Mapping[str, str],
    renamed: Analysis,
) -> Changes:
    names = {old.id: new.id for old, new in zip(analysis.topics, renamed.topics, strict=True)}
    strong = {pair for pair, share in shares.items() if share >= SHARED}
    from_old: dict[str, list[str]] = {}
    into_new: dict[str, list[str]] = {}
    for new, old in sorted(strong):
        into_new.setdefault(new, []).append(old)
        from_old.setdefault(old, []).append(names[new])
    return Changes(
        born=tuple(names[t.id] for t in analysis.topics if t.id not in carried and t.id not in into_new),
        gone=tuple((m.id, m.label) for m in ledger.topics if not m.asleep and m.id not in from_old),
        merged=tuple((names[new], tuple(olds)) for new, olds in sorted(into_new.items()) if len(olds) > 1),
        split=tuple((old, tuple(sorted(news))) for old, news in sorted(from_old.items()) if len(news) > 1),
    )
