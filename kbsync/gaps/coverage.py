"""How near the articles are to each question, compared with what is near to it anyway.

The best cosine alone misleads: some articles are near to everything, some questions to nothing. So an article's
attraction is taken off (cross-domain similarity local scaling: Conneau et al. 2018), as is the question's own
closeness to other questions; the margin to the next articles counts; and neighbours share their evidence.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from kbsync.gaps.arrays import Floats, Integers, Vectors
from kbsync.gaps.graph import NeighbourGraph, diffuse

_CHUNK: Final = 2_048
_NEXT: Final = 5
_ATTRACTED: Final = 10
_MARGIN: Final = 0.5


class Evidence(NamedTuple):
    """For each question: standardised evidence that it is answered, and its best article (-1 without articles)."""

    strength: Floats
    article: Integers


def weigh(questions: Vectors, passages: Vectors, owner: Integers, graph: NeighbourGraph) -> Evidence:
    """Compare questions with passages; `owner[p]` is the article of passage `p`, ascending."""
    if not len(passages) or not len(questions):
        return Evidence(np.zeros(len(questions)), np.full(len(questions), -1))
    attraction = _attraction(questions, passages, owner)
    parts = [_best(similarity, attraction) for similarity in _chunks(questions, passages, owner)]
    article, nearness, margin = (np.concatenate(column) for column in zip(*parts, strict=True))
    raw = standard(nearness - graph.closeness) + _MARGIN * standard(margin)
    return Evidence(diffuse(raw, graph), article)


def per_article(questions: Vectors, passages: Vectors, owner: Integers) -> Floats:
    """Return the cosine of each question with the best passage of each article, shape (questions, articles)."""
    starts = np.flatnonzero(np.r_[True, np.diff(owner) != 0])
    return np.asarray(np.maximum.reduceat(questions @ passages.T, starts, axis=1))


def margin_over_next(similarity: Floats) -> Floats:
    """Return by how much the best column exceeds the mean of the next five."""
    columns = similarity.shape[1]
    if columns == 1:
        return np.zeros(len(similarity))
    best = np.sort(similarity, axis=1)[:, ::-1][:, : _NEXT + 1]
    return np.asarray(best[:, 0] - best[:, 1:].mean(axis=1))


def standard(values: Floats) -> Floats:
    """Return the values with mean 0 and spread 1; all alike give zeros."""
    spread = values.std()
    return np.asarray((values - values.mean()) / spread) if spread > 1e-9 else np.zeros(len(values))  # noqa: PLR2004 - rounding


def _chunks(questions: Vectors, passages: Vectors, owner: Integers) -> Iterator[Floats]:
    for start in range(0, len(questions), _CHUNK):
        yield per_article(questions[start : start + _CHUNK], passages, owner)


def _attraction(questions: Vectors, passages: Vectors, owner: Integers) -> Floats:
    """Return each article's mean cosine to the ten questions nearest to it."""
    top = np.zeros((0, int(owner[-1]) + 1))
    for similarity in _chunks(questions, passages, owner):
        both = np.vstack([top, similarity])
        top = np.sort(both, axis=0)[-_ATTRACTED:]
    return np.asarray(top.mean(axis=0))


def _best(similarity: Floats, attraction: Floats) -> tuple[Integers, Floats, Floats]:
    scaled = 2.0 * similarity - attraction
    article = scaled.argmax(axis=1)
    return article, scaled.max(axis=1), margin_over_next(scaled)
