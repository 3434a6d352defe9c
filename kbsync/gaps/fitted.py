"""The desk as it was learned, frozen: enough to say of any conversation where it belongs.

The one step that needs all questions at once runs on a sample of bounded size, drawn by id, which for an
ordinary desk is everything. What was not in the sample goes where its nearest fitted questions are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from kbsync.gaps.abreast import steady
from kbsync.gaps.arrays import Flags, Floats, Integers, Vectors
from kbsync.gaps.chatter import chatter
from kbsync.gaps.desk import Desk, Space, fold, lay_out
from kbsync.gaps.encode.base import Encoder, VectorCache
from kbsync.gaps.encode.cache import CachedEncoder
from kbsync.gaps.encode.choose import choose
from kbsync.gaps.label import Name, distinct
from kbsync.gaps.landmarks import Landmarks, survey
from kbsync.gaps.language import Speech, detect, listen
from kbsync.gaps.model import HelpText
from kbsync.gaps.question import Question, ask
from kbsync.gaps.settings import GapSettings
from kbsync.gaps.standing import Standing, stand
from kbsync.gaps.topics import Topic, collect

_NEIGHBOURS: Final = 10
_NEARNESS: Final = 8.0
_STRANGE: Final = 0.01
#: So many new texts at once that some fall into every cell of landmarks: few rows are multiplied at half the pace.
_CHUNK: Final = 16_384
_SAMPLED: Final = 4_096
_TYPICAL: Final = 50
_SAMPLED_PASSAGES: Final = 5


class Said(NamedTuple):
    """What one customer said: telling sentences, and the language the record names."""

    id: str
    sentences: list[str]
    locale: str | None


class Placement(NamedTuple):
    """For each row its topic (-1: none), coverage, and article (-1: none); `strange` is like nothing known."""

    topic: Integers
    coverage: Floats
    article: Integers
    silent: Flags
    strange: Flags

    @classmethod
    def nowhere(cls, count: int) -> Placement:
        """Return rows that said nothing."""
        none = np.full(count, -1, dtype=np.int32)
        return cls(
            none, np.zeros(count), none.copy(), np.ones(count, dtype=bool), np.zeros(count, dtype=bool)
        )

    def put(self, rows: Integers, other: Placement) -> None:
        """Take over what another placement says of these rows."""
        for own, new in zip(self, other, strict=True):
            own[rows] = new


class FittedTopic(NamedTuple):
    """A topic as it was fitted; `typical` are ids, the most typical first, `article` a number in the shelf."""

    language: str
    name: Name
    coverage: float
    article: int
    facet: list[str]
    question: str
    typical: tuple[str, ...]


class FittedDesk(NamedTuple):
    """One language: its space, its distinct questions as landmarks, and where each of these stands.

    `reach` is the cosine below which a text is like nothing the desk was fitted on.
    """

    space: Space
    landmarks: Landmarks
    topic: Integers
    coverage: Floats
    article: Integers
    reach: float

    def place(self, vectors: Vectors) -> Placement:
        """Return where texts belong, by the topic that most of the near landmarks have."""
        found = self.landmarks.nearest(vectors, _NEIGHBOURS)
        weight = np.maximum(found.cosines, 0.0) ** _NEARNESS + 1e-12
        topic = _vote(self.topic[found.rows], weight)
        weight = weight * (self.topic[found.rows] == topic[:, None])
        coverage = (weight * self.coverage[found.rows]).sum(axis=1) / weight.sum(axis=1)
        strange = found.cosines[:, 0] < self.reach
        return Placement(
            np.where(strange, -1, topic),
            coverage,
            _vote(self.article[found.rows], weight),
            np.zeros(len(vectors), dtype=bool),
            strange,
        )


class Fitted(NamedTuple):
    """All that was learned; `shelf` is what articles and their languages were then."""

    idle: frozenset[str]
    speech: Speech
    desks: Mapping[str, FittedDesk]
    topics: tuple[FittedTopic, ...]
    shelf: tuple[HelpText, ...]
    written: tuple[str, ...]
    encoders: tuple[str, ...]

    @steady()
    def place(self, said: Sequence[Said]) -> Placement:
        """Return where conversations belong that were not in the sample; in memory for some ten thousand texts."""
        placed = Placement.nowhere(len(said))
        questions = [ask(each.id, each.sentences, self.idle) for each in said]
        told = self.speech.tell([each.text for each in questions], [each.locale for each in said])
        for language, spoken in _by_language(questions, told):
            desk = self.desks.get(language)
            if desk is None:
                placed.put(np.array(spoken), _unknown(len(spoken)))
                continue
            texts, askers = fold(questions, spoken)
            for start in range(0, len(texts), _CHUNK):
                found = desk.place(desk.space.encode(texts[start : start + _CHUNK]))
                _scatter(placed, askers[start : start + _CHUNK], found)
        return placed


@steady()
def fit(
    said: Sequence[Said],
    shelf: Sequence[HelpText],
    settings: GapSettings,
    *,
    encoder: Encoder | None = None,
    cache: VectorCache | None = None,
    beyond: bool = True,
) -> tuple[Fitted, Placement]:
    """Learn the desk from what these customers said, and say where they stand.

    `beyond` is False where nobody else will be placed, which saves what that needs.

    Raises:
        ConfigError: the settings name a sentence encoder that is not on this machine.
    """
    idle = chatter([each.sentences for each in said])
    questions = [ask(each.id, each.sentences, idle) for each in said]
    texts = [each.text for each in questions]
    speech, told = listen(texts, [each.locale for each in said], settings.default_locale)
    written = detect([_sample(text) for text in shelf], [None] * len(shelf), settings.default_locale)
    placed, desks, topics, used = (
        Placement.nowhere(len(said)),
        dict[str, FittedDesk](),
        list[FittedTopic](),
        set[str](),
    )
    for language, spoken in _by_language(questions, told):
        chosen = encoder or choose(settings.encoder, language)
        used.add(chosen.name if chosen else "tfidf")
        numbers = [number for number, code in enumerate(written) if code == language]
        texts, askers = fold(questions, spoken)
        articles = [shelf[number] for number in numbers]
        remembering = CachedEncoder(chosen, cache) if chosen is not None and cache is not None else chosen
        desk = lay_out(language, texts, askers, articles, remembering, seed=settings.seed)
        standing = stand(desk, seed=settings.seed)
        found = list(collect(desk, standing, settings.min_topic_size))
        own = _own(desk, standing, found, np.array([*numbers, -1]), len(topics))
        _scatter(placed, askers, own)
        topics += _topics(found, articles, numbers, said, questions)
        if beyond:
            desks[language] = _fitted(desk, own, settings.seed)
    names = distinct([topic.name for topic in topics])
    named = tuple(topic._replace(name=name) for topic, name in zip(topics, names, strict=True))
    return Fitted(idle, speech, desks, named, tuple(shelf), tuple(written), tuple(sorted(used))), placed


def _by_language(questions: Sequence[Question], told: Sequence[str]) -> list[tuple[str, list[int]]]:
    """Return each language with the rows that ask something in it."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row, (question, language) in enumerate(zip(questions, told, strict=True)):
        if question.text:
            rows[language].append(row)
    return sorted(rows.items())


def _sample(text: HelpText) -> str:
    return " ".join((text.title, text.description, *text.passages[:_SAMPLED_PASSAGES]))


def _own(desk: Desk, standing: Standing, found: Sequence[Topic], numbers: Integers, first: int) -> Placement:
    """Return where the distinct questions stand: topics counted from `first`, articles by their place in the shelf."""
    topic_of = {asker: first + place for place, topic in enumerate(found) for asker in topic.members}
    topic = np.array([topic_of.get(askers[0], -1) for askers in desk.askers], dtype=np.int32)
    nothing = np.zeros(len(topic), dtype=bool)
    return Placement(topic, standing.coverage, numbers[standing.article], nothing, nothing)


def _topics(
    found: Sequence[Topic],
    articles: Sequence[HelpText],
    numbers: Sequence[int],
    said: Sequence[Said],
    questions: Sequence[Question],
) -> list[FittedTopic]:
    place = {id(article): number for article, number in zip(articles, numbers, strict=True)}
    return [
        FittedTopic(
            topic.language,
            topic.name,
            topic.coverage,
            place[id(topic.article)] if topic.article else -1,
            topic.facet,
            questions[topic.members[0]].asked,
            tuple(said[row].id for row in topic.members[:_TYPICAL]),
        )
        for topic in found
    ]


def _fitted(desk: Desk, own: Placement, seed: int) -> FittedDesk:
    landmarks = survey(desk.vectors, seed=seed)
    return FittedDesk(
        desk.space, landmarks, own.topic, own.coverage, own.article, _reach(landmarks, desk.vectors)
    )


def _reach(landmarks: Landmarks, vectors: Vectors) -> float:
    """Return the cosine to the nearest other that all but a hundredth of the questions reach."""
    if len(vectors) < 2:  # noqa: PLR2004 - no other
        return 0.0
    some = vectors[:: 1 + len(vectors) // _SAMPLED]
    return float(np.quantile(landmarks.nearest(some, 2).cosines[:, -1], _STRANGE))


def _vote(values: Integers, weight: Floats) -> Integers:
    """Return the value with most weight in each row, of equals that of the nearer neighbour."""
    total = ((values[:, :, None] == values[:, None, :]) * weight[:, None, :]).sum(axis=2)
    return np.asarray(np.take_along_axis(values, total.argmax(axis=1)[:, None], axis=1)[:, 0])


def _scatter(placed: Placement, askers: Sequence[Sequence[int]], found: Placement) -> None:
    """Give everyone who asked a distinct question its place."""
    rows = np.array([row for group in askers for row in group], dtype=np.int64)
    times = [len(group) for group in askers]
    repeated: Iterator[Any] = (np.repeat(column, times) for column in found)
    placed.put(rows, Placement(*repeated))


def _unknown(count: int) -> Placement:
    """Return rows in a language that nobody spoke: asked, and answered by nothing."""
    return Placement.nowhere(count)._replace(
        silent=np.zeros(count, dtype=bool), strange=np.ones(count, dtype=bool)
    )
