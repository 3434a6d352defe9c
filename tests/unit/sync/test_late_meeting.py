"""A replica that comes late: others agreed on an article before its copy was seen, so nothing tells which is newer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import pytest
from small_center import Center

OLD = "one\ntwo\nthree"
NEW = "one\nadded\ntwo\nthree"


@pytest.fixture
def late(center: Center) -> Center:
    """What files and Confluence agreed on has a line more than Intercom's copy, which was never seen."""
    _everywhere(center)
    for name in ("files", "confluence"):
        center.edit(name, "A", body=NEW)
    _agreed_without_intercom(center)
    return center


def _everywhere(center: Center) -> None:
    center.write("files", "A", OLD)
    center.sync()
    center.sync()


def _agreed_without_intercom(center: Center) -> None:
    center.forget_everything()
    center.intercom.moods.down = True
    center.sync()
    center.intercom.moods.down = False


def _bodies(center: Center) -> dict[str, str]:
    return {name: center.body(name, "A") for name in center.names}


def test_an_older_copy_overwrites_nothing(late: Center) -> None:
    """Both versions stay where they are, and a person is asked."""
    for _ in range(2):
        report = late.sync()
        assert [held.fields for held in report.conflicts] == [("body.en",)]
        assert _bodies(late) == {"files": NEW, "intercom": OLD, "confluence": NEW}


@pytest.mark.parametrize(("take", "stands"), [("files", NEW), ("confluence", NEW), ("intercom", OLD)])
def test_a_person_decides(late: Center, take: Any, stands: str) -> None:
    """Whichever side is taken stands everywhere after the next run, and nothing is left to do."""
    late.sync()
    late.engine().resolve("a", take)
    assert late.sync().exit_code == 0
    assert set(_bodies(late).values()) == {stands}
    assert not late.sync().applied


@pytest.mark.parametrize(("side", "stands"), [("files", NEW), ("intercom", OLD)])
def test_the_policy_decides_and_says_so(
    late: Center, side: Literal["files", "intercom"], stands: str
) -> None:
    """With `on_conflict` the named side stands, and what lost is on record."""
    late.policy = replace(late.policy, on_conflict=side)
    report = late.sync()
    assert "conflict-decided" in {warned.code for warned in report.warnings}
    assert set(_bodies(late).values()) == {stands}


@pytest.mark.parametrize("name", ["files", "intercom"])
def test_what_one_copy_lacks_nobody_removed(center: Center, name: str) -> None:
    """A translation that only the late copy lacks reaches it, one that only it has is taken, and both stay."""
    _everywhere(center)
    center.translate(name, "A")
    _agreed_without_intercom(center)
    assert center.sync().exit_code == 0
    assert all("fr" in center.one(each, "A").raw["texts"] for each in ("files", "intercom"))


def test_a_late_copy_that_says_the_same_asks_nobody(center: Center) -> None:
    """Equal content pairs up, and the next run is silent."""
    _everywhere(center)
    _agreed_without_intercom(center)
    assert center.sync().exit_code == 0
    assert not center.sync().applied


def test_a_deletion_counts_where_a_translation_cannot_be_shown(center: Center) -> None:
    """Met again with a translation, the article is gone everywhere once somebody deletes it in Confluence."""
    _everywhere(center)
    center.translate("intercom", "A")
    center.forget_everything()
    center.sync()
    center.sync()
    center.delete("confluence", "A")
    center.sync()
    assert not center.files.living()
    assert not center.confluence.living()


def test_a_version_without_a_past_removes_nothing(late: Center) -> None:
    """Held while its replica was only written to, and read again, it stands beside the others in the merged file."""
    late.sync()
    for direction in ({"intercom": "push"}, {}):
        late.policy = replace(late.policy, direction=direction)
        late.sync()
    (file,) = (late.home / "conflicts").glob("a.*.md")
    text = file.read_text(encoding="utf-8")
    assert set(NEW.split()) | set(OLD.split()) <= set(text.split())
    assert "<<<<<<<" in text
