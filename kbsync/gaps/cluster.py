"""Topics among questions, without being told how many.

Communities of the neighbour graph (Leiden: Traag, Waltman and van Eck 2019) at several resolutions. How fine a
topic is at this desk is told by its articles: the resolution is taken at which the questions that an article
answers fall together and apart as the articles do.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.sparse import csr_matrix, diags_array
from sknetwork.clustering import Leiden

from kbsync.gaps.arrays import Floats, Integers
from kbsync.gaps.graph import NeighbourGraph

_RESOLUTIONS: Final = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0)
_USUAL: Final = 4.0
#: A small desk has few topics: below 600 questions the usual resolution falls with their number.
_ROWS_PER_RESOLUTION: Final = 150.0
#: What a doubling away from the usual resolution must gain.
_COST: Final = 0.05
_AT_LEAST: Final = 3


def topics(graph: NeighbourGraph, anchor: Integers, counts: Integers, *, seed: int = 0) -> Integers:
    """Return a topic number for each row, 0 for the largest.

    `anchor` is the article that surely answers a row, -1 where none does; `counts` says how many asked a row.
    """
    count = graph.weights.shape[0]
    if count < _AT_LEAST:
        return np.arange(count)
    weights = _with_resends(graph.weights, counts)
    usual = float(np.clip(count / _ROWS_PER_RESOLUTION, 1.0, _USUAL))
    if not (anchor >= 0).any():
        return _communities(weights, usual, seed)
    found = [_communities(weights, resolution, seed) for resolution in _RESOLUTIONS]
    merits = [
        _agreement(anchor, labels) - _COST * abs(np.log2(resolution / usual))
        for resolution, labels in zip(_RESOLUTIONS, found, strict=True)
    ]
    return found[int(np.argmax(merits))]


def _with_resends(weights: csr_matrix, counts: Integers) -> csr_matrix:
    """Link a row that many asked to itself as firmly as its copies would be linked to each other."""
    degree = np.asarray(weights.sum(axis=1)).ravel()
    return csr_matrix(weights + diags_array((counts - 1) * degree))


def _communities(weights: csr_matrix, resolution: float, seed: int) -> Integers:
    labels = np.asarray(Leiden(resolution=resolution, random_state=seed).fit_predict(weights))
    sizes = np.bincount(labels)
    place = np.argsort(np.argsort(-sizes, kind="stable"), kind="stable")
    return np.asarray(place[labels])


def _agreement(anchor: Integers, labels: Integers) -> float:
    """Return the mean over articles of the best F1 that one topic reaches for the questions of the article."""
    sure = anchor >= 0
    _, article = np.unique(anchor[sure], return_inverse=True)
    _, topic = np.unique(labels[sure], return_inverse=True)
    both = csr_matrix((np.ones(len(article)), (article, topic)))
    both.sum_duplicates()
    cells = both.tocoo()
    sizes: Floats = (
        np.asarray(both.sum(axis=1)).ravel()[cells.row] + np.asarray(both.sum(axis=0)).ravel()[cells.col]
    )
    best = np.zeros(both.shape[0])
    np.maximum.at(best, cells.row, 2 * cells.data / sizes)
    return float(best.mean())
