"""Topics are found without a number, the same every time, and one gap stands there once."""

from __future__ import annotations

import numpy as np
import pytest

from kbsync.gaps.arrays import Vectors, unit_rows
from kbsync.gaps.cluster import topics
from kbsync.gaps.discriminant import discriminants
from kbsync.gaps.graph import connect, diffuse
from kbsync.gaps.merge import merge
from kbsync.gaps.neighbours import nearest, nearest_others


def blobs(*sizes: int, width: int = 24, spread: float = 0.35, seed: int = 0) -> tuple[Vectors, np.ndarray]:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(len(sizes), width))
    truth = np.repeat(np.arange(len(sizes)), sizes)
    return unit_rows(centres[truth] + spread * rng.normal(size=(len(truth), width))), truth


def nobody(count: int) -> np.ndarray:
    return np.full(count, -1)


def once(count: int) -> np.ndarray:
    return np.ones(count, dtype=np.int64)


def test_clear_groups_are_found_without_their_number() -> None:
    """Every found topic holds questions of one group."""
    vectors, truth = blobs(30, 40, 50, 20)
    found = topics(vectors, connect(vectors), nobody(len(vectors)), once(len(vectors)))

    assert all(len(set(truth[found == number])) == 1 for number in np.unique(found))


def test_the_same_questions_give_the_same_topics() -> None:
    """No chance remains, even where groups run into each other and a hair decides."""
    vectors, _ = blobs(*[30] * 20, width=16, spread=1.5)
    everyone = once(len(vectors))

    first, second = (topics(vectors, connect(vectors), nobody(600), everyone) for _ in range(2))
    assert first.tolist() == second.tolist()


def test_articles_tell_how_fine_topics_are() -> None:
    """Where two near groups have an article each, they are not one topic."""
    rng = np.random.default_rng(3)
    centre, step = rng.normal(size=16), rng.normal(size=16) * 0.45
    near = np.vstack([centre + side * step + 0.35 * rng.normal(size=(60, 16)) for side in (-1, 1)])
    others, _ = blobs(40, 40, width=16)
    vectors = unit_rows(np.vstack([near, others]))
    anchor = np.r_[np.repeat([0, 1], 60), nobody(80)]
    found = topics(vectors, connect(vectors), anchor, once(len(vectors)))

    assert np.bincount(found[:60]).argmax() != np.bincount(found[60:120]).argmax()


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5])
def test_a_handful_of_questions_is_no_error(count: int) -> None:
    """Every row gets a topic, however few there are."""
    vectors, _ = blobs(5)

    assert topics(vectors[:count], connect(vectors[:count]), nobody(count), once(count)).shape == (count,)


def test_equal_rows_are_one_neighbourhood() -> None:
    """Identical questions do not break the graph."""
    vectors = unit_rows(np.ones((40, 4)))
    graph = connect(vectors)

    assert np.isfinite(graph.weights.data).all()
    assert np.isfinite(diffuse(np.arange(40.0), graph)).all()


def test_halves_of_one_gap_are_merged_and_others_left() -> None:
    """A group cut in two at random becomes one again; distinct groups stay apart."""
    vectors, truth = blobs(40, 40)
    cut = np.where(truth == 0, np.arange(80) % 2, 2)
    merged = merge(vectors, np.ones(80, dtype=np.int64), cut, np.array([0, 1, 2]))

    assert len(set(merged[truth == 0])) == 1
    assert len(set(merged)) == 2


def test_only_candidates_are_merged() -> None:
    """What is covered keeps its topics."""
    vectors, _ = blobs(40)
    cut = np.arange(40) % 2

    assert len(set(merge(vectors, np.ones(40, dtype=np.int64), cut, np.array([0])))) == 2


def test_what_different_articles_answer_stays_apart() -> None:
    """Two halves of one group that have an article each are two topics, with one article they are one."""
    vectors, _ = blobs(40)
    half = np.arange(40) % 2
    everyone, both = once(40), np.array([0, 1])

    assert len(set(merge(vectors, everyone, half, both, half))) == 2
    assert len(set(merge(vectors, everyone, half, both, np.zeros_like(half)))) == 1


def test_a_few_strays_do_not_keep_a_topic_in_two() -> None:
    """An article must answer most of a group before it speaks for it."""
    vectors, _ = blobs(40)
    half = np.arange(40) % 2
    strays = np.where(np.arange(40) < 16, half, -1)

    assert len(set(merge(vectors, once(40), half, np.array([0, 1]), strays))) == 1


def test_topics_do_not_split_because_the_desk_grew() -> None:
    """Four times the questions of the same groups are as many topics, each of one group."""
    centres = np.eye(12, 24)
    found = []
    for size in (15, 60):
        truth = np.repeat(np.arange(12), size)
        noise = np.random.default_rng(size).normal(size=(len(truth), 24))
        vectors = unit_rows(centres[truth] + 0.12 * noise)
        found.append(topics(vectors, connect(vectors), nobody(len(truth)), once(len(truth))))

    assert [len(set(numbers)) for numbers in found] == [12, 12]


def test_what_varies_in_every_group_is_turned_down() -> None:
    """Groups that differ in one direction and vary in another lie closer together afterwards, and farther apart."""
    rng = np.random.default_rng(2)
    truth = np.repeat(np.arange(4), 30)
    told = np.eye(4)[truth]
    vectors = unit_rows(np.hstack([told, 2.0 * rng.normal(size=(120, 2)), 0.1 * rng.normal(size=(120, 6))]))

    def apart(rows: Vectors) -> float:
        same = truth[:, None] == truth
        return float((rows @ rows.T)[same].mean() - (rows @ rows.T)[~same].mean())

    assert apart(discriminants(vectors, truth)) > 2 * apart(vectors)


@pytest.mark.parametrize("groups", [1, 2, 40])
def test_where_nothing_can_be_learned_vectors_stay(groups: int) -> None:
    """One group, two, or none with two members are no ground to turn anything."""
    vectors, _ = blobs(40)

    assert discriminants(vectors, np.arange(40) % groups) is vectors


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
