"""Which articles are about what this desk is asked at all.

A real help center holds many articles that nobody here asks about. Two things give them away: they use words that
the desk's questions never use, and no ten questions come near them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from kbsync.gaps.arrays import Floats, Integers, Vectors
from kbsync.gaps.encode.tfidf import is_unspaced

_WORD = re.compile(r"\w+")
_MOST_TEXTS: Final = 30_000
_NEAREST: Final = 10
_ATTRACTIVE: Final = 10
#: An article that attracts less than this share of what the most attractive ones do is about something else.
_SOUGHT: Final = 0.6
_CHUNK: Final = 2_048


class Sought(NamedTuple):
    """The passages of the articles that matter; `owner` counts these articles, `article` has their own numbers."""

    passages: Vectors
    owner: Integers
    article: Integers


def heard(questions: Sequence[str], passages: Sequence[str]) -> Floats:
    """Return the share of each passage's words, rare ones weighing more, that some question uses too, 0 to 1.

    Where the script sets no spaces between words they tell nothing, and every share is 1.
    """
    if is_unspaced(questions):
        return np.ones(len(passages))
    sample = questions[:: 1 + len(questions) // _MOST_TEXTS]
    said = Counter(word for text in sample for word in set(_WORD.findall(text.lower())))
    return np.array([_share(passage, said, len(sample)) for passage in passages], dtype=np.float64)


def _share(passage: str, said: Counter[str], count: int) -> float:
    words = np.array([said[word] for word in set(_WORD.findall(passage.lower()))], dtype=np.float64)
    weight = (np.log((1 + count) / (1 + words)) + 1) ** 2
    return float(weight[words > 0].sum() / weight.sum()) if len(words) else 1.0


def sought(questions: Vectors, passages: Vectors, owner: Integers) -> Sought:
    """Return the passages without those of articles that no ten questions come near."""
    attraction = attractions(questions, passages, owner)
    best = np.sort(attraction)[-_ATTRACTIVE:].mean() if len(attraction) else 0.0
    kept = np.flatnonzero(attraction >= _SOUGHT * best)
    number = np.full(len(attraction) + 1, -1)
    number[kept] = np.arange(len(kept))
    rows = np.flatnonzero(number[owner] >= 0)
    return Sought(passages[rows], number[owner[rows]], kept)


def attractions(questions: Vectors, passages: Vectors, owner: Integers) -> Floats:
    """Return each article's mean cosine to the ten questions nearest to it."""
    articles = int(owner.max(initial=-1)) + 1
    top = np.zeros((0, articles))
    for start in range(0, len(questions), _CHUNK):
        both = np.vstack([top, per_article(questions[start : start + _CHUNK], passages, owner)])
        top = np.sort(both, axis=0)[-_NEAREST:]
    return np.asarray(top.mean(axis=0)) if len(top) else np.zeros(articles)


def per_article(questions: Vectors, passages: Vectors, owner: Integers) -> Floats:
    """Return the cosine of each question with the best passage of each article, shape (questions, articles)."""
    if not len(owner):
        return np.zeros((len(questions), 0))
    starts = np.flatnonzero(np.r_[True, np.diff(owner) != 0])
    return np.asarray(np.maximum.reduceat(questions @ passages.T, starts, axis=1))
