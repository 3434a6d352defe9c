"""What customers ask an article for brings it nearer to the others who ask the same."""

from __future__ import annotations

import numpy as np

from kbsync.gaps.arrays import Flags, Floats, Vectors, unit_rows
from kbsync.gaps.feedback import asked_for
from kbsync.gaps.graph import connect

GROUPS, EACH, WIDTH = 8, 20, 64


def desk(answered: int) -> tuple[Vectors, Vectors, Floats]:
    """Return questions of eight groups, passages for the first of these in words of their own, and the groups' centres."""
    rng = np.random.default_rng(3)
    centres = rng.normal(size=(GROUPS, WIDTH))
    questions = np.repeat(centres, EACH, axis=0) + 0.8 * rng.normal(size=(GROUPS * EACH, WIDTH))
    passages = centres[:answered] + 1.2 * rng.normal(size=(answered, WIDTH))
    return unit_rows(questions), unit_rows(passages), centres


def nearness(passages: Vectors, centres: Floats) -> Floats:
    return np.asarray((passages * unit_rows(centres[: len(passages)])).sum(axis=1))


def moved(before: Vectors, after: Vectors) -> Flags:
    return np.asarray((before != after).any(axis=1))


def test_an_article_comes_nearer_to_those_who_ask_for_it() -> None:
    """Each passage lies nearer to its own group, and is a unit row still."""
    questions, passages, centres = desk(answered=4)
    after = asked_for(questions, passages, np.arange(4), connect(questions))

    assert (nearness(after, centres) > nearness(passages, centres)).all()
    assert np.allclose(np.linalg.norm(after, axis=1), 1.0)


def test_all_that_an_article_says_moves_with_it() -> None:
    """A passage that nobody comes near goes along with the one that they do come near."""
    questions, passages, _ = desk(answered=4)
    further = unit_rows(np.random.default_rng(5).normal(size=(1, WIDTH)))
    after = asked_for(
        questions, np.vstack([passages, further]), np.array([0, 1, 2, 3, 3]), connect(questions)
    )

    assert moved(np.vstack([passages, further]), after).all()


def test_an_article_that_nobody_asks_for_stays_as_it_is() -> None:
    """It is about something else, and no question speaks for it."""
    questions, passages, _ = desk(answered=4)
    foreign = unit_rows(np.random.default_rng(7).normal(size=(1, WIDTH)))
    before = np.vstack([passages, foreign])

    assert moved(before, asked_for(questions, before, np.arange(5), connect(questions))).tolist()[-1] is False


def test_an_article_that_few_ask_for_is_not_drawn_to_them() -> None:
    """What a handful of questions come near may be about something else; what as many as usual ask for is moved."""
    questions, passages, _ = desk(answered=4)
    few = np.r_[np.arange(3 * EACH), 3 * EACH + np.arange(4), np.arange(4 * EACH, GROUPS * EACH)]
    after = asked_for(questions[few], passages, np.arange(4), connect(questions[few]))

    assert moved(passages, after).tolist() == [True, True, True, False]


def test_nothing_is_made_of_nothing() -> None:
    """Neither without articles nor without questions is there anything to move."""
    questions, passages, _ = desk(answered=4)
    nobody, nothing = np.zeros((0, WIDTH), np.float32), np.zeros(0, np.int64)

    assert not len(asked_for(questions, nobody, nothing, connect(questions)))
    assert not moved(passages, asked_for(nobody, passages, np.arange(4), connect(nobody))).any()
