"""What an interrupted run announced is found again, told from other things, and costs nobody a word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from small_center import Center

from kbsync.errors import RemoteDown
from kbsync.replicas.base import Kind, Reading
from kbsync.state.records import Intent
from kbsync.sync.engine import Engine

REMOTES = ("intercom", "confluence")


def _interrupted(center: Center, name: str, body: str) -> None:
    """Edit a file, and lose the answer to the write that follows from it."""
    center.edit("files", "A", body=body)
    center.replica(name).moods.loses_replies = True
    assert center.sync().exit_code == 1
    assert [i.replica for i in center.state.snapshot.all(Intent)] == [name]


@pytest.mark.parametrize("name", REMOTES)
def test_a_lost_answer_makes_no_second_thing(center: Center, name: str) -> None:
    """What was created before the answer was lost is found and taken for ours."""
    center.replica(name).moods.loses_replies = True
    center.write("files", "A", "one")
    assert center.sync().exit_code == 1
    assert center.sync().exit_code == 0
    assert len(center.replica(name).living()) == 1
    assert center.sync().applied == ()


@pytest.mark.parametrize(("name", "other"), [REMOTES, REMOTES[::-1]])
def test_a_lost_answer_makes_no_second_thing_in_the_same_run(center: Center, name: str, other: str) -> None:
    """A run that goes round once more, because somebody wrote meanwhile, leaves alone what nobody answered."""
    center.replica(name).moods.loses_replies = center.replica(name).moods.lags = True
    center.replica(other).moods.after_write = lambda: center.edit(other, "A", body="one\ntheirs")
    center.write("files", "A", "one")
    assert center.sync().exit_code == 1
    assert len(center.replica(name).living()) == 1
    center.replica(name).moods.lags = False
    assert center.sync().exit_code == 0
    assert {center.body(each, "A") for each in center.names} == {"one\ntheirs"}


@pytest.mark.parametrize("name", REMOTES)
def test_a_new_name_makes_no_second_thing(center: Center, name: str) -> None:
    """What nobody answered for is found when it was renamed since, in the file and there."""
    center.replica(name).moods.loses_replies = True
    center.write("files", "A", "one\ntwo")
    assert center.sync().exit_code == 1
    center.edit("files", "A", title="B")
    center.edit(name, "A", title="C", body="one\ntwo\nmine")
    center.policy = replace(center.policy, on_conflict="files")
    center.sync()
    center.sync()
    assert {center.body(each, "B") for each in center.names} == {"one\ntwo\nmine"}
    assert center.sync().applied == ()


@pytest.mark.parametrize("name", REMOTES)
def test_an_announced_write_that_happened_is_no_edit(center: Center, name: str) -> None:
    """After a lost answer, a newer edit in the file meets our own words and no stranger's."""
    center.write("files", "A", "one\ntwo")
    center.sync()
    _interrupted(center, name, "uno\ntwo")
    center.edit("files", "A", body="eins\ntwo")
    report = center.sync()
    assert report.conflicts == ()
    assert {center.body(each, "A") for each in center.names} == {"eins\ntwo"}


@pytest.mark.parametrize("name", REMOTES)
def test_dropped_words_outlive_a_lost_answer_and_an_edit(center: Center, name: str) -> None:
    """A server drops old lines, its answer is lost, a person edits: the lines stay, and so does the edit."""
    center.write("files", "A", "one\ntwo\nthree")
    center.sync()
    center.replica(name).moods.truncates = 2
    _interrupted(center, name, "new\none\ntwo\nthree")
    center.replica(name).moods.truncates = 0
    center.edit(name, "A", body=f"{center.body(name, 'A')}\nmine")
    center.sync()
    center.sync()
    bodies = {center.body(each, "A") for each in center.names}
    assert len(bodies) == 1
    assert sorted(bodies.pop().split("\n")) == ["mine", "new", "one", "three", "two"]
    assert center.sync().applied == ()


@pytest.mark.parametrize("name", REMOTES)
def test_dropped_words_of_a_new_article_stay(center: Center, name: str) -> None:
    """The same for an article that was only just created there."""
    center.replica(name).moods.truncates = 1
    center.replica(name).moods.loses_replies = True
    center.write("files", "A", "one\ntwo")
    center.sync()
    center.replica(name).moods.truncates = 0
    center.edit(name, "A", body="one\nmine")
    center.sync()
    center.sync()
    assert {center.body(each, "A") for each in center.names} == {"one\nmine\ntwo"} or {
        center.body(each, "A") for each in center.names
    } == {"one\ntwo\nmine"}
    assert len(center.replica(name).living()) == 1


def test_a_deletion_beside_a_write_that_never_happened_stands(center: Center) -> None:
    """Where the old words are still there, nothing of ours was written: a person's cut is a cut."""
    center.write("files", "A", "one\ntwo\nthree")
    center.sync()
    center.edit("files", "A", body="uno\ntwo\nthree")
    center.intercom.moods.before_write = lambda: (_ for _ in ()).throw(RemoteDown("no answer"))  # type: ignore[assignment]
    center.sync()
    center.edit("intercom", "A", body="one\nthree\nmine")
    center.sync()
    assert {center.body(each, "A") for each in center.names} == {"uno\nthree\nmine"}


def _misleading(center: Center, handle: str) -> Callable[..., Reading | None]:
    """Find by title and words alone, as Intercom has to: the first of two that are alike."""

    def found(kind: Kind, id: str, raw: str, *, edited: bool = False) -> Reading | None:
        return center.intercom.show(center.intercom.things["article", handle])

    return found


def test_what_belongs_to_another_article_is_not_found(
    center: Center, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search that hits an article which is bound to another id found nothing."""
    center.write("files", "A", "one", id="a")
    center.sync()
    center.intercom.moods.down = True
    center.write("files", "B", "one", id="b")
    center.sync()
    center.intercom.moods.down = False

    def dies(*_: object) -> None:
        raise RemoteDown("no answer")

    with monkeypatch.context() as patched:
        patched.setattr(center.intercom, "create", dies)
        center.sync()
    assert [i.id for i in center.state.snapshot.all(Intent)] == ["b"]
    monkeypatch.setattr(center.intercom, "find", _misleading(center, center.one("intercom", "A").handle))
    assert center.sync().exit_code == 0
    assert len(center.intercom.living()) == 2
    assert center.sync().applied == ()


def test_a_death_before_the_answer_leaves_an_announcement(center: Center) -> None:
    """Nothing is planned where a write is announced until it is settled."""
    center.write("files", "A", "one")
    center.sync()
    _interrupted(center, "intercom", "two")
    engine: Engine = center.engine()
    assert [step for step in engine.plan().steps if step.replica == "intercom"] == []
    assert engine.status().interrupted == 1
