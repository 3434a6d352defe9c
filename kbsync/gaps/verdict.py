"""What the articles do for a topic, with the evidence in sentences."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final, NamedTuple

from kbsync.conversations.model import Conversation
from kbsync.gaps.impact import fin_failed, growth
from kbsync.gaps.model import HelpText, Verdict

#: The coverage scale is calibrated so that below this a question is more likely unanswered than answered.
CUT: Final = 0.5
_FACET: Final = 0.25
_OFTEN: Final = 0.25
_AT_LEAST: Final = 3
_RISING: Final = 2.0
_LARGE: Final = 2.0


class Case(NamedTuple):
    """What is known about one topic when it is judged.

    `scores` are the coverages of its members, `usual_size` is the median size of the desk's topics, `facet` the
    words that set its uncovered members apart, `elsewhere` an article that answers it in another language.
    """

    members: Sequence[Conversation]
    scores: Sequence[float]
    coverage: float
    article: HelpText | None
    usual_size: float
    facet: Sequence[str] = ()
    elsewhere: HelpText | None = None


class Judgement(NamedTuple):
    """A verdict and why."""

    verdict: Verdict
    evidence: list[str]


def judge(case: Case) -> Judgement:
    """Return the verdict: the first of uncovered, stale, hard to find, partial that has evidence, else covered."""
    if case.article is None or case.coverage < CUT:
        return Judgement("uncovered", [*_nearest(case), *_translation(case)])
    for verdict, reasons in (
        ("stale", _stale(case)),
        ("hard_to_find", _hidden(case)),
        ("partial", _partial(case)),
    ):
        if reasons:
            return Judgement(verdict, [*_answered(case), *reasons])  # type: ignore[arg-type]
    return Judgement("covered", _answered(case))


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
    return [f"“{case.article.title}” answers it (coverage {case.coverage:.2f})."]


def _stale(case: Case) -> list[str]:
    """An article older than the rise in what is asked, while cases are reopened more often."""
    article = case.article
    if article is None or article.updated_at is None or len(case.members) < 2 * _AT_LEAST:
        return []
    later = [member for member in case.members if member.created_at > article.updated_at]
    times = sorted(member.created_at for member in case.members)
    middle = times[len(times) // 2]
    risen = growth(case.members) >= _RISING and article.updated_at < middle
    reopened = _reopened(case.members, middle)
    if len(later) < _AT_LEAST or not (risen or reopened):
        return []
    day = dt.datetime.fromtimestamp(article.updated_at, dt.UTC).date().isoformat()
    why = "it is asked at least twice as often as before" if risen else "cases are reopened more often"
    return [f"The article was last changed on {day}; since then {why} ({len(later)} conversations)."]


def _reopened(members: Sequence[Conversation], middle: float) -> bool:
    late = [member.reopens > 0 for member in members if member.created_at >= middle]
    early = [member.reopens > 0 for member in members if member.created_at < middle]
    if sum(late) < _AT_LEAST or not early:
        return False
    return sum(late) / len(late) >= _RISING * max(sum(early) / len(early), 0.05)


def _hidden(case: Case) -> list[str]:
    """People who had the answer at hand still asked: Fin used the article and failed, or far more ask than usual."""
    failed = sum(fin_failed(member) for member in case.members)
    if failed >= max(_AT_LEAST, _OFTEN * len(case.members)):
        return [f"Fin answered and did not resolve {failed} of {len(case.members)} conversations."]
    if len(case.members) >= max(_LARGE * case.usual_size, 5 * _AT_LEAST):
        return [
            f"People keep asking: {len(case.members)} conversations, the usual topic has {case.usual_size:.0f}."
        ]
    return []


def _partial(case: Case) -> list[str]:
    low = sum(score < CUT for score in case.scores)
    if low < max(_AT_LEAST, _FACET * len(case.scores)):
        return []
    facet = f": {', '.join(case.facet)}" if case.facet else ""
    return [f"{low} of {len(case.scores)} conversations ask for something the article does not say{facet}."]
