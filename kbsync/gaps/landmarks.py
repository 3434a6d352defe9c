"""The fitted questions by cells: what is near to a new text is found without looking at all of them."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from sklearn.cluster import MiniBatchKMeans

from kbsync.gaps.abreast import abreast
from kbsync.gaps.arrays import Integers, Vectors
from kbsync.gaps.neighbours import Neighbours, largest, nearest

_ONE_CELL: Final = 5_000
_PROBES: Final = 8


class Landmarks(NamedTuple):
    """Fitted vectors sorted by cell: cell `c` holds rows `starts[c]` to `starts[c + 1]`.

    Shapes: `vectors` (rows, d), `rows` (rows,) their numbers at the desk, `centres` (cells, d), `close` (cells,
    probes) the cells that are searched for what falls into a cell, itself the first.
    """

    vectors: Vectors
    rows: Integers
    starts: Integers
    centres: Vectors
    close: Integers

    def nearest(self, queries: Vectors, k: int) -> Neighbours:
        """Return the desk's numbers of the `k` landmarks near to each query, and their cosines."""
        k = min(k, len(self.rows))
        rows = np.zeros((len(queries), k), dtype=np.int64)
        cosines = np.zeros((len(queries), k), dtype=np.float32)
        home = nearest(queries, self.centres, 1).rows[:, 0] if k else np.zeros(len(queries), dtype=np.int64)

        def search(cell: int) -> None:
            own = np.flatnonzero(home == cell)
            pool = self._pool(cell, k)
            # what is near is a few stretches of rows: each is multiplied where it lies, for copying takes longer
            found = largest(np.hstack([queries[own] @ self.vectors[part].T for part in pool]), k)
            numbers = np.concatenate([self.rows[part] for part in pool])
            rows[own], cosines[own] = numbers[found.rows], found.cosines

        abreast(search, np.unique(home).tolist())
        return Neighbours(rows, cosines)

    def _pool(self, cell: int, k: int) -> list[slice]:
        """Return the rows of the close cells, of all where those hold fewer than `k`."""
        pool = [slice(int(self.starts[c]), int(self.starts[c + 1])) for c in self.close[cell]]
        held = sum(part.stop - part.start for part in pool)
        return pool if held >= k else [slice(0, len(self.rows))]


def survey(vectors: Vectors, *, seed: int = 0) -> Landmarks:
    """Part the rows into cells, as many as the root of their number; a small desk is one cell."""
    count = len(vectors)
    if count <= _ONE_CELL:
        centres = np.zeros((1, vectors.shape[1]), dtype=np.float32)
        return Landmarks(
            vectors, np.arange(count), np.array([0, count]), centres, np.zeros((1, 1), dtype=np.int64)
        )
    cells = MiniBatchKMeans(
        int(count**0.5),
        init="random",  # k-means++ takes five times as long and finds no more of the neighbours
        random_state=seed,
        n_init=1,
        batch_size=4_096,
        max_iter=10,
        compute_labels=False,
    ).fit(vectors)
    centres = np.asarray(cells.cluster_centers_, dtype=np.float32)
    home = nearest(vectors, centres, 1).rows[:, 0]
    order = np.argsort(home, kind="stable")
    starts = np.r_[0, np.cumsum(np.bincount(home, minlength=len(centres)))]
    return Landmarks(vectors[order], order, starts, centres, nearest(centres, centres, _PROBES).rows)
