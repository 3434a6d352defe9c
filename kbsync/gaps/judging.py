"""From where every conversation stands to what the report says: topics with verdicts, what costs most first."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute

from kbsync.conversations.model import Conversation
from kbsync.gaps.arrays import Floats, Integers
from kbsync.gaps.fitted import Fitted, FittedTopic
from kbsync.gaps.given import Addresses, Habits, given, raised
from kbsync.gaps.impact import FIN_RESOLVED, Usual, impact, trend
from kbsync.gaps.model import Analysis, ConversationVerdict, HelpText, TopicVerdict
from kbsync.gaps.reading import judged
from kbsync.gaps.translation import answered_elsewhere, untranslated
from kbsync.gaps.verdict import CUT, Case, judge

_REPRESENTATIVES: Final = 5


def conclude(fitted: Fitted, rows: pa.Table, smallest: int, settings: dict[str, Any]) -> Analysis:
    """Judge the topics that so many conversations are in; the others are singles.

    `rows` are all conversations, with the columns of `reading.ROWS` and `reading.PLACED`.
    """
    members = _members(rows["topic"].to_numpy(), len(fitted.topics))
    kept = [number for number, own in enumerate(members) if len(own) >= smallest]
    usual = median([len(members[number]) for number in kept] or [0])
    desk = _usual(rows)
    shelves = {topic.language: _Shelf.of(fitted, topic.language, rows) for topic in fitted.topics}
    gains = np.zeros(len(fitted.topics) + 1)
    verdicts = dict[int, TopicVerdict]()
    for number in kept:
        topic = fitted.topics[number]
        own = rows.take(pa.array(members[number]))
        verdicts[number], gains[number] = _verdict(fitted, topic, own, shelves[topic.language], usual, desk)
    topics = sorted(verdicts.values(), key=lambda topic: (-topic.impact["score"], topic.id))
    names = {number: verdict.id for number, verdict in verdicts.items()}
    return Analysis(topics, list(_placements(fitted, rows, names, gains)), settings)


class _Shelf(NamedTuple):
    """The articles of one language, those that lack it, and how often teammates send each."""

    here: Addresses
    abroad: list[HelpText]
    usual: Habits

    @classmethod
    def of(cls, fitted: Fitted, language: str, rows: pa.Table) -> _Shelf:
        here = Addresses(
            [text for text, code in zip(fitted.shelf, fitted.written, strict=True) if code == language]
        )
        sent = Counter[str]()
        for address in pa.compute.value_counts(pa.compute.list_flatten(rows["links"])).to_pylist():
            path = here.find(address["values"])
            if path is not None:
                sent[path] += address["counts"]
        share = {path: count / max(rows.num_rows, 1) for path, count in sent.items()}
        return cls(here, untranslated(fitted.shelf, fitted.written, language), Habits(_resolves(rows), share))


def _resolves(rows: pa.Table) -> float:
    """Return the share of Fin's conversations that it resolved."""
    ended: list[str] = rows["fin"].drop_null().to_pylist()
    return sum(end.lower() in FIN_RESOLVED for end in ended) / max(len(ended), 1)


def _members(topic: Integers, count: int) -> list[Integers]:
    order = np.argsort(topic, kind="stable")
    starts = np.searchsorted(topic[order], np.arange(count + 1))
    return [order[start:end] for start, end in pairwise(starts)]


def _usual(table: pa.Table) -> Usual:
    times = table["handling_seconds"].drop_null().to_numpy()
    times = times[times > 0]
    return Usual(table.num_rows, float(np.median(times)) if len(times) else 0.0)


def _verdict(
    fitted: Fitted, topic: FittedTopic, rows: pa.Table, shelf: _Shelf, usual_size: float, usual: Usual
) -> tuple[TopicVerdict, float]:
    """Return the verdict, and what the articles that customers were given add to the coverage in log odds."""
    members = judged(rows)
    typical = _typical(topic, members)
    case = Case(
        members,
        rows["coverage"].to_pylist(),
        topic.coverage,
        fitted.shelf[topic.article] if topic.article >= 0 else None,
        usual_size,
        topic.facet,
        answered_elsewhere(members, shelf.abroad),
        given(members, shelf.here),
        shelf.usual,
    )
    judgement = judge(case)
    found = TopicVerdict(
        id=_topic_id(members),
        label=topic.name.label,
        keywords=topic.name.keywords,
        size=len(members),
        verdict=judgement.verdict,
        coverage=round(judgement.coverage, 4),
        article=judgement.article.path if judgement.article else None,
        impact=impact(members, usual, judgement.coverage),
        trend=trend(members),
        representatives=typical,
        conversations=sorted(member.id for member in members),
        question=topic.question,
        evidence=judgement.evidence,
        locale=topic.language,
    )
    return found, judgement.gain


def _typical(topic: FittedTopic, members: Sequence[Conversation]) -> list[str]:
    """Return the most typical members that are still there, else any."""
    present = {member.id for member in members}
    known = [id for id in topic.typical if id in present]
    return (known or [member.id for member in members])[:_REPRESENTATIVES]


def _topic_id(members: Sequence[Conversation]) -> str:
    """Return an id made from the topic's earliest conversation, which no other topic shares."""
    earliest = min(members, key=lambda member: (member.created_at, member.id))
    return "t" + hashlib.sha256(earliest.id.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _placements(
    fitted: Fitted, rows: pa.Table, names: dict[int, str], gains: Floats
) -> Iterator[ConversationVerdict]:
    """Yield where each conversation went; `gains[-1]` is of those without a topic."""
    coverage: Floats = raised(rows["coverage"].to_numpy(), gains[rows["topic"].to_numpy()])
    open_ = ~rows["silent"].to_numpy() & (coverage < CUT)
    paths = [*(text.path for text in fitted.shelf), None]
    columns = (
        rows["id"].to_pylist(),
        rows["topic"].to_pylist(),
        np.round(coverage, 4).tolist(),
        open_.tolist(),
        rows["article"].to_pylist(),
    )
    for id, topic, value, uncovered, article in zip(*columns, strict=True):
        yield ConversationVerdict(id, names.get(topic), value, uncovered, paths[article])
