"""One subject, one topic: groups that are hardly less alike across than within are put together."""

from __future__ import annotations

from typing import Final

import numpy as np

from kbsync.gaps.arrays import Floats, Integers, Vectors

#: Two gaps are one when the likeness across is this share of the likeness within.
ALIKE: Final = 0.5
_LEAST: Final = 0.05
_NEVER: Final = -1.0


def merge(
    vectors: Vectors,
    counts: Integers,
    topic: Integers,
    candidates: Integers,
    *,
    alike: float | None = None,
) -> Integers:
    """Return topic numbers with near-duplicates among `candidates` merged, the most alike first.

    Likeness across is the mean cosine between the members of two topics, likeness within that between members of
    one; their ratio has no scale, so it means the same for every encoder and desk. `alike` is the ratio that makes
    two one.
    """
    enough = ALIKE if alike is None else alike
    groups = _Groups(vectors, counts, topic)
    parent = np.arange(len(groups.sizes))
    open_ = np.isin(parent, candidates)
    likeness = np.array(
        [np.where(open_, groups.likeness(one), _NEVER) for one in parent.tolist() if open_[one]]
    )
    rows = np.flatnonzero(open_)
    while likeness.size:
        place, second = divmod(int(likeness.argmax()), len(parent))
        if likeness[place, second] < enough:
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
    return np.asarray(np.unique(parent[topic], return_inverse=True)[1])


class _Groups:
    """What the likeness of groups is worked out from, kept up while they are joined."""

    def __init__(self, vectors: Vectors, counts: Integers, topic: Integers) -> None:
        number = int(topic.max(initial=-1)) + 1
        sums = np.zeros((number, vectors.shape[1]))
        np.add.at(sums, topic, vectors * counts[:, None])
        self.sizes: Floats = np.bincount(topic, counts, minlength=number).astype(np.float64)
        self._products: Floats = sums @ sums.T
        within = self._within()
        self._usual = float(np.median(within[self.sizes > 1])) if (self.sizes > 1).any() else 1.0

    def likeness(self, one: int) -> Floats:
        """Return how alike each group is to this one, never to itself."""
        within = np.maximum(np.where(self.sizes > 1, self._within(), self._usual), _LEAST)
        across = self._products[one] / (self.sizes * self.sizes[one])
        ratio = across / np.sqrt(within * within[one])
        ratio[one] = _NEVER
        return np.asarray(ratio)

    def join(self, kept: int, gone: int) -> None:
        """Put one group into another."""
        self.sizes[kept] += self.sizes[gone]
        self._products[kept] += self._products[gone]
        self._products[:, kept] += self._products[:, gone]

    def _within(self) -> Floats:
        return np.asarray(
            (np.diag(self._products) - self.sizes) / np.maximum(self.sizes * (self.sizes - 1), 1)
        )
