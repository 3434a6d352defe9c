"""The tables, and how a state written by an older kbsync becomes one of today."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from sqlalchemy import Column, Connection, Float, MetaData, String, Table, Text, inspect, select

from kbsync.errors import StateTooNew
from kbsync.state.records import Asset, Base, Conflict, Intent, Note, Record, Rescue, Settled, Shadow

METADATA = MetaData()


def _table(name: str, *keys: str) -> Table:
    columns = [Column(key, String, primary_key=True) for key in keys]
    return Table(f"kbsync_{name}", METADATA, *columns, Column("doc", Text, nullable=False))


TABLES: Mapping[type[Record], Table] = MappingProxyType(
    {
        Base: _table("base", "kind", "id"),
        Shadow: _table("shadow", "replica", "kind", "id"),
        Asset: _table("asset", "replica", "address"),
        Conflict: _table("conflict", "kind", "id", "field", "locale"),
        Intent: _table("intent", "replica", "kind", "id"),
        Rescue: _table("rescue", "replica", "kind", "id", "token"),
        Settled: _table("settled", "kind", "id", "field", "locale", "at"),
        Note: _table("note", "name"),
    }
)
LEASE = Table(
    "kbsync_lease",
    METADATA,
    Column("name", String, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("expires", Float, nullable=False),
)
VERSION = Table("kbsync_schema", METADATA, Column("version", String, primary_key=True))


def _first(connection: Connection) -> None:
    late = {TABLES[Settled]}
    METADATA.create_all(connection, tables=[table for table in METADATA.sorted_tables if table not in late])


def _keep_settled_conflicts(connection: Connection) -> None:
    TABLES[Settled].create(connection, checkfirst=True)


MIGRATIONS: tuple[Callable[[Connection], None], ...] = (_first, _keep_settled_conflicts)
"""Migration n brings version n to n + 1; they are only ever added to."""


def migrate(connection: Connection) -> None:
    """Bring the schema to the newest version. Raises StateTooNew when it is already beyond it."""
    current = _version(connection)
    if current > len(MIGRATIONS):
        raise StateTooNew(f"the state has version {current}, this kbsync knows {len(MIGRATIONS)}")
    for step in MIGRATIONS[current:]:
        step(connection)
    if current < len(MIGRATIONS):
        connection.execute(VERSION.delete())
        connection.execute(VERSION.insert().values(version=str(len(MIGRATIONS))))


def _version(connection: Connection) -> int:
    if not inspect(connection).has_table(VERSION.name):
        return 0
    row = connection.execute(select(VERSION.c.version)).first()
    return int(row[0]) if row else 0
