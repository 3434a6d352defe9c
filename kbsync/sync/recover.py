"""Finish what an interrupted run began: every announced write is looked for before anything else.

Found and equal: it was ours, and is remembered. Found with words missing: ours too, and written again.
Found with other words: a person was there since; what they added counts as an edit, and what is missing
may have been dropped by the server, so it stays. Not found: it never happened.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from kbsync.article import Entry
from kbsync.errors import KbsyncError, RemoteError
from kbsync.replicas.base import Reading, Replica, ReplicaName
from kbsync.state.records import EntryKey, Intent, Shadow
from kbsync.state.snapshot import Put, drop
from kbsync.state.store import State
from kbsync.sync import remains
from kbsync.sync.accept import past
from kbsync.sync.fields import Fields, assemble, differing, flatten
from kbsync.sync.guard import stopped
from kbsync.sync.names import Book
from kbsync.sync.observe import reading_of, spelled
from kbsync.sync.outcome import Outcome
from kbsync.sync.referrers import Referrers
from kbsync.sync.sides import Lookout
from kbsync.sync.spelling import lines
from kbsync.sync.survey import Mask

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class _Case:
    """One announced write and what stands there now."""

    intent: Intent
    shadow: Shadow | None
    base: Entry | None
    lookout: Lookout

    def intended(self, reading: Reading) -> Fields:
        """Return what would be shown if the write had been kept as it was sent."""
        return self.lookout.shown(msgspec.structs.replace(reading, raw=self.intent.raw))


def recover(
    state: State, replicas: Mapping[ReplicaName, Replica], books: Mapping[ReplicaName, Book], outcome: Outcome
) -> Mask:
    """Settle every open intent; return those that could not be, which must be left alone in this run.

    What stands as it was sent is looked for first, for all of them: only what then is nobody's can be
    one that a person changed since.
    """
    recovery = _Recovery(state, replicas, books, outcome, Referrers(state.snapshot))
    unsettled = [intent for intent in state.snapshot.all(Intent) if intent.replica in replicas]
    for edited in (False, True):
        unsettled = [intent for intent in unsettled if not recovery.settle(intent, edited=edited)]
    return frozenset(recovery.masked)


@dataclass(frozen=True, slots=True)
class _Recovery:
    state: State
    replicas: Mapping[ReplicaName, Replica]
    books: Mapping[ReplicaName, Book]
    outcome: Outcome
    referrers: Referrers
    masked: set[tuple[ReplicaName, EntryKey]] = field(default_factory=set)

    def settle(self, intent: Intent, *, edited: bool) -> bool:
        """Record what became of an announced write; tell whether it is known by now."""
        case = self._case(intent)
        try:
            reading = _stands(case, edited=edited)
            if reading is None and intent.action != "retire" and not edited:
                return False
            shown = _settled(case, reading)
        except RemoteError as error:
            self.outcome.failed(stopped(error, article=intent.id, replica=intent.replica))
            self.masked.add((intent.replica, (intent.kind, intent.id)))
            return True
        except KbsyncError:
            shown = None  # it cannot be read: the run that follows reports it
        self._record(case, shown)
        return True

    def _case(self, intent: Intent) -> _Case:
        key = (intent.kind, intent.id)
        lookout = Lookout(self.replicas[intent.replica], self.books[intent.replica], complete=True)
        base = self.state.snapshot.base(key)
        shadow = self.state.snapshot.shadow(intent.replica, key)
        return _Case(intent, shadow, base.entry if base else None, lookout)

    def _record(self, case: _Case, shown: Shadow | None) -> None:
        intent = case.intent
        changes = self.referrers.together(case.shadow, reading_of(shown), [Put(shown)]) if shown else []
        self.state.commit(f"recover {intent.id}", [*changes, drop(intent)])
        if shown is not None:
            self.books[intent.replica].bind(intent.id, reading_of(shown))


def _settled(case: _Case, reading: Reading | None) -> Shadow | None:
    if case.intent.action == "retire":
        return _retired(case, reading)
    if reading is None or reading.retired or _untouched(case, reading):
        return None
    return _written(case, reading)


def _stands(case: _Case, *, edited: bool) -> Reading | None:
    replica, intent = case.lookout.replica, case.intent
    if intent.action != "create" and case.shadow is not None:
        found = replica.read(reading_of(case.shadow).key)
        if found is not None or intent.action == "retire":
            return found
    return _found(case, edited=edited)


def _found(case: _Case, *, edited: bool) -> Reading | None:
    """Search for what a create made; what is known as something else is not it."""
    intent, seen = case.intent, set[str]()
    while True:
        found = case.lookout.replica.find(intent.kind, intent.id, intent.raw, edited=edited)
        if found is None or found.handle in seen:
            return None
        if case.lookout.names.id(found.handle, found.kind) in (None, intent.id):
            return found
        seen.add(found.handle)


def _untouched(case: _Case, reading: Reading) -> bool:
    return case.shadow is not None and reading_of(case.shadow).raw == reading.raw


def _written(case: _Case, reading: Reading) -> Shadow | None:
    stored, intended = case.lookout.shown(reading), case.intended(reading)
    if not differing(stored, intended) or _only_lost(stored, intended):
        return _shadow(case, reading, case.intent.entry)
    return _edited(case, reading, stored, intended)


def _edited(case: _Case, reading: Reading, stored: Fields, intended: Fields) -> Shadow | None:
    """Remember what is surely ours of what stands there, so that the rest of it reads as an edit."""
    kind, id = case.intent.kind, case.intent.id
    assert case.intent.entry is not None
    ours, agreed = remains.surely_ours(intended, stored), flatten(case.intent.entry)
    before = case.shadow.agreed or case.base if case.shadow else None
    last = reading_of(case.shadow) if case.shadow else None
    if last is not None and last.raw and before is not None:
        old = case.lookout.shown(last)
        untouched = remains.never_written(old, intended, stored)
        if untouched >= {spot.locale for spot in intended if spot.locale}:
            return None
        ours, agreed = (
            remains.patched(ours, old, untouched),
            remains.patched(agreed, flatten(before), untouched),
        )
    raw = case.lookout.replica.render(assemble(kind, id, ours), reading, case.lookout.names).raw
    part = msgspec.structs.replace(reading, raw=raw, token="")
    return _shadow(case, part, assemble(kind, id, agreed))


def _shadow(case: _Case, reading: Reading, agreed: Entry | None) -> Shadow:
    intent = case.intent
    return Shadow(
        replica=intent.replica,
        kind=intent.kind,
        id=intent.id,
        reading=spelled(reading),
        agreed=None if agreed == case.base else agreed,
        pending=True,
        past=past(case.shadow, reading),
    )


def _retired(case: _Case, reading: Reading | None) -> Shadow | None:
    if case.shadow is None:
        return None
    old = reading_of(case.shadow)
    if reading is None or reading.retired:
        gone = msgspec.structs.replace(reading or old, retired=True)
    elif _unpublished(case, old, reading):
        gone = reading
    else:
        return None
    return msgspec.structs.replace(case.shadow, reading=spelled(gone), retired=True)


def _unpublished(case: _Case, old: Reading, reading: Reading) -> bool:
    """Tell whether our retiring is all that happened; where it stands does not count, as for any hidden draft."""
    changed = {field.name for field in differing(case.lookout.shown(old), case.lookout.shown(reading))}
    return "state" in changed and changed <= {"state", "place"}


def _only_lost(stored: Fields, intended: Fields) -> bool:
    """Tell whether nothing stands there that we did not send; the last word may be cut in two."""
    here, sent = _words(stored), _words(intended)
    extra = list((here - sent).elements())
    return not extra or (len(extra) == 1 and any(word.startswith(extra[0]) for word in sent))


def _words(fields: Fields) -> Counter[str]:
    return Counter(_WORD.findall("\n".join(lines(fields))))
