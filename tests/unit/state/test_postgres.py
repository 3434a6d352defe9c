"""The same state on a real PostgreSQL, which the tests start themselves."""

from __future__ import annotations

import os

import pytest
from sqlalchemy import text

from kbsync.article import Article
from kbsync.errors import LeaseHeld
from kbsync.state.lease import lease
from kbsync.state.records import Base
from kbsync.state.snapshot import Put
from kbsync.state.store import open_state

pytestmark = pytest.mark.postgres


def test_records_come_back(postgres: str) -> None:
    """PostgreSQL keeps what SQLite keeps."""
    state = open_state(postgres)
    state.commit("test", [Put(Base(entry=Article("a", {})))])
    state.close()
    again = open_state(postgres)
    assert [base.entry.id for base in again.snapshot.all(Base)] == ["a"]
    again.close()


def test_two_hosts_cannot_run_at_once(postgres: str) -> None:
    """The advisory lock lets one run in, names it to the other, and dies with its connection."""
    first, second = open_state(postgres), open_state(postgres)
    with lease(first), pytest.raises(LeaseHeld, match=f"process {os.getpid()}"), lease(second):
        pass
    with lease(second):
        pass
    first.close()
    second.close()


def test_a_run_that_lost_its_lock_writes_no_more(postgres: str) -> None:
    """When the server drops the connection that held the lock, the next run gets in, and only that one."""
    first, second = open_state(postgres), open_state(postgres)
    with lease(first):
        with second.transaction() as connection:
            connection.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
            )
        with lease(second), pytest.raises(LeaseHeld, match="took over"):
            first.commit("late", [Put(Base(entry=Article("late", {})))])
    second.reload()
    assert second.snapshot.base(("article", "late")) is None
    first.close()
    second.close()
