"""How well the articles answer each question, 0 to 1."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from kbsync.gaps.arrays import Floats, Integers, Vectors
from kbsync.gaps.neighbours import Neighbours, nearest_others

_NEXT: Final = 5
_OWN: Final = 10


class Coverage(NamedTuple):
    """For each question: the score (0 to 1), the number of its best article, or -1 without articles."""

    score: Floats
    article: Integers


def cover(questions: Vectors, passages: Vectors, owner: Integers, *, seed: int = 0) -> Coverage:
    """Compare questions with passages; `owner[p]` is the article number of passage `p`."""
    if not len(passages) or not len(questions):
        return Coverage(np.zeros(len(questions)), np.full(len(questions), -1))
    similarity = _per_article(questions, passages, owner)
    best = similarity.argmax(axis=1)
    top = similarity.max(axis=1)
    others = np.sort(similarity, axis=1)[:, -1 - _NEXT : -1]
    margin = top - others.mean(axis=1) if others.shape[1] else np.zeros_like(top)
    own = _mean(nearest_others(questions, _OWN, seed=seed))
    raw = _standard(top) + _standard(margin) + _standard(top - own)
    return Coverage(1 / (1 + np.exp(-raw)), best)


def _per_article(questions: Vectors, passages: Vectors, owner: Integers) -> Floats:
    similarity = questions @ passages.T
    starts = np.flatnonzero(np.r_[True, np.diff(owner) != 0])
    return np.asarray(np.maximum.reduceat(similarity, starts, axis=1))


def _mean(found: Neighbours) -> Floats:
    return found.cosines.mean(axis=1) if found.cosines.shape[1] else np.zeros(len(found.cosines))


def _standard(values: Floats) -> Floats:
    spread = values.std()
    return np.asarray((values - values.mean()) / spread) if spread > 0 else np.zeros_like(values)
