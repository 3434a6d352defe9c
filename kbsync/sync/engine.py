"""The sync engine: what the command line, the scheduler and the tests hold in their hands.

`plan` looks and decides, `apply` and `sync` also write. Every run holds the lease of the state, settles
what an interrupted run announced, and ends with a `Report`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import msgspec

from kbsync.effects import DIRECT, Effects
from kbsync.errors import GitError, LeaseHeld, UsageError
from kbsync.replicas.base import Reading, Replica, ReplicaName
from kbsync.state.gitref import GitCarrier
from kbsync.state.holder import Holder
from kbsync.state.lease import lease
from kbsync.state.records import Base, Conflict, EntryKey, Intent, Note, Shadow
from kbsync.state.snapshot import Change, Put, drop
from kbsync.state.store import State
from kbsync.sync import conflicts
from kbsync.sync.accept import now
from kbsync.sync.apply import Run
from kbsync.sync.conflicts import Take, View
from kbsync.sync.decide import Decisions, decide
from kbsync.sync.fields import digest, flatten
from kbsync.sync.observe import reading_of, spelled
from kbsync.sync.outcome import SILENT, Outcome, Progress, Report, Stopped, Warned
from kbsync.sync.plan import FORMAT, Plan, Step
from kbsync.sync.policy import ORDER, Policy
from kbsync.sync.recover import recover
from kbsync.sync.survey import Mask, Survey, book_of, survey

_ROUNDS = 3
_SCOPE = "scope"
_LAST = "last-sync"


@dataclass(frozen=True, slots=True)
class Status:
    """Where things stand, from the state alone: nothing is asked of any replica.

    `entries` counts living articles and collections, `present` what each replica holds of them.
    """

    articles: int
    collections: int
    present: dict[str, int]
    conflicts: int
    unsettled: tuple[str, ...]
    interrupted: int
    last_sync: str


@dataclass(slots=True)
class _Look:
    survey: Survey
    decisions: Decisions


@dataclass(slots=True)
class Engine:
    """Syncs replicas through one state.

    `home` is the `.kbsync` folder, where conflicts are written. `commit` and `config_digest` go into
    plans, so that a plan of another configuration is refused. `workers` is how many entries are written
    side by side. `carrier` also keeps the state in a git ref.
    """

    replicas: Mapping[ReplicaName, Replica]
    state: State
    policy: Policy = field(default_factory=Policy)
    effects: Effects = DIRECT
    progress: Progress = SILENT
    home: Path = Path(".kbsync")
    commit: str = ""
    config_digest: str = ""
    workers: int = 4
    carrier: GitCarrier | None = None
    fetch: bool = True
    lease_factory: Callable[[State], AbstractContextManager[Holder]] = lease

    def __post_init__(self) -> None:
        """Fix the order of replicas, which no result depends on."""
        self.replicas = {name: self.replicas[name] for name in ORDER if name in self.replicas}

    @property
    def conflicts_folder(self) -> Path:
        """Return where conflicts are written."""
        return self.home / "conflicts"

    def plan(self, *, full: bool = False) -> Plan:
        """Return what a sync would do. Writes nothing.

        `full` also reads what is not read every time. Raises WrongWorkspace, StateError.
        """
        self._catch_up(fetch=True)
        return self._as_plan(self._look(self._interrupted(), full=full))

    def check(self, plan: Plan) -> tuple[Step, ...]:
        """Return the steps of a plan that no longer hold and are not done either."""
        self._catch_up(fetch=True)
        look = self._look(self._interrupted())
        valid = {task.step.id for task in look.decisions.all_tasks()}
        return tuple(s for s in plan.steps if s.id not in valid and not self._done(look, s))

    def sync(self, *, dry_run: bool = False, full: bool = False) -> Report:
        """Plan and apply in one. A dry run counts the pending steps and writes nothing.

        Raises WrongWorkspace, LeaseHeld, StateError.
        """
        if dry_run:
            return self._dry_run(full=full)
        with self.lease_factory(self.state):
            outcome, before = Outcome(), self._requests()
            self.state.reload()
            self._carry_in(outcome)
            mask = self._recover(outcome)
            look = self._look(mask, full=full)
            for _ in range(_ROUNDS):
                self._report(look, outcome)
                if not self._run(look, outcome):
                    break
                look = self._look(mask | self._interrupted())
            return self._ended(outcome, before)

    def apply(self, plan: Plan) -> Report:
        """Take exactly the steps of a plan that still hold; what moved since is refused, step by step.

        A step that was taken already is left alone. Raises WrongWorkspace, LeaseHeld, StateError.
        """
        with self.lease_factory(self.state):
            outcome, before = Outcome(), self._requests()
            self.state.reload()
            self._carry_in(outcome)
            mask = self._recover(outcome)
            look = self._look(mask)
            moved = self._moved(look, plan)
            if moved - mask:
                look = self._look(mask | moved)
            chosen = self._chosen(look, plan, outcome)
            self._report(look, outcome)
            self._run(look, outcome, chosen)
            return self._ended(outcome, before)

    def status(self) -> Status:
        """Return where things stand."""
        self._catch_up(fetch=False)
        snapshot = self.state.snapshot
        living = [base for base in snapshot.all(Base) if not base.retired]
        present = {
            name: sum(
                s.replica == name and not s.retired and s.kind == "article" for s in snapshot.all(Shadow)
            )
            for name in self.replicas
        }
        return Status(
            articles=sum(base.kind == "article" for base in living),
            collections=sum(base.kind == "collection" for base in living),
            present={str(name): count for name, count in present.items()},
            conflicts=len({(c.kind, c.id) for c in snapshot.all(Conflict)}),
            unsettled=tuple(base.entry.id for base in snapshot.all(Base) if not base.settled),
            interrupted=sum(1 for _ in snapshot.all(Intent)),
            last_sync=snapshot.note(_LAST),
        )

    def conflicts(self) -> list[View]:
        """Return every held field with its versions and the file that can be edited."""
        self._catch_up(fetch=False)
        return conflicts.views(self.state.snapshot, self.conflicts_folder, self.policy)

    def resolve(self, id: str, take: Take) -> str:
        """Settle the conflicts of an entry, named by its id or path; the next sync carries it out.

        Returns the id. Raises UsageError when there is none, ContentError when the merged file is
        missing or still has markers, LeaseHeld.
        """
        with self.lease_factory(self.state):
            self.state.reload()
            self._carry_in(Outcome(), fetch=False)
            key = self._held_key(id)
            changes = conflicts.settlement(self.state.snapshot, key, take, self.conflicts_folder, self.policy)
            self.state.commit(f"resolve {key[1]}", changes)
            conflicts.write_files(self.state.snapshot, self.conflicts_folder, self.policy, self.effects)
            return key[1]

    def repair(
        self, *, forget: Sequence[str] = (), bind: Sequence[tuple[str, ReplicaName, str]] = ()
    ) -> list[str]:
        """Do what only a person can decide, and return what was done, line by line.

        `forget` drops what is remembered of entries: they are met anew. `bind` says that the thing with
        a handle in a replica is the article with an id. Raises UsageError, LeaseHeld.
        """
        with self.lease_factory(self.state):
            self.state.reload()
            return [self._forget(id) for id in forget] + [self._bind(*each) for each in bind]

    # --- one run ----------------------------------------------------------------------------------

    def _look(self, mask: Mask, *, full: bool = False) -> _Look:
        everything = self.state.snapshot.note(_SCOPE) != self._scope()
        seen = survey(
            self.replicas,
            self.state.snapshot,
            self.policy,
            self.progress,
            full=full,
            everything=everything,
            masked=mask,
        )
        return _Look(seen, decide(seen))

    def _run(self, look: _Look, outcome: Outcome, chosen: set[str] | None = None) -> bool:
        run = Run(
            look.survey,
            look.decisions,
            self.state,
            outcome,
            self.progress,
            workers=self.workers,
            chosen=chosen,
        )
        return run.run()

    def _dry_run(self, *, full: bool) -> Report:
        self._catch_up(fetch=True)
        outcome, before = Outcome(), self._requests()
        look = self._look(self._interrupted(), full=full)
        self._report(look, outcome)
        steps = look.decisions.all_tasks()
        return outcome.report(look.decisions.held, self._requests_since(before), pending=len(steps))

    def _report(self, look: _Look, outcome: Outcome) -> None:
        for finding in (*look.survey.findings, *look.decisions.findings):
            outcome.failed(finding)
        for warned in (*look.survey.warnings, *look.decisions.warnings):
            outcome.warn(warned)

    def _recover(self, outcome: Outcome) -> Mask:
        if next(iter(self.state.snapshot.all(Intent)), None) is None:
            return frozenset()
        books = {name: book_of(name, self.state.snapshot, self.policy) for name in self.replicas}
        return recover(self.state, self.replicas, books, outcome)

    def _interrupted(self) -> Mask:
        """Return the writes whose end nobody knows; nothing is planned there before they are settled."""
        return frozenset((i.replica, (i.kind, i.id)) for i in self.state.snapshot.all(Intent))

    def _ended(self, outcome: Outcome, before: Mapping[str, Mapping[str, int]]) -> Report:
        notes = [Note(name=_SCOPE, value=self._scope()), Note(name=_LAST, value=now())]
        fresh = [Put(n) for n in notes if n.name == _LAST or self.state.snapshot.note(n.name) != n.value]
        self.state.commit("end of run", fresh)
        conflicts.write_files(self.state.snapshot, self.conflicts_folder, self.policy, self.effects)
        self._carry_out(outcome)
        held = conflicts.held(self.state.snapshot)
        return outcome.report(held, self._requests_since(before))

    def _scope(self) -> str:
        directions = sorted(f"{name}={self.policy.direction.get(name, 'both')}" for name in self.replicas)
        return f"{self.config_digest} {' '.join(directions)}"

    def _requests(self) -> dict[str, dict[str, int]]:
        return {name: dict(replica.requests()) for name, replica in self.replicas.items() if name != "files"}

    def _requests_since(self, before: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
        return {
            name: {method: count - before.get(name, {}).get(method, 0) for method, count in counts.items()}
            for name, counts in self._requests().items()
        }

    # --- plans ------------------------------------------------------------------------------------

    def _as_plan(self, look: _Look) -> Plan:
        found = [Warned(s.code, s.article, s.replica, s.message) for s in self._findings(look)]
        warnings = sorted(
            {*found, *look.survey.warnings, *look.decisions.warnings},
            key=lambda w: (w.code, w.article, w.replica, w.message),
        )
        return Plan(
            version=FORMAT,
            created_at=now(),
            config_digest=self.config_digest,
            commit=self.commit,
            steps=tuple(task.step for task in look.decisions.all_tasks()),
            conflicts=tuple(look.decisions.held),
            warnings=tuple(warnings),
        )

    def _findings(self, look: _Look) -> list[Stopped]:
        return [*look.survey.findings, *look.decisions.findings]

    def _moved(self, look: _Look, plan: Plan) -> Mask:
        """Return the replicas, by entry, that no longer stand as the plan expects them."""
        valid = {task.step.id for task in look.decisions.all_tasks()}
        stale = [s for s in plan.steps if s.id not in valid and not self._done(look, s)]
        return frozenset(
            (step.replica, key)
            for step in stale
            for key in _keys(step)
            if self._stands_elsewhere(look, step, key)
        )

    def _stands_elsewhere(self, look: _Look, step: Step, key: EntryKey) -> bool:
        reading = look.survey.found.current[step.replica].get(key)
        if reading is None:
            return bool(step.expects.version) and key[0] == "article"
        return bool(reading.token != step.expects.version)

    def _chosen(self, look: _Look, plan: Plan, outcome: Outcome) -> set[str]:
        valid = {task.step.id for task in look.decisions.all_tasks()}
        for step in plan.steps:
            if step.id not in valid and not self._done(look, step):
                message = (
                    f"{step.replica}: {step.article} moved since the plan was made (make a new plan) [KB305]"
                )
                outcome.refused(Stopped(step.id, step.article, step.replica, "KB305", message))
        return valid & {step.id for step in plan.steps}

    def _done(self, look: _Look, step: Step) -> bool:
        """Tell whether the replica already shows what the step would leave."""
        for key in _keys(step):
            decision, base = look.decisions.by_key.get(key), self.state.snapshot.base(key)
            shadow = self.state.snapshot.shadow(step.replica, key)
            if decision is not None and step.replica in decision.sides:
                side = decision.sides[step.replica]
                shown = digest(key[0], side.version) if side.here and side.version is not None else "retired"
            elif base is not None and shadow is not None:
                shown = "retired" if shadow.retired else _agreed_digest(key, base, shadow)
            else:
                continue
            if shown == step.result_digest:
                return True
        return False

    # --- the git ref ------------------------------------------------------------------------------

    def _catch_up(self, *, fetch: bool) -> None:
        """Take over a newer state that the ref carries, for a command that only looks.

        While another run holds the lease its state is the newest: then nothing is taken over.
        """
        if self.carrier is None:
            return
        with suppress(LeaseHeld), self.lease_factory(self.state):
            self._carry_in(Outcome(), fetch=fetch)

    def _carry_in(self, outcome: Outcome, *, fetch: bool = True) -> None:
        if self.carrier is None or not self.carrier.present():
            return
        if self.fetch and fetch:
            try:
                self.carrier.fetch()
            except GitError as error:
                outcome.warn(Warned("state-ref", "", "", error.line()))
        self.carrier.load(self.state)

    def carry(self) -> None:
        """Keep the state in the ref again, after commits were made of what a sync brought. Raises GitError."""
        if self.carrier is not None and self.carrier.present():
            self.carrier.save(self.state)

    def _carry_out(self, outcome: Outcome) -> None:
        if self.carrier is None or not self.carrier.present():
            return
        try:
            self.carrier.save(self.state)
        except GitError as error:
            outcome.failed(Stopped("", "", "", error.code, error.line()))

    # --- what a person decides --------------------------------------------------------------------

    def _held_key(self, text: str) -> EntryKey:
        held = {(c.kind, c.id) for c in self.state.snapshot.all(Conflict)}
        for key in sorted(held):
            if key[1] == text or self._is_path(key, text):
                return key
        raise UsageError(f"{text} has no held conflict", hint="kbsync conflicts lists them")

    def _is_path(self, key: EntryKey, text: str) -> bool:
        shadow = self.state.snapshot.shadow("files", key)
        if shadow is None:
            return False
        handle = reading_of(shadow).handle
        path = PurePosixPath(text.replace("\\", "/"))
        bare = str(path.with_name(path.name.partition(".")[0])) if path.name else ""
        return bare == handle or bare.endswith(f"/{handle}")

    def _forget(self, id: str) -> str:
        snapshot = self.state.snapshot
        changes: list[Change] = []
        for kind in ("article", "collection"):
            base = snapshot.get(Base, kind, id)
            shadows = [s for s in snapshot.all(Shadow) if (s.kind, s.id) == (kind, id)]
            held = [c for c in snapshot.all(Conflict) if (c.kind, c.id) == (kind, id)]
            changes += [drop(record) for record in (*([base] if base else []), *shadows, *held)]
        if not changes:
            raise UsageError(f"nothing is remembered of {id}", hint="kbsync status lists what is")
        self.state.commit(f"forget {id}", changes)
        return f"forgot {id}: the next sync meets it anew"

    def _bind(self, id: str, name: ReplicaName, handle: str) -> str:
        replica = self.replicas.get(name)
        if replica is None:
            raise UsageError(f"{name} is not configured", hint="see kbsync.toml")
        snapshot = self.state.snapshot
        base = snapshot.base(("article", id)) or snapshot.base(("collection", id))
        if base is None:
            raise UsageError(f"there is no article {id}", hint="kbsync plan lists ids and handles")
        reading = replica.read((base.kind, handle))
        if reading is None:
            raise UsageError(f"{name} has no {base.kind} {handle}", hint="kbsync plan lists ids and handles")
        rival = self._bound_to(name, reading)
        if rival not in ("", id):
            raise UsageError(
                f"{handle} in {name} is {rival} already", hint=f"kbsync repair --forget {rival} comes first"
            )
        unread = msgspec.structs.replace(reading, raw="", token="")
        shadow = Shadow(replica=name, kind=base.kind, id=id, reading=spelled(unread), agreed=base.entry)
        self.state.commit(f"bind {id}", [Put(shadow), Put(msgspec.structs.replace(base, settled=False))])
        return f"bound {id} to {handle} in {name}"

    def _bound_to(self, name: ReplicaName, reading: Reading) -> str:
        """Return the id of the entry that a thing is known as, "" for none."""
        shadows = (s for s in self.state.snapshot.all(Shadow) if s.replica == name)
        return next((s.id for s in shadows if reading_of(s).key == reading.key), "")


def _keys(step: Step) -> tuple[EntryKey, EntryKey]:
    """Return the entries a step may speak of: an article and a collection may share an id."""
    return ("article", step.article), ("collection", step.article)


def _agreed_digest(key: EntryKey, base: Base, shadow: Shadow) -> str:
    return digest(key[0], flatten(shadow.agreed or base.entry))
