"""What is true about the generated conversations, and how near a gap report comes to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from kbsync.errors import ConversationError
from kbsync.sandbox.helpdesk.catalogue import Language, Topic
from kbsync.sandbox.helpdesk.catalogue import topics as _topics
from kbsync.sandbox.helpdesk.plan import COUNT, SEED, tickets

LEAST: Final = 3


class Score(msgspec.Struct, frozen=True):
    """A gap report against the truth.

    `gaps` topics of at least three analysed conversations have no article. Of the `reported` topics (verdict
    `uncovered`) the first about a gap makes it `found`, a further one `repeated`; one about a topic that has an
    article, though not in the language of most who ask there, is `untranslated`; everything else is `invented`.
    A report is about a topic when more than half of its conversations are. `missed_topics` and
    `invented_reports` name what the counts count.
    """

    gaps: int
    found: int
    missed: int
    invented: int
    repeated: int
    untranslated: int
    reported: int
    missed_topics: tuple[str, ...] = ()
    invented_reports: tuple[str, ...] = ()


class _Reported(msgspec.Struct, frozen=True):
    id: str
    verdict: str
    conversations: tuple[str, ...]


class _Analysed(msgspec.Struct, frozen=True):
    id: str


class _Analysis(msgspec.Struct, frozen=True):
    """The parts of `analysis.json` that are compared."""

    topics: tuple[_Reported, ...]
    conversations: tuple[_Analysed, ...]


def topics() -> Mapping[str, Topic]:
    """Return every topic that the conversations are about, by id."""
    return _topics()


def label_of(conversation_id: str, seed: int = SEED, count: int = COUNT) -> str | None:
    """Return the topic a generated conversation is about, None for noise and for foreign conversations."""
    ticket = tickets(seed, count).get(conversation_id)
    return ticket.topic if ticket else None


def score(analysis_path: Path, seed: int = SEED, count: int = COUNT) -> Score:
    """Compare an `analysis.json` with the truth. Raises ConversationError when the file cannot be read."""
    analysis = _read(analysis_path)
    asked = Counter(label_of(each.id, seed, count) for each in analysis.conversations)
    gaps = [id for id, topic in topics().items() if not topic.covered and asked[id] >= LEAST]
    reports = [topic for topic in analysis.topics if topic.verdict == "uncovered"]
    judged = [(report.id, *_subject(report.conversations, seed, count)) for report in reports]
    named = [topic for _, topic, _ in judged if topic in gaps]
    others = [report for report in judged if report[1] not in gaps]
    foreign = [id for id, topic, language in others if topic and language not in topics()[topic].languages]
    return Score(
        gaps=len(gaps),
        found=len(set(named)),
        missed=len(set(gaps) - set(named)),
        invented=len(others) - len(foreign),
        repeated=len(named) - len(set(named)),
        untranslated=len(foreign),
        reported=len(reports),
        missed_topics=tuple(id for id in gaps if id not in named),
        invented_reports=tuple(id for id, _, _ in others if id not in foreign),
    )


def _read(path: Path) -> _Analysis:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Analysis)
    except OSError as error:
        raise ConversationError(f"cannot be read: {error.strerror}", where=str(path)) from error
    except msgspec.DecodeError as error:
        raise ConversationError(f"is no analysis: {error}", where=str(path)) from error


def _subject(ids: Iterable[str], seed: int, count: int) -> tuple[str | None, Language | None]:
    """Return the topic that more than half of the conversations are about, and its most frequent language."""
    known = tickets(seed, count)
    found = [known.get(id) for id in ids]
    topic, most = Counter(ticket.topic if ticket else None for ticket in found).most_common(1)[0]
    if topic is None or 2 * most <= len(found):
        return None, None
    languages = Counter(ticket.language for ticket in found if ticket and ticket.topic == topic)
    return topic, languages.most_common(1)[0][0]
