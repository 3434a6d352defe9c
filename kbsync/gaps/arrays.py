"""Names for the array types that the analysis passes around."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

#: Real numbers, any shape.
Floats: TypeAlias = NDArray[np.floating[Any]]
#: Unit rows, shape (texts, dimensions), float32; a row of zeros stands for a text without any known word.
Vectors: TypeAlias = NDArray[np.float32]
#: Row numbers or labels.
Integers: TypeAlias = NDArray[np.integer[Any]]
#: Yes or no for each row.
Flags: TypeAlias = NDArray[np.bool_]


def unit_rows(matrix: Floats) -> Vectors:
    """Return the rows scaled to length one as float32; rows of zeros stay zero."""
    length = np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.asarray(matrix / np.where(length > 0, length, 1.0), dtype=np.float32)


def summed(rows: Floats, group: Integers, weight: Floats, groups: int) -> Floats:
    """Return the weighted sum of the rows of each group, shape (groups, d), added up in order, in the weights' precision."""
    member = csr_matrix((weight, (group, np.arange(len(group)))), shape=(groups, len(group)))
    return np.asarray(member @ rows)
