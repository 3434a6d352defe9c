"""The first meeting: versions of one entry without a base they came from.

What one replica cannot hold is no difference, so the fullest version leads and each other one is
compared with what its replica would show of the leader. Whatever remains is for a person to decide;
nothing is dropped because another side has less.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from kbsync.document.blocks import Document
from kbsync.replicas.base import ReplicaName
from kbsync.state.records import EntryKey, Value
from kbsync.sync.fields import Field, Fields, differing, empty, put, same, whole
from kbsync.sync.policy import ORDER, Policy
from kbsync.sync.sides import Side
from kbsync.sync.votes import Dispute, Merge, clash


@dataclass(frozen=True, slots=True)
class Meeting:
    """The merge, and what stands in the base for what was never agreed on."""

    merge: Merge
    placeholder: Fields


def leader(voters: Mapping[ReplicaName, Side]) -> ReplicaName:
    """Return the replica that can hold the most; the others' versions are carried over onto its own."""
    return next(name for name in ORDER if name in voters)


def meet(key: EntryKey, voters: Mapping[ReplicaName, Side], policy: Policy) -> Meeting:
    """Merge the versions of an entry that kbsync sees for the first time."""
    lead = leader(voters)
    fields = dict(voters[lead].version or {})
    disputes: dict[Field, Dispute] = {}
    decided: dict[Field, Dispute] = {}
    prefer = "" if policy.on_conflict == "hold" else policy.on_conflict
    for spot, values in _values(lead, voters).items():
        value, dispute = _agree(spot, values)
        if dispute and prefer and prefer in values:
            decided[spot] = dispute
            value, dispute = values[prefer], None
        if dispute:
            disputes[spot] = dispute
        else:
            put(fields, spot, value)
    placeholder = whole(fields)
    if key[0] == "article" and _internal(voters):
        placeholder = {s: "draft" if s.name == "state" else v for s, v in placeholder.items()}
    merged = {spot: value for spot, value in placeholder.items() if spot not in disputes}
    return Meeting(Merge(merged, disputes, decided), placeholder)


def _internal(voters: Mapping[ReplicaName, Side]) -> bool:
    """Tell whether a person made it in Confluence, which is a place for teammates."""
    readings = [side.reading for side in voters.values()]
    return set(voters) == {"confluence"} and all(reading and not reading.id for reading in readings)


def _values(lead: ReplicaName, voters: Mapping[ReplicaName, Side]) -> dict[Field, dict[str, Value]]:
    """Return the fields in which somebody says something else than the leader, and all who do."""
    first = voters[lead].version or {}
    values: dict[Field, dict[str, Value]] = {}
    for name in ORDER:
        if name not in voters or name == lead:
            continue
        version = voters[name].version or {}
        for spot in differing(first, version):
            if not empty(version.get(spot)):
                values.setdefault(spot, {})[name] = version[spot]
    return {
        spot: others if empty(first.get(spot)) else {lead: first[spot], **others}
        for spot, others in values.items()
    }


def _agree(spot: Field, values: Mapping[str, Value]) -> tuple[Value, Dispute | None]:
    if spot.name == "labels":
        return tuple(
            sorted({label for value in values.values() for label in cast("tuple[str, ...]", value)})
        ), None
    names = tuple(sorted(values))
    first = values[names[0]]
    if all(same(spot, first, values[name]) for name in names):
        return first, None
    documents = {name: value for name in names if isinstance(value := values[name], Document)}
    merged = clash(documents) if len(documents) == len(names) else None
    return None, Dispute(spot, dict(values), dict.fromkeys(values), merged, names)
