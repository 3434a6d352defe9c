"""What the articles do for a topic, with the evidence in sentences."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from kbsync.conversations.model import Conversation
from kbsync.gaps.given import Given, Habits, gain, raised
from kbsync.gaps.impact import growth
from kbsync.gaps.model import HelpText, Verdict

#: The coverage scale is calibrated so that below this a topic is so likely unanswered that it pays to report it.
CUT: Final = 0.5
_FACET: Final = 0.25
_OFTEN: Final = 0.25
_AT_LEAST: Final = 3
_RISING: Final = 2.0
_SELDOM: Final = 0.1
_LARGE: Final = 2.0
_WELL: Final = 0.75


class Case(NamedTuple):
    """What is known about one topic when it is judged.

    `scores` are the coverages of its members in their order, `usual_size` is the median size of the desk's topics,
    `facet` the words that set its uncovered members apart, `elsewhere` an article that answers it in another
    language. `given` are the articles that its members were answered with, `usual` is what is usual at the desk.
    """

    members: Sequence[Conversation]
    scores: Sequence[float]
    coverage: float
    article: HelpText | None
    usual_size: float
    facet: Sequence[str] = ()
    elsewhere: HelpText | None = None
    given: Sequence[Given] = ()
    usual: Habits = Habits()


class Judgement(NamedTuple):
    """A verdict and why, with the coverage and the article it rests on; `gain` is what being given it adds in log odds."""

    verdict: Verdict
    evidence: list[str]
    coverage: float
    article: HelpText | None
    gain: float = 0.0


def judge(case: Case) -> Judgement:
    """Return the verdict: the first of uncovered, stale, hard to find, partial that has evidence, else covered."""
    case, by = _told(case)
    verdict, evidence = _verdict(case)
    return Judgement(verdict, evidence, case.coverage, case.article, by)


def _told(case: Case) -> tuple[Case, float]:
    """Take in what the articles did that customers were given; the one that speaks loudest is the topic's article."""
    if not case.given:
        return case, 0.0
    article, by = case.article, 0.0
    if article is not None:
        by = gain(_own(case), case.usual)
    loudest = max(case.given, key=lambda found: gain(found, case.usual))
    if gain(loudest, case.usual) > max(by, 0.0):
        article, by = loudest.article, gain(loudest, case.usual)
    coverage, *scores = raised(np.array([case.coverage, *case.scores]), np.array(by)).tolist()
    return case._replace(article=article, coverage=coverage, scores=scores), by


def _verdict(case: Case) -> tuple[Verdict, list[str]]:
    if case.article is None or case.coverage < CUT:
        return "uncovered", [*_nearest(case), *_translation(case)]
    found: tuple[tuple[Verdict, list[str]], ...] = (
        ("stale", _stale(case)),
        ("hard_to_find", _hidden(case)),
        ("partial", _partial(case)),
        ("covered", [""]),
    )
    verdict, reasons = next((verdict, reasons) for verdict, reasons in found if reasons)
    return verdict, [*_answered(case), *filter(None, reasons)]


def _nearest(case: Case) -> list[str]:
    if case.article is None:
        return ["No article in this language is near these questions."]
    return [
        f"The nearest article is “{case.article.title}”, yet its passages are not about this (coverage {case.coverage:.2f})."
    ]


def _translation(case: Case) -> list[str]:
    if case.elsewhere is None:
        return []
    return [f"Missing translation: “{case.elsewhere.title}” answers it in {case.elsewhere.locale}."]


def _answered(case: Case) -> list[str]:
    assert case.article is not None
    lines = [f"“{case.article.title}” answers it (coverage {case.coverage:.2f})."]
    own = _own(case)
    if own.resolved:
        lines.append(f"Fin resolved {own.resolved} of these conversations with it.")
    return lines


def _own(case: Case) -> Given:
    """Return how its article was given to the topic's customers."""
    assert case.article is not None
    path = case.article.path
    tried = case.given[0].tried if case.given else 0
    return next(
        (found for found in case.given if found.article.path == path), Given(case.article, tried=tried)
    )


def _stale(case: Case) -> list[str]:
    """An article older than a change: people ask what it does not say, ask more often, or come back more often."""
    article = case.article
    if article is None or article.updated_at is None or len(case.members) < 2 * _AT_LEAST:
        return []
    later = [member.created_at > article.updated_at for member in case.members]
    if sum(later) < _AT_LEAST:
        return []
    middle = sorted(member.created_at for member in case.members)[len(case.members) // 2]
    reasons = [*_changed(case, later)]
    if growth(case.members) >= _RISING and article.updated_at < middle:
        reasons.append(f"it is asked at least twice as often as before ({sum(later)} conversations)")
    if _reopened(case.members, middle):
        reasons.append("cases are reopened more often")
    day = dt.datetime.fromtimestamp(article.updated_at, dt.UTC).date().isoformat()
    return [f"The article was last changed on {day}; since then {' and '.join(reasons)}."] if reasons else []


def _changed(case: Case, later: Sequence[bool]) -> list[str]:
    """Whether far more of those who asked after the article's last change ask what it does not say."""
    low = [score < CUT for score in case.scores]
    late = sum(each for each, after in zip(low, later, strict=True) if after)
    early, before = sum(low) - late, len(low) - sum(later)
    share = max(early / before if before else 1.0, _SELDOM)
    if before < _AT_LEAST or late < _AT_LEAST or late / sum(later) < _RISING * share:
        return []
    return [f"{late} of {sum(later)} ask for what it does not say, {early} of {before} before"]


def _reopened(members: Sequence[Conversation], middle: float) -> bool:
    late = [member.reopens > 0 for member in members if member.created_at >= middle]
    early = [member.reopens > 0 for member in members if member.created_at < middle]
    if sum(late) < _AT_LEAST or not early:
        return False
    return sum(late) / len(late) >= _RISING * max(sum(early) / len(early), 0.05)


def _hidden(case: Case) -> list[str]:
    """People who had the answer at hand still asked: given it or sent to it, or far more of them than usual."""
    own, count = _own(case), len(case.members)
    often = max(_AT_LEAST, _OFTEN * count)
    reasons = []
    if own.failed >= often:
        reasons.append(f"Fin answered with it and did not resolve {own.failed} of {count} conversations.")
    if own.sent >= often and own.sent > _RISING * case.usual.sent.get(own.article.path, 0.0) * count:
        reasons.append(f"Teammates sent it in {own.sent} of {count} conversations: people had not found it.")
    if case.coverage >= _WELL and count >= max(_LARGE * case.usual_size, 5 * _AT_LEAST):
        reasons.append(
            f"People keep asking: {count} conversations, the usual topic has {case.usual_size:.0f}."
        )
    return reasons


def _partial(case: Case) -> list[str]:
    low = sum(score < CUT for score in case.scores)
    if low < max(_AT_LEAST, _FACET * len(case.scores)):
        return []
    facet = f": {', '.join(case.facet)}" if case.facet else ""
    return [f"{low} of {len(case.scores)} conversations ask for something the article does not say{facet}."]
