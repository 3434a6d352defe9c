"""Topics are found without a number, the same every time and however much is asked."""

from __future__ import annotations

import numpy as np
import pytest

from kbsync.gaps.arrays import Vectors, unit_rows
from kbsync.gaps.cluster import topics
from kbsync.gaps.graph import connect, diffuse
from kbsync.gaps.neighbours import nearest, nearest_others


def blobs(*sizes: int, width: int = 24, spread: float = 0.35, seed: int = 0) -> tuple[Vectors, np.ndarray]:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(len(sizes), width))
    truth = np.repeat(np.arange(len(sizes)), sizes)
    return unit_rows(centres[truth] + spread * rng.normal(size=(len(truth), width))), truth


def once(count: int) -> np.ndarray:
    return np.ones(count, dtype=np.int64)


def test_clear_groups_are_found_without_their_number() -> None:
    """Every found topic holds questions of one group."""
    vectors, truth = blobs(30, 40, 50, 20)
    found = topics(vectors, connect(vectors), once(len(vectors)))

    assert all(len(set(truth[found == number])) == 1 for number in np.unique(found))


def test_the_same_questions_give_the_same_topics() -> None:
    """No chance remains."""
    vectors, _ = blobs(30, 40, 50)

    first, second = (topics(vectors, connect(vectors), once(len(vectors))) for _ in range(2))
    assert first.tolist() == second.tolist()


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5])
def test_a_handful_of_questions_is_no_error(count: int) -> None:
    """Every row gets a topic, however few there are."""
    vectors, _ = blobs(5)

    assert topics(vectors[:count], connect(vectors[:count]), once(count)).shape == (count,)


def test_equal_rows_are_one_neighbourhood() -> None:
    """Identical questions do not break the graph."""
    vectors = unit_rows(np.ones((40, 4)))
    graph = connect(vectors)

    assert np.isfinite(graph.weights.data).all()
    assert np.isfinite(diffuse(np.arange(40.0), graph)).all()


def test_topics_do_not_split_because_the_desk_grew() -> None:
    """Four times the questions of the same groups are as many topics, each of one group."""
    centres = np.eye(12, 24)
    found = []
    for size in (15, 60):
        truth = np.repeat(np.arange(12), size)
        noise = np.random.default_rng(size).normal(size=(len(truth), 24))
        vectors = unit_rows(centres[truth] + 0.12 * noise)
        found.append(topics(vectors, connect(vectors), once(len(truth))))

    assert [len(set(numbers)) for numbers in found] == [12, 12]


def test_neighbours_are_what_a_full_comparison_gives() -> None:
    """Chunks change nothing, and a row is not its own neighbour."""
    vectors, _ = blobs(700, 600, spread=1.0)
    similarity = vectors @ vectors.T
    np.fill_diagonal(similarity, -2)
    found = nearest_others(vectors, 5)

    assert np.allclose(found.cosines, -np.sort(-similarity, axis=1)[:, :5], atol=1e-5)
    assert not (found.rows == np.arange(len(vectors))[:, None]).any()


def test_cells_find_nearly_all_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the exact size at least 19 of 20 neighbours are still found."""
    vectors, _ = blobs(*[60] * 30)
    exact = nearest_others(vectors, 10)
    monkeypatch.setattr("kbsync.gaps.neighbours._EXACT", 100)
    found = nearest_others(vectors, 10)
    shared = [len(set(a) & set(b)) for a, b in zip(exact.rows.tolist(), found.rows.tolist(), strict=True)]

    assert np.mean(shared) >= 9.5


def test_fewer_in_the_pool_than_asked_for() -> None:
    """The pool's size bounds the neighbours."""
    vectors, _ = blobs(4)

    assert nearest(vectors, vectors[:2], 5).rows.shape == (4, 2)
