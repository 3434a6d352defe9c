"""One gap, one topic: gaps that are hardly less alike across than within are put together."""

from __future__ import annotations

from typing import Final

import numpy as np

from kbsync.gaps.arrays import Floats, Integers, Vectors

#: Two topics are one when the likeness across is this share of the likeness within.
ALIKE: Final = 2 / 3
_LEAST: Final = 0.05


def merge(vectors: Vectors, counts: Integers, topic: Integers, candidates: Integers) -> Integers:
    """Return topic numbers with near-duplicates among `candidates` merged, the most alike first.

    Likeness across is the mean cosine between the members of two topics, likeness within that between members of
    one; their ratio has no scale, so it means the same for every encoder and desk.
    """
    sums, sizes = _sums(vectors, counts, topic)
    parent = np.arange(len(sums))
    alive = [int(number) for number in candidates]
    while len(alive) > 1:
        ratio = _ratios(sums[alive], sizes[alive])
        first, second = sorted(divmod(int(ratio.argmax()), len(alive)))
        if ratio[first, second] < ALIKE:
            break
        kept, gone = alive[first], alive.pop(second)
        sums[kept] += sums[gone]
        sizes[kept] += sizes[gone]
        parent[parent == gone] = kept
    return np.asarray(np.unique(parent[topic], return_inverse=True)[1])


def _sums(vectors: Vectors, counts: Integers, topic: Integers) -> tuple[Floats, Floats]:
    sums = np.zeros((int(topic.max(initial=-1)) + 1, vectors.shape[1]))
    np.add.at(sums, topic, vectors * counts[:, None])
    return sums, np.bincount(topic, counts).astype(np.float64)


def _ratios(sums: Floats, sizes: Floats) -> Floats:
    products = sums @ sums.T
    across = products / np.outer(sizes, sizes)
    pairs = sizes * (sizes - 1)
    within = (np.diag(products) - sizes) / np.maximum(pairs, 1)
    usual = float(np.median(within[pairs > 0])) if (pairs > 0).any() else 1.0
    within = np.maximum(np.where(pairs > 0, within, usual), _LEAST)
    ratio = across / np.sqrt(np.outer(within, within))
    np.fill_diagonal(ratio, -1.0)
    return np.asarray(ratio)
