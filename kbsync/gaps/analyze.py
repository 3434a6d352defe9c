"""From conversations and articles to the analysis: extract, group by language, cluster, compare, judge, name."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Final, NamedTuple

import msgspec
import numpy as np

from kbsync.conversations.model import Conversation
from kbsync.gaps.arrays import Integers, Vectors
from kbsync.gaps.desk import Desk, fold, lay_out
from kbsync.gaps.encode.base import Encoder, VectorCache
from kbsync.gaps.encode.cache import CachedEncoder
from kbsync.gaps.encode.choose import choose
from kbsync.gaps.impact import impact, trend
from kbsync.gaps.label import Name, distinct, names
from kbsync.gaps.language import detect
from kbsync.gaps.model import Analysis, ConversationVerdict, HelpText, TopicVerdict
from kbsync.gaps.question import Question, extract
from kbsync.gaps.settings import GapSettings
from kbsync.gaps.standing import stand
from kbsync.gaps.verdict import CUT, Case, judge

_REPRESENTATIVES: Final = 5


class _Topic(NamedTuple):
    """A topic before it is judged: conversation numbers, the most typical first, and what they share."""

    language: str
    members: list[int]
    name: Name
    coverage: float
    article: HelpText | None


class _Placed(NamedTuple):
    """Where one conversation stands before topics have ids."""

    score: float
    article: HelpText | None


def analyze(
    conversations: Sequence[Conversation],
    shelf: Sequence[HelpText],
    settings: GapSettings | None = None,
    *,
    encoder: Encoder | None = None,
    vectors_cache: VectorCache | None = None,
) -> Analysis:
    """Return topics, their verdicts, and where each conversation went; the same input gives the same analysis.

    Of conversations with one id the last counts. `encoder` overrides what the settings choose.
    """
    settings = settings or GapSettings()
    unique = list({conversation.id: conversation for conversation in conversations}.values())
    questions = [extract(conversation) for conversation in unique]
    topics: list[_Topic] = []
    placed: dict[int, _Placed] = {}
    encoders: set[str] = set()
    for desk, name in _desks(unique, questions, shelf, settings, encoder, vectors_cache):
        encoders.add(name)
        topics.extend(_study(desk, settings, placed))
    judged = _judge(topics, unique, questions, placed)
    return Analysis(
        topics=judged,
        conversations=_verdicts(unique, judged, placed),
        settings={**msgspec.structs.asdict(settings), "encoders": sorted(encoders)},
    )


def _desks(
    conversations: Sequence[Conversation],
    questions: Sequence[Question],
    shelf: Sequence[HelpText],
    settings: GapSettings,
    encoder: Encoder | None,
    cache: VectorCache | None,
) -> Iterable[tuple[Desk, str]]:
    """Yield one desk per language that anybody writes in."""
    spoken = detect([q.text for q in questions], [c.locale for c in conversations], settings.default_locale)
    written = detect([_sample(article) for article in shelf], [None] * len(shelf), settings.default_locale)
    rows = _grouped(spoken, [bool(question.text) for question in questions])
    articles = _grouped(written, [True] * len(shelf))
    for language in sorted(rows):
        texts, askers = fold(questions, rows[language])
        chosen = encoder or choose(settings.encoder, language)
        cached = CachedEncoder(chosen, cache) if chosen is not None and cache is not None else chosen
        own = [shelf[row] for row in articles.get(language, ())]
        yield (
            lay_out(language, texts, askers, own, cached, seed=settings.seed),
            chosen.name if chosen else "tfidf",
        )


def _sample(article: HelpText) -> str:
    return " ".join((article.title, article.description, *article.passages[:5]))


def _grouped(keys: Sequence[str], wanted: Sequence[bool]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = defaultdict(list)
    for row, (key, want) in enumerate(zip(keys, wanted, strict=True)):
        if want:
            groups[key].append(row)
    return groups


def _study(desk: Desk, settings: GapSettings, placed: dict[int, _Placed]) -> Iterable[_Topic]:
    """Find the topics of one desk and note where each of its conversations stands."""
    found = stand(desk, seed=settings.seed)
    for row, askers in enumerate(desk.askers):
        own = _Placed(float(found.coverage[row]), _article(desk, found.article[row]))
        placed.update((asker, own) for asker in askers)
    counts = desk.counts
    groups = [
        (number, members)
        for number, members in enumerate(_members(found.topic))
        if counts[members].sum() >= settings.min_topic_size
    ]
    ordered = [members[_by_typicality(desk, members, found.centres[number])] for number, members in groups]
    numbered = np.full(len(found.topic), -1)
    for position, members in enumerate(ordered):
        numbered[members] = position
    called = names(desk.texts, numbered, [desk.texts[members[0]] for members in ordered])
    for (number, _), members, name in zip(groups, ordered, called, strict=True):
        asked_by = [asker for member in members for asker in desk.askers[member]]
        article = _article(desk, found.topic_article[number])
        yield _Topic(desk.language, asked_by, name, float(found.topic_coverage[number]), article)


def _article(desk: Desk, number: int) -> HelpText | None:
    return desk.articles[number] if number >= 0 else None


def _members(topic: Integers) -> list[Integers]:
    return [np.flatnonzero(topic == number) for number in range(int(topic.max(initial=-1)) + 1)]


def _by_typicality(desk: Desk, members: Integers, centre: Vectors) -> Integers:
    """Order members by nearness to the topic's centre."""
    return np.argsort(-(desk.vectors[members] @ centre), kind="stable")


def _judge(
    topics: Sequence[_Topic],
    conversations: Sequence[Conversation],
    questions: Sequence[Question],
    placed: dict[int, _Placed],
) -> list[TopicVerdict]:
    usual = median([len(topic.members) for topic in topics] or [0])
    labels = distinct([topic.name for topic in topics])
    judged = []
    for topic, name in zip(topics, labels, strict=True):
        members = [conversations[row] for row in topic.members]
        scores = [placed[row].score for row in topic.members]
        judgement = judge(Case(members, scores, topic.coverage, topic.article, usual))
        judged.append(
            TopicVerdict(
                id=_topic_id(members),
                label=name.label,
                keywords=name.keywords,
                size=len(members),
                verdict=judgement.verdict,
                coverage=round(topic.coverage, 4),
                article=topic.article.path if topic.article else None,
                impact=impact(members, conversations, topic.coverage),
                trend=trend(members),
                representatives=[member.id for member in members[:_REPRESENTATIVES]],
                conversations=sorted(member.id for member in members),
                question=questions[topic.members[0]].asked,
                evidence=judgement.evidence,
                locale=topic.language,
            )
        )
    return sorted(judged, key=lambda topic: (-topic.impact["score"], topic.id))


def _topic_id(members: Iterable[Conversation]) -> str:
    """Return an id made from the topic's earliest conversation, which no other topic shares."""
    earliest = min(members, key=lambda member: (member.created_at, member.id))
    return "t" + hashlib.sha256(earliest.id.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _verdicts(
    conversations: Sequence[Conversation], topics: Sequence[TopicVerdict], placed: dict[int, _Placed]
) -> list[ConversationVerdict]:
    topic_of = {member: topic.id for topic in topics for member in topic.conversations}
    silent = _Placed(0.0, None)
    return [
        ConversationVerdict(
            id=conversation.id,
            topic=topic_of.get(conversation.id),
            coverage=round(placed.get(row, silent).score, 4),
            uncovered=row in placed and placed[row].score < CUT,
            article=article.path if (article := placed.get(row, silent).article) else None,
        )
        for row, conversation in enumerate(conversations)
    ]
