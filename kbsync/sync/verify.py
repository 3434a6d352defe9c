"""Compare what stands after a write with what was meant, and remember only what was read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import msgspec

from kbsync.article import Entry
from kbsync.document.formats import Loss
from kbsync.errors import KbsyncError
from kbsync.replicas.base import Reading, Replica, Written
from kbsync.state.records import Asset, Rescue, Shadow
from kbsync.state.snapshot import Change, Put
from kbsync.sync.accept import past
from kbsync.sync.fields import Fields, differing, flatten, place_of, raw_digest
from kbsync.sync.names import Book
from kbsync.sync.observe import spelled
from kbsync.sync.outcome import Warned
from kbsync.sync.spelling import difference
from kbsync.sync.tasks import Task

PENDING = frozenset({"link-pending", "asset-pending"})


@dataclass(frozen=True, slots=True)
class Verified:
    """What to remember of a write, what to say of it, and whether somebody's words wait to be merged."""

    changes: tuple[Change, ...]
    warnings: tuple[Warned, ...] = ()
    again: bool = False


def verify(
    replica: Replica,
    book: Book,
    task: Task,
    raw: str,
    written: Written,
    old: Shadow | None,
    base: Entry | None,
    agreed_before: Entry | None,
    losses: tuple[Loss, ...] = (),
    assets: Mapping[str, str] = MappingProxyType({}),
) -> Verified:
    """Judge one write. Equal under canon is equal: the shadow takes the stored form, so nothing echoes.

    Something else is a warning, and the shadow takes it too: what the server made of ours is not an
    edit, and kbsync does not fight the server. `assets` are the digests of the files that went along.
    """
    kind, id = task.key
    _learn(book, id, written)
    reading = written.reading
    pending = any(loss.code in PENDING for loss in losses) or _homeless(book, task.entry)
    agreed = None if base == task.entry else task.entry
    remembered = msgspec.structs.replace(reading, raw=raw, token="") if written.newer else reading
    shadow = Shadow(
        replica=replica.name,
        kind=kind,
        id=id,
        reading=spelled(remembered),
        agreed=agreed,
        pending=pending,
        past=past(old, reading),
        assets=dict(assets),
    )
    rescues = _rescues(task, written, agreed_before)
    changes: list[Change] = [Put(shadow), *(Put(rescue) for rescue in rescues)]
    changes += [
        Put(Asset(replica=replica.name, address=address, path=path, digest=assets.get(path, "")))
        for address, path in written.assets.items()
    ]
    warnings = () if written.newer else tuple(_altered(replica, book, task, raw, reading))
    return Verified(tuple(changes), warnings, again=bool(rescues) or written.newer)


def _learn(book: Book, id: str, written: Written) -> None:
    book.bind(id, written.reading)
    for address, path in written.assets.items():
        book.learn(address, path)


def _homeless(book: Book, entry: Entry) -> bool:
    """Tell whether the collection the entry belongs to has no handle here yet."""
    place = place_of(entry)
    return bool(place) and book.handle(place, "collection") is None


def _rescues(task: Task, written: Written, agreed: Entry | None) -> list[Rescue]:
    if task.reading is None or agreed is None:
        return []
    kind, id = task.key
    return [
        Rescue(
            replica=task.replica,
            kind=kind,
            id=id,
            token=raw_digest(other.raw)[:16],
            before=spelled(task.reading),
            after=spelled(other),
            agreed=agreed,
        )
        for other in written.overwritten
    ]


def _altered(replica: Replica, book: Book, task: Task, raw: str, reading: Reading) -> list[Warned]:
    meant = msgspec.structs.replace(reading, raw=raw)
    try:
        stored: Fields = flatten(replica.parse(reading, book))
        intended: Fields = flatten(replica.parse(meant, book))
    except KbsyncError as error:
        return [Warned("altered-by-server", task.key[1], replica.name, error.line())]
    changed = differing(intended, stored)
    if not changed:
        return []
    fields = ", ".join(field.spelled() for field in changed)
    message = f"{replica.name} stored something else than it was given in {fields}; it is left as it is"
    diff = difference(intended, stored, task.key[1])
    return [Warned("altered-by-server", task.key[1], replica.name, message, diff)]
