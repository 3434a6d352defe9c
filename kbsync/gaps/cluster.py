"""Topics among questions, without being told how many.

First many small communities of the neighbour graph (Louvain: Blondel et al. 2008), found once more where
the directions that part them count for more (self-training, as in Caron et al. 2018 with a linear head). Then those
are put together that are hardly less alike across than within, unless different articles answer them. One resolution
would split large topics and hide small ones; likeness has no scale. How many small communities there are at first
the desk's articles decide, where there are enough (`granularity`). A desk that grows still gets more topics than it
should: `tests/benchmarks/gaps_clusters.py` prints by how much.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.sparse import csr_matrix, diags_array
from sknetwork.clustering import Louvain

from kbsync.gaps.arrays import Integers, Vectors
from kbsync.gaps.discriminant import discriminants
from kbsync.gaps.granularity import between, fitness, telling
from kbsync.gaps.graph import NeighbourGraph, connect
from kbsync.gaps.merge import merge

#: A small desk has few topics: the resolution rises with its questions up to the usual one.
_PER_RESOLUTION: Final = 75.0
_USUAL: Final = 8.0
#: Beyond this many questions it grows as the root of their number: modularity keeps communities apart by their share
#: of the desk, and a large desk has more topics (Fortunato and Barthelemy 2007).
_MANY: Final = 3_000
_FINEST: Final = 64.0
#: A topic too many is merged again when it is a gap, a topic too few is lost: so this is stricter than for gaps.
_ALIKE: Final = 0.8
_AT_LEAST: Final = 3
#: The coarsest that is tried is this share of the resolution that is usual for a desk of this size. A finer one than
#: that finds a little more on short questions, and on long mails gaps that are none.
_COARSEST: Final = 0.5


def topics(
    vectors: Vectors, graph: NeighbourGraph, anchor: Integers, counts: Integers, *, seed: int = 0
) -> Integers:
    """Return a topic number for each row, 0 for the largest.

    `anchor` is the article that surely answers a row, -1 where none does; `counts` says how many asked a row.
    """
    count = len(vectors)
    if count < _AT_LEAST:
        return np.arange(count)
    small = _suited(vectors, graph, anchor, counts, seed)
    everyone = np.arange(int(small.max()) + 1)
    return _by_size(merge(vectors, counts, small, everyone, anchor, alike=_ALIKE))


def _suited(
    vectors: Vectors, graph: NeighbourGraph, anchor: Integers, counts: Integers, seed: int
) -> Integers:
    """Return communities as fine as the articles are."""
    usual = _resolution(len(vectors))

    def cut(coarseness: float) -> Integers:
        return _sharpened(vectors, graph, counts, usual * _COARSEST**coarseness, seed)

    if not telling(anchor, counts):
        return cut(0.0)
    ends = {coarseness: cut(coarseness) for coarseness in (0.0, 1.0)}
    way = between(*(fitness(vectors, counts, end, anchor) for end in ends.values()))
    return ends[way] if way in ends else cut(way)


def rough_topics(vectors: Vectors, *, seed: int = 0) -> Integers:
    """Return a topic number for each row, as a first look shows them: nothing learned, nothing merged."""
    everyone = np.ones(len(vectors), dtype=np.int64)
    return _communities(connect(vectors, seed=seed), everyone, _resolution(len(vectors)), seed)


def _sharpened(
    vectors: Vectors, graph: NeighbourGraph, counts: Integers, resolution: float, seed: int
) -> Integers:
    small = _communities(graph, counts, resolution, seed)
    sharper = connect(discriminants(vectors, small), seed=seed)
    return _communities(sharper, counts, resolution / 2, seed)


def _communities(graph: NeighbourGraph, counts: Integers, resolution: float, seed: int) -> Integers:
    # scikit-network's Leiden draws from the C library's `rand`, which no seed of ours reaches: never twice the same
    louvain = Louvain(resolution=resolution, random_state=seed)
    return np.asarray(louvain.fit_predict(_with_resends(graph.weights, counts)))


def _resolution(count: int) -> float:
    if count <= _MANY:
        return float(np.clip(count / _PER_RESOLUTION, 1.0, _USUAL))
    return float(min(_USUAL * (count / _MANY) ** 0.5, _FINEST))


def _with_resends(weights: csr_matrix, counts: Integers) -> csr_matrix:
    """Link a row that many asked to itself as firmly as its copies would be linked to each other."""
    degree = np.asarray(weights.sum(axis=1)).ravel()
    return csr_matrix(weights + diags_array((counts - 1) * degree))


def _by_size(labels: Integers) -> Integers:
    sizes = np.bincount(labels)
    place = np.argsort(np.argsort(-sizes, kind="stable"), kind="stable")
    return np.asarray(place[labels])
