"""Look at all replicas at once. What failed or broke off proves nothing absent and gets no writes."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import msgspec

from kbsync.document.formats import Loss
from kbsync.errors import KbsyncError, WrongWorkspace
from kbsync.replicas.base import Broken, Key, Reading, Replica, ReplicaName
from kbsync.state.records import Shadow
from kbsync.state.snapshot import Snapshot
from kbsync.sync.outcome import Progress

_READING = msgspec.json.Decoder(Reading)
_ENCODER = msgspec.json.Encoder(order="deterministic")


def reading_of(shadow: Shadow) -> Reading:
    """Return the reading a shadow remembers."""
    return _READING.decode(shadow.reading)


def spelled(reading: Reading) -> str:
    """Return the reading as the state keeps it."""
    return _ENCODER.encode(reading).decode()


@dataclass(slots=True)
class Seen:
    """What one replica showed. Without `usable` it is set aside for this run: no say, no writes."""

    replica: ReplicaName
    readings: dict[Key, Reading] = field(default_factory=dict)
    broken: dict[Key, Broken] = field(default_factory=dict)
    complete: bool = False
    usable: bool = False
    error: KbsyncError | None = None
    warnings: tuple[Loss, ...] = ()


def look(
    replicas: Mapping[ReplicaName, Replica], snapshot: Snapshot, progress: Progress, *, full: bool = False
) -> dict[ReplicaName, Seen]:
    """Observe every replica in parallel. Raises WrongWorkspace before anything is believed."""
    known: dict[ReplicaName, dict[Key, Reading]] = {name: {} for name in replicas}
    for shadow in snapshot.all(Shadow):
        for name in replicas:
            if name == shadow.replica:
                reading = reading_of(shadow)
                known[name][reading.key] = reading
    progress.phase("look", len(replicas))
    with ThreadPoolExecutor(max_workers=max(1, len(replicas))) as pool:
        futures = {
            name: pool.submit(_look_at, replica, known[name], progress, full=full)
            for name, replica in replicas.items()
        }
        return {name: future.result() for name, future in futures.items()}


def _look_at(replica: Replica, known: Mapping[Key, Reading], progress: Progress, *, full: bool) -> Seen:
    try:
        found = replica.observe(known, full=full)
    except WrongWorkspace:
        raise
    except KbsyncError as error:
        return Seen(replica.name, error=error)
    finally:
        progress.advance()
    return Seen(
        replica.name,
        {reading.key: reading for reading in found.readings},
        {broken.key: broken for broken in found.broken},
        complete=found.complete,
        usable=found.complete,
        warnings=found.warnings,
    )
