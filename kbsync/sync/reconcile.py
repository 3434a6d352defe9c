"""What should become of one entry: a total pure function of the base and of every side.

Nothing here reads or writes anything, and no result depends on the order of sides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from kbsync.article import Entry
from kbsync.replicas.base import ReplicaName
from kbsync.state.records import Base, Conflict, EntryKey
from kbsync.sync.fields import Field, Fields, assemble, differing, flatten, put, same, whole
from kbsync.sync.first import Meeting, meet
from kbsync.sync.policy import ORDER, Policy
from kbsync.sync.presence import RESTORE, Presence, Verdict, verdict
from kbsync.sync.sides import Side
from kbsync.sync.votes import BASE, Claim, Dispute, Merge, merge_claims


@dataclass(frozen=True, slots=True)
class Known:
    """What is remembered of one entry: the base, its held conflicts, and versions to bring back in."""

    key: EntryKey
    base: Base | None = None
    conflicts: tuple[Conflict, ...] = ()
    rescued: tuple[Claim, ...] = ()

    def fields(self) -> Fields:
        """Return the agreed fields; what never was agreed on is not among them."""
        fields = flatten(self.base.entry) if self.base else {}
        for held in self.conflicts:
            if held.baseless:
                fields.pop(Field(held.field, held.locale), None)
        return fields


@dataclass(frozen=True, slots=True)
class Decision:
    """What should stand where. `desired` has each living side, and each that should get the entry.

    `drifts` are held edits on push-only replicas, by replica. `follows` names the row of the presence table.
    A `kept` entry was deleted somewhere and stays elsewhere. Replicas that are `abreast` already show all
    they can hold of what is desired.
    """

    key: EntryKey
    alive: bool
    entry: Entry | None
    follows: Verdict = "nothing"
    sides: Mapping[ReplicaName, Side] = field(default_factory=dict)
    desired: Mapping[ReplicaName, Fields] = field(default_factory=dict)
    disputes: Mapping[Field, Dispute] = field(default_factory=dict)
    decided: Mapping[Field, Dispute] = field(default_factory=dict)
    drifts: Mapping[ReplicaName, tuple[Field, ...]] = field(default_factory=dict)
    baseless: frozenset[Field] = frozenset()
    kept: bool = False
    abreast: frozenset[ReplicaName] = frozenset()
    look: tuple[Field, ...] = ()

    @property
    def dies(self) -> bool:
        """Tell whether the entry is to be taken out of readers' sight."""
        return not self.alive and self.follows in ("retire", "forget")


def reconcile(
    known: Known, sides: Mapping[ReplicaName, Side], policy: Policy, *, keep: bool = False
) -> Decision:
    """Decide about one entry. `keep` says that others need it, wherever it vanished: a collection that is not empty."""
    if known.base is None:
        return _first(known, sides, policy)
    base = known.fields()
    claims = [*_claims(known, sides, policy), *known.rescued]
    presence = {name: _presence(sides[name], claims, policy) for name in sides}
    presence = _unseen_counts(presence, sides, policy)
    follows = verdict(presence)
    if known.base.retired:
        alive = "changed" in presence.values() or keep
    else:
        alive = follows not in ("retire", "forget") or keep or bool(known.rescued)
    if not alive:
        kept = policy.on_delete == "keep" and not known.base.retired and follows == "retire"
        return _deleted(known, sides, policy, follows, kept=kept)
    follows = RESTORE if keep else follows
    prefer = "" if policy.on_conflict == "hold" else policy.on_conflict
    merged = merge_claims(base, claims, prefer)
    baseless = frozenset(
        spot
        for spot in merged.disputes
        if any(c.baseless and (c.field, c.locale) == spot for c in known.conflicts)
    )
    return _decided(known, sides, policy, merged, follows, baseless)


def _claims(known: Known, sides: Mapping[ReplicaName, Side], policy: Policy) -> list[Claim]:
    claims = list[Claim]()
    for name, side in sides.items():
        votes = policy.reads(name) and side.presence != "absent"
        if votes and side.version is not None and side.agreed is not None:
            claims.append(Claim(name, side.version, _ancestor(known, name, side.agreed)))
    return claims


def _ancestor(known: Known, name: str, agreed: Fields) -> Fields:
    """Return what a side's version was made from: for a held field that is older than what it last showed."""
    ancestor = dict(agreed)
    for held in known.conflicts:
        if name in held.ancestors:
            put(ancestor, Field(held.field, held.locale), held.ancestors[name])
    return ancestor


def _presence(side: Side, claims: Sequence[Claim], policy: Policy) -> Presence:
    if not policy.reads(side.replica) or not side.usable:
        return "same"
    if side.presence == "absent":
        return "absent"
    edits = any(claim.changes() for claim in claims if claim.replica == side.replica and side.here)
    return "changed" if side.presence == "changed" or edits else "same"


def _unseen_counts(
    presence: Mapping[ReplicaName, Presence], sides: Mapping[ReplicaName, Side], policy: Policy
) -> dict[ReplicaName, Presence]:
    """Words that the vanished copy never showed count as an edit of whoever shows them."""
    unseen = False
    for name, side in sides.items():
        if presence[name] == "absent" and side.shadow is not None and side.shadow.agreed is not None:
            unseen = True
    if not unseen:
        return dict(presence)
    return {
        name: "changed" if state == "same" and sides[name].here and policy.reads(name) else state
        for name, state in presence.items()
    }


def _deleted(
    known: Known, sides: Mapping[ReplicaName, Side], policy: Policy, follows: Verdict, *, kept: bool
) -> Decision:
    """End an entry, or keep it; what people edited where nothing is read stays held, or goes on record."""
    fields = known.fields()
    edits = _drifts(known, sides, policy, fields)
    files_decide = policy.on_conflict == "files"
    return Decision(
        known.key,
        alive=kept,
        entry=known.base.entry if known.base else None,
        follows=follows,
        sides=sides,
        decided=_overruled(edits, sides, fields) if files_decide and not kept else {},
        drifts={} if files_decide else edits,
        kept=kept,
    )


def _first(known: Known, sides: Mapping[ReplicaName, Side], policy: Policy) -> Decision:
    voters = {name: side for name, side in sides.items() if side.here and side.usable and policy.reads(name)}
    if not voters:
        return Decision(known.key, alive=False, entry=None, sides=sides)
    meeting = meet(known.key, voters, policy)
    baseless = frozenset(meeting.merge.disputes)
    return _decided(known, sides, policy, meeting.merge, "merge", baseless, meeting)


def _decided(
    known: Known,
    sides: Mapping[ReplicaName, Side],
    policy: Policy,
    merge: Merge,
    follows: Verdict,
    baseless: frozenset[Field],
    meeting: Meeting | None = None,
) -> Decision:
    kind, id = known.key
    fields = merge.fields
    placeholder = meeting.placeholder if meeting else (flatten(known.base.entry) if known.base else {})
    frozen = {**fields, **{spot: placeholder[spot] for spot in baseless if spot in placeholder}}
    edits = _drifts(known, sides, policy, fields)
    drifts = _left_held(edits, merge) if policy.on_conflict == "files" else edits
    overruled = _overruled(edits, sides, fields) if policy.on_conflict == "files" else {}
    versions = {name: side.version for name, side in sides.items() if side.version is not None}
    desired = {
        name: _desired(fields, versions.get(name), {*merge.disputes, *drifts.get(name, ())})
        for name in sides
        if versions.get(name) is not None or not merge.disputes
    }
    named = {
        spot: _with_drift(_named(dispute, versions, fields), drifts, sides)
        for spot, dispute in merge.disputes.items()
    }
    return Decision(
        known.key,
        alive=True,
        entry=assemble(kind, id, frozen),
        follows=follows,
        sides=sides,
        desired=desired,
        disputes=named,
        decided=_on_record(overruled, merge),
        drifts=drifts,
        baseless=baseless,
        look=merge.look,
    )


def _desired(merged: Fields, version: Fields | None, held: set[Field]) -> Fields:
    """Return what a side should show: the merge, and its own version of what is held."""
    fields = dict(merged)
    for spot in held:
        put(fields, spot, (version or {}).get(spot))
    return whole(fields)


def _drifts(
    known: Known, sides: Mapping[ReplicaName, Side], policy: Policy, merged: Fields
) -> dict[ReplicaName, tuple[Field, ...]]:
    """Return what people edited on push-only replicas: now, or before they were, and nobody settled it."""
    drifts: dict[ReplicaName, tuple[Field, ...]] = {}
    for name, side in sides.items():
        if policy.reads(name) or side.version is None or not side.here:
            continue
        held = {Field(c.field, c.locale) for c in known.conflicts if name in c.ancestors}
        edited = {*differing(side.agreed if side.agreed is not None else merged, side.version), *held}
        spots = tuple(s for s in sorted(edited) if not same(s, side.version.get(s), merged.get(s)))
        if spots:
            drifts[name] = spots
    return drifts


def _left_held(
    edits: Mapping[ReplicaName, tuple[Field, ...]], merge: Merge
) -> dict[ReplicaName, tuple[Field, ...]]:
    """Return the edits that wait although the policy decides: others dispute what would stand instead."""
    left = {name: tuple(spot for spot in spots if spot in merge.disputes) for name, spots in edits.items()}
    return {name: spots for name, spots in left.items() if spots}


def _with_drift(
    dispute: Dispute, drifts: Mapping[ReplicaName, tuple[Field, ...]], sides: Mapping[ReplicaName, Side]
) -> Dispute:
    """Return a dispute together with what was edited where nothing is read: whoever settles it sees both."""
    spot, versions, ancestors = dispute.field, dict(dispute.versions), dict(dispute.ancestors)
    for name, spots in drifts.items():
        if spot in spots:
            versions[name] = (sides[name].version or {}).get(spot)
            ancestors[name] = (sides[name].agreed or {}).get(spot)
    return replace(dispute, versions=versions, ancestors=ancestors)


def _on_record(overruled: Mapping[Field, Dispute], merge: Merge) -> dict[Field, Dispute]:
    """Return what the policy decided, each with every version that lost."""
    found = {spot: dispute for spot, dispute in overruled.items() if spot not in merge.disputes}
    for spot, dispute in merge.decided.items():
        lost = found.get(spot, dispute)
        versions = {**lost.versions, **dispute.versions}
        found[spot] = replace(dispute, versions=versions, ancestors={**lost.ancestors, **dispute.ancestors})
    return found


def _overruled(
    edits: Mapping[ReplicaName, tuple[Field, ...]], sides: Mapping[ReplicaName, Side], merged: Fields
) -> dict[Field, Dispute]:
    """Return what is about to be overwritten because the policy says so, to be kept on record."""
    found: dict[Field, Dispute] = {}
    for spot in sorted({spot for spots in edits.values() for spot in spots}):
        theirs = {str(n): (sides[n].version or {}).get(spot) for n, spots in edits.items() if spot in spots}
        before = {str(n): (sides[n].agreed or {}).get(spot) for n in edits if str(n) in theirs}
        found[spot] = Dispute(spot, {**theirs, "files": merged.get(spot)}, before)
    return found


def _named(dispute: Dispute, versions: Mapping[ReplicaName, Fields], base: Fields) -> Dispute:
    """Say which replicas show the base's side of a dispute."""
    if BASE not in dispute.versions:
        return dispute
    spot = dispute.field
    holders = [
        name
        for name in ORDER
        if name in versions
        and name not in dispute.versions
        and same(spot, versions[name].get(spot), base.get(spot))
    ]
    if not holders:
        return dispute
    named = {**dispute.versions}
    value = named.pop(BASE)
    names = tuple(holders[0] if name == BASE else name for name in dispute.names)
    return Dispute(spot, {**named, **dict.fromkeys(holders, value)}, dispute.ancestors, dispute.merged, names)
