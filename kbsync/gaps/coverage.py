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
from kbsync.gaps.heard import attractions, per_article

_CHUNK: Final = 2_048
_NEXT: Final = 5
_MARGIN: Final = 0.5


class Evidence(NamedTuple):
    """For each question: standardised evidence that it is answered, and its best article (-1 without articles).

    `alone` is the evidence before neighbours shared theirs. `rest` is the evidence, on the scale of `strength`, had
    the best article not been there; empty below two articles.
    """

    strength: Floats
    alone: Floats
    article: Integers
    rest: Floats


class _Nearness(NamedTuple):
    """For each question the scaled likeness of an article, and by how much it leads the next ones."""

    likeness: Floats
    margin: Floats


def weigh(questions: Vectors, passages: Vectors, owner: Integers, graph: NeighbourGraph) -> Evidence:
    """Compare questions with passages; `owner[p]` is the article of passage `p`, ascending."""
    if not len(passages) or not len(questions):
        nothing = np.zeros(len(questions))
        return Evidence(nothing, nothing, np.full(len(questions), -1), np.zeros(0))
    attraction = attractions(questions, passages, owner)
    parts = [_best(similarity, attraction) for similarity in _chunks(questions, passages, owner)]
    article = np.concatenate([numbers for numbers, _, _ in parts])
    best = _Nearness(
        *(np.concatenate(column) for column in zip(*(found for _, found, _ in parts), strict=True))
    )
    alone = _strength(best, best, graph)
    strength = diffuse(alone, graph)
    if owner[-1] == 0:
        return Evidence(strength, alone, article, np.zeros(0))
    rest = _Nearness(
        *(np.concatenate(column) for column in zip(*(next_ for _, _, next_ in parts), strict=True))
    )
    return Evidence(strength, alone, article, diffuse(_strength(rest, best, graph), graph))


def _strength(found: _Nearness, scale: _Nearness, graph: NeighbourGraph) -> Floats:
    """Put nearness and margin on the scale of `scale`."""
    near = standard(found.likeness - graph.closeness, scale.likeness - graph.closeness)
    return np.asarray(near + _MARGIN * standard(found.margin, scale.margin))


def margin_over_next(similarity: Floats) -> Floats:
    """Return by how much the best column exceeds the mean of the next five."""
    columns = similarity.shape[1]
    if columns == 1:
        return np.zeros(len(similarity))
    best = np.sort(similarity, axis=1)[:, ::-1][:, : _NEXT + 1]
    return np.asarray(best[:, 0] - best[:, 1:].mean(axis=1))


def standard(values: Floats, scale: Floats | None = None) -> Floats:
    """Return the values on the scale where `scale` (or they) have mean 0 and spread 1; all alike give zeros."""
    scale = values if scale is None else scale
    spread = scale.std()
    return np.asarray((values - scale.mean()) / spread) if spread > 1e-9 else np.zeros(len(values))  # noqa: PLR2004 - rounding


def without_best(similarity: Floats) -> Floats:
    """Return each row without its largest value, shape (rows, columns - 1)."""
    rows, columns = similarity.shape
    kept = np.arange(columns) != similarity.argmax(axis=1)[:, None]
    return np.asarray(similarity[kept].reshape(rows, columns - 1))


def _chunks(questions: Vectors, passages: Vectors, owner: Integers) -> Iterator[Floats]:
    for start in range(0, len(questions), _CHUNK):
        yield per_article(questions[start : start + _CHUNK], passages, owner)


def _best(similarity: Floats, attraction: Floats) -> tuple[Integers, _Nearness, _Nearness]:
    """Return the best article, how near it is, and how near the best of the others is."""
    scaled = 2.0 * similarity - attraction
    others = without_best(scaled) if scaled.shape[1] > 1 else scaled
    return scaled.argmax(axis=1), _nearness(scaled), _nearness(others)


def _nearness(scaled: Floats) -> _Nearness:
    return _Nearness(scaled.max(axis=1), margin_over_next(scaled))
