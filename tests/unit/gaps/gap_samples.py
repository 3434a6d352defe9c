"""Topics and conversations as values, for the tests of what is made of an analysis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from kbsync.conversations.model import Conversation, Message
from kbsync.gaps.model import Analysis, ConversationVerdict, TopicVerdict

MONDAY = 1_789_948_800.0  # 2026-09-21
WEEK = 7 * 86_400

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title></style><svg onload=alert(1)>",
    "{{ 7 * 7 }} {% include '/etc/passwd' %}",
    "=HYPERLINK(1)",
    "-1+1",
    "+cmd|' /C calc'!A0",
    "@SUM(A1)",
    "\t=1+1",
    "\uff1d1+1",
    "\u202egpj.exe\u2066",
    "--- # not front matter ---",
    "![x](http://evil.example/p.png) [y](javascript:alert(1))",
    "<!-- kbsync draft 0123456789abcdef -->",
    "1. # > - a `b` | c ~~~ d $e$ #",
    "../../etc/passwd",
    "ends in a hash #",
    "w" * 3000,
    "null \0 bell \a escape \x1b[31m",
)

TOPIC = TopicVerdict(
    id="t1",
    label="Invoice for last month",
    keywords=["invoice", "month"],
    size=3,
    verdict="uncovered",
    coverage=0.04,
    article=None,
    impact={"score": 3.0, "conversations": 3, "share": 0.3, "handling_seconds": 0, "reopens": 0},
    trend=[],
    representatives=["1", "2", "3"],
    conversations=["1", "2", "3"],
    question="Where is my invoice for last month?",
    evidence=["No article in this language is near these questions."],
    locale="en",
)


def topic(**keys: Any) -> TopicVerdict:
    return msgspec.structs.replace(TOPIC, **keys)


def weeks(*counts: int) -> list[dict[str, Any]]:
    """A trend of so many conversations in each of the weeks from 2026-W01."""
    return [{"week": f"2026-W{number:02d}", "count": count} for number, count in enumerate(counts, 1)]


def analysis(*topics: TopicVerdict, singles: int = 0) -> Analysis:
    """An analysis of these topics and so many conversations in none."""
    members = [(id, t.id, t.verdict == "uncovered") for t in topics for id in t.conversations]
    alone = [(f"single{n}", None, True) for n in range(singles)]
    verdicts = [ConversationVerdict(id, of, 0.5, open_, None) for id, of, open_ in [*members, *alone]]
    return Analysis(list(topics), verdicts, {"encoder": "tfidf", "min_topic_size": 3})


def conversation(
    id: str, asked: str = "Where is it?", *replies: str, at: float = MONDAY, **keys: Any
) -> Conversation:
    """A conversation of one question and some replies."""
    turns = (Message("customer", asked, at), *(Message("teammate", reply, at) for reply in replies))
    return Conversation(id, at, turns, closed_at=at + 60, **keys)


def by_id(found: Sequence[Conversation]) -> Mapping[str, Conversation]:
    return {each.id: each for each in found}
