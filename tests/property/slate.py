"""A state that lives in a dictionary, and its lease: what the store promises, a tenth of its time.

Every commit is one numbered effect, all of it or nothing, and `reload` sees what was committed. The
machine plays with the real store too, in a part of its examples.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from kbsync.effects import Effects
from kbsync.errors import LeaseHeld
from kbsync.state.snapshot import ALL_TABLES, Change, Put, Snapshot
from kbsync.state.store import State


class Slate(State):
    """The store without a database: what is read and what is written goes to `rows`."""

    def __init__(self, effects: Effects) -> None:
        self.effects = effects
        self.rows = Snapshot()
        self.taken = False
        self._lock = threading.RLock()
        self._snapshot = None

    def close(self) -> None:
        pass

    def _load(self) -> Snapshot:
        loaded = Snapshot()
        loaded.apply(Put(record) for table in ALL_TABLES for record in self.rows.all(table))
        return loaded

    def _write(self, changes: Sequence[Change], *, empty: bool = False) -> None:
        self.rows = Snapshot() if empty else self.rows
        self.rows.apply(changes)


@contextmanager
def slate_lease(state: Any) -> Iterator[Any]:
    """One at a time, as the real lease."""
    if state.taken:
        raise LeaseHeld("another run is at work: somebody")
    state.taken = True
    try:
        yield None
    finally:
        state.taken = False
