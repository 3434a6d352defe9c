"""Topics among questions, without being told how many."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.sparse import csr_matrix
from sknetwork.clustering import Leiden

from kbsync.gaps.arrays import Integers, Vectors
from kbsync.gaps.neighbours import Neighbours, nearest_others

_NEIGHBOURS: Final = 5
_RESOLUTION: Final = 2.0


def topics(vectors: Vectors, *, seed: int = 0) -> Integers:
    """Return a topic number for each row, 0 for the largest; every row belongs to one."""
    if len(vectors) < 3:  # noqa: PLR2004 - no graph worth the name
        return np.arange(len(vectors))
    graph = _graph(nearest_others(vectors, _NEIGHBOURS, seed=seed))
    return _communities(graph, seed)


def _graph(found: Neighbours) -> csr_matrix:
    """Return the symmetric neighbour graph weighted by cosine."""
    count, k = found.rows.shape
    weights = np.clip(found.cosines, 1e-6, None).ravel()
    directed = csr_matrix((weights, found.rows.ravel(), np.arange(0, count * k + 1, k)), shape=(count, count))
    return csr_matrix(directed.maximum(directed.T))


def _communities(graph: csr_matrix, seed: int) -> Integers:
    labels = Leiden(resolution=_RESOLUTION, random_state=seed).fit_predict(graph)
    return np.asarray(labels)
