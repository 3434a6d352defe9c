"""What a topic costs, and how it moves."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from kbsync.conversations.model import Conversation

_LOW_RATING: Final = 2
_DAY: Final = 86_400
_WEEK: Final = 7 * _DAY
_EPOCH: Final = dt.date(1970, 1, 1)
_MOST_WEEKS: Final = 520
#: How Fin's part ends where nobody else was needed (Conversations API, `ai_agent.resolution_state`).
FIN_RESOLVED: Final = frozenset({"confirmed_resolution", "assumed_resolution", "resolved", ""})
_LONGEST: Final = 4.0
_GROWTH: Final = 4.0


def fin_failed(conversation: Conversation) -> bool:
    """Whether Intercom's AI agent took part and did not resolve it (Conversations API, `ai_agent.resolution_state`)."""
    return conversation.fin is not None and conversation.fin.resolution.lower() not in FIN_RESOLVED


class Usual(NamedTuple):
    """How many conversations the desk has, and the median of their known handling times in seconds (0: none)."""

    conversations: int
    handling_seconds: float


def impact(members: Sequence[Conversation], usual: Usual, coverage: float) -> dict[str, float]:
    """Return the numbers the report ranks by; `score` weighs the effort by what is not covered and by growth."""
    handling = sum(member.handling_seconds or 0 for member in members)
    reopens = sum(member.reopens for member in members)
    low = sum(member.rating is not None and member.rating <= _LOW_RATING for member in members)
    unresolved = sum(fin_failed(member) for member in members)
    effort = _effort(members, usual.handling_seconds) + 0.5 * (reopens + low + unresolved)
    return {
        "score": round(effort * (1.0 - coverage) * growth(members) ** 0.5, 4),
        "conversations": len(members),
        "share": round(len(members) / max(usual.conversations, 1), 6),
        "handling_seconds": handling,
        "reopens": reopens,
        "low_ratings": low,
        "unresolved_by_fin": unresolved,
    }


def _effort(members: Sequence[Conversation], usual: float) -> float:
    """Count conversations, each by its handling time against the usual one, an unknown time as that."""
    if not usual:
        return float(len(members))
    return sum(min((member.handling_seconds or usual) / usual, _LONGEST) for member in members)


def growth(members: Sequence[Conversation]) -> float:
    """Return how much busier the later half of the topic's time is than the earlier half, within 1/4 to 4."""
    times = [member.created_at for member in members]
    first, last = min(times, default=0.0), max(times, default=0.0)
    if last - first < 2 * _WEEK:
        return 1.0
    late = sum(time >= (first + last) / 2 for time in times)
    return min(max((late + 1) / (len(times) - late + 1), 1 / _GROWTH), _GROWTH)


def trend(members: Sequence[Conversation]) -> list[dict[str, Any]]:
    """Return conversations per ISO week, oldest first, weeks without any between them as zero."""
    counts = Counter[dt.date]()
    for day, times in Counter(member.created_at // _DAY for member in members).items():
        if (monday := _monday(day)) is not None:
            counts[monday] += times
    if not counts:
        return []
    first = max(min(counts), max(counts) - dt.timedelta(weeks=_MOST_WEEKS - 1))
    weeks = (max(counts) - first).days // 7
    return [_week(first + dt.timedelta(weeks=number), counts) for number in range(weeks + 1)]


def _monday(days: float) -> dt.date | None:
    """Return the Monday before so many days since 1970, None where the calendar has none."""
    try:
        day = _EPOCH + dt.timedelta(days=days)
    except (OverflowError, ValueError):
        return None
    return day - dt.timedelta(days=day.weekday()) if day.toordinal() > 7 else None  # noqa: PLR2004 - the calendar starts there


def _week(monday: dt.date, counts: Counter[dt.date]) -> dict[str, Any]:
    year, week, _ = monday.isocalendar()
    return {"week": f"{year:04d}-W{week:02d}", "count": counts[monday]}
