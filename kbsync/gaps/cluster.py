"""Topics among questions, without being told how many.

First small communities of the neighbour graph (Leiden: Traag, Waltman and van Eck 2019), then those are put together
that are hardly less alike across than within. One resolution would split large topics and hide small ones; likeness
has no scale, so a topic does not split because the desk grew.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.sparse import csr_matrix, diags_array
from sknetwork.clustering import Leiden

from kbsync.gaps.arrays import Integers, Vectors
from kbsync.gaps.graph import NeighbourGraph
from kbsync.gaps.merge import merge

_RESOLUTION: Final = 4.0
#: Beyond this many questions it grows as the root of their number: modularity keeps communities apart by their share
#: of the desk, and a large desk has more topics (Fortunato and Barthelemy 2007).
_MANY: Final = 3_000
_FINEST: Final = 64.0
#: A topic too many is merged again when it is a gap, a topic too few is lost: so this is stricter than for gaps.
_ALIKE: Final = 0.7
_AT_LEAST: Final = 3


def topics(vectors: Vectors, graph: NeighbourGraph, counts: Integers, *, seed: int = 0) -> Integers:
    """Return a topic number for each row, 0 for the largest; `counts` says how many asked a row."""
    count = len(vectors)
    if count < _AT_LEAST:
        return np.arange(count)
    leiden = Leiden(resolution=_resolution(count), random_state=seed)
    small = np.asarray(leiden.fit_predict(_with_resends(graph.weights, counts)))
    everyone = np.arange(int(small.max()) + 1)
    return _by_size(merge(vectors, counts, small, everyone, alike=_ALIKE))


def _resolution(count: int) -> float:
    return float(min(_RESOLUTION * max(count / _MANY, 1.0) ** 0.5, _FINEST))


def _with_resends(weights: csr_matrix, counts: Integers) -> csr_matrix:
    """Link a row that many asked to itself as firmly as its copies would be linked to each other."""
    degree = np.asarray(weights.sum(axis=1)).ravel()
    return csr_matrix(weights + diags_array((counts - 1) * degree))


def _by_size(labels: Integers) -> Integers:
    sizes = np.bincount(labels)
    place = np.argsort(np.argsort(-sizes, kind="stable"), kind="stable")
    return np.asarray(place[labels])
