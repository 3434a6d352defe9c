"""Vectors turned so that what tells groups apart counts and what varies inside them does not.

Linear discriminants (Fisher 1936, Rao 1948) with the groups that were found standing in for labels: how people say
a thing varies within every group, so it says little about which thing they say.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from kbsync.gaps.arrays import Integers, Vectors, unit_rows

_DIMENSIONS: Final = 100
#: What is held to vary in every direction alike, for groups are small and directions many.
_SHRINKAGE: Final = 0.3
_FIT_ON: Final = 20_000
_TINY: Final = 1e-9
#: Two groups lie on a line, which has no angles.
_LINE: Final = 2


def discriminants(vectors: Vectors, group: Integers) -> Vectors:
    """Return unit rows along the directions that part the groups best; the vectors where nothing can be learned."""
    paired = np.flatnonzero(np.bincount(group)[group] > 1)
    rows = paired[:: 1 + len(paired) // _FIT_ON]
    _, label = np.unique(group[rows], return_inverse=True)
    groups = int(label.max(initial=-1)) + 1
    if groups <= _LINE or _spread(vectors[rows], label) < _TINY:
        return vectors
    learned = LinearDiscriminantAnalysis(
        solver="eigen",
        shrinkage=_SHRINKAGE,
        n_components=min(_DIMENSIONS, groups - 1, vectors.shape[1]),
    )
    return unit_rows(learned.fit(vectors[rows], label).transform(vectors))


def _spread(vectors: Vectors, label: Integers) -> float:
    """Return the mean squared distance of the rows from the centre of their group."""
    sums = np.zeros((int(label.max()) + 1, vectors.shape[1]))
    np.add.at(sums, label, vectors)
    centres = sums / np.bincount(label)[:, None]
    return float(((vectors - centres[label]) ** 2).sum() / len(vectors))
