"""A state that lives in a dictionary, and its lease: what the store promises, a tenth of its time.

Every commit is one numbered effect, all of it or nothing, and `reload` sees what was committed. The
machine plays with the real store too, in a part of its examples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from kbsync.effects import Effects
from kbsync.errors import LeaseHeld
from kbsync.state.snapshot import ALL_TABLES, Change, Put, Snapshot
from kbsync.state.store import State


class Slate(State):
    """Has the interface of the store without a database."""

    def __init__(self, effects: Effects) -> None:
        self.effects = effects
        self.rows = Snapshot()
        self.snapshot = Snapshot()
        self.taken = False

    def commit(self, what: str, changes: Sequence[Change]) -> None:
        if changes:
            self.effects.perform("state", what, lambda: self.rows.apply(changes))
            self.snapshot.apply(changes)

    def reload(self) -> None:
        self.snapshot = Snapshot()
        self.snapshot.apply(Put(record) for table in ALL_TABLES for record in self.rows.all(table))

    def replace(self, what: str, changes: Sequence[Change]) -> None:
        self.rows = Snapshot()
        self.commit(what, changes)
        self.reload()

    def close(self) -> None:
        pass


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


Lease = Callable[[Any], Any]
