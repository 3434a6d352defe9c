"""Two processes over one state: one works, the other says so and leaves; one that died holds nobody up."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from contextlib import suppress
from queue import SimpleQueue

import msgspec
import pytest
from help_center import HelpCenter
from people import Colleague, Teammate
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from kbsync.sandbox.faults import Fault

TITLES = ["Invoices", "Passwords", "Refunds"]
PATIENCE = 120.0
"""Seconds after which a test gives up on a process; none waits for them to pass."""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def shared(request: pytest.FixtureRequest, center: HelpCenter) -> HelpCenter:
    """A help center whose state lies in SQLite, or in a database of its own on a real PostgreSQL.

    One article at once: a process that is stopped in its request then holds no transaction of another article's.
    """
    sync: dict[str, object] = {"workers": 1}
    if request.param == "postgresql":
        server = make_url(request.getfixturevalue("postgres")).set(drivername="postgresql+psycopg")
        name = f"run{time.monotonic_ns()}"
        with create_engine(server, isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        url = server.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
        sync["state"] = url
    center.configure(sync=sync)
    return center


class _Catch(Fault, frozen=True):
    """Stops the process whose request it hits, in its middle: no clock decides who is faster."""

    running: SimpleQueue[int] = msgspec.field(default_factory=SimpleQueue)

    def concerns(self, method: str, path: str) -> bool:
        concerned = Fault.concerns(self, method, path)
        if concerned:
            os.kill(self.running.get(), signal.SIGSTOP)
        return concerned


def _caught_at(center: HelpCenter, method: str, path: str) -> subprocess.Popen[str]:
    """Start a sync and stop it in the middle of its first such request."""
    catch = _Catch("slow", method=method, path=path, delay=0.0, count=1)
    center.box.faults.add(catch)
    running = center.start("sync")
    catch.running.put(running.pid)
    ended = os.waitid(os.P_PID, running.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    assert ended is not None
    assert ended.si_code == os.CLD_STOPPED, running.communicate()
    return running


def _end(running: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError):
        os.kill(running.pid, signal.SIGKILL)
    running.communicate(timeout=PATIENCE)


def test_one_proceeds_and_the_other_ends_with_a_clear_line(
    shared: HelpCenter, teammate: Teammate, colleague: Colleague
) -> None:
    """The second run names who is at work, where and since when, and changes nothing; the first ends well."""
    first = _caught_at(shared, "POST", "/intercom/articles")
    try:
        refused = shared.ok("sync", code=1)
        os.kill(first.pid, signal.SIGCONT)
        assert first.wait(PATIENCE) == 0
    finally:
        _end(first)

    assert re.search(
        rf"another run is at work: \S+ on \S+ \(process {first.pid}\) since \d{{4}}-\d\d-\d\dT",
        refused.complaint,
    )
    assert refused.complaint.endswith("[KB401]")
    assert sorted(each["title"] for each in teammate.listed()) == TITLES
    assert set(TITLES) <= set(colleague.pages())
    assert shared.ok("sync", "--json").document["applied"] == []


def test_the_lease_of_a_killed_run_is_taken_over(
    shared: HelpCenter, teammate: Teammate, colleague: Colleague
) -> None:
    """After SIGKILL in the middle of a write the next run goes ahead at once and finishes it, nothing twice."""
    first = _caught_at(shared, "POST", "/intercom/articles")
    _end(first)

    shared.ok("sync")

    assert sorted(each["title"] for each in teammate.listed()) == TITLES
    assert sorted(teammate.collections()) == ["Account", "Billing"]
    assert set(TITLES) <= set(colleague.pages())
    assert shared.ok("sync", "--json").document["applied"] == []
