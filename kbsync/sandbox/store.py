"""Where the emulated services keep their things: JSON documents and blobs in one SQLite file."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

Doc: TypeAlias = dict[str, Any]
Keys: TypeAlias = Callable[[Doc], Iterable[str]]
"""The values of one document under an index."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
  kind TEXT NOT NULL, id TEXT NOT NULL, doc BLOB NOT NULL, PRIMARY KEY (kind, id)
);
CREATE TABLE IF NOT EXISTS blobs (name TEXT PRIMARY KEY, media_type TEXT NOT NULL, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""
_REMEMBERED_CHANGES = 20_000


class Clock:
    """The time both services live by: the machine's, unless a test freezes or advances it."""

    def __init__(self) -> None:
        self._offset = 0.0
        self._frozen: float | None = None

    def now(self) -> float:
        """Return epoch seconds."""
        return time.time() + self._offset if self._frozen is None else self._frozen

    def freeze(self, at: float | None = None) -> None:
        """Stop at `at` (default: where it stands)."""
        self._frozen = self.now() if at is None else at

    def advance(self, seconds: float) -> None:
        """Go on by `seconds`, frozen or not."""
        if self._frozen is None:
            self._offset += seconds
        else:
            self._frozen += seconds

    def run(self) -> None:
        """Go back to the machine's time."""
        self._frozen, self._offset = None, 0.0


class Store:
    """Documents by (kind, id), kept decoded in memory and written through to SQLite.

    A document handed out is shared: treat it as a value, and `put` a changed copy. Everything is safe to
    call from several threads; `transaction` makes a group of calls atomic.
    """

    def __init__(self, path: str | Path = ":memory:") -> None:
        self.path = str(path)
        self.clock = Clock()
        self._lock = threading.RLock()
        self._depth = 0
        self._db = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_SCHEMA)
        self._tables: dict[str, dict[str, Doc]] = {}
        self._keys: dict[tuple[str, str], Keys] = {}
        self._indexes: dict[tuple[str, str], dict[str, dict[str, None]]] = {}
        self._changes: deque[tuple[float, str, str, Doc | None]] = deque(maxlen=_REMEMBERED_CHANGES)

    def now(self) -> float:
        """Return epoch seconds by the sandbox's clock."""
        return self.clock.now()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the store; on an exception everything since the outermost entry is undone."""
        with self._lock:
            self._depth += 1
            if self._depth == 1:
                self._db.execute("BEGIN")
            try:
                yield
            except BaseException:
                self._leave("ROLLBACK")
                self._forget()
                raise
            self._leave("COMMIT")

    def _leave(self, statement: str) -> None:
        self._depth -= 1
        if self._db.in_transaction and (self._depth == 0 or statement == "ROLLBACK"):
            self._db.execute(statement)

    def _forget(self) -> None:
        self._tables.clear()
        self._indexes.clear()

    def _table(self, kind: str) -> dict[str, Doc]:
        table = self._tables.get(kind)
        if table is None:
            rows = self._db.execute("SELECT id, doc FROM documents WHERE kind = ? ORDER BY rowid", (kind,))
            table = self._tables[kind] = {id: msgspec.json.decode(doc) for id, doc in rows}
        return table

    def get(self, kind: str, id: str) -> Doc | None:
        """Return the document, None without one."""
        with self._lock:
            return self._table(kind).get(id)

    def all(self, kind: str) -> list[Doc]:
        """Return all documents of a kind, oldest first."""
        with self._lock:
            return list(self._table(kind).values())

    def put(self, kind: str, id: str, doc: Doc) -> Doc:
        """Write the document, new or not, and return it."""
        with self.transaction():
            table = self._table(kind)
            self._unindex(kind, id, table.get(id))
            self._db.execute(
                "INSERT INTO documents VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET doc = excluded.doc",
                (kind, id, msgspec.json.encode(doc)),
            )
            self._changes.append((self.now(), kind, id, table.get(id)))
            table[id] = doc
            self._reindex(kind, id, doc)
            return doc

    def delete(self, kind: str, id: str) -> bool:
        """Remove the document; tell whether there was one."""
        with self.transaction():
            doc = self._table(kind).pop(id, None)
            if doc is None:
                return False
            self._unindex(kind, id, doc)
            self._changes.append((self.now(), kind, id, doc))
            self._db.execute("DELETE FROM documents WHERE kind = ? AND id = ?", (kind, id))
            return True

    def index(self, kind: str, name: str, keys: Keys) -> None:
        """Declare an index: `find(kind, name, value)` will return the documents whose `keys` hold `value`."""
        with self._lock:
            self._keys[kind, name] = keys
            self._indexes.pop((kind, name), None)

    def find(self, kind: str, name: str, value: str) -> list[Doc]:
        """Return the documents with this value under a declared index, oldest entry first."""
        with self._lock:
            table = self._table(kind)
            return [table[id] for id in self._index(kind, name).get(value, {})]

    def _index(self, kind: str, name: str) -> dict[str, dict[str, None]]:
        index = self._indexes.get((kind, name))
        if index is None:
            keys = self._keys[kind, name]
            index = self._indexes[kind, name] = defaultdict(dict)
            for id, doc in self._table(kind).items():
                for value in keys(doc):
                    index[value][id] = None
        return index

    def _unindex(self, kind: str, id: str, doc: Doc | None) -> None:
        for (owner, name), index in self._indexes.items():
            if owner == kind and doc is not None:
                for value in self._keys[kind, name](doc):
                    index.get(value, {}).pop(id, None)

    def _reindex(self, kind: str, id: str, doc: Doc) -> None:
        for (owner, name), index in self._indexes.items():
            if owner == kind:
                for value in self._keys[kind, name](doc):
                    index[value][id] = None

    def lagged(self, kind: str, seconds: float) -> list[Doc]:
        """Return the documents of a kind as they stood `seconds` ago: what a late search index knows."""
        with self._lock:
            seen = dict(self._table(kind))
            horizon = self.now() - seconds
            for at, owner, id, before in reversed(self._changes):
                if at <= horizon:
                    break
                if owner == kind and before is None:
                    seen.pop(id, None)
                elif owner == kind and before is not None:
                    seen[id] = before
            return list(seen.values())

    def next_id(self, counter: str, start: int = 1) -> int:
        """Return the next number of a counter; never one twice, also after a restart."""
        with self.transaction():
            (value,) = self._db.execute(
                "INSERT INTO counters VALUES (?, ?) ON CONFLICT DO UPDATE SET value = value + 1 RETURNING value",
                (counter, start),
            ).fetchone()
            return int(value)

    def put_blob(self, name: str, media_type: str, data: bytes) -> None:
        """Keep bytes under a name."""
        with self._lock:
            self._db.execute("INSERT OR REPLACE INTO blobs VALUES (?, ?, ?)", (name, media_type, data))

    def blob(self, name: str) -> tuple[str, bytes] | None:
        """Return media type and bytes, None without a blob of this name."""
        with self._lock:
            row = self._db.execute("SELECT media_type, data FROM blobs WHERE name = ?", (name,)).fetchone()
            return None if row is None else (str(row[0]), bytes(row[1]))

    def reset(self) -> None:
        """Forget everything, counters included."""
        with self.transaction():
            for table in ("documents", "blobs", "counters"):
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608  the three names above
            self._forget()
            self._changes.clear()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()
