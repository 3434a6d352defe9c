"""One run at a time: a lease that names who, where and since when, is renewed, and expires.

Every commit of the run asks whether the lease is still its own, so one that slept longer than the lease
(a closed notebook, a lost connection) ends instead of writing beside its successor.

On SQLite the row is taken under `BEGIN IMMEDIATE`; a holder on this host whose process is gone is
dead. On PostgreSQL a session advisory lock decides, which the server gives back when the connection
dies (https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS), and the row only
tells who holds it.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

from sqlalchemy import Connection, select, text
from sqlalchemy.exc import SQLAlchemyError

from kbsync.errors import LeaseHeld, StateError
from kbsync.state.holder import Holder
from kbsync.state.schema import LEASE
from kbsync.state.store import State

TTL = 120.0
"""Seconds after which a lease that nobody renewed may be taken."""
_NAME = "sync"
_ADVISORY_KEY = 0x6B6273796E63  # "kbsync"


@contextmanager
def lease(state: State, *, ttl: float = TTL) -> Iterator[Holder]:
    """Hold the state for one run. Raises LeaseHeld, which names the other run."""
    me = Holder.of_this_process()
    if state.shared:
        with _advisory(state), _held(state, me, ttl):
            yield me
    else:
        with _held(state, me, ttl):
            yield me


@contextmanager
def _held(state: State, me: Holder, ttl: float) -> Iterator[None]:
    with state.transaction() as connection:
        _take(connection, me, ttl, sure=state.shared)
    done = threading.Event()
    keeper = threading.Thread(target=_renew, args=(state, me, ttl, done), name="kbsync-lease", daemon=True)
    keeper.start()
    state.fence = partial(_insist, me)
    try:
        yield
    finally:
        state.fence = None
        done.set()
        keeper.join()
        with suppress(StateError), state.transaction() as connection:
            connection.execute(LEASE.delete().where(LEASE.c.holder == me.text()))


def _take(connection: Connection, me: Holder, ttl: float, *, sure: bool) -> None:
    row = connection.execute(select(LEASE.c.holder, LEASE.c.expires).where(LEASE.c.name == _NAME)).first()
    if row and not sure:
        other = Holder.read(row.holder)
        if row.expires > time.time() and not _dead(other):
            raise _refused(other)
    connection.execute(LEASE.delete().where(LEASE.c.name == _NAME))
    connection.execute(LEASE.insert().values(name=_NAME, holder=me.text(), expires=time.time() + ttl))


def _insist(me: Holder, connection: Connection) -> None:
    """Lock the row until the transaction ends. Raises LeaseHeld when somebody else took it."""
    row = connection.execute(select(LEASE.c.holder).where(LEASE.c.name == _NAME).with_for_update(read=True))
    holder = row.scalar()
    if holder != me.text():
        other = Holder.read(holder).describe() if holder else "somebody"
        hint = "nothing was lost: run kbsync sync again when that run has ended"
        raise LeaseHeld(f"this run stood still for too long, and {other} took over", hint=hint)


def _renew(state: State, me: Holder, ttl: float, done: threading.Event) -> None:
    while not done.wait(ttl / 3):
        with suppress(StateError), state.transaction() as connection:
            mine = LEASE.c.holder == me.text()
            connection.execute(LEASE.update().where(mine).values(expires=time.time() + ttl))


@contextmanager
def _advisory(state: State) -> Iterator[None]:
    with state.engine.connect() as connection:
        query = text("SELECT pg_try_advisory_lock(:key)")
        if not connection.execute(query, {"key": _ADVISORY_KEY}).scalar():
            row = connection.execute(select(LEASE.c.holder).where(LEASE.c.name == _NAME)).first()
            raise _refused(Holder.read(row.holder) if row else None)
        connection.commit()
        try:
            yield
        finally:
            with suppress(SQLAlchemyError):  # a connection that died gave the lock back already
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _ADVISORY_KEY})
                connection.commit()


def _refused(other: Holder | None) -> LeaseHeld:
    who = other.describe() if other else "somebody"
    hint = f"wait for it to end; a run that died gives the lease back within {TTL:.0f} s"
    return LeaseHeld(f"another run is at work: {who}", hint=hint)


def _dead(other: Holder) -> bool:
    if other.host != socket.gethostname():
        return False
    try:
        os.kill(other.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
