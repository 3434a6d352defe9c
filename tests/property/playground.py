"""Three hostile replicas, a state that outlives the process, and people: what the state machine plays with."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Any, Self, TypeVar
from unittest.mock import patch

import msgspec
from ledger import WORD, Content, Json, Ledger, birth, words
from replicas import Confluence, Files, Intercom, Memory, Moods, Thing, Write
from slate import Slate, slate_lease

from kbsync.effects import DIRECT
from kbsync.errors import KbsyncError, RemoteDown
from kbsync.state.lease import lease
from kbsync.state.records import Base, Conflict, Intent, Note, Record, Rescue, Settled, Shadow
from kbsync.state.snapshot import ALL_TABLES, Put
from kbsync.state.store import State, open_state
from kbsync.sync import accept, observe
from kbsync.sync.engine import Engine
from kbsync.sync.outcome import Report
from kbsync.sync.plan import Plan
from kbsync.sync.policy import Budget, Policy

T = TypeVar("T")
NAMES = ("files", "intercom", "confluence")
REMOTES = ("intercom", "confluence")
KINDS = ("article", "collection")
CALM = Policy(max_deletes=Budget(number=1000, share=None))
"""No restraint: whatever is pending has to be carried out."""


class Crash(BaseException):
    """The process dies."""


class Fragile:
    """Effects of which the n-th goes wrong: the process dies before or after it, or its answer is lost."""

    def __init__(self) -> None:
        self.left = -1
        self.how = "before"
        self.only = ""
        self.last = ""
        self.count = 0

    def die_after(self, what: str) -> None:
        """Let the process die once it has done this."""
        self.last = what

    def die_at(self, name: str, how: str) -> None:
        """Let the next write to a replica go wrong."""
        self.left, self.how, self.only = 1, how, name

    def perform(self, kind: str, what: str, act: Callable[[], T]) -> T:
        self.count += 1
        if what == self.last:
            self.last = ""
            act()
            raise Crash(what)
        if self.only not in ("", kind):
            return act()
        self.only = ""
        self.left -= 1
        if self.left != 0:
            return act()
        if self.how == "before":
            raise Crash(what)
        act()
        if self.how == "lost" and kind in NAMES:
            raise RemoteDown(f"the answer to {what} was lost")
        raise Crash(what)


class InTurn:
    """Looks at one replica after the other."""

    def __init__(self, max_workers: int) -> None:
        self.max_workers = max_workers

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def submit(self, act: Callable[..., T], *args: Any, **kwargs: Any) -> Future[T]:
        done: Future[T] = Future()
        try:
            done.set_result(act(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  the future holds it
            done.set_exception(error)
        return done


class Clock:
    """Goes on by a second whenever somebody looks at it."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self, _: tzinfo) -> datetime:
        self.time += timedelta(seconds=1)
        return self.time


@dataclass(frozen=True, slots=True)
class Run:
    """One run of kbsync as it was seen from outside: its report or its end, and every write it made.

    It is `undisturbed` when nobody was to edit anything meanwhile; `unheard` are replicas that gave no list.
    `legible` are the words that stood where they count, None where all do.
    """

    policy: Policy
    articles: int
    tombstones: frozenset[str]
    writes: tuple[Write, ...]
    undisturbed: bool
    unheard: frozenset[str]
    legible: frozenset[str] | None = None
    report: Report | None = None
    error: BaseException | None = None


class World:
    """Everything there is outside of the process that syncs.

    `altered` are texts of which a server is known to have kept something else than it was sent, `staged`
    articles that wait in Intercom for a person to publish them.
    """

    def __init__(self, seed: int, policy: Policy = CALM) -> None:
        self.seed = seed
        self.lease: Any = lease if seed % 8 == 7 else slate_lease
        self.policy = policy
        self.random = Random(seed)
        self.effects = Fragile()
        self.ledger = Ledger()
        self.altered: set[tuple[str, str]] = set()
        self.staged: set[str] = set()
        self.macros: dict[tuple[str, str], str] = {}
        self.former: dict[tuple[str, str], str] = {}
        self.syncs = 0
        self.story: list[str] = []
        self.files = Files(self.effects)
        self.intercom = Intercom(self.effects)
        self.confluence = Confluence(self.effects)
        self.replicas: dict[str, Memory] = {
            "files": self.files,
            "intercom": self.intercom,
            "confluence": self.confluence,
        }
        self.home = tempfile.TemporaryDirectory()
        self.clock = Clock()
        self.state = self._fresh_state()

    def _fresh_state(self) -> State:
        """Open an empty state: most worlds write on a slate, each eighth into the real store."""
        return (
            Slate(self.effects)
            if self.lease is slate_lease
            else open_state("sqlite://", effects=self.effects)
        )

    def close(self) -> None:
        """Give everything back."""
        self.state.close()
        self.home.cleanup()

    # --- looking ----------------------------------------------------------------------------------

    def things(self, name: str, kind: str = "article") -> list[Thing]:
        """Return what a replica holds, retired or not."""
        return [thing for thing in self.replicas[name].things.values() if thing.kind == kind]

    def in_sight(self, name: str, kind: str = "article") -> list[Thing]:
        """Return what was not retired."""
        return [t for t in self.things(name, kind) if not self.replicas[name].out_of_sight(t)]

    def twins(self) -> set[str]:
        """Return what stands more than once in some replica: copies that were met as strangers."""
        counts = (Counter(birth(t.raw) for t in self.in_sight(n, kind)) for n in NAMES for kind in KINDS)
        return {each for count in counts for each, number in count.items() if number > 1}

    def births(self) -> set[str]:
        """Return every article and collection that stands anywhere."""
        return {birth(thing.raw) for name in NAMES for thing in self.replicas[name].things.values()}

    def left_unlike(self) -> set[str]:
        """Return what went out of sight with unlike copies: whoever brings one back brings the others' words."""
        said: dict[str, set[frozenset[str]]] = {}
        for name in NAMES:
            for thing in self.things(name):
                said.setdefault(birth(thing.raw), set()).add(frozenset(words(thing.raw)))
        for base in self.bases():
            remembered = frozenset(WORD.findall(msgspec.json.encode(base.entry).decode()))
            said.setdefault(self.birth_of(base.entry.id), set()).add(remembered)
        shown = {each for each, _ in self.shown()}
        return {each for each, versions in said.items() if len(versions) > 1} - shown

    def birth_of(self, id: str) -> str:
        """Return the birth word of what the engine knows by an id."""
        for kind in KINDS:
            base = self.state.snapshot.get(Base, kind, id)
            if base is not None and "en" in base.entry.texts:
                return birth({"texts": {"en": {"title": base.entry.texts["en"].title}}})
        return ""

    def shown(self) -> dict[tuple[str, str], Content]:
        """Return what every replica shows of what stands there once, by birth and replica."""
        twins = self.twins()
        return {
            (each, name): self.content(name, thing)
            for name in NAMES
            for kind in KINDS
            for thing in self.in_sight(name, kind)
            if (each := birth(thing.raw)) not in twins
        }

    def meant(self, name: str, thing: Thing) -> Content:
        """Return what somebody left: a link to a path of yesterday means what stood there.

        A place that is gone says nothing of where the thing should stand once it is back.
        """
        meant = self.content(name, thing, former=self.former)
        if thing.raw["place"] and not meant["place"]:
            del meant["place"]
        return meant

    def content(
        self, name: str, thing: Thing, former: Mapping[tuple[str, str], str] = MappingProxyType({})
    ) -> Content:
        """Return what a replica shows of a thing, comparable across replicas."""
        raw = thing.raw
        content: Content = {"place": self._birth_at(name, "collection", raw["place"])}
        if thing.kind == "article":
            content["labels"] = sorted(raw["labels"])
        for locale, text in raw["texts"].items():
            for key, value in text.items():
                lines = [self._line(name, line, former) for line in value.split("\n") if line]
                content[f"{key}.{locale}"] = lines if key == "body" else value
        return content

    def _line(self, name: str, line: str, former: Mapping[tuple[str, str], str]) -> str:
        if not line.startswith("see"):
            return " ".join(line.split())
        handle = line.removeprefix("see").strip()
        found = self._birth_at(name, "article", handle) or (former.get((name, handle)))
        return f"see {found}" if found else "see"

    def _birth_at(self, name: str, kind: Any, handle: str) -> str:
        replica = self.replicas[name]
        thing = replica.things.get((kind, handle))
        return "" if thing is None or replica.out_of_sight(thing) else birth(thing.raw)

    # --- people -----------------------------------------------------------------------------------

    def pick(self, name: str, kind: str = "article") -> Thing | None:
        """Return any thing that a person could edit."""
        things = sorted(self.replicas[name].living(kind), key=lambda t: t.handle)  # type: ignore[arg-type]
        return self.random.choice(things) if things else None

    def add(self, name: str, kind: Any, raw: Json) -> Thing:
        """Somebody makes a thing."""
        thing = self.replicas[name].add(kind, raw)
        self._tell(f"new in {name}", thing.raw)
        self.ledger.edited(name, None, thing.raw, self.meant(name, thing))
        return thing

    def edit(self, name: str, change: Callable[[Json], object]) -> None:
        """Somebody edits any article."""
        thing = self.pick(name)
        if thing is not None:
            self.edit_this(name, thing, change)

    def edit_this(self, name: str, thing: Thing, change: Callable[[Json], object]) -> None:
        """Somebody edits a thing; what leaves it as it was, or out of sight, decides nothing."""
        key, replica = (thing.kind, thing.handle), self.replicas[name]
        replica.edit(key, change)
        after = replica.things[key]
        self._tell(f"edited in {name}", after.raw)
        if after.raw != thing.raw and not replica.out_of_sight(after):
            self.ledger.edited(name, thing.raw, after.raw, self.meant(name, after))
            self._translations_end(name, thing.raw, after.raw)

    def _translations_end(self, name: str, before: Json, after: Json) -> None:
        """Whoever removes a translation removes what the server did not keep of it, too."""
        if (birth(after), name) in self.altered:
            copies = [t.raw for n in NAMES for t in self.things(n) if birth(t.raw) == birth(after)]
            self.ledger.ended(before["texts"].keys() - after["texts"].keys(), copies)

    def move_file(self, thing: Thing, path: str) -> None:
        """Somebody renames a file or a directory; what lies in it comes along."""
        raw = {**thing.raw, "path": path, "place": path.rpartition("/")[0], "name": path.rpartition("/")[2]}
        self._remember_paths()
        del self.files.things[thing.kind, thing.handle]
        moved = Thing(thing.kind, path, raw, thing.version + 1, thing.id, thing.retired)
        self.files.things[thing.kind, path] = moved
        if thing.kind == "collection":
            self.files.rename_below(f"{thing.handle}/", f"{path}/")
        self._tell("moved in files", raw)
        self.ledger.edited("files", thing.raw, raw, self.meant("files", moved))

    def _remember_paths(self) -> None:
        self.former |= {("files", thing.handle): birth(thing.raw) for thing in self.things("files")}

    def remove(self, name: str, thing: Thing) -> None:
        """Somebody deletes a thing, and with it what the server cannot hold or did not keep."""
        replica = self.replicas[name]
        self._tell(f"deleted in {name}", thing.raw)
        copies = [t.raw for n in NAMES for t in self.things(n) if birth(t.raw) == birth(thing.raw)]
        unseen = list[Json]()
        if (birth(thing.raw), name) in self.altered:
            unseen = copies
        elif name == "confluence":
            unseen = [beyond(raw) for raw in copies]
        self.ledger.removed(name, thing.raw, *unseen, counts=not replica.out_of_sight(thing))
        self.ledger.doubt(self.twins() & {birth(thing.raw)})  # the copy that was met as a stranger stays
        self.macros.pop((name, thing.handle), None)
        replica.remove((thing.kind, thing.handle))
        if name == "files":  # what comes back later, as a new article for all the engine knows, is not meant
            self.former = {path: each for path, each in self.former.items() if each != birth(thing.raw)}

    # --- kbsync -----------------------------------------------------------------------------------

    def engine(self) -> Engine:
        """Start a process."""
        self.intercom.publish = self.policy.publish
        replicas: Any = self.replicas
        return Engine(
            replicas,
            self.state,
            self.policy,
            effects=self.effects,
            home=Path(self.home.name),
            workers=1,
            lease_factory=self.lease,
        )

    @contextmanager
    def same_game(self) -> Iterator[None]:
        """Let the same seed always play the same game: no threads, and a clock of its own."""
        with (
            patch.object(observe, "ThreadPoolExecutor", InTurn),
            patch.object(accept, "datetime", self.clock),
        ):
            yield

    def run(self, act: Callable[[Engine], Report]) -> Run:
        """Let a process run to its end or its death, and take down what it did."""
        self.syncs += 1
        self._remember_paths()
        self.intercom.told.clear()
        begun = {name: len(replica.log) for name, replica in self.replicas.items()}
        living = [base for base in self.state.snapshot.all(Base) if not base.retired]
        tombstones = {self.birth_of(b.entry.id) for b in self.state.snapshot.all(Base) if b.retired}
        undisturbed, report, error = self._undisturbed(), None, None
        unheard = frozenset(n for n, r in self.replicas.items() if r.moods.breaks_off or r.moods.down)
        legible = self._legible()
        try:
            with self.same_game():
                report = act(self.engine())
        except (Crash, KbsyncError) as caught:
            error = caught
            self.intercom.history += self.intercom.told if isinstance(caught, Crash) else []
            self.effects.left = -1
            self.state.reload()
        writes = tuple(write for name in NAMES for write in self.replicas[name].log[begun[name] :])
        count = sum(base.kind == "article" for base in living)
        stops = [stop.message for stop in (*report.failed, *report.refused)] if report else []
        self.story.append(f"run under {self.policy}: {error!r} {stops}")
        for write in writes:
            self._tell(f"  {write.action} {write.id} in {write.replica}", write.sent)
        self._take_note(report, writes)
        dead = frozenset(tombstones)
        return Run(self.policy, count, dead, writes, undisturbed, unheard, legible, report, error)

    def _legible(self) -> frozenset[str] | None:
        """Return the words that may be written anywhere: not those that stand only where nothing is read."""
        read = [name for name in NAMES if self.policy.direction.get(name) != "push"]  # type: ignore[call-overload]
        if len(read) == len(NAMES):
            return None
        known = [
            record
            for record in self.records()
            if not (isinstance(record, Shadow) and record.replica not in read)
            and not (isinstance(record, Conflict) and record.drift)
            and not isinstance(record, Settled)
        ]
        said = set(WORD.findall(msgspec.json.encode(known).decode()))
        return frozenset(
            said.union(*(words(thing.raw) for name in read for thing in self.replicas[name].things.values()))
        )

    def plan(self) -> Plan:
        """Let a process look."""
        with self.same_game():
            return self.engine().plan()

    def sync(self) -> Run:
        """Let a process sync."""
        return self.run(lambda engine: engine.sync())

    def _undisturbed(self) -> bool:
        moods = [replica.moods for replica in self.replicas.values()]
        return self.intercom.race is None and not any(
            m.before_write or m.after_write or m.at_answer for m in moods
        )

    def _take_note(self, report: Report | None, writes: tuple[Write, ...]) -> None:
        snapshot = self.state.snapshot
        records = [*snapshot.all(Intent), *snapshot.all(Conflict), *snapshot.all(Rescue)]
        self.ledger.doubt({self.birth_of(record.id) for record in records})
        for warned in report.warnings if report else ():
            if warned.code == "altered-by-server":
                self.altered.add((self.birth_of(warned.article), warned.replica))
            if warned.code in ("altered-by-server", "conflict-decided"):
                self.ledger.doubt({self.birth_of(warned.article)})
        if self.policy.on_conflict == "files":  # the policy says whose words stand
            pushed = {name for name in REMOTES if not self.policy.reads(name)}  # type: ignore[arg-type]
            self.ledger.doubt({b for b, since in self.ledger.since.items() if since.touched & pushed})
        self.ledger.doubt(self.left_unlike())
        if self.policy.publish == "draft":
            self.staged |= {birth(write.sent) for write in writes if write.replica == "intercom"}
        if any(replica.moods.truncates for replica in self.replicas.values()):
            cut = {(birth(w.sent), w.replica) for w in writes if self.replicas[w.replica].moods.truncates}
            self.altered |= cut
            self.ledger.doubt({each for each, _ in cut})

    def _tell(self, what: str, raw: Json) -> None:
        self.story.append(f"{what}: {raw}")

    def lose_the_state(self) -> None:
        """Somebody deletes the folder `.kbsync`."""
        self.story.append("the state is lost")
        things = [thing.raw for replica in self.replicas.values() for thing in replica.things.values()]
        self.ledger.forget(words(*things), self.births())
        self.intercom.hidden.clear()
        self.former.clear()  # nobody knows any more what stood where
        self.state.close()
        self.state = self._fresh_state()

    def calm(self) -> None:
        """Let every mood pass."""
        for replica in self.replicas.values():
            replica.moods = Moods()
        self.intercom.race = None
        self.policy = CALM

    # --- the state --------------------------------------------------------------------------------

    def records(self, *, leave_out: tuple[type[Record], ...] = (Note,)) -> list[Record]:
        """Return what the state holds."""
        return [r for table in ALL_TABLES if table not in leave_out for r in self.state.snapshot.all(table)]

    def bases(self) -> list[Base]:
        """Return what the state believes that all agreed on."""
        return list(self.state.snapshot.all(Base))

    def shadows(self) -> Iterator[Shadow]:
        """Return what the state remembers of every replica."""
        return self.state.snapshot.all(Shadow)

    def conflicts(self) -> list[str]:
        """Return the ids that wait for a person."""
        return sorted({conflict.id for conflict in self.state.snapshot.all(Conflict)})

    def settled(self) -> list[Settled]:
        """Return the conflicts that were decided."""
        return list(self.state.snapshot.all(Settled))

    def rescues(self) -> list[Rescue]:
        """Return the overwritten versions that the next run brings back."""
        return list(self.state.snapshot.all(Rescue))

    def twin(self) -> World:
        """Return the same world once more, its things and its replicas in another order."""
        twin = World(self.seed, policy=self.policy)
        for name, replica in reversed(self.replicas.items()):
            other = twin.replicas.pop(name)
            other.things = dict(reversed(replica.things.items()))
            other.stale = dict(reversed(replica.stale.items()))
            other.serial = replica.serial
            other.moods = _mood_of(replica)
            other.effects = DIRECT
            twin.replicas[name] = other
        twin.intercom.hidden = dict(self.intercom.hidden)
        twin.intercom.revived = set(self.intercom.revived)
        twin.state.replace("twin", [Put(record) for record in self.records(leave_out=())])
        return twin


def beyond(raw: Json) -> Json:
    """Return what Confluence cannot hold of a thing, and who deletes it there takes along."""
    texts = {
        k: t if k != "en" else {"description": t.get("description", "")} for k, t in raw["texts"].items()
    }
    return {"texts": texts}


def _mood_of(replica: Memory) -> Moods:
    moods = replica.moods
    return Moods(
        normalises=moods.normalises,
        truncates=moods.truncates,
        resigns=moods.resigns,
        forgets_versions=moods.forgets_versions,
        lags=moods.lags,
        lists_short=moods.lists_short,
        breaks_off=moods.breaks_off,
        down=moods.down,
        refuses=set(moods.refuses),
        drafts=set(moods.drafts),
        shuffles=Random(7),
    )
