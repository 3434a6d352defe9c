"""How a gap report is judged."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest

from kbsync.errors import ConversationError
from kbsync.sandbox.helpdesk.plan import COUNT, SEED, tickets
from kbsync.sandbox.helpdesk.truth import Score, label_of, score, topics

GAPS = [id for id, topic in topics().items() if not topic.covered]
COVERED = [id for id, topic in topics().items() if topic.covered]


def members(language: str = "en") -> dict[str | None, list[str]]:
    groups = defaultdict[str | None, list[str]](list)
    for ticket in tickets(SEED, COUNT).values():
        if ticket.language == language:
            groups[ticket.topic].append(ticket.id)
    return groups


ASKED = members()
EVERYONE = list(tickets(SEED, COUNT))


def judged(
    tmp_path: Path, *reports: list[str], verdict: str = "uncovered", seen: list[str] = EVERYONE
) -> Score:
    """Score an analysis of one topic a list."""
    file = tmp_path / "analysis.json"
    topics = [{"id": f"t{n}", "verdict": verdict, "conversations": ids} for n, ids in enumerate(reports)]
    file.write_text(json.dumps({"topics": topics, "conversations": [{"id": id} for id in seen]}), "utf-8")
    return score(file)


def test_a_perfect_report_finds_every_gap(tmp_path: Path) -> None:
    """One uncovered topic a gap: all found, nothing invented."""
    result = judged(tmp_path, *[ASKED[gap] for gap in GAPS])

    assert (result.gaps, result.found, result.missed) == (len(GAPS), len(GAPS), 0)
    assert (result.invented, result.repeated, result.untranslated) == (0, 0, 0)


def test_an_empty_report_misses_every_gap(tmp_path: Path) -> None:
    """What is not reported is missed, and named."""
    result = judged(tmp_path)

    assert (result.found, result.missed, result.missed_topics) == (0, len(GAPS), tuple(GAPS))


def test_only_uncovered_topics_are_reports(tmp_path: Path) -> None:
    """Every other verdict says that an article exists."""
    assert judged(tmp_path, ASKED[GAPS[0]], verdict="hard_to_find").found == 0


def test_a_report_on_a_topic_with_an_article_is_invented(tmp_path: Path) -> None:
    """So is one on noise, and one that mixes topics without a majority."""
    mixed = ASKED[GAPS[0]][:2] + ASKED[GAPS[1]][:2]
    result = judged(tmp_path, ASKED[COVERED[0]], ASKED[None][:4], mixed)

    assert (result.invented, result.found) == (3, 0)
    assert result.invented_reports == ("t0", "t1", "t2")


def test_the_majority_decides(tmp_path: Path) -> None:
    """A gap with some foreign conversations in it is still found."""
    assert judged(tmp_path, ASKED[GAPS[0]][:5] + ASKED[COVERED[0]][:4]).found == 1


def test_further_reports_of_one_gap_are_repeated(tmp_path: Path) -> None:
    """A gap counts once, however often it is reported."""
    ids = ASKED["pricing-invoices"]
    result = judged(tmp_path, ids[:10], ids[10:20], ids[20:30])

    assert (result.found, result.repeated) == (1, 2)


def test_a_missing_translation_is_not_invented(tmp_path: Path) -> None:
    """An article in another language does not answer those who ask in theirs."""
    french = members("fr")
    result = judged(tmp_path, french["images-missing"], french["conflict-held"])

    assert (result.untranslated, result.invented) == (1, 1)


def test_a_gap_needs_three_conversations_in_the_analysis(tmp_path: Path) -> None:
    """What was hardly asked in the analysed time is no gap."""
    seen = ASKED[GAPS[0]][:3] + ASKED[GAPS[1]][:2]

    assert judged(tmp_path, seen=seen).missed_topics == (GAPS[0],)


def test_foreign_conversations_have_no_label(tmp_path: Path) -> None:
    """Ids that were not generated belong to no topic."""
    assert label_of("12345") is None
    assert judged(tmp_path, ["12345", "abc"]).invented == 1


@pytest.mark.parametrize("text", [None, "", "{}", "[]", '{"topics": 3, "conversations": []}'])
def test_what_is_no_analysis_is_refused(tmp_path: Path, text: str | None) -> None:
    """One clear error names the file."""
    file = tmp_path / "analysis.json"
    if text is not None:
        file.write_text(text, "utf-8")

    with pytest.raises(ConversationError) as caught:
        score(file)

    assert str(file) in str(caught.value)
