"""Each verdict needs its evidence, and says it."""

from __future__ import annotations

from typing import Any

import pytest

from kbsync.conversations.model import Conversation, Fin, Message
from kbsync.gaps.given import Addresses, given
from kbsync.gaps.impact import Usual, growth, impact, trend
from kbsync.gaps.model import HelpText
from kbsync.gaps.translation import answered_elsewhere, untranslated
from kbsync.gaps.verdict import Case, judge

DAY = 86_400.0
START = 1_760_000_000.0
ARTICLE = HelpText("refunds.md", "refunds", "en", "Refunds", ("Five days.",), updated_at=START)


def asked(count: int, *, every: float = DAY, **fields: Any) -> list[Conversation]:
    return [
        Conversation(id=f"c{number}", created_at=START + number * every, **fields) for number in range(count)
    ]


def case(members: list[Conversation], coverage: float, **fields: Any) -> Case:
    return Case(members, [coverage] * len(members), coverage, fields.pop("article", ARTICLE), 10.0, **fields)


def test_low_coverage_is_a_gap() -> None:
    """The nearest article is named with what it lacks."""
    found = judge(case(asked(5), 0.2))

    assert found.verdict == "uncovered"
    assert "Refunds" in found.evidence[0]


def test_no_article_at_all_is_a_gap() -> None:
    """An empty shelf is evidence enough."""
    assert judge(case(asked(5), 0.0, article=None)).verdict == "uncovered"


def test_an_answered_topic_is_covered() -> None:
    """Nothing speaks against the article."""
    assert judge(case(asked(6), 0.9)).verdict == "covered"


def test_fin_failing_with_the_article_makes_it_hard_to_find() -> None:
    """People who were given the answer still needed a person."""
    members = asked(8, fin=Fin("escalated", ("https://help/refunds",)))
    found = judge(case(members, 0.9, given=given(members, Addresses([ARTICLE]))))

    assert found.verdict == "hard_to_find"
    assert "8 of 8" in found.evidence[-1]


def test_fin_at_a_loss_makes_nothing_hard_to_find() -> None:
    """Fin that handed over without having used the article says nothing about finding it."""
    members = asked(8, fin=Fin("escalated"))
    found = judge(case(members, 0.9, given=given(members, Addresses([ARTICLE]))))

    assert found.verdict == "covered"


def test_an_article_older_than_a_change_of_what_is_asked_is_stale() -> None:
    """Those who asked before the last change were answered, most who ask since are not."""
    early = [Conversation(id=f"e{number}", created_at=START - DAY * (1 + number)) for number in range(6)]
    late = [Conversation(id=f"l{number}", created_at=START + DAY * (1 + number)) for number in range(6)]
    found = judge(Case([*early, *late], [0.9] * 7 + [0.1] * 5, 0.7, ARTICLE, 10.0))

    assert found.verdict == "stale"
    assert "5 of 6 ask for what it does not say, 0 of 6 before" in found.evidence[-1]


def test_far_more_asking_than_usual_makes_it_hard_to_find() -> None:
    """An article that answers, yet three times the usual number asks."""
    assert judge(case(asked(30), 0.9)).verdict == "hard_to_find"


def test_an_article_older_than_the_rise_is_stale() -> None:
    """Twice as many ask after the article's last change."""
    rising = asked(4, every=5 * DAY) + [
        Conversation(id=f"late{number}", created_at=START + 60 * DAY + number) for number in range(12)
    ]
    found = judge(case(rising, 0.9))

    assert found.verdict == "stale"
    assert "2025-10-09" in found.evidence[-1]


def test_an_uncovered_part_is_named() -> None:
    """One facet of the topic is missing from the article."""
    members = asked(9)
    mixed = Case(members, [0.9] * 5 + [0.1] * 4, 0.7, ARTICLE, 10.0, ("gift card",))
    found = judge(mixed)

    assert found.verdict == "partial"
    assert "gift card" in found.evidence[-1]


def test_an_answer_in_another_language_is_a_missing_translation() -> None:
    """Teammates who link the English article show what is to be translated."""
    link = Message("teammate", "Bitte sehr: https://help.example/articles/refunds")
    members = asked(4, messages=(Message("customer", "Wo bleibt mein Geld?"), link))
    elsewhere = answered_elsewhere(members, untranslated([ARTICLE], ["en"], "de"))
    found = judge(case(members, 0.1, article=None, elsewhere=elsewhere))

    assert found.verdict == "uncovered"
    assert any("Missing translation" in line for line in found.evidence)


def test_a_translated_article_is_not_missing() -> None:
    """An id that exists in the language asks for no translation."""
    german = HelpText("refunds.de.md", "refunds", "de", "Erstattungen", ())

    assert untranslated([ARTICLE, german], ["en", "de"], "de") == []


def test_impact_grows_with_effort_and_shrinks_with_coverage() -> None:
    """Ranking weighs what it costs by what is not answered."""
    everyone = Usual(10, 0.0)
    costly = asked(5, handling_seconds=900, reopens=1, rating=1, fin=Fin("negative_feedback"))

    assert impact(costly, everyone, 0.2)["score"] > impact(asked(5), everyone, 0.2)["score"]
    assert impact(costly, everyone, 0.9)["score"] < impact(costly, everyone, 0.2)["score"]
    assert impact(costly, everyone, 0.2)["unresolved_by_fin"] == 5


def test_the_trend_has_every_week() -> None:
    """Weeks without conversations stand as zero."""
    weeks = trend([*asked(1), Conversation(id="z", created_at=START + 14 * DAY)])

    assert [week["count"] for week in weeks] == [1, 0, 1]
    assert weeks[0]["week"] == "2025-W41"


@pytest.mark.parametrize("at", [-1e18, 1e18, float("inf"), float("nan"), -6.3e10])
def test_an_impossible_time_has_no_week(at: float) -> None:
    """A broken clock does not break the report."""
    broken = [Conversation(id="c", created_at=at)] * 3

    assert trend(broken) == trend(broken)
    assert growth(broken) > 0
