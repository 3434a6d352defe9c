"""Nearest neighbours by cosine in bounded memory: exact for a week's questions, by cells beyond."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from sklearn.cluster import MiniBatchKMeans

from kbsync.gaps.abreast import abreast
from kbsync.gaps.arrays import Flags, Floats, Integers, Vectors

_CHUNK: Final = 512
_EXACT: Final = 20_000
_PROBES: Final = 12
_BLOCK: Final = 64
_BLOCKS: Final = 2
#: So many times more than are wanted may reach what only the wanted should.
_CROWD: Final = 16


class Neighbours(NamedTuple):
    """For each row its nearest others, best first: row numbers and cosines, both of shape (rows, k)."""

    rows: Integers
    cosines: Floats


def nearest(queries: Vectors, pool: Vectors, k: int) -> Neighbours:
    """Return the `k` rows of `pool` (fewer when it is smaller) nearest to each query, exactly."""
    k = min(k, len(pool))
    rows = np.zeros((len(queries), k), dtype=np.int64)
    cosines = np.zeros((len(queries), k), dtype=np.float32)

    def search(start: int) -> None:
        part = slice(start, start + _CHUNK)
        rows[part], cosines[part] = largest(queries[part] @ pool.T, k)

    abreast(search, range(0, len(queries), _CHUNK))
    return Neighbours(rows, cosines)


def nearest_others(vectors: Vectors, k: int, *, seed: int = 0) -> Neighbours:
    """Return the `k` nearest other rows of each row; beyond 20,000 rows only the nearest cells are searched."""
    k = max(min(k, len(vectors) - 1), 0)
    if len(vectors) <= _EXACT:
        return _without_self(nearest(vectors, vectors, k + 1), np.arange(len(vectors)), k)
    return _by_cells(vectors, k, seed)


def largest(similarity: Floats, k: int) -> Neighbours:
    """Return columns and values of the `k` largest per row, ties to the lower column."""
    count = len(similarity)
    columns = np.zeros((count, k), dtype=np.int64)
    if columns.size:
        large = similarity >= _bound(similarity, k)[:, None]
        crowded = _crowded(large, k)
        large[crowded] = False
        columns[crowded] = np.argsort(-similarity[crowded], axis=1, kind="stable")[:, :k]
        columns[~crowded] = _first(similarity, large, k)[~crowded]
    return Neighbours(columns, np.take_along_axis(similarity, columns, axis=1))


def _first(similarity: Floats, large: Flags, k: int) -> Integers:
    """Return the columns of the `k` largest per row among those that are `large`; any where none is."""
    row, column = divmod(np.flatnonzero(large), similarity.shape[1])
    order = np.lexsort((-similarity[row, column], row))
    first = np.searchsorted(row, np.arange(len(similarity)))[:, None] + np.arange(k)
    return np.asarray(np.append(column[order], 0)[np.minimum(first, len(column))])


def _crowded(large: Flags, k: int) -> Flags:
    """Return which rows have far more than `k` ties, as have texts of which no word is known."""
    if np.count_nonzero(large) <= _CROWD * k * len(large):
        return np.zeros(len(large), dtype=bool)
    return np.asarray(np.count_nonzero(large, axis=1) > _CROWD * k)


def _bound(similarity: Floats, k: int) -> Floats:
    """Return for each row a value that at least `k` reach: of blocks of columns, the `k`-th largest maximum.

    The few that reach it are found in a tenth of the time that parting the whole row takes.
    """
    rows, columns = similarity.shape
    blocks = columns // _BLOCK
    tops = similarity
    if blocks > _BLOCKS * k:
        some = similarity[:, : blocks * _BLOCK].reshape(rows, _BLOCK, blocks)
        tops = some.max(axis=1)
    return np.asarray(np.partition(tops, tops.shape[1] - k, axis=1)[:, -k])


def _without_self(found: Neighbours, own: Integers, k: int) -> Neighbours:
    """Drop each row's own number, or the last column where it is not among the nearest."""
    other = found.rows != own[:, None]
    other[other.all(axis=1), -1:] = False
    shape = (len(own), k)
    return Neighbours(found.rows[other].reshape(shape), found.cosines[other].reshape(shape))


def _by_cells(vectors: Vectors, k: int, seed: int) -> Neighbours:
    cells = MiniBatchKMeans(
        int(len(vectors) ** 0.5),
        init="random",
        random_state=seed,
        n_init=1,
        batch_size=4_096,
        max_iter=20,
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
