"""The whole state in memory, as the run reads it; every commit goes to the database and here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from kbsync.state.records import (
    Asset,
    Base,
    Conflict,
    EntryKey,
    Intent,
    Note,
    Record,
    Rescue,
    Settled,
    Shadow,
)

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Put:
    """Insert or replace a record."""

    record: Record


@dataclass(frozen=True, slots=True)
class Drop:
    """Remove the record with this key, if it is there."""

    table: type[Record]
    key: tuple[str, ...]


def drop(record: Record) -> Drop:
    """Return the change that removes the record."""
    return Drop(type(record), record.key)


Change = Put | Drop
_SEVERAL = (Conflict, Rescue)
"""Records of which one entry may have several: they are looked up by entry."""


@dataclass(slots=True)
class Snapshot:
    """Every record by type and key. Readers may not change it; `apply` is for the store."""

    tables: dict[type[Record], dict[tuple[str, ...], Any]] = field(default_factory=dict)
    _of_entry: dict[tuple[type[Record], EntryKey], dict[tuple[str, ...], Any]] = field(
        default_factory=dict, repr=False
    )

    def apply(self, changes: Iterable[Change]) -> None:
        """Take over what was committed."""
        for change in changes:
            if isinstance(change, Put):
                record = change.record
                self._table(type(record))[record.key] = record
                if isinstance(record, _SEVERAL):
                    entry = (record.kind, record.id)
                    self._of_entry.setdefault((type(record), entry), {})[record.key] = record
            else:
                gone = self._table(change.table).pop(change.key, None)
                if isinstance(gone, _SEVERAL):
                    self._of_entry[change.table, (gone.kind, gone.id)].pop(change.key)

    def all(self, table: type[R]) -> Iterator[R]:
        """Yield the records of one type, ordered by key."""
        rows = self._table(table)
        return (rows[key] for key in sorted(rows))

    def get(self, table: type[R], *key: str) -> R | None:
        """Return one record."""
        found: R | None = self._table(table).get(key)
        return found

    def base(self, key: EntryKey) -> Base | None:
        """Return the last agreement on an entry."""
        return self.get(Base, *key)

    def shadow(self, replica: str, key: EntryKey) -> Shadow | None:
        """Return what a replica showed last of an entry."""
        return self.get(Shadow, replica, *key)

    def conflicts(self, key: EntryKey) -> tuple[Conflict, ...]:
        """Return the held fields of an entry."""
        return self._entry_records(Conflict, key)

    def rescues(self, key: EntryKey) -> tuple[Rescue, ...]:
        """Return the overwritten versions of an entry that wait to be merged back in."""
        return self._entry_records(Rescue, key)

    def _entry_records(self, table: type[R], key: EntryKey) -> tuple[R, ...]:
        rows = self._of_entry.get((table, key), {})
        return tuple(rows[each] for each in sorted(rows))

    def note(self, name: str) -> str:
        """Return a fact about the whole state, or ""."""
        found = self.get(Note, name)
        return found.value if found else ""

    def _table(self, table: type[Record]) -> dict[tuple[str, ...], Any]:
        return self.tables.setdefault(table, {})


ALL_TABLES: tuple[type[Record], ...] = (Base, Shadow, Asset, Conflict, Intent, Rescue, Settled, Note)
