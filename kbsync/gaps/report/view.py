"""The report as a value: what the templates show, every number already worked out and explained."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from kbsync.conversations.model import Conversation
from kbsync.conversations.redact import redact
from kbsync.gaps.model import Analysis, TopicVerdict, Verdict
from kbsync.gaps.track import Changes, Decision

QUOTE = 260
"""Longest quote in characters."""

QUOTES = 3
WEEKS = 26
"""Weeks that charts show at most, the latest ones."""

_SHORT_WORDS = 3
_ALIKE = 0.6
_NEWS = 12

TITLES: Mapping[Verdict, tuple[str, str]] = MappingProxyType(
    {
        "uncovered": ("Write these", "No article answers what these customers ask."),
        "partial": ("Add to these", "An article answers part of the question; a facet is missing."),
        "stale": ("Bring these up to date", "An article answers, but it is older than what is asked now."),
        "hard_to_find": ("Make these easier to find", "An article answers, and people still write in."),
        "covered": ("Covered", "An article answers. Nothing to do."),
    }
)


@dataclass(frozen=True, slots=True)
class TopicView:
    """One topic as the report shows it.

    `bars` are weekly counts and their shares of the busiest week, 0 to 1, over the same weeks for all topics;
    `hours` is None where no handling time is known, `language` is "" where all topics have the same.
    """

    topic: TopicVerdict
    quotes: tuple[str, ...]
    bars: tuple[tuple[str, int, float], ...]
    hours: float | None
    direction: str
    note: str
    language: str = ""

    @property
    def coverage(self) -> str:
        """Return the coverage in percent."""
        return f"{self.topic.coverage:.0%}"


@dataclass(frozen=True, slots=True)
class Section:
    """All topics of one verdict."""

    verdict: Verdict
    title: str
    about: str
    topics: tuple[TopicView, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of the headline, and the sentence that explains it."""

    value: str
    name: str
    about: str


@dataclass(frozen=True, slots=True)
class Report:
    """Everything the templates need."""

    made: str
    period: str
    figures: tuple[Figure, ...]
    sections: tuple[Section, ...]
    dismissed: tuple[tuple[TopicView, Decision], ...]
    news: tuple[str, ...]
    settings: tuple[tuple[str, str], ...]
    weeks: tuple[tuple[str, str, int], ...]


def build(
    analysis: Analysis,
    conversations: Mapping[str, Conversation],
    *,
    now: float,
    span: tuple[float, float] | None = None,
    changes: Changes | None = None,
    decision: Callable[[TopicVerdict], Decision | None] = lambda _: None,
) -> Report:
    """Work out the report from an analysis and at least the conversations that are typical of its topics.

    `span` is when the first and the last of all conversations was created, by the given ones when left out.
    Quotes are redacted; `decision` tells the dismissal that holds for a topic.
    """
    news = _news(changes, analysis) if changes else ()
    born = frozenset(changes.born) if changes else frozenset[str]()
    weeks = sorted({str(week["week"]) for topic in analysis.topics for week in topic.trend})[-WEEKS:]
    many = len({topic.locale for topic in analysis.topics}) > 1
    views = [
        (_view(t, conversations, weeks, note="new this time" if t.id in born else "", many=many), decision(t))
        for t in analysis.topics
    ]
    open_topics = [view for view, held in views if held is None]
    return Report(
        made=_day(now),
        period=_period(span, conversations.values()),
        figures=_figures(analysis, open_topics),
        sections=tuple(s for s in (_section(v, open_topics) for v in TITLES) if s.topics),
        dismissed=tuple((view, held) for view, held in views if held is not None),
        news=news,
        settings=tuple((key, _plain(value)) for key, value in sorted(analysis.settings.items())),
        weeks=_weeks(analysis, frozenset(weeks)),
    )


def _section(verdict: Verdict, views: Sequence[TopicView]) -> Section:
    title, about = TITLES[verdict]
    return Section(verdict, title, about, tuple(v for v in views if v.topic.verdict == verdict))


def _view(
    topic: TopicVerdict,
    conversations: Mapping[str, Conversation],
    weeks: Sequence[str],
    *,
    note: str,
    many: bool,
) -> TopicView:
    counts = {str(week["week"]): int(week["count"]) for week in topic.trend}
    busiest = max((counts.get(week, 0) for week in weeks), default=0)
    bars = tuple((week, counts.get(week, 0), counts.get(week, 0) / busiest) for week in weeks if busiest)
    seconds = topic.impact.get("handling_seconds", 0)
    return TopicView(
        topic,
        _quotes(topic, conversations),
        bars,
        seconds / 3600 if seconds else None,
        _direction([count for _, count, _ in bars]),
        note,
        topic.locale if many else "",
    )


def _quotes(topic: TopicVerdict, conversations: Mapping[str, Conversation]) -> tuple[str, ...]:
    """Return what typical customers wrote, redacted and short, nothing that says what was said before it."""
    quotes = list[str]()
    told = [_words(topic.question)]
    for id in topic.representatives:
        quote = _said(conversations[id]) if id in conversations else ""
        words = _words(quote)
        if len(words) >= _SHORT_WORDS and not any(_alike(words, other) for other in told):
            told.append(words)
            quotes.append(quote if len(quote) <= QUOTE else quote[: QUOTE - 1].rstrip() + "…")
    return tuple(quotes[:QUOTES])


def _said(found: Conversation) -> str:
    """Return the customer's first words on one line, without personal data."""
    said = next((m.text for m in found.messages if m.role == "customer" and m.text.strip()), "")
    return " ".join(redact(said[:4000], found.people).split())


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[^\W_]+", text.lower()))


def _alike(words: frozenset[str], others: frozenset[str]) -> bool:
    """Tell whether two texts are the same words, or one only adds a greeting or a signature to the other."""
    common = len(words & others)
    return common >= _ALIKE * len(words | others)


def _direction(counts: Sequence[int]) -> str:
    """Compare the later half of the weeks with the earlier one; one or two conversations are no trend."""
    half = len(counts) // 2
    early, late = sum(counts[:half]), sum(counts[-half:]) if half else 0
    if late > 1.5 * early and late > early + 2:
        return "rising"
    return "falling" if early > 1.5 * late and early > late + 2 else "steady"


def _figures(analysis: Analysis, views: Sequence[TopicView]) -> tuple[Figure, ...]:
    asked = [c for c in analysis.conversations if c.topic is not None]
    answered = sum(not c.uncovered for c in asked) / len(asked) if asked else 0.0
    gaps = [v for v in views if v.topic.verdict == "uncovered"]
    singles = len(analysis.conversations) - len(asked)
    hours = sum(v.hours or 0 for v in gaps)
    spent = Figure(f"{hours:,.0f} h", "spent on gaps", "handling time of the conversations in these topics")
    return (
        Figure(
            f"{len(analysis.conversations):,}",
            "conversations",
            f"{singles:,} of them stand alone, in no topic",
        ),
        Figure(f"{len(analysis.topics):,}", "topics", "groups of conversations that ask the same"),
        Figure(f"{answered:.0%}", "answerable", "of the grouped conversations ask what an article answers"),
        Figure(f"{len(gaps):,}", "gaps", "topics that no article answers"),
        *([spent] if hours else []),
    )


def _news(changes: Changes, analysis: Analysis) -> tuple[str, ...]:
    labels = {t.id: t.label for t in analysis.topics}
    lines = [f"New: {labels[id]}" for id in changes.born if id in labels]
    lines += [f"Gone: {label}" for _, label in changes.gone]
    lines += [f"Merged: {labels.get(id, id)} takes in {len(olds) - 1} more" for id, olds in changes.merged]
    lines += [f"Split: {', '.join(labels.get(n, n) for n in news)}" for _, news in changes.split]
    more = len(lines) - _NEWS
    return (*lines[:_NEWS], *([f"and {more} more"] if more > 0 else []))


def _weeks(analysis: Analysis, shown: frozenset[str]) -> tuple[tuple[str, str, int], ...]:
    """Return week, verdict and count of grouped conversations, for the chart."""
    counts: dict[tuple[str, str], int] = {}
    for topic in analysis.topics:
        for week in (w for w in topic.trend if str(w["week"]) in shown):
            key = str(week["week"]), topic.verdict
            counts[key] = counts.get(key, 0) + int(week["count"])
    return tuple((week, verdict, count) for (week, verdict), count in sorted(counts.items()))


def _period(span: tuple[float, float] | None, conversations: Iterable[Conversation]) -> str:
    times = span or [c.created_at for c in conversations]
    return f"{_day(min(times))} to {_day(max(times))}" if times else "no conversations"


def _day(moment: float) -> str:
    try:
        return datetime.fromtimestamp(moment, UTC).strftime("%-d %B %Y")
    except (OverflowError, OSError, ValueError):
        return "an unknown day"


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
