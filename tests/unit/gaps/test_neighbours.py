"""The nearest are those that sorting everything finds, equals in the order of their numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbsync.gaps.arrays import Vectors, unit_rows
from kbsync.gaps.neighbours import nearest, nearest_others

WIDTH = 8


def rows(count: int, *, seed: int = 0, coarse: bool = False) -> Vectors:
    found = np.random.default_rng(seed).normal(size=(count, WIDTH))
    return unit_rows(np.round(found) if coarse else found)


@settings(deadline=None)
@given(
    queries=st.integers(0, 20),
    pool=st.integers(1, 3_000),
    k=st.integers(1, 20),
    seed=st.integers(0, 99),
    coarse=st.booleans(),
)
def test_nothing_nearer_is_left_out(queries: int, pool: int, k: int, seed: int, *, coarse: bool) -> None:
    """Whatever the sizes, and where many are equally near, the nearest are found, the first of equals first."""
    asked, held = rows(queries, seed=seed, coarse=coarse), rows(pool, seed=seed + 1, coarse=coarse)

    found = nearest(asked, held, k)

    cosines = asked @ held.T
    sorted_ = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
    assert np.array_equal(found.rows, sorted_)
    assert np.array_equal(found.cosines, np.take_along_axis(cosines, sorted_, axis=1))


@pytest.mark.parametrize("unknown", [1, 7, 500])
def test_texts_without_a_known_word_have_neighbours_like_others(unknown: int) -> None:
    """Rows of zeros are as far from everything: they get the first others, and nobody's are lost for them."""
    vectors = rows(500)
    vectors[:unknown] = 0.0

    found = nearest_others(vectors, 3)

    assert found.rows.shape == (500, 3)
    assert (found.cosines[:unknown] == 0.0).all()
    assert (found.rows != np.arange(500)[:, None]).all()
    assert all(len(set(each)) == 3 for each in found.rows.tolist())
