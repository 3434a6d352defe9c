"""One entry as one replica shows it: is it there, did it change, and what does it say in full."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from kbsync.article import Entry
from kbsync.replicas.base import Names, Reading, Replica, ReplicaName
from kbsync.state.records import Shadow
from kbsync.sync.fields import Fields, assemble, differing, empty, flatten, lift, put
from kbsync.sync.observe import reading_of
from kbsync.sync.presence import Presence


@dataclass(frozen=True, slots=True)
class Side:
    """What one replica says of one entry.

    `version` is the entry in full as this replica has it and `agreed` what it was made from; None where
    the replica never had it. `here` means in readers' sight. An unusable side has no say and gets no
    writes. `revived` means it came back after it had been retired.
    """

    replica: ReplicaName
    presence: Presence
    reading: Reading | None = None
    shadow: Shadow | None = None
    version: Fields | None = None
    agreed: Fields | None = None
    here: bool = False
    usable: bool = True
    revived: bool = False


@dataclass(frozen=True, slots=True)
class Lookout:
    """What it takes to read one replica: the replica and its book of names."""

    replica: Replica
    names: Names
    complete: bool

    def shown(self, reading: Reading) -> Fields:
        """Return the fields a reading shows. Raises ContentError, DocumentError."""
        return flatten(self.replica.parse(reading, self.names))

    def projected(self, entry: Entry, old: Reading) -> Fields:
        """Return what the replica would show of the entry in the place of a reading."""
        raw = self.replica.render(entry, old, self.names).raw
        return self.shown(msgspec.structs.replace(old, raw=raw))


def side(
    lookout: Lookout,
    base: Entry | None,
    shadow: Shadow | None,
    reading: Reading | None,
    *,
    usable: bool,
    past: Lookout | None = None,
) -> Side:
    """Judge one replica; `past` reads it as before its links found what they name.

    Raises ContentError, DocumentError when the reading cannot be used.
    """
    name = lookout.replica.name
    agreed = _agreed(base, shadow)
    if not usable:
        return Side(name, "same", reading, shadow, agreed, agreed, here=_was_here(shadow), usable=False)
    if reading is None or reading.retired:
        return _away(lookout, shadow, reading, agreed)
    if shadow is None:
        return _met(lookout, base, reading)
    if shadow.retired and _hidden(lookout, shadow, reading):
        return Side(name, "same", reading, shadow, agreed, agreed)
    return _here(lookout, shadow, reading, agreed or {}, past)


def _agreed(base: Entry | None, shadow: Shadow | None) -> Fields | None:
    if shadow is None:
        return None
    entry = shadow.agreed or base
    return flatten(entry) if entry else None


def _was_here(shadow: Shadow | None) -> bool:
    return shadow is not None and not shadow.retired


def _hidden(lookout: Lookout, shadow: Shadow, reading: Reading) -> bool:
    """Tell whether this is how the replica shows what we retired (Intercom: an unpublished draft).

    Its place does not count: it goes with its collection, which is retired after it.
    """
    old = reading_of(shadow)
    if old.retired:
        return False
    changed = () if old.raw == reading.raw else differing(lookout.shown(old), lookout.shown(reading))
    return all(field.name == "place" for field in changed)


def _away(lookout: Lookout, shadow: Shadow | None, reading: Reading | None, agreed: Fields | None) -> Side:
    name = lookout.replica.name
    if shadow is None:
        return Side(name, "same", reading)
    proof = reading is not None or lookout.complete
    if shadow.retired or not proof:
        old = reading or (reading_of(shadow) if shadow.retired else None)
        return Side(name, "same", old, shadow, agreed, agreed, here=not proof, usable=shadow.retired or proof)
    return Side(name, "absent", reading, shadow, agreed, agreed)


def _met(lookout: Lookout, base: Entry | None, reading: Reading) -> Side:
    """Judge a thing that is known by its id or by a pairing, but of which nothing was remembered.

    Others agreed on the base without it, so it was never made from that: what it lacks nobody removed there, and
    where it says something else nothing tells which is newer.
    """
    name, after = lookout.replica.name, lookout.shown(reading)
    if base is None:
        return Side(name, "changed", reading, None, after, None, here=True)
    agreed = flatten(base)
    before = lookout.projected(base, reading)
    version = lift(agreed, before, after)
    for spot in differing(agreed, version):
        if empty(version.get(spot)):
            put(agreed, spot, version.get(spot))
        elif not empty(agreed.get(spot)):
            put(agreed, spot, None)
    presence: Presence = "changed" if differing(agreed, version) else "same"
    return Side(name, presence, reading, None, version, agreed, here=True, revived=True)


def _here(lookout: Lookout, shadow: Shadow, reading: Reading, agreed: Fields, past: Lookout | None) -> Side:
    name, old = lookout.replica.name, reading_of(shadow)
    if old.raw == reading.raw and not shadow.retired and past is None:
        return Side(name, "same", reading, shadow, agreed, agreed, here=True)
    after = lookout.shown(reading)
    version = lift(agreed, _shown_before(past or lookout, old, reading, agreed), after)
    if shadow.retired:  # what comes back is as public as the person left it
        version |= {field: value for field, value in after.items() if field.name == "state"}
    changed = shadow.retired or bool(differing(agreed, version))
    presence: Presence = "changed" if changed else "same"
    return Side(name, presence, reading, shadow, version, agreed, here=True, revived=shadow.retired)


def _shown_before(lookout: Lookout, old: Reading, reading: Reading, agreed: Fields) -> Fields:
    """Return what the replica showed of the agreed entry; one that a person bound was never read."""
    if old.raw:
        return lookout.shown(old)
    return lookout.projected(assemble(reading.kind, "", agreed), reading)
