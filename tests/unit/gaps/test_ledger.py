"""What was decided about topics outlives weeks, folders and quiet months."""

from __future__ import annotations

from pathlib import Path

import pytest
from gap_samples import analysis, topic

from kbsync.errors import ConversationError, UsageError
from kbsync.gaps import ledger
from kbsync.gaps.track import Decision, Ledger, Memory, dismissed, track

DECISION = Decision("t1", "the billing team answers", 1_790_000_000.0, 3, "uncovered")
KNOWN = Ledger([Memory("t1", "Invoices", ["1", "2", "3"], "uncovered", 3)], [DECISION])


def test_a_ledger_comes_back_equal(tmp_path: Path) -> None:
    """What is saved is loaded; before the first time nothing is remembered."""
    assert ledger.load(tmp_path) == Ledger()

    ledger.save(KNOWN, tmp_path)

    assert ledger.load(tmp_path) == KNOWN


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"topics": [{"id": 1}]}', b"\xff\xfe"])
def test_a_broken_ledger_is_one_clear_line(tmp_path: Path, damage: bytes) -> None:
    """The error names the file and what moving it away costs; the file stays."""
    path = tmp_path / ledger.FILE
    path.write_bytes(damage)

    with pytest.raises(ConversationError) as caught:
        ledger.load(tmp_path)

    assert str(path) in caught.value.line()
    assert "dismissals are forgotten" in caught.value.line()
    assert path.read_bytes() == damage


def test_the_last_decision_counts() -> None:
    """A second dismissal of a topic replaces the first; those of others stay."""
    other = Decision("t2", "no", 0.0, 1, "stale")
    again = Decision("t1", "a new reason", 1.0, 9, "uncovered")

    decided = ledger.decide(ledger.decide(KNOWN, other), again)

    assert decided.decisions == [other, again]


def test_a_topic_is_found_or_a_near_one_named(tmp_path: Path) -> None:
    """An unknown id is refused with the closest one, or with where ids are shown."""
    assert ledger.find(KNOWN, "t1", tmp_path).label == "Invoices"
    with pytest.raises(UsageError, match="did you mean t1"):
        ledger.find(KNOWN, "t11", tmp_path)
    with pytest.raises(UsageError, match="kbsync gaps report"):
        ledger.find(KNOWN, "invoices", tmp_path)


def test_the_last_folder_is_found_while_it_is_there(tmp_path: Path) -> None:
    """The home knows where the last analysis was written to, and forgets a folder that is gone."""
    home, folder = tmp_path / "home", tmp_path / "reports" / "week 40 ü"
    assert ledger.last(home) is None
    ledger.save(KNOWN, folder)
    ledger.point(home, folder)
    assert ledger.last(home) == folder

    (folder / ledger.FILE).unlink()

    assert ledger.last(home) is None


def test_a_dismissal_outlives_a_quiet_month() -> None:
    """A dismissed topic that nobody asked about for a while is still dismissed when it comes back."""
    elsewhere = analysis(topic(id="t9", conversations=["7", "8", "9"]))
    quiet = track(elsewhere, KNOWN)
    assert quiet.changes.gone == (("t1", "Invoices"),)
    still_quiet = track(elsewhere, quiet.ledger)
    assert still_quiet.changes.gone == ()

    back = track(analysis(topic(id="fresh", conversations=["2", "3", "4"])), still_quiet.ledger)

    assert [t.id for t in back.analysis.topics] == ["t1"]
    assert dismissed(back.analysis.topics[0], back.ledger) == DECISION


def test_a_dismissed_topic_that_merges_is_no_more() -> None:
    """What a dismissed topic was swallowed by keeps its own id and is open."""
    two = Ledger(
        [*KNOWN.topics, Memory("t2", "Bills", [str(n) for n in range(4, 12)], "uncovered", 8)], [DECISION]
    )
    members = [str(n) for n in range(1, 12)]
    merged = track(analysis(topic(id="x", conversations=members[2:], size=9)), two)
    again = track(analysis(topic(id="y", conversations=members, size=11)), merged.ledger)

    assert [t.id for t in again.analysis.topics] == ["t2"]
    assert dismissed(again.analysis.topics[0], again.ledger) is None


def test_what_was_not_dismissed_is_forgotten() -> None:
    """The ledger does not grow with topics that are gone and that nobody decided about."""
    once = track(analysis(topic(id="t5", conversations=["5", "6", "7"])), Ledger())
    later = track(analysis(topic(id="t6", conversations=["8", "9", "10"])), once.ledger)

    assert [memory.id for memory in later.ledger.topics] == ["t6"]
