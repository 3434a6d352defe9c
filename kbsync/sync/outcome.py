"""What a run did, for people, for scripts, and as an exit code."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Literal, Protocol, TypeAlias

import msgspec

from kbsync.replicas.base import ReplicaName

Side: TypeAlias = ReplicaName | Literal[""]

FAILED, PENDING, WAITING, DONE = 1, 2, 3, 0


class Warned(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something a person should know; `diff` shows what a server made of ours."""

    code: str
    article: str
    replica: Side
    message: str
    diff: str = ""


class Held(msgspec.Struct, frozen=True):
    """An entry that waits for a person: its disputed fields (`body.fr`), blocks, and who disputes."""

    article: str
    fields: tuple[str, ...]
    blocks: int
    replicas: tuple[str, ...]


class Done(msgspec.Struct, frozen=True):
    """One step that was taken."""

    id: str
    article: str
    replica: Side
    action: str


class Stopped(msgspec.Struct, frozen=True):
    """One step that was not taken, or a replica that could not be used, and why."""

    id: str
    article: str
    replica: Side
    code: str
    message: str


class Report(msgspec.Struct, frozen=True):
    """`apply --json` and `sync --json`. `pending` counts steps a dry run left undone."""

    applied: tuple[Done, ...] = ()
    refused: tuple[Stopped, ...] = ()
    failed: tuple[Stopped, ...] = ()
    conflicts: tuple[Held, ...] = ()
    warnings: tuple[Warned, ...] = ()
    requests: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    pending: int = 0

    @property
    def exit_code(self) -> int:
        """Return the code the command ends with: the first rule that applies."""
        return exit_code(
            failed=len(self.failed), waiting=len(self.refused) + len(self.conflicts), pending=self.pending
        )


def exit_code(*, failed: int, waiting: int, pending: int) -> int:
    """Return 1 when something failed, 3 when something waits for a person, 2 when changes are pending, else 0."""
    if failed:
        return FAILED
    if waiting:
        return WAITING
    return PENDING if pending else DONE


class Outcome:
    """Collects what happens during a run, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._applied: list[Done] = []
        self._refused: list[Stopped] = []
        self._failed: list[Stopped] = []
        self._warnings: dict[tuple[str, str, str, str], Warned] = {}

    def applied(self, done: Done) -> None:
        """Note a step that was taken."""
        with self._lock:
            self._applied.append(done)

    def refused(self, stopped: Stopped) -> None:
        """Note a step that waits."""
        with self._lock:
            self._refused.append(stopped)

    def failed(self, stopped: Stopped) -> None:
        """Note a failure; the same one twice counts once."""
        with self._lock:
            if stopped not in self._failed:
                self._failed.append(stopped)

    def warn(self, warned: Warned) -> None:
        """Note a warning; the same one twice counts once."""
        with self._lock:
            self._warnings[warned.code, warned.article, warned.replica, warned.message] = warned

    def report(
        self,
        conflicts: Sequence[Held] = (),
        requests: Mapping[str, Mapping[str, int]] | None = None,
        pending: int = 0,
    ) -> Report:
        """Return everything so far as a value, in an order that no thread decides."""
        return Report(
            applied=tuple(sorted(self._applied, key=lambda d: (d.article, d.replica, d.id))),
            refused=tuple(sorted(self._refused, key=lambda s: (s.article, s.replica, s.id))),
            failed=tuple(sorted(self._failed, key=lambda s: (s.article, s.replica, s.id))),
            conflicts=tuple(conflicts),
            warnings=tuple(self._warnings[key] for key in sorted(self._warnings)),
            requests={name: dict(counts) for name, counts in (requests or {}).items()},
            pending=pending,
        )


class Progress(Protocol):
    """What a terminal shows while a run goes on."""

    def phase(self, name: str, total: int) -> None:
        """Begin a phase of so many pieces of work; 0 when nobody knows."""
        ...

    def advance(self) -> None:
        """One piece is done; called from any thread."""
        ...

    def note(self, message: str) -> None:
        """Say one line."""
        ...


class Silent:
    """Progress that nobody watches."""

    def phase(self, name: str, total: int) -> None:
        """Say nothing."""

    def advance(self) -> None:
        """Say nothing."""

    def note(self, message: str) -> None:
        """Say nothing."""


SILENT = Silent()
