"""From where every conversation stands to what the report says: topics with verdicts, what costs most first."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import Any, Final

import numpy as np
import pyarrow as pa

from kbsync.conversations.model import Conversation
from kbsync.gaps.arrays import Floats, Integers
from kbsync.gaps.fitted import Fitted, FittedTopic
from kbsync.gaps.impact import Usual, impact, trend
from kbsync.gaps.model import Analysis, ConversationVerdict, TopicVerdict
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
    verdicts = {
        number: _verdict(fitted, fitted.topics[number], rows.take(pa.array(members[number])), usual, desk)
        for number in kept
    }
    topics = sorted(verdicts.values(), key=lambda topic: (-topic.impact["score"], topic.id))
    names = {number: verdict.id for number, verdict in verdicts.items()}
    return Analysis(topics, list(_placements(fitted, rows, names)), settings)


def _members(topic: Integers, count: int) -> list[Integers]:
    order = np.argsort(topic, kind="stable")
    starts = np.searchsorted(topic[order], np.arange(count + 1))
    return [order[start:end] for start, end in pairwise(starts)]


def _usual(table: pa.Table) -> Usual:
    times = table["handling_seconds"].drop_null().to_numpy()
    times = times[times > 0]
    return Usual(table.num_rows, float(np.median(times)) if len(times) else 0.0)


def _verdict(
    fitted: Fitted, topic: FittedTopic, rows: pa.Table, usual_size: float, usual: Usual
) -> TopicVerdict:
    members = judged(rows)
    typical = _typical(topic, members)
    article = fitted.shelf[topic.article] if topic.article >= 0 else None
    abroad = untranslated(fitted.shelf, fitted.written, topic.language)
    case = Case(
        members,
        rows["coverage"].to_pylist(),
        topic.coverage,
        article,
        usual_size,
        topic.facet,
        answered_elsewhere(members, abroad),
    )
    judgement = judge(case)
    return TopicVerdict(
        id=_topic_id(members),
        label=topic.name.label,
        keywords=topic.name.keywords,
        size=len(members),
        verdict=judgement.verdict,
        coverage=round(topic.coverage, 4),
        article=article.path if article else None,
        impact=impact(members, usual, topic.coverage),
        trend=trend(members),
        representatives=typical,
        conversations=sorted(member.id for member in members),
        question=topic.question,
        evidence=judgement.evidence,
        locale=topic.language,
    )


def _typical(topic: FittedTopic, members: Sequence[Conversation]) -> list[str]:
    """Return the most typical members that are still there, else any."""
    present = {member.id for member in members}
    known = [id for id in topic.typical if id in present]
    return (known or [member.id for member in members])[:_REPRESENTATIVES]


def _topic_id(members: Sequence[Conversation]) -> str:
    """Return an id made from the topic's earliest conversation, which no other topic shares."""
    earliest = min(members, key=lambda member: (member.created_at, member.id))
    return "t" + hashlib.sha256(earliest.id.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _placements(fitted: Fitted, rows: pa.Table, names: dict[int, str]) -> Iterator[ConversationVerdict]:
    coverage: Floats = rows["coverage"].to_numpy()
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
