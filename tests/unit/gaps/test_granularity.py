"""How fine a desk's topics are, its articles tell."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kbsync.gaps.arrays import Integers
from kbsync.gaps.granularity import between, fitness, match, telling

PER_ARTICLE = 4


def rows(articles: int) -> Integers:
    """Return an article for each row, four rows each."""
    return np.repeat(np.arange(articles), PER_ARTICLE)


def once(anchor: Integers) -> Integers:
    return np.ones(len(anchor), dtype=np.int64)


@given(st.integers(2, 12), st.randoms(use_true_random=False))
def test_groups_that_are_the_articles_match_wholly(articles: int, chance: random.Random) -> None:
    """However the groups are numbered."""
    anchor = rows(articles)
    names = list(range(articles))
    chance.shuffle(names)

    assert match(np.array(names)[anchor], anchor, once(anchor)) == 1.0


@given(st.integers(2, 12), st.data())
def test_neither_splitting_nor_lumping_pays(articles: int, data: st.DataObject) -> None:
    """A group cut in two matches less well, and so do two groups put together."""
    anchor = rows(articles)
    one, other = data.draw(st.permutations(range(articles)))[:2]
    split = np.where((anchor == one) & (np.arange(len(anchor)) % 2 == 0), articles, anchor)
    lumped = np.where(anchor == other, one, anchor)

    assert match(split, anchor, once(anchor)) < 1.0
    assert match(lumped, anchor, once(anchor)) < 1.0


def test_what_no_article_surely_answers_says_nothing() -> None:
    """Rows without an article may be grouped in any way."""
    anchor = np.r_[rows(3), np.full(6, -1)]
    apart = np.r_[rows(3), 3 + np.arange(6)]
    together = np.r_[rows(3), np.full(6, 0)]

    assert match(apart, anchor, once(anchor)) == match(together, anchor, once(anchor)) == 1.0


def test_a_few_articles_tell_nothing() -> None:
    """At least five articles must answer three questions each; resends count."""
    assert telling(rows(5), once(rows(5)))
    assert not telling(rows(4), once(rows(4)))
    assert telling(np.arange(5), np.full(5, 3))
    assert not telling(np.full(9, -1), np.ones(9, dtype=np.int64))


def test_small_groups_may_be_put_together_first() -> None:
    """What merging mends is no fault of a finer cut."""
    anchor = rows(6)
    vectors = np.eye(6, dtype=np.float32)[anchor]
    halves = 2 * anchor + np.arange(len(anchor)) % 2

    assert match(halves, anchor, once(anchor)) < 1.0
    assert fitness(vectors, once(anchor), halves, anchor) == 1.0


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_hair_does_not_decide_between_two_cuts(fine: float, coarse: float) -> None:
    """Cuts that suit alike are met halfway, a little more moves a little, and only a clear lead takes one of them."""
    way = between(fine, coarse)

    assert between(fine, fine) == 0.5
    assert way == 1.0 - between(coarse, fine)
    assert abs(between(fine, coarse + 0.002) - way) <= 0.125
    assert way == float(coarse > fine) or abs(coarse - fine) < 0.06
