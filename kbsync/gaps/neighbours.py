"""Nearest neighbours by cosine in bounded memory: exact for a week's questions, by cells beyond."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from sklearn.cluster import MiniBatchKMeans

from kbsync.gaps.arrays import Floats, Integers, Vectors

_CHUNK: Final = 1_024
_EXACT: Final = 20_000
_PROBES: Final = 12


class Neighbours(NamedTuple):
    """For each row its nearest others, best first: row numbers and cosines, both of shape (rows, k)."""

    rows: Integers
    cosines: Floats


def nearest(queries: Vectors, pool: Vectors, k: int) -> Neighbours:
    """Return the `k` rows of `pool` (fewer when it is smaller) nearest to each query, exactly."""
    k = min(k, len(pool))
    rows = np.zeros((len(queries), k), dtype=np.int64)
    cosines = np.zeros((len(queries), k), dtype=np.float32)
    for start in range(0, len(queries), _CHUNK):
        part = slice(start, start + _CHUNK)
        rows[part], cosines[part] = _best(queries[part] @ pool.T, k)
    return Neighbours(rows, cosines)


def nearest_others(vectors: Vectors, k: int, *, seed: int = 0) -> Neighbours:
    """Return the `k` nearest other rows of each row; beyond 20,000 rows only the nearest cells are searched."""
    k = max(min(k, len(vectors) - 1), 0)
    if len(vectors) <= _EXACT:
        return _without_self(nearest(vectors, vectors, k + 1), np.arange(len(vectors)), k)
    return _by_cells(vectors, k, seed)


def _best(similarity: Floats, k: int) -> tuple[Integers, Floats]:
    """Return columns and values of the `k` largest per row, ties to the lower column."""
    if k == 0:
        return np.zeros((len(similarity), 0), dtype=np.int64), similarity[:, :0]
    some = np.argpartition(-similarity, k - 1, axis=1)[:, :k] if k < similarity.shape[1] else None
    columns = np.sort(some, axis=1) if some is not None else np.tile(np.arange(k), (len(similarity), 1))
    values = np.take_along_axis(similarity, columns, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    return np.take_along_axis(columns, order, axis=1), np.take_along_axis(values, order, axis=1)


def _without_self(found: Neighbours, own: Integers, k: int) -> Neighbours:
    """Drop each row's own number, or the last column where it is not among the nearest."""
    other = found.rows != own[:, None]
    other[other.all(axis=1), -1:] = False
    shape = (len(own), k)
    return Neighbours(found.rows[other].reshape(shape), found.cosines[other].reshape(shape))


def _by_cells(vectors: Vectors, k: int, seed: int) -> Neighbours:
    cells = MiniBatchKMeans(
        int(len(vectors) ** 0.5), random_state=seed, n_init=1, batch_size=4_096, max_iter=20
    )
    home = cells.fit_predict(vectors)
    centres = np.asarray(cells.cluster_centers_, dtype=np.float32)
    close = nearest(centres, centres, _PROBES).rows
    members = [np.flatnonzero(home == cell) for cell in range(len(centres))]
    rows = np.zeros((len(vectors), k), dtype=np.int64)
    cosines = np.zeros((len(vectors), k), dtype=np.float32)
    for cell, own in enumerate(members):
        pool = np.sort(np.concatenate([members[other] for other in close[cell]] or [own]))
        found = nearest(vectors[own], vectors[pool], k + 1)
        padded = _padded(Neighbours(pool[found.rows], found.cosines), k + 1)
        rows[own], cosines[own] = _without_self(padded, own, k)
    return Neighbours(rows, cosines)


def _padded(found: Neighbours, k: int) -> Neighbours:
    """Repeat the last neighbour with cosine 0 where a cell's surroundings hold fewer than `k`."""
    missing = k - found.rows.shape[1]
    if missing <= 0:
        return found
    return Neighbours(
        np.pad(found.rows, ((0, 0), (0, missing)), mode="edge"), np.pad(found.cosines, ((0, 0), (0, missing)))
    )
