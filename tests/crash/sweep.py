"""Every effect of a sync as the last one: python sweep.py PHASE ARTICLES EVERY.

The process forks at each effect, in up to three ways: the child dies there, or goes on without the answer,
and the next run must heal it. So what came before is played once, and not once a death. Everything a child
changes is its own: the sandbox and the state are in memory, the files are copied.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TypeVar

import httpx
from doomed import Place, Wires, engine
from inprocess import Adapter, Transport
from world import World

from kbsync.effects import Effects
from kbsync.errors import KbsyncError, RemoteDown
from kbsync.replicas.limits import Patience
from kbsync.sandbox.server import Sandbox
from kbsync.state.holder import Holder
from kbsync.state.store import open_state
from kbsync.sync.outcome import Report

T = TypeVar("T")
NOBODY = Holder("nobody", "nowhere", 0, "")
"""Holds no lease: renewing it would need a second thread, which a fork loses."""
REMOTE = ("intercom", "confluence")
PHASES = ("first", "edits")


class Crash(BaseException):
    """The process dies."""


class Counting:
    """Effects that are counted by kind."""

    def __init__(self) -> None:
        self.kinds: list[str] = []

    def perform(self, kind: str, what: str, act: Callable[[], T]) -> T:
        self.kinds.append(kind)
        return act()


class Forking:
    """Effects at every n-th of which a child dies; the parent goes on as if nothing were."""

    def __init__(self, every: int, scratch: Path) -> None:
        self.every, self.scratch = every, scratch
        self.count = self.deaths = 0
        self.failures = 0
        self.fate = ""

    def perform(self, kind: str, what: str, act: Callable[[], T]) -> T:
        if self.fate:
            return act()
        self.count += 1
        if (self.count - 1) % self.every:
            return act()
        if self._dies("before", kind, what):
            raise Crash
        done = act()
        if self._dies("after", kind, what):
            raise Crash
        if kind in REMOTE and self._dies("unanswered", kind, what):
            raise RemoteDown(f"the answer to {what} was lost")
        return done

    def _dies(self, how: str, kind: str, what: str) -> bool:
        """Fork; True in the child, which has a copy of every file."""
        own = self.scratch / f"{self.count}-{how}"
        shutil.copytree(".", own)
        child = os.fork()
        if not child:
            os.chdir(own)
            self.fate = f"{how} effect {self.count}, {kind}: {what}"
            return True
        self.deaths += 1
        self.failures += os.waitpid(child, 0)[1] != 0
        os.chdir(self.scratch.parent / "home")
        shutil.rmtree(own)
        return False


class Theatre:
    """A world in this process: the sandbox answers without a network, and the state is in memory."""

    def __init__(self, articles: int, public_url: str) -> None:
        self.box = Sandbox(port=80)
        self.place = replace(Place.of(".", self.box), public_url=public_url)
        app = self.box.app
        patience = Patience(sleep=lambda _: None)
        self.wires = Wires(
            {"transport": _Images(app, public_url), "patience": patience},
            {"adapter": Adapter(app), "patience": patience},
        )
        teammate = {"Authorization": f"Bearer {self.box.teammate_token}", "Intercom-Version": "2.16"}
        account = (self.box.confluence_user, self.box.confluence_token)
        self.world = World(
            Path(),
            httpx.Client(base_url=self.box.intercom_url, headers=teammate, transport=Transport(app)),
            httpx.Client(base_url=self.box.confluence_url, auth=account, transport=Transport(app)),
            self.box.space,
            articles,
        )
        self.state = open_state("sqlite://")

    def sync(self, effects: Effects) -> Report:
        """Run what a process of its own would run."""
        self.state.effects = effects
        run = engine(self.place, self.state, effects, self.wires)
        run.lease_factory = lambda _: nullcontext(NOBODY)
        return run.sync()

    def judge(self) -> None:
        """Demand that one run heals everything, and that the next has nothing to do."""
        report = self.sync(Counting())
        assert report.exit_code == 0, report
        assert self.world.duplicates() == []
        assert self.world.differences() == []
        assert self.world.lost() == set()
        silent = Counting()
        assert self.sync(silent).applied == ()
        assert set(silent.kinds) <= {"state"}, silent.kinds


class _Images(Transport):
    """The sandbox, and beside it the public images, which a server of their own holds."""

    def __init__(self, app: object, public_url: str) -> None:
        super().__init__(app)  # type: ignore[arg-type]
        self.public_url = public_url

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if str(request.url).startswith(self.public_url):
            return httpx.request(request.method, request.url, trust_env=False)
        return super().handle_request(request)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def _public(folder: Path) -> Iterator[str]:
    """Serve the images, from the parent's thread also to every child."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def sweep(phase: str, articles: int, every: int, folder: Path) -> Forking:
    """Play the scenario up to a phase, and die everywhere in it."""
    home = folder / "home"
    for each in (home, folder / "deaths"):
        each.mkdir()
    os.chdir(home)
    effects = Forking(every, folder / "deaths")
    with _public(home / "content") as public_url:
        theatre = Theatre(articles, public_url)
        if phase == "edits":
            assert theatre.sync(Counting()).exit_code == 0
            theatre.world.edit_everywhere()
        _run(theatre, effects)
        theatre.judge()
    return effects


def _run(theatre: Theatre, effects: Forking) -> None:
    """Run once; a child ends here, with the judgement of what it left behind."""
    try:
        theatre.sync(effects)
    except (Crash, KbsyncError):
        if not effects.fate:
            raise
    if not effects.fate:
        return
    try:
        theatre.judge()
    except BaseException:  # noqa: BLE001  a child reports whatever went wrong, and must not go on
        print(f"died {effects.fate}\n{traceback.format_exc(limit=3)}", flush=True)
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        swept = sweep(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(name))
        os.chdir("/")
    print(f"{swept.count} effects, {swept.deaths} deaths, {swept.failures} not healed")
    sys.exit(bool(swept.failures))
