"""One subject, one topic: groups that are hardly less alike across than within are put together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np

from kbsync.gaps.arrays import Floats, Integers, Vectors, summed

#: Two gaps are one when the likeness across is this share of the likeness within (eleven public sets: .5 to .7 do alike).
ALIKE: Final = 0.6
_LEAST: Final = 0.05
#: An article stands for a group when it surely answers this many of its questions and this share of them.
_VOTES: Final = 3
_SHARE: Final = 0.5
_NEVER: Final = -1.0


def merge(
    vectors: Vectors,
    counts: Integers,
    topic: Integers,
    candidates: Integers,
    anchor: Integers | None = None,
    *,
    alike: float | None = None,
) -> Integers:
    """Return topic numbers with near-duplicates among `candidates` merged, the most alike first.

    Likeness across is the mean cosine between the members of two topics, likeness within that between members of
    one; their ratio has no scale, so it means the same for every encoder and desk. Topics that different articles
    answer stay apart: `anchor` is the article that surely answers a row, -1 where none does. `alike` is the ratio that
    makes two one.
    """
    return next(
        merges(vectors, counts, topic, candidates, anchor, levels=[ALIKE if alike is None else alike])
    )


def merges(
    vectors: Vectors,
    counts: Integers,
    topic: Integers,
    candidates: Integers,
    anchor: Integers | None = None,
    *,
    levels: Iterable[float],
) -> Iterator[Integers]:
    """Yield what `merge` returns for each ratio, descending: what is one at a higher one is one at a lower one."""
    groups = _Groups(vectors, counts, topic, np.full(len(topic), -1) if anchor is None else anchor)
    parent = np.arange(len(groups.sizes))
    open_ = np.isin(parent, candidates)
    likeness = np.array(
        [np.where(open_, groups.likeness(one), _NEVER) for one in parent.tolist() if open_[one]]
    )
    rows = np.flatnonzero(open_)
    for level in levels:
        while likeness.size:
            place, second = divmod(int(likeness.argmax()), len(parent))
            if likeness[place, second] < level:
                break
            kept, gone = sorted((int(rows[place]), second))
            groups.join(kept, gone)
            parent[parent == gone] = kept
            open_[gone] = False
            row = np.where(open_, groups.likeness(kept), _NEVER)
            likeness[rows == gone] = _NEVER
            likeness[:, gone] = _NEVER
            likeness[rows == kept] = row
            likeness[:, kept] = row[rows]
        yield np.asarray(np.unique(parent[topic], return_inverse=True)[1])


class _Groups:
    """What the likeness of groups is worked out from, kept up while they are joined."""

    def __init__(self, vectors: Vectors, counts: Integers, topic: Integers, anchor: Integers) -> None:
        number = int(topic.max(initial=-1)) + 1
        sums = summed(vectors, topic, counts.astype(np.float64), number)
        self.sizes: Floats = np.bincount(topic, counts, minlength=number).astype(np.float64)
        self._products: Floats = sums @ sums.T
        self._votes: Floats = np.zeros((number, int(anchor.max(initial=-1)) + 2))
        np.add.at(self._votes, (topic, anchor), counts)
        self._votes[:, -1] = 0.0
        self._article = np.array([self._answering(one) for one in range(number)], dtype=np.int64)
        within = self._within()
        self._usual = float(np.median(within[self.sizes > 1])) if (self.sizes > 1).any() else 1.0

    def likeness(self, one: int) -> Floats:
        """Return how alike each group is to this one; never to itself and to those that another article answers."""
        within = np.maximum(np.where(self.sizes > 1, self._within(), self._usual), _LEAST)
        across = self._products[one] / (self.sizes * self.sizes[one])
        ratio = across / np.sqrt(within * within[one])
        ratio[one] = _NEVER
        article = self._article
        return np.where((article >= 0) & (article[one] >= 0) & (article != article[one]), _NEVER, ratio)

    def join(self, kept: int, gone: int) -> None:
        """Put one group into another."""
        self.sizes[kept] += self.sizes[gone]
        self._votes[kept] += self._votes[gone]
        self._products[kept] += self._products[gone]
        self._products[:, kept] += self._products[:, gone]
        self._article[kept] = self._answering(kept)

    def _within(self) -> Floats:
        return np.asarray(
            (np.diag(self._products) - self.sizes) / np.maximum(self.sizes * (self.sizes - 1), 1)
        )

    def _answering(self, one: int) -> int:
        """Return the article that stands for a group, -1 where none does."""
        article = int(self._votes[one].argmax())
        return article if self._votes[one, article] >= max(_VOTES, _SHARE * self.sizes[one]) else -1
