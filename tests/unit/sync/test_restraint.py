"""What the engine leaves alone, and what it looks at twice before it acts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from replicas import Json, Thing
from small_center import Center

from kbsync.replicas.base import Key
from kbsync.sync.policy import Budget, Policy

NAMES = ("files", "intercom", "confluence")


def _line(center: Center, name: str, title: str, line: str) -> None:
    center.edit(name, title, body=f"{center.body(name, title)}\n{line}")


def _collection(center: Center, path: str) -> None:
    """Put a directory with a title into the files."""
    raw: Json = {"texts": {"en": {"title": path.title(), "description": ""}}, "place": "", "id": ""}
    center.files.things["collection", path] = Thing("collection", path, raw | {"name": path, "path": path})


def _file_in(center: Center, folder: str, title: str) -> None:
    """Write an article into a directory."""
    handle = center.write("files", title, "alpha")
    thing = center.files.things.pop(("article", handle))
    path = f"{folder}/{handle}"
    center.files.things["article", path] = replace(
        thing, handle=path, raw={**thing.raw, "place": folder, "path": path}
    )


def _named(center: Center, name: str, title: str) -> Thing:
    """Return a collection by its title."""
    return next(
        t for t in center.replica(name).living("collection") if t.raw["texts"]["en"]["title"] == title
    )


def test_what_a_server_dropped_is_not_sent_again_with_the_next_edit(center: Center) -> None:
    """An edit on the server that dropped a paragraph travels away from it; nothing is written back there."""
    center.confluence.moods.truncates = 1
    center.write("files", "A", "one\ntwo")
    center.sync()
    writes = center.confluence.writes
    center.edit("confluence", "A", body="one changed")
    report = center.sync()
    assert center.body("files", "A") == center.body("intercom", "A") == "one changed\ntwo"
    assert center.confluence.writes == writes
    assert {done.replica for done in report.applied} == {"files", "intercom"}


def test_files_follow_a_directory_that_moves(center: Center) -> None:
    """A collection moved in Intercom takes its directory along, and an edit of an article in it arrives too."""
    for path in ("billing", "money"):
        _collection(center, path)
    _file_in(center, "billing", "Refunds")
    center.sync()
    inner, outer = (_named(center, "intercom", title) for title in ("Billing", "Money"))
    center.intercom.edit(("collection", inner.handle), lambda raw: raw.update(place=outer.handle))
    _line(center, "intercom", "Refunds", "mine")
    report = center.sync()
    assert report.exit_code == 0, report
    assert center.one("files", "Refunds").handle == "money/billing/refunds"
    assert center.body("files", "Refunds") == center.body("confluence", "Refunds") == "alpha\nmine"
    assert center.sync().applied == ()


def test_who_edits_while_we_retire_keeps_the_article(center: Center) -> None:
    """A save in Intercom right after our unpublishing brings the article back, with what was written."""
    for title in ("A", "B"):
        center.write("files", title, "alpha")
    center.sync()
    center.delete("files", "A")
    center.intercom.moods.after_write = lambda: _line(center, "intercom", "A", "mine")
    center.sync()
    center.sync()
    assert {center.body(name, "A") for name in NAMES} == {"alpha\nmine"}


def test_what_is_known_needs_no_likeness(center: Center) -> None:
    """An article whose title and text were both rewritten in Intercom is still the same article."""
    center.write("files", "A", "alpha")
    center.sync()
    center.edit("intercom", "A", title="Other", body="something else entirely")
    assert center.sync().exit_code == 0
    assert [len(center.replica(name).living()) for name in NAMES] == [1, 1, 1]
    assert center.body("files", "Other") == "something else entirely"


def test_a_collection_that_is_filled_outlives_its_deletion(center: Center) -> None:
    """Deleted in Intercom while a file was moved into it, it is made there again, with the article in it."""
    _collection(center, "billing")
    center.write("files", "Refunds", "alpha")
    center.sync()
    center.intercom.remove(("collection", _named(center, "intercom", "Billing").handle))
    thing = center.files.things.pop(("article", "refunds"))
    raw = {**thing.raw, "place": "billing", "path": "billing/refunds"}
    center.files.things["article", "billing/refunds"] = replace(thing, handle="billing/refunds", raw=raw)
    assert center.sync().exit_code == 0
    made = _named(center, "intercom", "Billing")
    assert center.one("intercom", "Refunds").raw["place"] == made.handle
    assert center.files.living("collection")
    assert center.confluence.living("collection")
    assert center.sync().applied == ()


def test_articles_that_say_the_same_are_not_one(center: Center) -> None:
    """New files with one and the same text, as from a template, become an article each."""
    for title in ("A", "B", "C"):
        center.write("files", title, "to be written")
    center.sync()
    for name in NAMES:
        assert {t.raw["texts"]["en"]["title"] for t in center.replica(name).living()} == {"A", "B", "C"}
    assert {t.id for t in center.files.living()} == {"a", "b", "c"}
    assert center.sync().applied == ()


@pytest.mark.parametrize("mood", ["down", "breaks_off"])
def test_a_listing_that_failed_is_no_empty_one(center: Center, mood: str) -> None:
    """It is reported as what it is; nothing is created, retired or brought back on its account."""
    center.write("files", "A", "alpha")
    center.sync()
    writes = center.intercom.writes
    setattr(center.intercom.moods, mood, True)
    center.write("files", "B", "beta")
    report = center.sync()
    assert {(stop.replica, stop.code) for stop in report.failed} == {
        ("intercom", {"down": "KB301", "breaks_off": "KB307"}[mood])
    }
    assert center.intercom.writes == writes
    assert len(center.files.living()) == len(center.confluence.living()) == 2


@pytest.mark.parametrize("name", ["intercom", "confluence"])
def test_a_listing_that_lags_is_no_edit(center: Center, name: str) -> None:
    """A list that still shows yesterday's version reverts nothing: the thing itself is read."""
    center.write("files", "A", "alpha")
    center.sync()
    center.replica(name).moods.lags = True
    center.edit("files", "A", body="omega")
    center.sync()
    report = center.sync()
    assert report.applied == ()
    assert {center.body(each, "A") for each in NAMES} == {"omega"}


def test_words_that_a_vanished_copy_never_showed_are_not_deleted_with_it(center: Center) -> None:
    """Who deletes an old version has not seen the new one: the article comes back with it."""
    for title in ("A", "B", "C"):
        center.write("files", title, "alpha")
    center.sync()
    center.confluence.moods.refuses.add("a")
    _line(center, "files", "A", "unseen")
    assert center.sync().exit_code == 1
    center.delete("confluence", "A")
    center.confluence.moods.refuses.clear()
    center.sync()
    assert {center.body(name, "A") for name in NAMES} == {"alpha\nunseen"}
    assert center.one("intercom", "A").raw["texts"]["en"]["state"] == "published"


def test_a_race_that_nobody_sees_is_told_from_an_outage(center: Center) -> None:
    """What was overwritten by our own write is merged back once, and not again by the run after."""
    center.write("files", "A", "one\ntwo")
    center.sync()

    def race(key: Key) -> None:
        center.intercom.edit(key, lambda raw: raw["texts"]["en"].update(body="mine\none\ntwo"))

    center.intercom.race = race
    _line(center, "files", "A", "ours")
    center.sync()
    assert {center.body(name, "A") for name in NAMES} == {"mine\none\ntwo\nours"}
    assert center.sync().applied == ()


def test_a_deletion_where_a_translation_cannot_be_shown_is_believed(center: Center) -> None:
    """Confluence shows one language: it lacks nothing that it could show, so its deletion counts."""
    center.policy = Policy(max_deletes=Budget(number=9, share=None))
    center.write("files", "A", "alpha")
    center.sync()
    french = {"title": "B", "description": "", "state": "published", "body": "beta"}
    center.files.edit(("article", "a"), lambda raw: raw["texts"].update(fr=french))
    center.sync()
    center.delete("confluence", "A")
    center.sync()
    assert not center.files.living()
    assert center.sync().applied == ()


def test_a_collection_comes_back_with_what_comes_back_into_it(center: Center) -> None:
    """An article that a teammate revives finds its collection again."""
    center.policy = Policy(max_deletes=Budget(number=9, share=None))
    _collection(center, "billing")
    _file_in(center, "billing", "Refunds")
    center.sync()
    center.delete("files", "Refunds")
    center.sync()
    del center.files.things["collection", "billing"]
    center.sync()
    assert not center.intercom.living("collection")
    hidden = center.one("intercom", "Refunds")
    center.intercom.edit(("article", hidden.handle), lambda raw: raw["texts"]["en"].update(state="published"))
    center.sync()
    assert center.sync().exit_code == 0
    assert center.one("files", "Refunds").raw["place"] == "billing"
    for name in NAMES:
        assert center.one(name, "Refunds").raw["place"] == _named(center, name, "Billing").handle


def test_a_collection_that_is_kept_away_returns_with_its_first_article(center: Center) -> None:
    """With `on_delete = "keep"` an edit brings a deleted article back, and the collection it stands in too."""
    center.policy = Policy(max_deletes=Budget(number=9, share=None), on_delete="keep")
    _collection(center, "billing")
    _file_in(center, "billing", "Refunds")
    center.sync()
    center.delete("intercom", "Refunds")
    center.intercom.remove(("collection", _named(center, "intercom", "Billing").handle))
    center.sync()
    assert not center.intercom.living()
    assert center.files.living("collection")
    _line(center, "files", "Refunds", "news")
    center.sync()
    assert center.one("intercom", "Refunds").raw["place"] == _named(center, "intercom", "Billing").handle
    assert center.sync().applied == ()


def test_a_link_in_a_held_version_follows_a_rename(center: Center) -> None:
    """What waits for a person still links to where the other article is by then."""
    for title in ("A", "B"):
        center.write("files", title, "alpha is here")
    center.sync()
    center.edit("files", "A", body="beta is here\nsee b")
    center.edit("intercom", "A", body="gamma is here")
    assert center.sync().exit_code == 3
    moved = center.files.things.pop(("article", "b"))
    center.files.things["article", "c"] = replace(
        moved, handle="c", raw={**moved.raw, "name": "c", "path": "c"}
    )
    center.sync()
    center.engine().resolve("a", "files")
    center.sync()
    assert center.body("files", "A") == "beta is here\nsee c"
    assert center.sync().exit_code == 0
