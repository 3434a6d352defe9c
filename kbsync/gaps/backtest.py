"""What share of past conversations the articles would have answered, and what the drafts would add.

Each week's conversations are judged against the articles as they stood when the week began. The interval
is a percentile bootstrap over conversations (Efron and Tibshirani, An Introduction to the Bootstrap, 13.3).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np

from kbsync.conversations.model import Conversation
from kbsync.gaps.analyze import analyze
from kbsync.gaps.model import HelpText
from kbsync.gaps.settings import GapSettings

RESAMPLES = 2_000
INTERVAL = (2.5, 97.5)
_SEED = 0

Shelf = Sequence[HelpText]


@dataclass(frozen=True, slots=True)
class Share:
    """A share of conversations answered, with its 95 % interval; all three 0 to 1."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Week:
    """One ISO week: its first day, how many conversations, and how many each set of articles answers."""

    week: str
    begins: str
    conversations: int
    articles: int
    answered: int
    answered_with_drafts: int


@dataclass(frozen=True, slots=True)
class Backtest:
    """The replay; `worth` is what the answered conversations are worth at the price, None without one.

    `history_begins` is the day of the first known state of the articles; weeks before it are judged against
    that state, and all weeks against the articles of today where it is None.
    """

    weeks: tuple[Week, ...]
    conversations: int
    answered: Share
    answered_with_drafts: Share
    worth: float | None = None
    worth_with_drafts: float | None = None
    history_begins: str | None = None


def backtest(
    conversations: Sequence[Conversation],
    shelf_at: Callable[[float], Shelf],
    drafts: Shelf,
    settings: GapSettings,
    *,
    price: float | None = None,
    last_weeks: int | None = None,
) -> Backtest:
    """Replay the conversations. `shelf_at` returns the articles as they stood at an epoch second.

    `last_weeks` counts only the latest weeks in which a conversation was closed.

    An analysis is made once for each different set of articles, over all conversations, so that the
    coverage scale is the same in every week.
    """
    unique = list({found.id: found for found in conversations}.values())
    replay = _Replay(unique, settings)
    weeks, hits, drafted = list[Week](), list[bool](), list[bool]()
    for start, members in _by_week(unique)[-(last_weeks or 0) :]:
        shelf = shelf_at(start.timestamp())
        without = replay.answered(shelf)
        with_drafts = replay.answered((*shelf, *drafts)) if drafts else without
        plain = [c.id in without for c in members]
        more = [c.id in with_drafts for c in members]
        year, week, _ = start.isocalendar()
        name = f"{year}-W{week:02d}"
        weeks.append(Week(name, f"{start:%Y-%m-%d}", len(members), len(shelf), sum(plain), sum(more)))
        hits += plain
        drafted += more
    worth = None if price is None else round(price * sum(hits), 2)
    worth_drafted = None if price is None else round(price * sum(drafted), 2)
    return Backtest(tuple(weeks), len(hits), share(hits), share(drafted), worth, worth_drafted)


def share(hits: Sequence[bool]) -> Share:
    """Return the mean of yes and no with its bootstrap interval; of nothing, nothing."""
    if not hits:
        return Share(0.0, 0.0, 0.0)
    value = float(np.mean(hits))
    # Resampling yes and no with replacement is drawing from a binomial distribution.
    means = np.random.default_rng(_SEED).binomial(len(hits), value, RESAMPLES) / len(hits)
    low, high = np.percentile(means, INTERVAL)
    return Share(round(value, 4), round(float(low), 4), round(float(high), 4))


class _Replay:
    """Which conversations a set of articles answers; each set is analysed once."""

    def __init__(self, conversations: Sequence[Conversation], settings: GapSettings) -> None:
        self._conversations = conversations
        self._settings = settings
        self._answered: dict[str, frozenset[str]] = {}

    def answered(self, shelf: Shelf) -> frozenset[str]:
        key = hashlib.sha256(msgspec.json.encode([_timeless(text) for text in shelf])).hexdigest()
        if key not in self._answered:
            analysis = analyze(self._conversations, shelf, self._settings)
            self._answered[key] = frozenset(c.id for c in analysis.conversations if not c.uncovered)
        return self._answered[key]


def _timeless(text: HelpText) -> HelpText:
    return msgspec.structs.replace(text, updated_at=None)


def _by_week(conversations: Sequence[Conversation]) -> list[tuple[datetime, list[Conversation]]]:
    weeks: dict[datetime, list[Conversation]] = {}
    for found in conversations:
        moment = datetime.fromtimestamp(found.closed_at or found.created_at, UTC)
        monday = (moment - timedelta(days=moment.weekday())).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        weeks.setdefault(monday, []).append(found)
    return sorted(weeks.items())
