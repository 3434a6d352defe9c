"""An edit where kbsync only writes: held until somebody decides, whatever happens to the article meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest
from small_center import Center

from kbsync.errors import UsageError
from kbsync.state.records import Conflict, Settled
from kbsync.sync.policy import Budget, Policy

PUSH = Policy(direction={"intercom": "push"}, max_deletes=Budget(number=9, share=None))
BOTH = replace(PUSH, direction={})


@pytest.fixture
def drifted(center: Center) -> Center:
    """One article that all hold, edited in Intercom, where nothing is read."""
    center.policy = PUSH
    center.write("files", "A", "one\ntwo\nthree")
    center.sync()
    center.edit("intercom", "A", body="one theirs\ntwo\nthree")
    return center


def _bodies(center: Center) -> set[str]:
    return {center.body(name, "A") for name in center.names}


def test_a_drift_outlives_the_deletion_of_its_article(drifted: Center) -> None:
    """What was edited in Intercom stays in sight there, and the run says that it waits."""
    drifted.delete("files", "A")
    for _ in range(2):
        report = drifted.sync()
        assert report.exit_code == 3
        assert "drift" in {warned.code for warned in report.warnings}
    assert drifted.body("intercom", "A") == "one theirs\ntwo\nthree"
    assert drifted.one("intercom", "A").raw["texts"]["en"]["state"] == "published"
    assert not drifted.confluence.living()


def test_taking_the_side_of_a_drift_brings_a_deleted_article_back(drifted: Center) -> None:
    """`resolve --take intercom` keeps the edit, so the article stands everywhere again."""
    drifted.delete("files", "A")
    drifted.sync()
    drifted.engine().resolve("a", "intercom")
    assert drifted.sync().exit_code == 0
    assert _bodies(drifted) == {"one theirs\ntwo\nthree"}


def test_taking_the_files_side_carries_the_deletion_out(drifted: Center) -> None:
    """`resolve --take files` means the deletion."""
    drifted.delete("files", "A")
    drifted.sync()
    drifted.engine().resolve("a", "files")
    assert drifted.sync().exit_code == 0
    assert drifted.one("intercom", "A").raw["texts"]["en"]["state"] == "draft"


def test_on_conflict_files_retires_a_drift_and_says_so(drifted: Center) -> None:
    """Where the policy decides, the article goes, and what stood there is on record."""
    drifted.policy = replace(PUSH, on_conflict="files")
    drifted.delete("files", "A")
    report = drifted.sync()
    assert "conflict-decided" in {warned.code for warned in report.warnings}
    assert drifted.one("intercom", "A").raw["texts"]["en"]["state"] == "draft"
    assert drifted.sync().exit_code == 0


def test_a_drift_outlives_an_outage(drifted: Center) -> None:
    """A run that cannot see the drift does not forget it."""
    drifted.sync()
    drifted.intercom.moods.breaks_off = True
    drifted.edit("files", "A", body="one\ntwo\nthree ours")
    drifted.sync()
    drifted.intercom.moods.breaks_off = False
    assert drifted.sync().exit_code == 3
    assert drifted.body("intercom", "A") == "one theirs\ntwo\nthree"


def test_a_drift_counts_once_its_replica_is_read(drifted: Center) -> None:
    """Opened to both directions, the edit is merged with what was written elsewhere since."""
    drifted.sync()
    drifted.edit("files", "A", body="one\ntwo\nthree ours")
    drifted.sync()
    drifted.policy = BOTH
    assert drifted.sync().exit_code == 0
    assert _bodies(drifted) == {"one theirs\ntwo\nthree ours"}


def test_taking_a_drift_keeps_what_was_agreed_on_since(drifted: Center) -> None:
    """`resolve --take intercom` decides where both wrote, and only there."""
    drifted.sync()
    drifted.edit("files", "A", body="one\ntwo\nthree ours")
    drifted.sync()
    drifted.engine().resolve("a", "intercom")
    drifted.sync()
    assert _bodies(drifted) == {"one theirs\ntwo\nthree ours"}


def test_a_drift_has_no_merged_file(drifted: Center) -> None:
    """`--take merged` does not throw the edit away: one line says what can be taken."""
    drifted.sync()
    with pytest.raises(UsageError, match="no merged file"):
        drifted.engine().resolve("a", "merged")
    assert drifted.sync().exit_code == 3


def test_a_side_of_a_conflict_stays_when_nothing_is_read_there_any_more(center: Center) -> None:
    """Made push-only while it waits for a person, a replica keeps its version, and the run says so."""
    center.policy = BOTH
    center.write("files", "A", "one")
    center.sync()
    center.edit("files", "A", body="one ours")
    center.edit("intercom", "A", body="one theirs")
    assert center.sync().exit_code == 3
    center.policy = PUSH
    for _ in range(2):
        assert "drift" in {warned.code for warned in center.sync().warnings}
        assert center.body("intercom", "A") == "one theirs"
    center.policy = BOTH
    assert center.sync().exit_code == 3
    assert center.body("files", "A") == "one ours"


@pytest.fixture
def disputed(drifted: Center) -> Center:
    """The drift is in a sentence that two others dispute."""
    drifted.edit("files", "A", body="eins\ntwo\nthree")
    drifted.edit("confluence", "A", body="uno\ntwo\nthree")
    return drifted


def test_a_conflict_shows_the_drift_beside_it(disputed: Center) -> None:
    """Whoever settles what two dispute sees what was edited where nothing is read, and can take it."""
    disputed.sync()
    (held,) = disputed.state.snapshot.all(Conflict)
    assert sorted(held.versions) == ["confluence", "files", "intercom"]
    disputed.engine().resolve("a", "intercom")
    assert disputed.sync().exit_code == 0
    assert _bodies(disputed) == {"one theirs\ntwo\nthree"}


def test_what_the_policy_decides_is_on_record_with_the_drift_beside_it(disputed: Center) -> None:
    """Under `on_conflict = "files"` every version that lost can be found again."""
    disputed.policy = replace(PUSH, on_conflict="files")
    assert disputed.sync().exit_code == 0
    (settled,) = disputed.state.snapshot.all(Settled)
    assert sorted(settled.conflict.versions) == ["confluence", "files", "intercom"]
    assert _bodies(disputed) == {"eins\ntwo\nthree"}


@pytest.fixture
def deleted(center: Center) -> Center:
    """One article that all hold, deleted in Intercom, where nothing is read."""
    center.policy = PUSH
    center.write("files", "A", "one\ntwo\nthree")
    center.sync()
    center.delete("intercom", "A")
    return center


def _in_sight(center: Center) -> set[str]:
    return {name for name in center.names if center.replica(name).living()}


def test_a_deletion_where_kbsync_only_writes_is_held(deleted: Center) -> None:
    """It is said once, and the article stays away from there and stands elsewhere, edited or not."""
    assert "drift" in {warned.code for warned in deleted.sync().warnings}
    for body in ("one\ntwo\nthree", "one ours\ntwo\nthree"):
        deleted.edit("files", "A", body=body)
        assert deleted.sync().exit_code == 0
        assert _in_sight(deleted) == {"files", "confluence"}


def test_a_held_deletion_stays_where_edits_count_again(deleted: Center) -> None:
    """What stayed away still does when Intercom is read again, until somebody edits the article."""
    deleted.sync()
    deleted.policy = BOTH
    deleted.sync()
    assert _in_sight(deleted) == {"files", "confluence"}
    deleted.edit("files", "A", body="one ours\ntwo\nthree")
    deleted.sync()
    assert _in_sight(deleted) == {"files", "intercom", "confluence"}


@pytest.mark.parametrize("runs", [0, 1])
def test_on_conflict_files_makes_what_was_deleted_anew(deleted: Center, runs: int) -> None:
    """Where the policy decides, the article stands in Intercom again, whenever it begins to."""
    for _ in range(runs):
        deleted.sync()
    deleted.policy = replace(PUSH, on_conflict="files")
    deleted.sync()
    assert _in_sight(deleted) == {"files", "intercom", "confluence"}
    assert not deleted.sync().applied
