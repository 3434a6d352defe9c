"""The steps that bring one entry to what was decided, each with what it needs to be taken."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from kbsync.article import Entry
from kbsync.replicas.base import Reading, ReplicaName
from kbsync.state.records import EntryKey
from kbsync.sync.fields import Field, Fields, assemble, differing, digest, flatten, raw_digest
from kbsync.sync.plan import Action, Expects, Step
from kbsync.sync.policy import ORDER
from kbsync.sync.reconcile import Decision
from kbsync.sync.sides import Lookout, Side
from kbsync.sync.spelling import difference
from kbsync.sync.survey import Survey

CARRIERS: Final = frozenset({"files", "confluence"})
"""Replicas that carry the id themselves: front matter, a content property. Intercom has no place for it."""
_PLACES: Final = frozenset({"place", "name"})


@dataclass(frozen=True, slots=True)
class Task:
    """One step, the thing it starts from, and the entry it should leave there."""

    key: EntryKey
    step: Step
    reading: Reading | None
    entry: Entry

    @property
    def replica(self) -> ReplicaName:
        """Return where the step is taken."""
        return self.step.replica


def tasks(survey: Survey, decision: Decision, relink: Collection[ReplicaName] = ()) -> list[Task]:
    """Return the steps of one entry, in the order they are taken. Raises ContentError, DocumentError."""
    found = list[Task]()
    for name in ORDER:
        side = decision.sides.get(name)
        if side is None or not side.usable or not survey.policy.writes(name) or decision.kept:
            continue
        if not decision.alive:
            found.extend(_retirement(decision, side))
        elif name in decision.desired and not stays_away(survey, decision, side):
            found.extend(_arrival(survey, decision, side, relink=name in relink))
    return found


def abreast(survey: Survey, decision: Decision, tasks: Iterable[Task]) -> frozenset[ReplicaName]:
    """Return the replicas to which no step is due because they cannot show what they lack.

    Raises ContentError, DocumentError.
    """
    due = {task.replica for task in tasks}
    return frozenset(
        name for name, side in decision.sides.items() if name not in due and _abreast(survey, decision, side)
    )


def _abreast(survey: Survey, decision: Decision, side: Side) -> bool:
    desired = decision.desired.get(side.replica)
    if not desired or not (side.here and side.usable) or side.reading is None or side.version is None:
        return False
    if survey.policy.writes(side.replica) or not differing(side.version, desired):
        return True
    entry = assemble(*decision.key, desired)
    return not shown_changes(survey.lookout(side.replica), survey, entry, side.reading)


def stays_away(survey: Survey, decision: Decision, side: Side) -> bool:
    """Tell whether an entry that lives is left out of a replica that does not show it."""
    if side.here:
        return False
    kept = side.shadow is not None and side.shadow.kept
    if (side.presence == "absent" or kept) and not survey.policy.reads(side.replica):
        return survey.policy.keeps_away(side.replica)
    if kept:
        return decision.follows not in ("merge", "restore")
    return side.reading is None and (side.replica, decision.key) in survey.found.blocked


def _retirement(decision: Decision, side: Side) -> Iterator[Task]:
    held = side.replica in decision.drifts
    if side.here and not held and side.reading is not None and decision.entry is not None:
        yield _task(decision, side, "retire", (), decision.entry, "-in readers' sight\n+retired")


def _arrival(survey: Survey, decision: Decision, side: Side, *, relink: bool) -> Iterator[Task]:
    desired = decision.desired[side.replica]
    if not any(field.name == "title" for field in desired):
        return
    entry = assemble(*decision.key, desired)
    if not side.here:
        action: Action = "create" if side.reading is None else "update"
        changed = tuple(sorted(desired))
    else:
        assert side.reading is not None and side.version is not None  # noqa: PT018  what is here was read
        unmarked = side.replica in CARRIERS and side.reading.id != decision.key[1]
        pending = side.shadow is not None and side.shadow.pending
        outdated = survey.outdated(side.shadow)
        if not (unmarked or pending or relink or outdated or differing(side.version, desired)):
            return
        changed = shown_changes(survey.lookout(side.replica), survey, entry, side.reading)
        changed += tuple(set(_homeless_move(survey, side, desired)) - set(changed))
        if outdated and not changed:
            changed = tuple(sorted(field for field in desired if field.name == "body"))
        if not changed and not unmarked:
            return
        action = _action(changed)
    before = side.version if side.here and side.version is not None else {}
    diff = difference(before, desired, decision.key[1])
    yield _task(decision, side, action, changed, entry, diff)


def _homeless_move(survey: Survey, side: Side, desired: Fields) -> Iterator[Field]:
    """Yield the place where its collection is new too: nothing shows the move before this run has made it."""
    spot = Field("place")
    place, before = desired.get(spot), (side.version or {}).get(spot)
    if place and place != before and survey.books[side.replica].handle(str(place), "collection") is None:
        yield spot


def shown_changes(lookout: Lookout, survey: Survey, entry: Entry, reading: Reading) -> tuple[Field, ...]:
    """Return the fields that would read differently if the entry were written over a reading."""
    replica = lookout.replica
    names = survey.books[replica.name].strict()
    raw = replica.render(entry, reading, names).raw
    if raw == reading.raw:
        return ()
    strict = Lookout(replica, names, complete=True)
    return differing(strict.shown(reading), strict.shown(msgspec.structs.replace(reading, raw=raw)))


def _action(changed: tuple[Field, ...]) -> Action:
    if not changed:
        return "adopt"
    return "move" if {field.name for field in changed} <= _PLACES else "update"


def _task(
    decision: Decision, side: Side, action: Action, changed: tuple[Field, ...], entry: Entry, diff: str
) -> Task:
    reading = side.reading
    expects = Expects(reading.token, raw_digest(reading.raw)) if reading else Expects()
    kind, id = decision.key
    result = "retired" if action == "retire" else digest(kind, flatten(entry))
    spelled = msgspec.json.encode([side.replica, kind, id, action, expects, result])
    step = Step(
        id=hashlib.sha256(spelled).hexdigest()[:16],
        article=id,
        replica=side.replica,
        action=action,
        fields=tuple(field.spelled() for field in changed),
        expects=expects,
        result_digest=result,
        diff=diff,
    )
    return Task(decision.key, step, reading, entry)
