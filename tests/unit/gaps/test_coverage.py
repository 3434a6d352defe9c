"""Coverage tells what an article answers, whatever else is on the shelf."""

from __future__ import annotations

import numpy as np
import pytest

from kbsync.gaps.arrays import Floats, Vectors, unit_rows
from kbsync.gaps.calibrate import answered, split_point
from kbsync.gaps.coverage import margin_over_next, weigh
from kbsync.gaps.graph import connect
from kbsync.gaps.heard import heard, per_article, sought

GROUPS, EACH, WIDTH = 12, 25, 96


def auroc(scores: Floats, positive: np.ndarray) -> float:
    return float(np.mean(scores[positive][:, None] > scores[~positive][None, :]))


def desk(seed: int = 0) -> tuple[Vectors, np.ndarray, Floats]:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(GROUPS, WIDTH))
    truth = np.repeat(np.arange(GROUPS), EACH)
    return unit_rows(centres[truth] + 1.0 * rng.normal(size=(len(truth), WIDTH))), truth, centres


def shelf(centres: Floats, rng: np.random.Generator) -> tuple[Vectors, np.ndarray]:
    passages = unit_rows(np.repeat(centres, 2, axis=0) + 0.8 * rng.normal(size=(2 * len(centres), WIDTH)))
    return passages, np.repeat(np.arange(len(centres)), 2)


def test_answered_questions_rank_above_the_others() -> None:
    """Half of the groups have an article; theirs is the stronger evidence."""
    questions, truth, centres = desk()
    evidence = weigh(questions, *shelf(centres[:6], np.random.default_rng(1)), connect(questions))

    assert auroc(evidence.strength, truth < 6) > 0.95


def test_unrelated_articles_hardly_matter() -> None:
    """Three hundred articles about nothing anybody asks cost at most 0.02 of the ranking."""
    questions, truth, centres = desk()
    rng = np.random.default_rng(1)
    passages, owner = shelf(centres[:6], rng)
    foreign, others = shelf(rng.normal(size=(300, WIDTH)), rng)
    graph = connect(questions)
    alone = auroc(weigh(questions, passages, owner, graph).strength, truth < 6)
    both = weigh(questions, np.vstack([passages, foreign]), np.r_[owner, others + 6], graph)

    assert auroc(both.strength, truth < 6) >= alone - 0.02


def test_without_articles_there_is_no_evidence() -> None:
    """An empty shelf covers nothing and names no article."""
    questions, _, _ = desk()
    evidence = weigh(questions, np.zeros((0, WIDTH), np.float32), np.zeros(0, np.int64), connect(questions))

    assert not evidence.strength.any()
    assert set(evidence.article) == {-1}


def test_an_article_is_as_near_as_its_best_passage() -> None:
    """Long articles do not lose by what else they say."""
    questions = unit_rows(np.eye(3))
    passages = unit_rows(np.array([[1.0, 0, 0], [0, 1, 0], [0, 1, 1]]))

    assert per_article(questions, passages, np.array([0, 0, 1]))[:, 0].tolist() == [1.0, 1.0, 0.0]


def test_a_lone_article_has_no_margin() -> None:
    """There is nothing to be ahead of."""
    assert margin_over_next(np.ones((2, 1))).tolist() == [0.0, 0.0]


def test_the_number_is_a_probability_that_grows_with_the_evidence() -> None:
    """Two humps are told apart with certainty, and the order is kept."""
    rng = np.random.default_rng(0)
    evidence = np.sort(np.r_[rng.normal(-2, 0.3, 20), rng.normal(2, 0.3, 40)])
    share = answered(evidence, np.zeros(60))

    assert (np.diff(share) >= 0).all()
    assert (share[:20] < 0.1).all()
    assert (share[20:] > 0.9).all()


def test_the_scale_of_the_evidence_does_not_matter() -> None:
    """The same desk measured in other units gets the same numbers."""
    evidence = np.random.default_rng(0).normal(size=40)

    assert np.allclose(answered(evidence, np.zeros(40)), answered(7 * evidence + 3, np.zeros(40)), atol=0.02)


def test_few_topics_are_judged_by_contrast() -> None:
    """Nearer to an article than unanswered topics are means answered."""
    assert (answered(np.zeros(2), np.array([0.3, -0.3])) > 0.5).tolist() == [True, False]


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 1.0], [0.0, 0.0, 9.0, 9.0]])
def test_the_split_point_lies_within(values: list[float]) -> None:
    """Any list has a point that parts it."""
    point = split_point(np.array(values))

    assert not values or min(values) <= point <= max(values)


@pytest.mark.parametrize(("middle", "share"), [(4.0, 1.0), (0.0, 0.0)])
@pytest.mark.parametrize("seed", range(5))
def test_a_desk_of_one_kind_is_not_parted_in_two(middle: float, share: float, seed: int) -> None:
    """Where all topics have an article hardly one is a gap, and where none has nearly all are."""
    rng = np.random.default_rng(seed)
    evidence, rest = rng.normal(middle, 1.0, 60), rng.normal(-1.0, 1.0, 60)

    assert abs(float((answered(evidence, np.zeros(60), rest) > 0.5).mean()) - share) <= 0.1


def test_evidence_without_the_best_article_is_lower() -> None:
    """Taking the best article away never makes a question look better answered, and one article leaves nothing."""
    questions, _, centres = desk()
    passages, owner = shelf(centres[:6], np.random.default_rng(1))
    graph = connect(questions)
    evidence = weigh(questions, passages, owner, graph)

    assert evidence.rest.mean() < evidence.strength.mean()
    assert not len(weigh(questions, passages[owner == 0], owner[owner == 0], graph).rest)


def test_articles_that_no_question_comes_near_are_left_out() -> None:
    """Hundreds of articles about something else do not compete, those that are asked for all stay."""
    questions, _, centres = desk()
    rng = np.random.default_rng(1)
    passages, owner = shelf(centres, rng)
    foreign, others = shelf(rng.normal(size=(200, WIDTH)), rng)
    found = sought(questions, np.vstack([passages, foreign]), np.r_[owner, others + GROUPS])

    assert set(range(GROUPS)) <= set(found.article.tolist())
    assert len(found.article) < GROUPS + 20
    assert found.article[found.owner].tolist() == sorted(found.article[found.owner].tolist())


def test_a_passage_is_heard_as_far_as_its_words_are_used() -> None:
    """A passage in the desk's own words counts whole, one in words that nobody uses hardly."""
    questions = ["where is my refund", "my parcel is late", "the refund of the parcel is late"] * 5
    shares = heard(questions, ["the refund is late", "my parcel", "my mortgage amortises quarterly"])

    assert shares[:2].tolist() == [1.0, 1.0]
    assert 0.0 < shares[2] < 0.5


def test_without_spaces_between_words_nothing_is_unheard_of() -> None:
    """Scripts whose words cannot be told apart lose nothing."""
    assert heard(["返金はいつですか", "荷物が届きません"], ["返金について", "配送"]).tolist() == [1.0, 1.0]
