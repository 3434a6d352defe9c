"""The scheduled mirror: sync every so often and when a webhook hints, until it is told to stop."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import uvicorn
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.applications import Starlette

from kbsync.errors import ConfigError, KbsyncError

HINT_PAUSE = 5.0
"""Seconds between a webhook and the sync it causes, so that a burst of edits is one sync."""

_UNWELL_AFTER = 3
"""Failed runs in a row after which /healthz answers 503."""


@dataclass(frozen=True, slots=True)
class Run:
    """How one sync ended: exit code and counts."""

    code: int
    applied: int = 0
    conflicts: int = 0
    requests: int = 0


@dataclass
class Metrics:
    """What /metrics tells."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        self.runs = Counter("kbsync_runs", "Syncs by exit code.", ["code"], registry=self.registry)
        self.steps = Counter("kbsync_steps", "Steps that were applied.", registry=self.registry)
        self.requests = Counter("kbsync_requests", "Requests sent to remotes.", registry=self.registry)
        self.hints = Counter("kbsync_hints", "Webhooks taken as hints.", registry=self.registry)
        self.conflicts = Gauge(
            "kbsync_conflicts", "Conflicts that wait for a person.", registry=self.registry
        )
        self.success = Gauge(
            "kbsync_last_success_timestamp_seconds", "When the last good sync ended.", registry=self.registry
        )
        self.seconds = Histogram("kbsync_run_seconds", "How long a sync took.", registry=self.registry)

    def record(self, run: Run, seconds: float) -> None:
        """Count one run."""
        self.runs.labels(str(run.code)).inc()
        self.steps.inc(run.applied)
        self.requests.inc(run.requests)
        self.conflicts.set(run.conflicts)
        self.seconds.observe(seconds)
        if run.code in (0, 3):
            self.success.set_to_current_time()


class Watch:
    """Runs `sync` every `every` seconds; one at a time, always to its end."""

    def __init__(self, sync: Callable[[], Run], every: float, say: Callable[[str], None]) -> None:
        self._sync = sync
        self._every = every
        self._say = say
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._failed = 0
        self.metrics = Metrics()

    def hint(self, reason: str) -> None:
        """Ask for a sync soon."""
        self.metrics.hints.inc()
        self._say(f"hint: {reason}")
        self._wake.set()

    def stop(self) -> None:
        """End after the sync that is under way."""
        self._stopped.set()
        self._wake.set()

    def health(self) -> tuple[bool, dict[str, object]]:
        """Tell whether syncs succeed."""
        return self._failed < _UNWELL_AFTER, {"failed_in_a_row": self._failed}

    def run(self) -> None:
        """Sync until stopped."""
        while not self._stopped.is_set():
            self._once()
            hinted = self._wake.wait(self._every)
            self._wake.clear()
            if hinted and not self._stopped.is_set():
                self._stopped.wait(min(HINT_PAUSE, self._every))

    def _once(self) -> None:
        start = time.monotonic()
        try:
            run = self._sync()
        except KbsyncError as error:
            self._say(error.line())
            run = Run(error.exit_code)
        self._failed = 0 if run.code in (0, 3) else self._failed + 1
        self.metrics.record(run, time.monotonic() - start)


@contextlib.contextmanager
def stopping(watch: Watch) -> Iterator[None]:
    """Let SIGINT and SIGTERM end the watch gracefully."""
    before = {s: signal.signal(s, lambda *_: watch.stop()) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def listening(application: Starlette, address: str) -> Iterator[str]:
    """Serve the application at HOST:PORT in a thread; yields the address. Raises ConfigError."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise ConfigError(f"--listen {address} is not HOST:PORT", hint="for example 127.0.0.1:8080")
    sock = _bind(host.strip("[]"), int(port))
    server = uvicorn.Server(uvicorn.Config(application, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{sock.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        sock.close()


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen()
    except OSError as error:
        sock.close()
        raise ConfigError(
            f"cannot listen on {host}:{port}: {error.strerror}", hint="choose another --listen address"
        ) from error
    return sock
