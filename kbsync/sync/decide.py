"""All decisions of one run, and the rules that hold between entries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from kbsync.errors import KbsyncError
from kbsync.replicas.base import ReplicaName
from kbsync.state.records import EntryKey
from kbsync.sync import guard
from kbsync.sync.fields import Field, Fields, assemble, flatten, place_of
from kbsync.sync.outcome import Held, Stopped, Warned
from kbsync.sync.presence import MERGE, RESTORE
from kbsync.sync.reconcile import Decision, reconcile
from kbsync.sync.sides import Side
from kbsync.sync.survey import Survey
from kbsync.sync.tasks import Task, abreast, stays_away, tasks


@dataclass(slots=True)
class Decisions:
    """What should happen to each entry that is not at rest, and the steps for it."""

    by_key: dict[EntryKey, Decision] = field(default_factory=dict)
    tasks: dict[EntryKey, list[Task]] = field(default_factory=dict)
    findings: list[Stopped] = field(default_factory=list)
    warnings: list[Warned] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)

    def all_tasks(self) -> list[Task]:
        """Return all steps in the order of entries."""
        return [task for found in self.tasks.values() for task in found]


def decide(survey: Survey) -> Decisions:
    """Decide about every entry that something happened to."""
    relinked = survey.relinked()
    busy = {key for keys in relinked.values() for key in keys}
    result = Decisions()
    for key in survey.entries():
        if key in busy or not survey.quiet(key):
            result.by_key[key] = reconcile(survey.known(key), survey.sides(key), survey.policy)
    _keep_full_collections(survey, result)
    _guard_deaths(survey, result)
    _keep_full_collections(survey, result)
    _break_cycles(survey, result)
    result.warnings.extend(guard.all_changed(result.by_key.values(), survey.snapshot))
    for key, decision in list(result.by_key.items()):
        relink = {name for name, keys in relinked.items() if key in keys}
        _plan_steps(survey, result, decision, relink)
    result.held = [held for decision in result.by_key.values() for held in _held(decision)]
    result.warnings.extend(w for decision in result.by_key.values() for w in _remarks(survey, decision))
    return result


def _plan_steps(survey: Survey, result: Decisions, decision: Decision, relink: Iterable[ReplicaName]) -> None:
    try:
        steps = tasks(survey, decision, tuple(relink))
        result.by_key[decision.key] = replace(decision, abreast=abreast(survey, decision, steps))
        result.tasks[decision.key] = steps
    except KbsyncError as error:
        result.findings.append(guard.stopped(error, article=decision.key[1]))
        del result.by_key[decision.key]


def _keep_full_collections(survey: Survey, result: Decisions) -> None:
    """A collection lives as long as anything that lives is placed in it, and comes back with what comes back."""
    while True:
        places = dict[EntryKey, set[ReplicaName]]()
        for key, names in _places(survey, result):
            places.setdefault(key, set()).update(names)
        gone = [key for key in sorted(places) if _is_gone(survey, result, key, places[key])]
        if not gone:
            return
        for key in gone:
            decision = result.by_key.get(key)
            sides = decision.sides if decision else survey.sides(key)
            result.by_key[key] = reconcile(survey.known(key), sides, survey.policy, keep=True)


def _is_gone(survey: Survey, result: Decisions, key: EntryKey, names: Iterable[ReplicaName]) -> bool:
    """Tell whether a collection will be missing, or missing in one of these replicas because it is kept away there."""
    decision, base = result.by_key.get(key), survey.snapshot.base(key)
    if base is None:
        return False
    if not (decision.alive if decision else not base.retired):
        return True
    if decision and decision.follows in (MERGE, RESTORE):
        return False
    sides = decision.sides if decision else survey.sides(key)
    kept = decision is not None and decision.kept
    return any(
        not side.here and (kept or (side.shadow is not None and side.shadow.kept))
        for name, side in sides.items()
        if name in names
    )


def _places(survey: Survey, result: Decisions) -> Iterable[tuple[EntryKey, frozenset[ReplicaName]]]:
    """Yield the collections that hold something alive, with the replicas in which that is about to be written."""
    for key in survey.entries():
        decision, base = result.by_key.get(key), survey.snapshot.base(key)
        if decision is not None:
            entry = decision.entry if decision.alive else None
        else:
            entry = base.entry if base is not None and not base.retired else None
        if entry is not None and (place := place_of(entry)):
            yield ("collection", place), _arriving(survey, decision)


def _arriving(survey: Survey, decision: Decision | None) -> frozenset[ReplicaName]:
    """Return the replicas in which an entry is about to be made, brought back or moved."""
    if decision is None or decision.kept:
        return frozenset()
    return frozenset(
        name
        for name, desired in decision.desired.items()
        if survey.policy.writes(name)
        and not stays_away(survey, decision, decision.sides[name])
        and _moves(decision.sides[name], desired)
    )


def _moves(side: Side, desired: Fields) -> bool:
    place = Field("place")
    return not side.here or desired.get(place) != (side.version or {}).get(place)


def _guard_deaths(survey: Survey, result: Decisions) -> None:
    deaths = [d for d in result.by_key.values() if d.dies and _was_alive(survey, d.key)]
    counted = [d for d in deaths if any(side.here for side in d.sides.values())]
    refusal = guard.over_budget(counted, survey.snapshot, survey.policy)
    if refusal is not None:
        result.findings.append(refusal)
        for death in deaths:
            del result.by_key[death.key]
    for decision in list(result.by_key.values()):
        _prove(survey, result, decision)


def _was_alive(survey: Survey, key: EntryKey) -> bool:
    base = survey.snapshot.base(key)
    return base is not None and not base.retired


def _prove(survey: Survey, result: Decisions, decision: Decision) -> None:
    """Believe an absence only when the replica confirms it: neither retire nor make anew without."""
    try:
        answers = guard.confirm(survey.replicas, decision)
    except KbsyncError as error:
        result.findings.append(guard.stopped(error, article=decision.key[1]))
        del result.by_key[decision.key]
        return
    living = {name: reading for name, reading in answers.items() if reading and not reading.retired}
    for name, reading in living.items():
        survey.found.current[name][decision.key] = reading
        survey.books[name].bind(decision.key[1], reading)
    if living:
        result.by_key[decision.key] = reconcile(
            survey.known(decision.key), survey.sides(decision.key), survey.policy
        )


def _break_cycles(survey: Survey, result: Decisions) -> None:
    """Collections that were moved into each other stay where they were."""
    parents = dict(_parents(survey, result))
    for key in sorted(result.by_key):
        if key[0] == "collection" and _in_cycle(key[1], parents):
            decision, base = result.by_key[key], survey.snapshot.base(key)
            place = place_of(base.entry) if base else ""
            result.by_key[key] = _placed(decision, place)
            parents[key[1]] = place
            message = f"collection {key[1]} would stand inside itself; it stays where it was"
            result.warnings.append(Warned("collection-cycle", key[1], "", message))


def _parents(survey: Survey, result: Decisions) -> Iterable[tuple[str, str]]:
    for key in survey.entries():
        decision, base = result.by_key.get(key), survey.snapshot.base(key)
        entry = decision.entry if decision else base.entry if base else None
        if key[0] == "collection" and entry is not None:
            yield key[1], place_of(entry)


def _in_cycle(id: str, parents: Mapping[str, str]) -> bool:
    seen, at = {id}, parents.get(id, "")
    while at:
        if at == id:
            return True
        if at in seen:
            return False
        seen.add(at)
        at = parents.get(at, "")
    return False


def _placed(decision: Decision, place: str) -> Decision:
    desired = {name: {**fields, Field("place"): place} for name, fields in decision.desired.items()}
    entry = decision.entry
    if entry is not None:
        entry = assemble(*decision.key, {**flatten(entry), Field("place"): place})
    return replace(decision, desired=desired, entry=entry)


def _held(decision: Decision) -> Iterable[Held]:
    drifted = [(name, spots) for name, spots in decision.drifts.items() if spots]
    if not decision.disputes and not drifted:
        return
    fields = {spot.spelled() for spot in decision.disputes} | {
        s.spelled() for _, spots in drifted for s in spots
    }
    replicas = {name for dispute in decision.disputes.values() for name in dispute.versions}
    blocks = sum(len(d.merged.conflicts) if d.merged else 0 for d in decision.disputes.values())
    names = {str(name) for name in replicas} | {str(name) for name, _ in drifted}
    yield Held(decision.key[1], tuple(sorted(fields)), blocks, tuple(sorted(names)))


def _remarks(survey: Survey, decision: Decision) -> Iterable[Warned]:
    id = decision.key[1]
    for name, side in decision.sides.items():
        if side.presence == "absent" and decision.alive and not survey.policy.reads(name):
            after = "it stays away from there" if stays_away(survey, decision, side) else "it is made anew"
            yield Warned("drift", id, name, f"it was deleted in {name}, which is only written to; {after}")
    for name, spots in decision.drifts.items():
        fields = ", ".join(spot.spelled() for spot in spots)
        yield Warned(
            "drift", id, name, f"{fields} was edited in {name}, which is only written to; it is held"
        )
    for spot in decision.look:
        yield Warned("look-at-me", id, "", f"{spot.spelled()}: edits met in one paragraph; read it once")
    for spot, dispute in decision.decided.items():
        sides = ", ".join(sorted(dispute.versions))
        yield Warned("conflict-decided", id, "", f"{spot.spelled()}: {sides} collided; on_conflict decided")
