"""Finish what an interrupted run began: every announced write is looked for before anything else.

Found and equal: it was ours, and is remembered. Found with words missing: ours too, and written again.
Found with other words: a person was there since, so it counts as an edit. Not found: it never happened.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from kbsync.article import Entry
from kbsync.errors import KbsyncError, RemoteError
from kbsync.replicas.base import Reading, Replica, ReplicaName
from kbsync.state.records import Intent, Shadow
from kbsync.state.snapshot import Change, Put, drop
from kbsync.state.store import State
from kbsync.sync.accept import past
from kbsync.sync.fields import Fields, differing
from kbsync.sync.guard import stopped
from kbsync.sync.names import Book
from kbsync.sync.observe import reading_of, spelled
from kbsync.sync.outcome import Outcome
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
    """Settle every open intent; return those that could not be, which must be left alone in this run."""
    masked = set()
    for intent in list(state.snapshot.all(Intent)):
        key = (intent.kind, intent.id)
        if intent.replica not in replicas:
            continue
        lookout = Lookout(replicas[intent.replica], books[intent.replica], complete=True)
        base = state.snapshot.base(key)
        shadow = state.snapshot.shadow(intent.replica, key)
        case = _Case(intent, shadow, base.entry if base else None, lookout)
        try:
            changes = _settled(case)
        except RemoteError as error:
            outcome.failed(stopped(error, article=intent.id, replica=intent.replica))
            masked.add((intent.replica, key))
            continue
        except KbsyncError:
            changes = []  # it cannot be read: the run that follows reports it
        state.commit(f"recover {intent.id}", [*changes, drop(intent)])
    return frozenset(masked)


def _settled(case: _Case) -> list[Change]:
    reading = _stands(case)
    if case.intent.action == "retire":
        return _retired(case, reading)
    if reading is None or reading.retired or _untouched(case, reading):
        return []
    return _written(case, reading)


def _stands(case: _Case) -> Reading | None:
    replica, intent = case.lookout.replica, case.intent
    if intent.action != "create" and case.shadow is not None:
        found = replica.read(reading_of(case.shadow).key)
        if found is not None or intent.action == "retire":
            return found
    return replica.find(intent.kind, intent.id, intent.raw)


def _untouched(case: _Case, reading: Reading) -> bool:
    return case.shadow is not None and reading_of(case.shadow).raw == reading.raw


def _written(case: _Case, reading: Reading) -> list[Change]:
    stored, intended = case.lookout.shown(reading), case.intended(reading)
    if not differing(stored, intended) or _only_lost(stored, intended):
        return [Put(_shadow(case, reading))]
    if case.intent.action == "create":
        return [Put(_shadow(case, msgspec.structs.replace(reading, raw=case.intent.raw, token="")))]
    return []


def _shadow(case: _Case, reading: Reading) -> Shadow:
    intent = case.intent
    return Shadow(
        replica=intent.replica,
        kind=intent.kind,
        id=intent.id,
        reading=spelled(reading),
        agreed=None if intent.entry == case.base else intent.entry,
        pending=True,
        past=past(case.shadow, reading),
    )


def _retired(case: _Case, reading: Reading | None) -> list[Change]:
    if case.shadow is None:
        return []
    old = reading_of(case.shadow)
    if reading is None or reading.retired:
        gone = msgspec.structs.replace(reading or old, retired=True)
    elif _unpublished(case, old, reading):
        gone = reading
    else:
        return []
    return [Put(msgspec.structs.replace(case.shadow, reading=spelled(gone), retired=True))]


def _unpublished(case: _Case, old: Reading, reading: Reading) -> bool:
    changed = differing(case.lookout.shown(old), case.lookout.shown(reading))
    return bool(changed) and all(field.name == "state" for field in changed)


def _only_lost(stored: Fields, intended: Fields) -> bool:
    """Tell whether nothing stands there that we did not send; the last word may be cut in two."""
    here, sent = _words(stored), _words(intended)
    extra = list((here - sent).elements())
    return not extra or (len(extra) == 1 and any(word.startswith(extra[0]) for word in sent))


def _words(fields: Fields) -> Counter[str]:
    return Counter(_WORD.findall("\n".join(lines(fields))))
