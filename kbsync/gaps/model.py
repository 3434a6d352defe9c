"""The analysis as a value; its JSON is `analysis.json`."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

Verdict: TypeAlias = Literal["uncovered", "partial", "hard_to_find", "stale", "covered"]


class HelpText(msgspec.Struct, frozen=True):
    """One article in one locale as the analysis reads it.

    `path` is relative to the content root, with suffix; `passages` are the texts of the body's blocks in
    order; `updated_at` is epoch seconds of the last change that is known, else None.
    """

    path: str
    id: str
    locale: str
    title: str
    passages: tuple[str, ...]
    description: str = ""
    updated_at: float | None = None


class TopicVerdict(msgspec.Struct, frozen=True, omit_defaults=False):
    """One topic. `impact` and `trend` are what the report ranks and draws.

    `impact`: `score` (what the report ranks by), `conversations`, `share`, `handling_seconds`, `reopens`, `low_ratings`,
    `unresolved_by_fin`, each a number. `trend`: conversations per ISO week, oldest first, as
    `{"week": "2026-W40", "count": 3}`. `evidence` says why the verdict, one sentence a line.
    """

    id: str
    label: str
    keywords: list[str]
    size: int
    verdict: Verdict
    coverage: float
    article: str | None
    impact: dict[str, float]
    trend: list[dict[str, Any]]
    representatives: list[str]
    conversations: list[str]
    question: str = ""
    evidence: list[str] = []
    locale: str = ""


class ConversationVerdict(msgspec.Struct, frozen=True, omit_defaults=False):
    """Where one conversation went: its topic (None for noise and singles) and its own coverage, 0 to 1."""

    id: str
    topic: str | None
    coverage: float
    uncovered: bool
    article: str | None


class Analysis(msgspec.Struct, frozen=True, omit_defaults=False):
    """The whole analysis; topics are ranked by impact."""

    topics: list[TopicVerdict]
    conversations: list[ConversationVerdict]
    settings: dict[str, Any]
