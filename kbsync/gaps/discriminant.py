"""Vectors turned so that what tells groups apart counts and what varies inside them does not.

Linear discriminants (Fisher 1936, Rao 1948) with the groups that were found standing in for labels: how people say
a thing varies within every group, so it says little about which thing they say. The variation within is summed over
all groups at once; scikit-learn makes a matrix for each group, which takes seconds for hundreds of groups.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.linalg import eigh

from kbsync.gaps.arrays import Floats, Integers, Vectors, summed, unit_rows

_DIMENSIONS: Final = 100
#: What is held to vary in every direction alike, for groups are small and directions many.
_SHRINKAGE: Final = 0.6
_FIT_ON: Final = 20_000
_TINY: Final = 1e-9
#: Two groups lie on a line, which has no angles.
_LINE: Final = 2


def discriminants(vectors: Vectors, group: Integers) -> Vectors:
    """Return unit rows along the directions that part the groups best; the vectors where nothing can be learned."""
    paired = np.flatnonzero(np.bincount(group)[group] > 1)
    rows = paired[:: 1 + len(paired) // _FIT_ON]
    if not len(rows):
        return vectors
    _, label, sizes = np.unique(group[rows], return_inverse=True, return_counts=True)
    inside = vectors[rows]
    centres = summed(inside, label, np.ones(len(rows), dtype=np.float32), len(sizes))
    centres /= sizes[:, None]
    inside -= centres[label]
    within = inside.T @ inside / len(rows)
    usual = float(np.trace(within)) / len(within)
    if len(sizes) <= _LINE or usual < _TINY:
        return vectors
    within *= 1.0 - _SHRINKAGE
    within[np.diag_indices_from(within)] += _SHRINKAGE * usual
    middle = sizes @ centres / len(rows)
    spread = (centres - middle) * np.sqrt(sizes / len(rows))[:, None]
    directions = _directions(spread.T @ spread, within, len(sizes) - 1)
    return unit_rows(vectors @ directions - middle.astype(np.float32) @ directions)


def _directions(between: Floats, within: Floats, most: int) -> Floats:
    """Return the columns along which groups lie farthest apart for their width."""
    last = len(within) - 1
    first = max(last + 1 - min(_DIMENSIONS, most), 0)
    _, columns = eigh(between, within, subset_by_index=(first, last))
    return np.asarray(columns, dtype=np.float32)
