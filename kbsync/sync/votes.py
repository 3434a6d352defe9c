"""The merge of one entry: every field by itself, in a way that no order of replicas can change.

A *claim* is one replica's version and the version it was made from. Where that ancestor is the base,
this is an ordinary three-way merge; where the base has moved on since, the claim is first brought
forward onto it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from kbsync.document.blocks import Document
from kbsync.document.merge import Conflict, Merged, merge, merge_for
from kbsync.state.records import Value
from kbsync.sync.fields import EMPTY, Field, Fields, differing, merge_labels, put, same, whole

BASE = "base"
"""The name of the base among disputing versions, where no replica shows it."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A version of an entry, by whom, and what it was made from."""

    replica: str
    version: Fields
    ancestor: Fields

    def changes(self) -> tuple[Field, ...]:
        """Return the fields that were edited."""
        return differing(self.ancestor, self.version)


@dataclass(frozen=True, slots=True)
class Dispute:
    """A field whose versions cannot be merged; `merged` is the body, its rivals in the order of `names`."""

    field: Field
    versions: Mapping[str, Value]
    ancestors: Mapping[str, Value]
    merged: Merged | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Merge:
    """The merged fields, where a disputed one keeps the base's value.

    `decided` are disputes that the preferred side won; `look` are bodies worth a look.
    """

    fields: Fields
    disputes: Mapping[Field, Dispute] = field(default_factory=dict)
    decided: Mapping[Field, Dispute] = field(default_factory=dict)
    look: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True)
class _Verdict:
    value: Value
    dispute: Dispute | None = None
    look: bool = False


@dataclass(frozen=True, slots=True)
class _Vote:
    value: Value
    ancestor: Value


def merge_claims(base: Fields, claims: Sequence[Claim], prefer: str = "") -> Merge:
    """Merge all claims over the base. An edit of a locale beats its removal; equal edits agree.

    `prefer` names the side that wins where versions collide; without one they are disputed.
    """
    merged = dict(base)
    disputes: dict[Field, Dispute] = {}
    decided: dict[Field, Dispute] = {}
    look = list[Field]()
    votes = _votes(base, sorted(claims, key=lambda claim: claim.replica))
    for spot in sorted(votes):
        verdict = _decide(spot, base.get(spot), votes[spot], "")
        if verdict.dispute:
            chosen = _decide(spot, base.get(spot), votes[spot], prefer) if prefer else verdict
            (disputes if chosen.dispute else decided)[spot] = verdict.dispute
            verdict = chosen
        if not verdict.dispute:
            put(merged, spot, verdict.value)
        if verdict.look:
            look.append(spot)
    _complete(merged, claims)
    return Merge(whole(merged, disputes), disputes, decided, tuple(look))


def _votes(base: Fields, claims: Sequence[Claim]) -> dict[Field, dict[str, _Vote]]:
    """Return who says what about each field; who removes a locale must have seen all of it."""
    votes: dict[Field, dict[str, _Vote]] = {}
    for claim in claims:
        for spot in claim.changes():
            vote = _Vote(claim.version.get(spot), claim.ancestor.get(spot))
            votes.setdefault(spot, {})[claim.replica] = vote
    edited = {
        spot.locale
        for spot, by in votes.items()
        for vote in by.values()
        if spot.locale and vote.value is not None
    }
    edited |= {spot.locale for claim in claims for spot in differing(claim.ancestor, base) if spot.locale}
    kept = {spot: _without_removals(by) if spot.locale in edited else by for spot, by in votes.items()}
    return {spot: by for spot, by in kept.items() if by}


def _without_removals(votes: dict[str, _Vote]) -> dict[str, _Vote]:
    return {name: vote for name, vote in votes.items() if vote.value is not None}


def _decide(spot: Field, base: Value, votes: Mapping[str, _Vote], prefer: str) -> _Verdict:
    if spot.name == "labels":
        edits = [(_labels(vote.ancestor), _labels(vote.value)) for vote in votes.values()]
        return _Verdict(merge_labels(_labels(base), *edits))
    winner = prefer if prefer in votes or not prefer else BASE
    forward = {name: _brought_forward(spot, base, name, vote, winner) for name, vote in votes.items()}
    stuck = [verdict for verdict in forward.values() if verdict.dispute]
    if not stuck:
        final = _together(spot, base, {name: verdict.value for name, verdict in forward.items()}, winner)
        look = final.look or any(verdict.look for verdict in forward.values())
        if not final.dispute:
            return _Verdict(final.value, look=look)
        stuck = [final]
    return _Verdict(base, dispute=_dispute(spot, base, votes, stuck))


def _brought_forward(spot: Field, base: Value, name: str, vote: _Vote, winner: str) -> _Verdict:
    if same(spot, vote.ancestor, base):
        return _Verdict(vote.value)
    return _together(spot, vote.ancestor, {name: vote.value, BASE: base}, winner)


def _together(spot: Field, base: Value, values: Mapping[str, Value], winner: str) -> _Verdict:
    """Merge values made from one base. An absent one gives way to any other."""
    present = {name: value for name, value in values.items() if value is not None}
    changed = {name: value for name, value in present.items() if not same(spot, value, base)}
    distinct = _distinct(spot, changed)
    if len(distinct) <= 1:
        return _Verdict(distinct[0] if distinct else _unchanged(base, values))
    if all(isinstance(value, Document) for value in distinct):
        return _merge_bodies(spot, base, cast("dict[str, Document]", changed), winner)
    if winner in changed:
        return _Verdict(changed[winner])
    return _Verdict(base, dispute=Dispute(spot, changed, {}))


def _unchanged(base: Value, values: Mapping[str, Value]) -> Value:
    return None if any(value is None for value in values.values()) else base


def _distinct(spot: Field, values: Mapping[str, Value]) -> list[Value]:
    found = list[Value]()
    for name in sorted(values):
        if not any(same(spot, values[name], other) for other in found):
            found.append(values[name])
    return found


def _merge_bodies(spot: Field, base: Value, values: dict[str, Document], winner: str) -> _Verdict:
    names = tuple(sorted(values))
    if base is None:
        if winner in names:
            return _Verdict(values[winner])
        return _Verdict(base, dispute=Dispute(spot, values, {}, clash(values), names))
    before, versions = cast("Document", base), [values[name] for name in names]
    merged = merge(before, versions)
    if not merged.conflicts:
        return _Verdict(merged.document, look=bool(merged.look))
    if winner in names and _winner_decides(before, values, winner):
        return _Verdict(merge_for(before, versions, names.index(winner)))
    return _Verdict(base, dispute=Dispute(spot, values, {}, merged, names))


def _winner_decides(base: Document, values: Mapping[str, Document], winner: str) -> bool:
    """Tell whether all collisions are with the winner: it has no say in what others dispute."""
    others = [values[name] for name in sorted(values) if name != winner]
    return not merge(base, others).conflicts


def clash(values: Mapping[str, Document]) -> Merged:
    """Return bodies without a common base as one conflict: nothing says what was added or removed."""
    return Merged(EMPTY, (Conflict((), tuple(values[name].blocks for name in sorted(values)), 0),))


def _dispute(spot: Field, base: Value, votes: Mapping[str, _Vote], stuck: Sequence[_Verdict]) -> Dispute:
    versions = {name: vote.value for name, vote in votes.items()}
    if any(verdict.dispute and BASE in verdict.dispute.versions for verdict in stuck):
        versions[BASE] = base
    ancestors = {name: vote.ancestor for name, vote in votes.items()}
    first = next(verdict.dispute for verdict in stuck if verdict.dispute)
    return Dispute(spot, versions, ancestors, first.merged, first.names)


def _complete(merged: Fields, claims: Sequence[Claim]) -> None:
    """Give a locale that an edit brought back the fields that nobody edited."""
    for claim in sorted(claims, key=lambda claim: claim.replica):
        revived = {f.locale for f in claim.changes() if f.locale and f in merged}
        for spot, value in claim.version.items():
            if spot.locale in revived:
                merged.setdefault(spot, value)


def _labels(value: Value) -> tuple[str, ...]:
    return cast("tuple[str, ...]", value or ())
