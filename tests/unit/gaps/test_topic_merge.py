"""One gap stands there once, and what is distinct stays distinct."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbsync.gaps.arrays import Vectors, unit_rows
from kbsync.gaps.merge import merge


def groups(*sizes: int, seed: int = 0) -> tuple[Vectors, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(len(sizes)), sizes)
    centres = rng.normal(size=(len(sizes), 24))
    return unit_rows(centres[truth] + 0.35 * rng.normal(size=(len(truth), 24))), truth


def once(count: int) -> np.ndarray:
    return np.ones(count, dtype=np.int64)


@pytest.mark.parametrize("pieces", [2, 4])
def test_pieces_of_one_gap_are_merged_and_others_left(pieces: int) -> None:
    """A group cut at random becomes one again; distinct groups stay apart."""
    vectors, truth = groups(40, 40)
    cut = np.where(truth == 0, np.arange(80) % pieces, pieces)
    merged = merge(vectors, once(80), cut, np.arange(pieces + 1))

    assert len(set(merged[truth == 0])) == 1
    assert len(set(merged)) == 2


def test_only_candidates_are_merged() -> None:
    """What is covered keeps its topics."""
    vectors, _ = groups(40)
    cut = np.arange(40) % 2

    assert len(set(merge(vectors, once(40), cut, np.array([0])))) == 2


def test_a_stricter_share_merges_less() -> None:
    """The share of likeness that makes two one is the caller's to set."""
    vectors, _ = groups(40)
    cut = np.arange(40) % 2

    assert len(set(merge(vectors, once(40), cut, np.array([0, 1]), alike=2.0))) == 2


def test_a_resend_counts_as_often_as_it_was_asked() -> None:
    """Rows with counts merge as their copies would."""
    vectors, truth = groups(12, 12, 12, seed=4)
    topic = truth * 2 + np.arange(36) % 2
    counts = 1 + np.arange(36) % 3
    copies = np.repeat(np.arange(36), counts)
    folded = merge(vectors, counts, topic, np.arange(6))
    unfolded = merge(vectors[copies], once(len(copies)), topic[copies], np.arange(6))

    assert folded[copies].tolist() == unfolded.tolist()


@given(st.integers(0, 50), st.integers(1, 8), st.sets(st.integers(0, 7)))
def test_topics_are_only_ever_put_together(seed: int, number: int, candidates: set[int]) -> None:
    """Rows of one topic stay together, and topics that are no candidates stay what they are."""
    rng = np.random.default_rng(seed)
    vectors = unit_rows(rng.normal(size=(40, 4)))
    topic = np.unique(rng.integers(number, size=40), return_inverse=True)[1]
    merged = merge(vectors, once(40), topic, np.array(sorted(candidates)))

    for one in np.unique(topic):
        (place,) = set(merged[topic == one].tolist())
        if one not in candidates:
            assert set(topic[merged == place].tolist()) == {one}
