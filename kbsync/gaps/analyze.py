"""From conversations and articles to the analysis: extract, group by language, cluster, compare, judge, name."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Final, NamedTuple

import msgspec

from kbsync.conversations.model import Conversation
from kbsync.gaps.desk import Desk, fold, lay_out
from kbsync.gaps.encode.base import Encoder, VectorCache
from kbsync.gaps.encode.cache import CachedEncoder
from kbsync.gaps.encode.choose import choose
from kbsync.gaps.impact import impact, trend
from kbsync.gaps.label import Name, distinct
from kbsync.gaps.language import detect
from kbsync.gaps.model import Analysis, ConversationVerdict, HelpText, TopicVerdict
from kbsync.gaps.question import Question, extract_all
from kbsync.gaps.settings import GapSettings
from kbsync.gaps.standing import stand
from kbsync.gaps.topics import Topic, article_of, collect
from kbsync.gaps.translation import answered_elsewhere, untranslated
from kbsync.gaps.verdict import CUT, Case, judge

_REPRESENTATIVES: Final = 5
_SAMPLED_PASSAGES: Final = 5


class _Placed(NamedTuple):
    """Where one conversation stands by itself."""

    coverage: float
    article: HelpText | None


class _Material(NamedTuple):
    """What is read once and used all along; `written[i]` is the language of the i-th help text."""

    conversations: list[Conversation]
    questions: list[Question]
    shelf: Sequence[HelpText]
    written: list[str]


def analyze(
    conversations: Sequence[Conversation],
    shelf: Sequence[HelpText],
    settings: GapSettings | None = None,
    *,
    encoder: Encoder | None = None,
    vectors_cache: VectorCache | None = None,
) -> Analysis:
    """Return topics, their verdicts, and where each conversation went; the same input gives the same analysis.

    Of conversations with one id the last counts. `encoder` overrides what the settings choose; vectors that
    `vectors_cache` holds are not computed again.

    Raises:
        ConfigError: the settings name a sentence encoder that is not on this machine.
    """
    settings = settings or GapSettings()
    material = _read(conversations, shelf, settings)
    topics: list[Topic] = []
    placed: dict[int, _Placed] = {}
    used: set[str] = set()
    for language, rows in _spoken(material, settings):
        chosen = encoder or choose(settings.encoder, language)
        used.add(chosen.name if chosen else "tfidf")
        desk = _desk(material, language, rows, _remembering(chosen, vectors_cache), settings)
        standing = stand(desk, seed=settings.seed)
        topics.extend(collect(desk, standing, settings.min_topic_size))
        for row, askers in enumerate(desk.askers):
            own = _Placed(float(standing.coverage[row]), article_of(desk, standing.article[row]))
            placed.update((asker, own) for asker in askers)
    judged = _judged(topics, material, placed)
    recorded = {**msgspec.structs.asdict(settings), "encoders": sorted(used)}
    return Analysis(judged, _placements(material.conversations, judged, placed), recorded)


def _read(
    conversations: Sequence[Conversation], shelf: Sequence[HelpText], settings: GapSettings
) -> _Material:
    unique = list({conversation.id: conversation for conversation in conversations}.values())
    samples = [" ".join((text.title, text.description, *text.passages[:_SAMPLED_PASSAGES])) for text in shelf]
    written = detect(samples, [None] * len(shelf), settings.default_locale)
    return _Material(unique, extract_all(unique), shelf, written)


def _spoken(material: _Material, settings: GapSettings) -> Iterator[tuple[str, list[int]]]:
    """Yield each language with the numbers of the conversations that ask something in it."""
    texts = [question.text for question in material.questions]
    locales = [conversation.locale for conversation in material.conversations]
    rows: dict[str, list[int]] = defaultdict(list)
    for row, language in enumerate(detect(texts, locales, settings.default_locale)):
        if texts[row]:
            rows[language].append(row)
    yield from sorted(rows.items())


def _remembering(encoder: Encoder | None, cache: VectorCache | None) -> Encoder | None:
    return CachedEncoder(encoder, cache) if encoder is not None and cache is not None else encoder


def _desk(
    material: _Material, language: str, rows: list[int], encoder: Encoder | None, settings: GapSettings
) -> Desk:
    texts, askers = fold(material.questions, rows)
    articles = [text for text, code in zip(material.shelf, material.written, strict=True) if code == language]
    return lay_out(language, texts, askers, articles, encoder, seed=settings.seed)


def _judged(topics: Sequence[Topic], material: _Material, placed: dict[int, _Placed]) -> list[TopicVerdict]:
    """Return the verdicts, what costs most first."""
    usual = median([len(topic.members) for topic in topics] or [0])
    labels = distinct([topic.name for topic in topics])
    judged = [
        _verdict(topic, name, material, [placed[row].coverage for row in topic.members], usual)
        for topic, name in zip(topics, labels, strict=True)
    ]
    return sorted(judged, key=lambda topic: (-topic.impact["score"], topic.id))


def _verdict(
    topic: Topic, name: Name, material: _Material, scores: list[float], usual: float
) -> TopicVerdict:
    members = [material.conversations[row] for row in topic.members]
    elsewhere = answered_elsewhere(members, untranslated(material.shelf, material.written, topic.language))
    judgement = judge(Case(members, scores, topic.coverage, topic.article, usual, topic.facet, elsewhere))
    return TopicVerdict(
        id=_topic_id(members),
        label=name.label,
        keywords=name.keywords,
        size=len(members),
        verdict=judgement.verdict,
        coverage=round(topic.coverage, 4),
        article=topic.article.path if topic.article else None,
        impact=impact(members, material.conversations, topic.coverage),
        trend=trend(members),
        representatives=[member.id for member in members[:_REPRESENTATIVES]],
        conversations=sorted(member.id for member in members),
        question=material.questions[topic.members[0]].asked,
        evidence=judgement.evidence,
        locale=topic.language,
    )


def _topic_id(members: Sequence[Conversation]) -> str:
    """Return an id made from the topic's earliest conversation, which no other topic shares."""
    earliest = min(members, key=lambda member: (member.created_at, member.id))
    return "t" + hashlib.sha256(earliest.id.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _placements(
    conversations: Sequence[Conversation], topics: Sequence[TopicVerdict], placed: dict[int, _Placed]
) -> list[ConversationVerdict]:
    topic_of = {member: topic.id for topic in topics for member in topic.conversations}
    silent = _Placed(0.0, None)
    found = [(conversation.id, placed.get(row, silent)) for row, conversation in enumerate(conversations)]
    return [
        ConversationVerdict(
            id=number,
            topic=topic_of.get(number),
            coverage=round(own.coverage, 4),
            uncovered=own is not silent and own.coverage < CUT,
            article=own.article.path if own.article else None,
        )
        for number, own in found
    ]
