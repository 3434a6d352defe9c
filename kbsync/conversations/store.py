"""Conversations at rest: one DuckDB file, read as a stream, written in whole transactions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import msgspec
import pyarrow as pa

from kbsync.conversations.model import Conversation
from kbsync.errors import ConversationError

BATCH = 2_000
_SCHEMA = """
CREATE TABLE IF NOT EXISTS conversations (
    id VARCHAR PRIMARY KEY, created_at DOUBLE NOT NULL, closed_at DOUBLE, locale VARCHAR, contact VARCHAR,
    document VARCHAR NOT NULL
);
CREATE TABLE IF NOT EXISTS facts (name VARCHAR PRIMARY KEY, value VARCHAR NOT NULL);
"""
_CLOSED = "coalesce(closed_at, created_at)"
_DIGEST = "sha256(document)"
_COLUMNS = ("id", "created_at", "closed_at", "locale", "contact", "document")
_ARROW = pa.schema([(name, pa.float64() if name.endswith("_at") else pa.string()) for name in _COLUMNS])
_DECODER = msgspec.json.Decoder(Conversation)


class Store:
    """An open store; a context manager. `facts` are small strings such as how far the pull came."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._db = self._connect(path)

    def __enter__(self) -> Self:
        """Return the store."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._db.close()

    def put(self, conversations: Iterable[Conversation]) -> int:
        """Insert or replace, a batch a transaction; returns how many. Raises ConversationError."""
        rows, count = map(_row, conversations), 0
        while batch := list({row[0]: row for row in islice(rows, BATCH)}.values()):
            columns = dict(zip(_COLUMNS, map(list, zip(*batch, strict=True)), strict=True))
            incoming = pa.table(columns, schema=_ARROW)  # duckdb reads it by its name, without copying rows
            with self._transaction():
                self._db.execute("INSERT OR REPLACE INTO conversations SELECT * FROM incoming")
            del incoming
            count += len(batch)
        return count

    def all(self, since: float | None = None) -> Iterator[Conversation]:
        """Yield the conversations closed (else created) at or after `since`, oldest first."""
        where = "WHERE coalesce(closed_at, created_at) >= ?" if since is not None else ""
        cursor = self._db.cursor()
        cursor.execute(
            f"SELECT document FROM conversations {where} ORDER BY created_at, id",  # noqa: S608  a constant
            [since] if since is not None else [],
        )
        while rows := cursor.fetchmany(BATCH):
            for (document,) in rows:
                yield _DECODER.decode(document)

    def documents(self, since: float, known: pa.Table) -> Iterator[tuple[str, bytes, str]]:
        """Yield id, JSON and digest of what was closed at or after `since`, oldest first.

        Those that are `known` by id and digest are left out.
        """
        cursor = self._db.cursor()
        cursor.register("known", known)
        cursor.execute(
            f"SELECT id, encode(document), {_DIGEST} AS digest FROM conversations WHERE {_CLOSED} >= ?"  # noqa: S608  constants
            f" AND NOT EXISTS (FROM known WHERE known.id = conversations.id AND known.digest = {_DIGEST})"
            " ORDER BY created_at, id",
            [since],
        )
        while rows := cursor.fetchmany(BATCH):
            yield from rows

    def present(self, since: float) -> pa.Table:
        """Return id and digest of what was closed at or after `since`."""
        query = f"SELECT id, {_DIGEST} AS digest FROM conversations WHERE {_CLOSED} >= ?"  # noqa: S608  constants
        return self._db.sql(query, params=[since]).to_arrow_table()

    def span(self, since: float) -> tuple[float, float] | None:
        """Return when the first and the last of these was created; None where there is none."""
        query = f"SELECT min(created_at), max(created_at) FROM conversations WHERE {_CLOSED} >= ?"  # noqa: S608  constants
        row = self._db.execute(query, [since]).fetchone()
        return None if row is None or row[0] is None else (float(row[0]), float(row[1]))

    def get(self, ids: Iterable[str]) -> dict[str, Conversation]:
        """Return the conversations with these ids."""
        wanted = list(ids)
        rows = self._db.execute(
            "SELECT document FROM conversations WHERE list_contains(?, id)", [wanted]
        ).fetchall()
        return {c.id: c for c in (_DECODER.decode(document) for (document,) in rows)}

    def count(self) -> int:
        """Return how many there are."""
        return self._number("SELECT count(*) FROM conversations")

    def remove(self, ids: Iterable[str]) -> int:
        """Purge conversations; returns how many there were."""
        return self._delete("list_contains(?, id)", [list(ids)])

    def forget(self, contact: str) -> int:
        """Purge all conversations of a contact, by id or by an exact name or mail address on record."""
        document = "json_extract_string(document, '$.people[*]')"
        return self._delete(f"contact = ? OR list_contains({document}, ?)", [contact, contact])

    def expire(self, before: float) -> int:
        """Purge what was closed (else created) before a moment."""
        return self._delete("coalesce(closed_at, created_at) < ?", [before])

    def fact(self, name: str) -> str | None:
        """Return a remembered string."""
        row = self._db.execute("SELECT value FROM facts WHERE name = ?", [name]).fetchone()
        return None if row is None else str(row[0])

    def remember(self, name: str, value: str) -> None:
        """Remember a string."""
        with self._transaction():
            self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", [name, value])

    def _delete(self, where: str, values: list[Any]) -> int:
        with self._transaction():
            count = self._number(f"SELECT count(*) FROM conversations WHERE {where}", values)  # noqa: S608  constants
            self._db.execute(f"DELETE FROM conversations WHERE {where}", values)  # noqa: S608  constants
        if count:
            self._rewrite()
        return count

    def _rewrite(self) -> None:
        """Write the file anew: DuckDB leaves the bytes of deleted rows in its free blocks."""
        fresh = self.path.with_name(f"{self.path.name}.new")
        try:
            fresh.unlink(missing_ok=True)
            place = str(fresh).replace("'", "''")
            self._db.execute(f"ATTACH '{place}' AS fresh")
            ((name,),) = self._db.execute("SELECT replace(current_database(), '\"', '\"\"')").fetchall()
            self._db.execute(f'COPY FROM DATABASE "{name}" TO fresh')
            self._db.execute("DETACH fresh")
            self._db.close()
            fresh.replace(self.path)
        except (duckdb.Error, OSError) as error:
            raise _trouble(self.path, error) from error
        self._db = self._connect(self.path)

    def _number(self, query: str, values: list[Any] | None = None) -> int:
        row = self._db.execute(query, values or []).fetchone()
        return int(row[0]) if row else 0

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN")
        try:
            yield
        except duckdb.Error as error:
            self._db.execute("ROLLBACK")
            raise _trouble(self.path, error) from error
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    @staticmethod
    def _connect(path: Path) -> duckdb.DuckDBPyConnection:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            db = duckdb.connect(str(path), config={"autoinstall_known_extensions": "false"})
            db.execute(_SCHEMA)
        except (duckdb.Error, OSError) as error:
            raise _trouble(path, error) from error
        return db


def _row(c: Conversation) -> tuple[Any, ...]:
    document = msgspec.json.encode(c).decode("utf-8", "replace")
    return c.id, c.created_at, c.closed_at, c.locale, c.contact, document


def _trouble(path: Path, error: Exception) -> ConversationError:
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    held = "lock" in first.lower()
    hint = (
        "wait for the other kbsync that uses it"
        if held
        else "move the file away and pull again; nothing else is lost"
    )
    return ConversationError(f"the store cannot be used: {first[:160]}", where=str(path), hint=hint)
