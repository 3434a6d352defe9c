"""From where every conversation stands to what the report says: topics with verdicts, what costs most first."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from kbsync.conversations.model import Conversation
from kbsync.gaps.arrays import Floats, Integers
from kbsync.gaps.fitted import Fitted, FittedTopic, Placement
from kbsync.gaps.impact import Usual, impact, trend
from kbsync.gaps.model import Analysis, ConversationVerdict, TopicVerdict
from kbsync.gaps.reading import judged
from kbsync.gaps.translation import answered_elsewhere, untranslated
from kbsync.gaps.verdict import CUT, Case, judge

_REPRESENTATIVES: Final = 5


class Rows(NamedTuple):
    """All conversations of the analysis: what they are judged by (schema `reading.ROWS`), and where each stands."""

    table: pa.Table
    placed: Placement


def conclude(fitted: Fitted, rows: Rows, smallest: int, settings: dict[str, Any]) -> Analysis:
    """Judge the topics that so many conversations are in; the others are singles."""
    members = _members(rows.placed.topic, len(fitted.topics))
    kept = [number for number, own in enumerate(members) if len(own) >= smallest]
    usual = median([len(members[number]) for number in kept] or [0])
    desk = _usual(rows.table)
    verdicts = {
        number: _verdict(fitted, fitted.topics[number], members[number], rows, (usual, desk))
        for number in kept
    }
    topics = sorted(verdicts.values(), key=lambda topic: (-topic.impact["score"], topic.id))
    names = {number: verdict.id for number, verdict in verdicts.items()}
    return Analysis(topics, list(_placements(fitted, rows, names)), settings)


def _members(topic: Integers, count: int) -> list[Integers]:
    order = np.argsort(topic, kind="stable")
    starts = np.searchsorted(topic[order], np.arange(count + 1))
    return [order[start:end] for start, end in zip(starts[:-1], starts[1:], strict=True)]


def _usual(table: pa.Table) -> Usual:
    times = table["handling_seconds"].drop_null().to_numpy()
    times = times[times > 0]
    return Usual(table.num_rows, float(np.median(times)) if len(times) else 0.0)


def _verdict(
    fitted: Fitted, topic: FittedTopic, rows: Integers, all_: Rows, usual: tuple[float, Usual]
) -> TopicVerdict:
    members = judged(all_.table.take(pa.array(rows)))
    typical = _typical(topic, members)
    article = fitted.shelf[topic.article] if topic.article >= 0 else None
    abroad = untranslated(fitted.shelf, fitted.written, topic.language)
    case = Case(
        members,
        all_.placed.coverage[rows].tolist(),
        topic.coverage,
        article,
        usual[0],
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
        impact=impact(members, usual[1], topic.coverage),
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


def _placements(fitted: Fitted, rows: Rows, names: dict[int, str]) -> Iterator[ConversationVerdict]:
    placed = rows.placed
    coverage: Floats = np.round(placed.coverage, 4)
    open_ = ~placed.silent.astype(bool) & (placed.coverage < CUT)
    paths = [*(text.path for text in fitted.shelf), None]
    columns = (rows.table["id"].to_pylist(), placed.topic.tolist(), coverage.tolist(), open_.tolist(), placed.article.tolist())
    for id, topic, value, uncovered, article in zip(*columns, strict=True):
        yield ConversationVerdict(id, names.get(topic), value, uncovered, paths[article])
