"""Take the steps: independent entries side by side, parents before children, links in a second pass.

Before a write its intent is in the journal; after it the state holds what was read back. So a run that
dies anywhere is finished by the next one, and no thing is made twice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from typing import Literal, TypeVar

import msgspec

from kbsync.article import Collection as Group
from kbsync.article import Entry
from kbsync.errors import (
    GuardRefused,
    KbsyncError,
    Missing,
    Moved,
    RemoteDown,
    RemoteError,
    StateError,
    Waiting,
)
from kbsync.replicas.base import Raw, Reading, ReplicaName, Written
from kbsync.state.records import Asset, EntryKey, Intent, Shadow
from kbsync.state.snapshot import Change, Put, drop
from kbsync.state.store import State
from kbsync.sync.accept import accepted, full, settle
from kbsync.sync.decide import Decisions
from kbsync.sync.fields import assemble, differing, raw_digest
from kbsync.sync.guard import stopped
from kbsync.sync.names import Strict
from kbsync.sync.observe import reading_of, spelled
from kbsync.sync.outcome import Done, Outcome, Progress, Warned
from kbsync.sync.plan import Expects, Step
from kbsync.sync.reconcile import Decision
from kbsync.sync.referrers import Referrers
from kbsync.sync.successor import lead_on
from kbsync.sync.survey import Survey, mentions
from kbsync.sync.tasks import Task, shown_changes
from kbsync.sync.verify import verify

T = TypeVar("T")
_LINKS = "links"
_SECOND_PASS = frozenset({"link-pending", "link-target"})
"""Losses that are made good when every article has its address; what stays broken, `check` tells."""
IntentAction = Literal["create", "update", "retire"]


@dataclass(frozen=True, slots=True)
class _Ready:
    """A task with the raw form it will write, its announcement, and the digests of the files it shows."""

    task: Task
    raw: Raw
    intent: Intent
    assets: Mapping[str, str] = field(default_factory=dict)


class Run:
    """One application of decisions. `chosen` limits it to the steps with these ids."""

    def __init__(
        self,
        survey: Survey,
        decisions: Decisions,
        state: State,
        outcome: Outcome,
        progress: Progress,
        *,
        workers: int = 4,
        chosen: Collection[str] | None = None,
    ) -> None:
        self.survey = survey
        self.decisions = decisions
        self.state = state
        self.outcome = outcome
        self.progress = progress
        self.workers = workers
        self.chosen = chosen
        self.again = False
        self._stuck: set[EntryKey] = set()
        decided = [decision.entry for decision in decisions.by_key.values() if decision.entry is not None]
        self._referrers = Referrers(survey.snapshot, decided)

    def run(self) -> bool:
        """Take all steps; tell whether another round is due, because somebody wrote in between."""
        self._bring_assets_home()
        self._expect_links()
        todo = {key: self._wanted(key) for key in self.decisions.by_key}
        self._accept_quietly([key for key, tasks in todo.items() if tasks == []])
        work = {key: tasks for key, tasks in todo.items() if tasks}
        self.progress.phase("write", sum(len(tasks) for tasks in work.values()))
        self._collections(work)
        self._articles(work)
        self._links()
        self._retirements(work)
        return self.again

    def _expect_links(self) -> None:
        """Mark whoever links to what people renamed, before the former names are forgotten."""
        waiting = [
            change
            for name, book in self.survey.books.items()
            if self.survey.policy.writes(name)
            for change in self._referrers.waiting(name, book.touched())
        ]
        self.state.commit("links", waiting)

    def _wanted(self, key: EntryKey) -> list[Task] | None:
        """Return the steps to take, None when the entry has steps and none of them was chosen."""
        tasks = self.decisions.tasks.get(key, [])
        if self.chosen is None or not tasks:
            return tasks
        return [task for task in tasks if task.step.id in self.chosen] or None

    def _accept_quietly(self, keys: Iterable[EntryKey]) -> None:
        """Record in one go what needs no writing."""
        changes = list[Change]()
        for key in keys:
            changes += accepted(self.survey, self.decisions.by_key[key], steps=False)
        self.state.commit("accept", changes)

    def _bring_assets_home(self) -> None:
        for path in sorted(self.survey.home.found):
            self.survey.home.write(path)
        learnt = [
            Put(Asset(replica=name, address=address, path=path, digest=self.survey.home.digest(path)))
            for name, book in self.survey.books.items()
            for path in sorted(self.survey.home.found)
            if (address := book.address(path)) is not None
        ]
        self.state.commit("assets", learnt)

    # --- waves ------------------------------------------------------------------------------------

    def _collections(self, work: dict[EntryKey, list[Task]]) -> None:
        alive = [k for k in work if k[0] == "collection" and self.decisions.by_key[k].alive]
        depths = {key: self._depth(key) for key in alive}
        for _, level in groupby(sorted(alive, key=lambda k: (depths[k], k)), key=lambda k: depths[k]):
            keys = list(level)
            before = (
                {key: self.survey.books["files"].handle(key[1], "collection") for key in keys}
                if "files" in self.survey.books
                else {}
            )
            self._each(keys, lambda key: self._entry(key, work[key]))
            self._follow_folders(before, work)

    def _folders(self, keys: Sequence[EntryKey]) -> dict[EntryKey, str | None]:
        book = self.survey.books.get("files")
        return {key: book.handle(key[1], "collection") for key in keys} if book else {}

    def _depth(self, key: EntryKey) -> int:
        depth, seen = 0, {key}
        while True:
            decision, base = self.decisions.by_key.get(key), self.survey.snapshot.base(key)
            entry = decision.entry if decision else base.entry if base else None
            parent: EntryKey = ("collection", entry.parent if isinstance(entry, Group) else "")
            if not parent[1] or parent in seen:
                return depth
            seen.add(parent)
            key, depth = parent, depth + 1

    def _articles(self, work: dict[EntryKey, list[Task]]) -> None:
        keys = [k for k in work if k[0] == "article" and self.decisions.by_key[k].alive]
        self._each(keys, lambda key: self._entry(key, work[key]))

    def _retirements(self, work: dict[EntryKey, list[Task]]) -> None:
        dead = [key for key in work if not self.decisions.by_key[key].alive]
        self._each([key for key in dead if key[0] == "article"], lambda key: self._entry(key, work[key]))
        folders = sorted((k for k in dead if k[0] == "collection"), key=lambda k: (-self._depth(k), k))
        for key in folders:
            self._entry(key, work[key])

    def _each(self, keys: Sequence[EntryKey], act: Callable[[EntryKey], None]) -> None:
        if self.workers <= 1 or len(keys) <= 1:
            for key in keys:
                act(key)
            return
        with ThreadPoolExecutor(max_workers=self.workers) as pool:
            try:
                for done in [pool.submit(act, key) for key in keys]:
                    done.result()
            except BaseException:  # Ctrl-C, or a state that cannot be written: begin nothing more
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    # --- one entry --------------------------------------------------------------------------------

    def _entry(self, key: EntryKey, tasks: Sequence[Task]) -> None:
        decision = self.decisions.by_key[key]
        ready = [each for task in tasks if (each := self._prepare(task))]
        changes = accepted(self.survey, decision, steps=True)
        self.state.commit(f"accept {key[1]}", [*changes, *(Put(each.intent) for each in ready)])
        went_well = [self._take(each, decision) for each in ready]
        if all(went_well) and len(ready) == len(self.decisions.tasks[key]):
            self.state.commit(f"settle {key[1]}", settle(self.survey, [decision]))
        else:
            self._stuck.add(key)

    def _prepare(self, task: Task) -> _Ready | None:
        name, (kind, id) = task.replica, task.key
        action: IntentAction = "update"
        raw = Raw("")
        if task.step.action == "retire":
            action = "retire"
        else:
            action = "create" if task.reading is None else "update"
            try:
                raw = self.survey.replicas[name].render(task.entry, task.reading, self._names(name))
            except KbsyncError as error:
                self._stop(task, error)
                return None
        expects = task.reading.token if task.reading else ""
        intent = Intent(
            replica=name, kind=kind, id=id, action=action, raw=raw.raw, expects=expects, entry=task.entry
        )
        assets = self.survey.home.digests(task.entry) if name != "files" else {}
        return _Ready(task, raw, intent, assets)

    def _take(self, ready: _Ready, decision: Decision) -> bool:
        task = ready.task
        try:
            if task.step.action == "retire":
                self._retire(ready)
            else:
                self._write(ready, decision)
        except StateError:
            raise
        except KbsyncError as error:
            if _certainly_not_done(error):
                self.state.commit(f"forget {task.key[1]}", [drop(ready.intent)])
            self._stop(task, error)
            return False
        finally:
            self.progress.advance()
        step = task.step
        if not self._continues(task):
            self.outcome.applied(Done(step.id, step.article, step.replica, step.action))
        return True

    def _continues(self, task: Task) -> bool:
        """Tell whether this is the second pass of a step that was counted already."""
        earlier = self.decisions.tasks.get(task.key, [])
        return task.step.id == _LINKS and any(each.replica == task.replica for each in earlier)

    def _stop(self, task: Task, error: KbsyncError) -> None:
        line = stopped(error, id=task.step.id, article=task.step.article, replica=task.replica)
        if isinstance(error, Moved | Waiting | GuardRefused):
            self.outcome.refused(line)
        else:
            self.outcome.failed(line)

    def _write(self, ready: _Ready, decision: Decision) -> None:
        task, name = ready.task, ready.task.replica
        replica = self.survey.replicas[name]
        if task.reading is None:
            written = replica.create(*task.key, ready.raw.raw)
        else:
            written = self._update(ready, task.reading)
        side = decision.sides.get(name)
        base = self.survey.snapshot.base(task.key)
        before = full(decision, side.version, base.entry) if side and base else None
        self._remember(ready, written, before or (base.entry if base else None))

    def _update(self, ready: _Ready, old: Reading) -> Written:
        replica, (kind, id) = self.survey.replicas[ready.task.replica], ready.task.key
        try:
            return replica.update(old, ready.raw.raw, id)
        except Missing:
            if not old.retired:
                raise
        raw = replica.render(ready.task.entry, None, self._names(ready.task.replica)).raw
        self.state.commit(
            f"announce {id}", [Put(msgspec.structs.replace(ready.intent, action="create", raw=raw))]
        )
        return replica.create(kind, id, raw)

    def _remember(self, ready: _Ready, written: Written, before: Entry | None) -> None:
        task, name = ready.task, ready.task.replica
        base = self.survey.snapshot.base(task.key)
        old = self.survey.snapshot.shadow(name, task.key)
        verified = verify(
            self.survey.replicas[name],
            self.survey.books[name],
            task,
            ready.raw.raw,
            written,
            old,
            base.entry if base else None,
            before,
            ready.raw.losses,
            ready.assets,
        )
        changes = self._referrers.together(old, written.reading, verified.changes)
        self.state.commit(f"done {task.key[1]}", [*changes, drop(ready.intent)])
        for warned in verified.warnings:
            self.outcome.warn(warned)
        left = lead_on(self.survey.replicas[name], old, written.reading)
        for loss in (*ready.raw.losses, *written.losses, *left):
            if loss.code not in _SECOND_PASS:
                self.outcome.warn(Warned(loss.code, task.key[1], name, loss.message))
        self.again = self.again or verified.again

    def _retire(self, ready: _Ready) -> None:
        task, name, (kind, id) = ready.task, ready.task.replica, ready.task.key
        assert task.reading is not None
        replica = self.survey.replicas[name]
        written = replica.retire(task.reading)
        seen = replica.read(written.reading.key)
        reading = seen or msgspec.structs.replace(written.reading, retired=True)
        if seen is not None and not seen.retired and self._edited(name, task.reading, seen):
            reading = msgspec.structs.replace(seen, raw=task.reading.raw, token="")
            self.again = True
        old = self.survey.snapshot.shadow(name, task.key)
        shadow = Shadow(
            replica=name,
            kind=kind,
            id=id,
            reading=spelled(reading),
            agreed=old.agreed if old else None,
            retired=True,
        )
        self.state.commit(f"done {id}", [Put(shadow), drop(ready.intent)])

    def _edited(self, name: ReplicaName, before: Reading, after: Reading) -> bool:
        """Tell whether somebody wrote while we took the thing out of sight."""
        lookout = self.survey.lookout(name)
        changed = differing(lookout.shown(before), lookout.shown(after))
        return any(field.name != "state" for field in changed)

    def _names(self, name: ReplicaName) -> Strict:
        return self.survey.books[name].strict()

    # --- what follows from other steps ------------------------------------------------------------

    def _links(self) -> None:
        """Write again what names something that got its name only now."""
        for name, book in self.survey.books.items():
            if not self.survey.seen[name].usable or not self.survey.policy.writes(name):
                continue
            keys = mentions(self.survey.snapshot, book.touched()) | self._pending(name)
            book.settle()
            todo = [
                key
                for key in sorted(keys - self._stuck)
                if self._stays(key) and self.survey.usable(name, key)
            ]
            self._each(todo, partial(self._relink, name))

    def _stays(self, key: EntryKey) -> bool:
        """Tell whether an entry is not about to be retired: its links are nobody's any more."""
        decision = self.decisions.by_key.get(key)
        return decision is None or decision.alive

    def _pending(self, name: ReplicaName) -> set[EntryKey]:
        shadows = self.survey.snapshot.all(Shadow)
        return {(s.kind, s.id) for s in shadows if s.replica == name and s.pending}

    def _relink(self, name: ReplicaName, key: EntryKey) -> None:
        shadow, base = self.survey.snapshot.shadow(name, key), self.survey.snapshot.base(key)
        if shadow is None or base is None or shadow.retired or base.retired:
            return
        if self.chosen is not None and self.decisions.tasks.get(key) and self._wanted(key) is None:
            return
        reading, entry = reading_of(shadow), self._due(name, key) or shadow.agreed or base.entry
        try:
            changed = shown_changes(self.survey.lookout(name), self.survey, entry, reading)
        except KbsyncError as error:
            self.outcome.failed(stopped(error, article=key[1], replica=name))
            return
        if changed:
            self._rewrite(name, key, reading, entry, [field.spelled() for field in changed])
        elif shadow.pending and self._complete(name, entry, reading):
            self.state.commit(f"links {key[1]}", [Put(msgspec.structs.replace(shadow, pending=False))])

    def _due(self, name: ReplicaName, key: EntryKey) -> Entry | None:
        """Return what was decided to stand in a replica."""
        decision = self.decisions.by_key.get(key)
        desired = decision.desired.get(name) if decision else None
        return assemble(*key, desired) if desired else None

    def _complete(self, name: ReplicaName, entry: Entry, reading: Reading) -> bool:
        raw = self.survey.replicas[name].render(entry, reading, self._names(name))
        return not any(loss.code.endswith("-pending") for loss in raw.losses)

    def _rewrite(
        self, name: ReplicaName, key: EntryKey, reading: Reading, entry: Entry, fields: Sequence[str]
    ) -> None:
        base = self.survey.snapshot.base(key)
        assert base is not None
        expects = Expects(reading.token, raw_digest(reading.raw))
        step = Step(_LINKS, key[1], name, "update", tuple(fields), expects, "", "")
        ready = self._prepare(Task(key, step, reading, entry))
        if ready is None:
            return
        self.state.commit(f"announce {key[1]}", [Put(ready.intent)])
        decision = self.decisions.by_key.get(key)
        ok = self._take(ready, decision or Decision(key, alive=True, entry=base.entry))
        if not ok:
            self._stuck.add(key)

    def _follow_folders(self, before: dict[EntryKey, str | None], work: dict[EntryKey, list[Task]]) -> None:
        """After a directory got another name, look anew at the files that moved along with it."""
        for key, old in before.items():
            new = self.survey.books["files"].handle(key[1], "collection")
            if old and new and old != new:
                self._follow(f"{old}/", f"{new}/", work)

    def _follow(self, old: str, new: str, work: dict[EntryKey, list[Task]]) -> None:
        replica, book = self.survey.replicas["files"], self.survey.books["files"]
        current = self.survey.found.current["files"]
        for key, reading in list(current.items()):
            if not reading.handle.startswith(old):
                continue
            moved = replica.read((reading.kind, new + reading.handle.removeprefix(old)))
            if moved is None or not self._only_moved(reading, moved, old, new):
                continue
            current[key] = moved
            book.bind(key[1], moved)
            self._replace_reading(key, moved, work)

    def _only_moved(self, before: Reading, after: Reading, old: str, new: str) -> bool:
        """Tell whether nobody wrote meanwhile; links by relative paths may read otherwise from the new place."""
        if after.raw == before.raw.replace(f'"{old}', f'"{new}'):
            return True
        lookout = self.survey.lookout("files")
        try:
            return not differing(lookout.shown(before), lookout.shown(after))
        except KbsyncError:
            return False

    def _replace_reading(self, key: EntryKey, moved: Reading, work: dict[EntryKey, list[Task]]) -> None:
        shadow, decision = self.survey.snapshot.shadow("files", key), self.decisions.by_key.get(key)
        if decision is not None and "files" in decision.sides:
            sides = {**decision.sides, "files": replace(decision.sides["files"], reading=moved)}
            self.decisions.by_key[key] = replace(decision, sides=sides)
        if key in work:
            work[key] = [
                replace(task, reading=moved) if task.replica == "files" and task.reading else task
                for task in work[key]
            ]
        if shadow is not None:
            fresh = msgspec.structs.replace(shadow, reading=spelled(moved))
            self.state.commit(f"follow {key[1]}", self._referrers.together(shadow, moved, [Put(fresh)]))


def _certainly_not_done(error: KbsyncError) -> bool:
    """Tell whether the error itself proves that nothing was written."""
    return not isinstance(error, RemoteDown | StateError) and type(error) is not RemoteError
