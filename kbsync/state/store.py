"""The state on disk: SQLite on one host, PostgreSQL for several, through SQLAlchemy Core.

Every commit is one transaction and one numbered effect, so a crash leaves either all of it or nothing.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, Delete, Engine, Insert, bindparam, create_engine, event, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from kbsync.effects import DIRECT, Effects
from kbsync.errors import LeaseHeld, StateError, StateTooNew
from kbsync.state.holder import Holder
from kbsync.state.records import Record
from kbsync.state.schema import LEASE, TABLES, migrate
from kbsync.state.snapshot import Change, Put, Snapshot

_ENCODER = msgspec.json.Encoder(order="deterministic")
_PATIENCE = 30.0
"""Seconds that a transaction waits for another process on SQLite; none takes longer than a write."""
_PAUSE = 0.05
_REPAIR = "move the state aside and run kbsync sync again: equal content pairs up and nothing is deleted"


class State:
    """The open state; thread-safe. It is read when `snapshot` is first asked for.

    `fence` is asked inside every transaction that writes, and raises when this run may not write any more.
    """

    fence: Callable[[Connection], None] | None = None

    def __init__(self, engine: Engine, where: str, effects: Effects = DIRECT) -> None:
        self.engine = engine
        self.where = where
        self.effects = effects
        self._lock = threading.RLock()
        self._snapshot: Snapshot | None = None

    @property
    def snapshot(self) -> Snapshot:
        """Return what the state holds, kept in step with every commit. Raises StateError."""
        with self._lock:
            if self._snapshot is None:
                self._snapshot = self._load()
            return self._snapshot

    @property
    def shared(self) -> bool:
        """Tell whether several hosts can meet here."""
        return self.engine.dialect.name == "postgresql"

    def commit(self, what: str, changes: Sequence[Change]) -> None:
        """Write all changes in one transaction. Raises StateError."""
        if not changes:
            return
        with self._lock:
            snapshot = self.snapshot
            self.effects.perform("state", what, lambda: self._write(changes))
            snapshot.apply(changes)

    def reload(self) -> None:
        """Forget what was read: another run may have been here."""
        with self._lock:
            self._snapshot = None

    def replace(self, what: str, changes: Sequence[Change]) -> None:
        """Forget everything and hold the given records instead, in one transaction."""
        with self._lock:
            self.effects.perform("state", what, lambda: self._write(changes, empty=True))
            self._snapshot = None

    def close(self) -> None:
        """Give the database back."""
        self.engine.dispose()

    def _load(self) -> Snapshot:
        snapshot = Snapshot()
        with self.transaction() as connection:
            for table_type in TABLES:
                snapshot.apply(Put(record) for record in self._rows(connection, table_type))
        return snapshot

    def _rows(self, connection: Connection, table_type: type[Record]) -> Iterator[Record]:
        decoder = msgspec.json.Decoder(table_type)
        for (doc,) in connection.execute(select(TABLES[table_type].c.doc)):
            try:
                yield decoder.decode(doc)
            except msgspec.DecodeError as error:
                message = f"a record of {TABLES[table_type].name} cannot be read: {error}"
                raise StateError(message, where=self.where, hint=_REPAIR) from error

    def _write(self, changes: Sequence[Change], *, empty: bool = False) -> None:
        with self.transaction() as connection:
            if self.fence is not None:
                self.fence(connection)
            if empty:
                for table in TABLES.values():
                    connection.execute(table.delete())
            _execute(connection, changes)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Open a transaction; what the database says becomes a StateError."""
        try:
            with self.engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise _unusable(self.engine, self.where, error) from error


def _execute(connection: Connection, changes: Iterable[Change]) -> None:
    """Write the last change of each record, one statement a table."""
    last: dict[type[Record], dict[tuple[str, ...], Record | None]] = {}
    for change in changes:
        if isinstance(change, Put):
            last.setdefault(type(change.record), {})[change.record.key] = change.record
        else:
            last.setdefault(change.table, {})[change.key] = None
    for kind, records in last.items():
        delete, insert = _statements(kind)
        connection.execute(delete, [_key(kind, key, "key_") for key in records])
        rows = [
            {**_key(kind, key), "doc": _ENCODER.encode(record).decode()}
            for key, record in records.items()
            if record is not None
        ]
        if rows:
            connection.execute(insert, rows)


@cache
def _statements(kind: type[Record]) -> tuple[Delete, Insert]:
    table = TABLES[kind]
    match_key = [column == bindparam(f"key_{column.name}") for column in table.primary_key.columns]
    return table.delete().where(*match_key), table.insert()


def _key(kind: type[Record], key: tuple[str, ...], prefix: str = "") -> dict[str, str]:
    columns = TABLES[kind].primary_key.columns
    return {f"{prefix}{column.name}": value for column, value in zip(columns, key, strict=True)}


def open_state(url: str, *, effects: Effects = DIRECT) -> State:
    """Open the state at a SQLAlchemy URL, bringing its schema up to date.

    Raises StateError when it cannot be read, StateTooNew when a newer kbsync wrote it.
    """
    where = _display(url)
    try:
        engine = _engine(url)
    except (ArgumentError, NoSuchModuleError, ImportError, ValueError) as error:
        hint = "use sqlite:///path or postgresql+psycopg://… (pip install 'kbsync[postgres]')"
        raise StateError("the state URL is not usable", where=where, hint=hint) from error
    except OSError as error:
        raise StateError(f"the folder of the state cannot be made: {error.strerror}", where=where) from error
    try:
        with engine.begin() as connection:
            migrate(connection)
    except SQLAlchemyError as error:
        unusable = _unusable(engine, where, error)
        engine.dispose()
        raise unusable from error
    except StateTooNew as error:
        engine.dispose()
        raise StateTooNew(error.message, where=where) from None
    return State(engine, where, effects)


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql" and "+" not in parsed.drivername:
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_pre_ping=True)
    if parsed.database in (None, "", ":memory:"):
        engine = create_engine(parsed, poolclass=StaticPool, connect_args={"check_same_thread": False})
    else:
        Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
        patience = float(str(parsed.query.get("timeout", _PATIENCE)))
        engine = create_engine(parsed, connect_args={"timeout": patience})
    event.listen(engine, "connect", _tune)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _tune(connection: Any, _record: object) -> None:
    """Let SQLAlchemy own transactions, and write ahead so that readers never wait.

    https://docs.sqlalchemy.org/en/20/dialects/sqlite.html#pysqlite-serializable
    """
    connection.isolation_level = None
    _write_ahead(connection)
    connection.execute("PRAGMA synchronous=NORMAL")


def _write_ahead(connection: Any) -> None:
    """Switch to WAL, for which SQLite does not wait where another process switches at the same moment.

    https://www.sqlite.org/pragma.html#pragma_journal_mode
    """
    patience = connection.execute("PRAGMA busy_timeout").fetchone()[0] / 1000
    deadline = time.monotonic() + patience
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE)
        else:
            return


def _is_busy(error: BaseException) -> bool:
    """Tell whether another process holds the file; the low byte is the code, the rest says why.

    https://www.sqlite.org/rescode.html#extrc
    """
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF == sqlite3.SQLITE_BUSY


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _display(url: str) -> str:
    try:
        return make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return "[sync] state"


def _unusable(engine: Engine, where: str, error: SQLAlchemyError) -> StateError:
    cause = getattr(error, "orig", None) or error
    if _is_busy(cause):
        hint = "let that process go on, or end it; then run kbsync again"
        return LeaseHeld(f"{_busy_with(engine)} holds it and does not let go", where=where, hint=hint)
    reason = str(cause).splitlines()[0]
    return StateError(f"the state cannot be used: {reason}", where=where, hint=_REPAIR)


def _busy_with(engine: Engine) -> str:
    """Tell who holds the lease; a reader waits for nobody (https://www.sqlite.org/wal.html#concurrency)."""
    try:
        with closing(engine.raw_connection()) as connection:
            cursor = connection.cursor()
            cursor.execute(str(select(LEASE.c.holder)))
            row = cursor.fetchone()
    except sqlite3.Error:
        row = None
    return f"the run of {Holder.read(row[0]).describe()}" if row else "another process"
