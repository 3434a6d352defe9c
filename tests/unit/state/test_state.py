"""What the state promises: all or nothing, one writer, and a clear line when it cannot be used."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import threading
import time
from pathlib import Path

import msgspec
import pytest

from kbsync.article import Article, Text
from kbsync.document.blocks import Document, Paragraph
from kbsync.document.blocks import Text as Words
from kbsync.errors import LeaseHeld, StateError, StateTooNew
from kbsync.state.lease import lease
from kbsync.state.records import Base, Conflict, Settled, Shadow
from kbsync.state.schema import LEASE, MIGRATIONS, VERSION
from kbsync.state.snapshot import Put, drop
from kbsync.state.store import State, open_state


def _base(id: str, words: str = "alpha") -> Base:
    body = Document((Paragraph((Words(words),)),))
    return Base(entry=Article(id, {"en": Text("Title", body)}))


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A state nobody opened yet."""
    return f"sqlite:///{tmp_path}/deep/state.db"


def test_what_was_committed_is_there_again(url: str) -> None:
    """Every record comes back equal, documents and all."""
    records = [
        _base("a"),
        Shadow(replica="intercom", kind="article", id="a", reading="{}", agreed=_base("a", "b").entry),
        Conflict(
            kind="article",
            id="a",
            field="body",
            locale="en",
            versions={"files": Document((Paragraph((Words("x"),)),)), "intercom": None},
            ancestors={"files": "text", "intercom": 7},
            since="2026-01-01",
        ),
    ]
    state = open_state(url)
    state.commit("test", [Put(record) for record in records])
    state.close()
    again = open_state(url).snapshot
    assert again.base(("article", "a")) == records[0]
    assert again.shadow("intercom", ("article", "a")) == records[1]
    assert again.conflicts(("article", "a")) == (records[2],)


def test_a_commit_is_all_or_nothing(url: str) -> None:
    """When one change of a commit cannot be made, none is."""
    state = open_state(url)
    state.commit("first", [Put(_base("a"))])
    bad = msgspec.structs.replace(_base("b"), entry=Article("\ud800", {}))
    with pytest.raises((StateError, UnicodeEncodeError)):
        state.commit("second", [Put(_base("c")), drop(_base("a")), Put(bad)])
    state.reload()
    assert [base.entry.id for base in state.snapshot.all(Base)] == ["a"]


def test_the_last_change_of_a_record_counts(url: str) -> None:
    """A commit may put and drop one record several times; the database ends where the snapshot does."""
    state = open_state(url)
    state.commit("a", [Put(_base("a")), drop(_base("a")), Put(_base("b")), drop(_base("c")), Put(_base("c"))])
    shown = [base.entry.id for base in state.snapshot.all(Base)]
    state.reload()
    assert shown == [base.entry.id for base in state.snapshot.all(Base)] == ["b", "c"]


OLDEST = """
CREATE TABLE kbsync_base (kind VARCHAR, id VARCHAR, doc TEXT NOT NULL, PRIMARY KEY (kind, id));
CREATE TABLE kbsync_shadow (
  replica VARCHAR, kind VARCHAR, id VARCHAR, doc TEXT NOT NULL, PRIMARY KEY (replica, kind, id)
);
CREATE TABLE kbsync_asset (
  replica VARCHAR, address VARCHAR, doc TEXT NOT NULL, PRIMARY KEY (replica, address)
);
CREATE TABLE kbsync_conflict (
  kind VARCHAR, id VARCHAR, field VARCHAR, locale VARCHAR, doc TEXT NOT NULL,
  PRIMARY KEY (kind, id, field, locale)
);
CREATE TABLE kbsync_intent (
  replica VARCHAR, kind VARCHAR, id VARCHAR, doc TEXT NOT NULL, PRIMARY KEY (replica, kind, id)
);
CREATE TABLE kbsync_rescue (
  replica VARCHAR, kind VARCHAR, id VARCHAR, token VARCHAR, doc TEXT NOT NULL,
  PRIMARY KEY (replica, kind, id, token)
);
CREATE TABLE kbsync_note (name VARCHAR PRIMARY KEY, doc TEXT NOT NULL);
CREATE TABLE kbsync_lease (name VARCHAR PRIMARY KEY, holder TEXT NOT NULL, expires FLOAT NOT NULL);
CREATE TABLE kbsync_schema (version VARCHAR PRIMARY KEY);
INSERT INTO kbsync_schema VALUES ('1');
INSERT INTO kbsync_base VALUES ('article', 'a', '{"entry":{"kind":"article","id":"a","texts":{}}}');
INSERT INTO kbsync_shadow VALUES ('files', 'article', 'a',
  '{"replica":"files","kind":"article","id":"a","reading":"{}"}');
INSERT INTO kbsync_note VALUES ('last-sync', '{"name":"last-sync","value":"2026-01-01"}');
"""
"""The first schema as it was shipped, word by word: it never changes."""


def test_the_oldest_state_is_brought_up_to_date(url: str, tmp_path: Path) -> None:
    """A state of the first schema gets what came later, keeps what it held, and can be written."""
    (tmp_path / "deep").mkdir()
    with sqlite3.connect(tmp_path / "deep" / "state.db") as connection:
        connection.executescript(OLDEST)
    connection.close()
    state = open_state(url)
    assert state.snapshot.base(("article", "a")) == Base(entry=Article("a", {}))
    assert state.snapshot.shadow("files", ("article", "a")) is not None
    assert state.snapshot.note("last-sync") == "2026-01-01"
    settled = Settled(
        conflict=Conflict(kind="article", id="a", field="name", versions={}, ancestors={}, since="x"),
        take="files",
        at="y",
    )
    state.commit("test", [Put(settled)])
    state.reload()
    assert list(state.snapshot.all(Settled)) == [settled]
    with state.transaction() as connection:
        assert connection.execute(VERSION.select()).scalar() == str(len(MIGRATIONS))


def test_a_newer_state_is_refused(url: str) -> None:
    """A state of a newer kbsync is not touched."""
    state = open_state(url)
    with state.transaction() as connection:
        connection.execute(VERSION.update().values(version="999"))
    state.close()
    with pytest.raises(StateTooNew, match="upgrade"):
        open_state(url)


def test_a_file_that_is_no_database_is_one_clear_line(tmp_path: Path) -> None:
    """Garbage in place of the state says what to do."""
    path = tmp_path / "state.db"
    path.write_bytes(b"this is not a database" * 100)
    with pytest.raises(StateError, match="move the state aside"):
        open_state(f"sqlite:///{path}")


def test_a_broken_record_is_one_clear_line(url: str, tmp_path: Path) -> None:
    """A record that cannot be decoded names its table and what to do."""
    state = open_state(url)
    state.commit("test", [Put(_base("a"))])
    state.close()
    with sqlite3.connect(tmp_path / "deep" / "state.db") as connection:
        connection.execute("UPDATE kbsync_base SET doc = '{}'")
    opened = open_state(url)
    with pytest.raises(StateError, match="kbsync_base"):
        _ = opened.snapshot


@pytest.mark.parametrize("url", ["nonsense", "oracle://x/y", "", "sqlite:///s.sqlite?timeout=soon"])
def test_an_unusable_url_is_one_clear_line(url: str) -> None:
    """A URL nobody understands names the ones that work."""
    with pytest.raises(StateError, match="sqlite"):
        open_state(url)


def test_a_second_run_is_told_who_is_at_work(url: str) -> None:
    """The lease names who, where and since when, and is free again afterwards."""
    first, second = open_state(url), open_state(url)
    with (
        lease(first) as holder,
        pytest.raises(LeaseHeld, match=f"process {os.getpid()}.*since {holder.since[:4]}"),
    ):
        _hold(second)
    _hold(second)


def test_a_process_that_stands_still_while_it_writes_is_named(tmp_path: Path) -> None:
    """Whoever waits for a state in vain reads which run to look at, and not that the state is broken."""
    url = f"sqlite:///{tmp_path}/state.sqlite?timeout=0.1"
    with lease(open_state(url)), sqlite3.connect(tmp_path / "state.sqlite") as writing:
        writing.execute("BEGIN IMMEDIATE")
        with pytest.raises(LeaseHeld, match=rf"process {os.getpid()}\) .* does not let go") as caught:
            open_state(url)
        writing.rollback()

    assert "aside" not in caught.value.line()


def test_the_switch_to_write_ahead_waits_its_turn(tmp_path: Path) -> None:
    """Two runs that open a new state at one moment both open it, the second a little later."""
    path = tmp_path / "state.sqlite"
    with sqlite3.connect(path, check_same_thread=False) as first:
        first.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(0.2, first.commit)
        timer.start()
        state = open_state(f"sqlite:///{path}?timeout=20")
        timer.join()
    assert not state.snapshot.note("anything")


def test_an_expired_lease_is_taken_over(url: str) -> None:
    """A lease that nobody renewed is free, even when its holder is on another host."""
    state = open_state(url)
    foreign = b'{"user":"x","host":"elsewhere","pid":1,"since":"long ago"}'.decode()
    with state.transaction() as connection:
        connection.execute(LEASE.insert().values(name="sync", holder=foreign, expires=time.time() + 60))
    with pytest.raises(LeaseHeld, match="x on elsewhere"):
        _hold(state)
    with state.transaction() as connection:
        connection.execute(LEASE.update().values(expires=time.time() - 1))
    _hold(state)


def test_a_lease_is_renewed_while_it_is_held(url: str) -> None:
    """A run longer than the lease keeps it."""
    first, second = open_state(url), open_state(url)
    with lease(first, ttl=1.5):
        time.sleep(2.2)
        with pytest.raises(LeaseHeld):
            _hold(second)


def test_a_run_whose_lease_was_taken_writes_no_more(url: str) -> None:
    """A run that stood still for longer than its lease ends instead of writing beside its successor."""
    first, second = open_state(url), open_state(url)
    foreign = '{"user":"x","host":"elsewhere","pid":1,"since":"just now"}'
    with lease(first):
        first.commit("test", [Put(_base("a"))])
        with second.transaction() as connection:
            connection.execute(LEASE.update().values(holder=foreign))
        with pytest.raises(LeaseHeld, match=r"x on elsewhere .* took over"):
            first.commit("test", [Put(_base("b"))])
    second.reload()
    assert [base.entry.id for base in second.snapshot.all(Base)] == ["a"]


def test_a_killed_run_gives_its_lease_back(url: str) -> None:
    """After SIGKILL the next run on this host goes ahead at once."""
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=_hold_forever, args=(url, ready))
    process.start()
    assert ready.wait(30)
    state = open_state(url)
    with pytest.raises(LeaseHeld, match=f"process {process.pid}"):
        _hold(state)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    _hold(state)


def _hold(state: State) -> None:
    with lease(state):
        pass


def _hold_forever(url: str, ready: object) -> None:
    with lease(open_state(url)):
        ready.set()  # type: ignore[attr-defined]
        time.sleep(60)
