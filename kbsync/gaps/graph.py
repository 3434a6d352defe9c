"""Who is whose neighbour, as a weighted graph: the ground that topics and coverage stand on."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix, diags_array

from kbsync.gaps.arrays import Floats, Vectors
from kbsync.gaps.neighbours import Neighbours, nearest_others

_NEIGHBOURS: Final = 15
_OWN: Final = 10
_BISECTIONS: Final = 40
_SPREAD: Final = 0.8
_STEPS: Final = 20


class NeighbourGraph(NamedTuple):
    """`weights` is symmetric, shape (rows, rows), values up to 1; `closeness` the mean cosine to the 10 nearest."""

    weights: csr_matrix
    closeness: Floats


def connect(vectors: Vectors, *, seed: int = 0) -> NeighbourGraph:
    """Return the fuzzy graph of the 15 nearest neighbours of each row.

    Each row measures distance in its own scale, so that crowded and sparse regions are linked alike (the fuzzy
    simplicial set of UMAP: McInnes, Healy and Melville 2018, section 3.1).
    """
    found = nearest_others(vectors, _NEIGHBOURS, seed=seed)
    count, k = found.rows.shape
    if not count or not k:
        return NeighbourGraph(csr_matrix((count, count)), np.zeros(count))
    starts = np.arange(0, count * k + 1, k)
    directed = csr_matrix((_memberships(found).ravel(), found.rows.ravel(), starts), shape=(count, count))
    directed.sum_duplicates()
    weights = directed + directed.T - directed.multiply(directed.T)
    return NeighbourGraph(csr_matrix(weights), found.cosines[:, :_OWN].mean(axis=1))


def _memberships(found: Neighbours) -> Floats:
    """Return link strengths: 1 for the nearest, falling so that each row's sum to log2(k)."""
    distance = np.maximum(1.0 - found.cosines.astype(np.float64), 0.0)
    beyond = np.maximum(distance - distance[:, :1], 0.0)
    target = math.log2(max(distance.shape[1], 2))
    low, high = np.full(len(distance), 1e-6), np.full(len(distance), 10.0)
    for _ in range(_BISECTIONS):
        scale = (low + high) / 2
        too_much = np.exp(-beyond / scale[:, None]).sum(axis=1) > target
        low, high = np.where(too_much, low, scale), np.where(too_much, scale, high)
    return np.asarray(np.maximum(np.exp(-beyond / scale[:, None]), 1e-9))


def diffuse(values: Floats, graph: NeighbourGraph) -> Floats:
    """Let each value take up what its neighbours say (a random walk with restart), a row without links keeps its own."""
    degree = np.asarray(graph.weights.sum(axis=1)).ravel()
    step = diags_array(1.0 / np.maximum(degree, 1e-12)) @ graph.weights
    result = values
    for _ in range(_STEPS):
        result = np.where(degree > 0, (1.0 - _SPREAD) * values + _SPREAD * (step @ result), values)
    return np.asarray(result)
