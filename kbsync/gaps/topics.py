"""The topics of one desk before they are judged: who asks, what they share, and what sets a part of them apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from kbsync.gaps.arrays import Floats, Integers
from kbsync.gaps.desk import Desk
from kbsync.gaps.label import Name, keywords, names
from kbsync.gaps.model import HelpText
from kbsync.gaps.standing import Standing
from kbsync.gaps.verdict import CUT

_FACET_WORDS: Final = 3
_AT_LEAST: Final = 3


class Topic(NamedTuple):
    """Conversation numbers, the most typical first, with the name, coverage and article they share.

    `facet` are words that set the uncovered members of a covered topic apart.
    """

    language: str
    members: list[int]
    name: Name
    coverage: float
    article: HelpText | None
    facet: list[str]


def collect(desk: Desk, standing: Standing, smallest: int) -> Iterator[Topic]:
    """Yield the topics with at least `smallest` conversations; the others are singles."""
    counts = desk.counts
    kept = [number for number, rows in enumerate(_rows(standing.topic)) if counts[rows].sum() >= smallest]
    ordered = [_by_typicality(desk, standing, number) for number in kept]
    position = np.full(len(standing.topic), -1)
    for place, rows in enumerate(ordered):
        position[rows] = place
    called = names(desk.texts, position, [desk.texts[rows[0]] for rows in ordered])
    for number, rows, name in zip(kept, ordered, called, strict=True):
        yield Topic(
            language=desk.language,
            members=[asker for row in rows for asker in desk.askers[row]],
            name=name,
            coverage=float(standing.topic_coverage[number]),
            article=article_of(desk, standing.topic_article[number]),
            facet=_facet(desk, rows, standing.coverage[rows]),
        )


def article_of(desk: Desk, number: int) -> HelpText | None:
    """Return the article of this number, None for -1."""
    return desk.articles[number] if number >= 0 else None


def _rows(topic: Integers) -> list[Integers]:
    order = np.argsort(topic, kind="stable")
    return np.split(order, np.cumsum(np.bincount(topic))[:-1]) if len(topic) else []


def _by_typicality(desk: Desk, standing: Standing, number: int) -> Integers:
    """Return the topic's members by nearness to its centre."""
    rows = np.flatnonzero(standing.topic == number)
    return np.asarray(rows[np.argsort(-(desk.vectors[rows] @ standing.centres[number]), kind="stable")])


def _facet(desk: Desk, rows: Integers, coverage: Floats) -> list[str]:
    """Return what the uncovered members say that the covered ones do not."""
    low = coverage < CUT
    if low.sum() < _AT_LEAST or low.all():
        return []
    told = keywords([desk.texts[row] for row in rows], np.where(low, 0, 1), 2)
    return told[0][:_FACET_WORDS]
