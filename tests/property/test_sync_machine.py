"""The sync engine against three hostile replicas, people who edit everywhere, and crashes anywhere.

Every edit carries a word of its own. After every sync the machine asks whether each word still stands
somewhere: in a replica, in the base, or in a conflict or recovery record. From time to time the world
calms down; then the replicas must agree, and a further run must write nothing at all.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from replicas import Confluence, Files, Intercom, Json, Memory, Moods, Thing
from soaking import soak

from kbsync.errors import KbsyncError
from kbsync.replicas.base import Key
from kbsync.state.records import Base, Conflict, Intent, Note, Rescue, Shadow
from kbsync.state.snapshot import ALL_TABLES
from kbsync.state.store import State, open_state
from kbsync.sync.engine import Engine
from kbsync.sync.outcome import Report
from kbsync.sync.policy import Budget, Policy

T = TypeVar("T")
STEPS = 40
NAMES = ("files", "intercom", "confluence")
REMOTES = ("intercom", "confluence")
WORD = re.compile(r"\bw\d+x\b")


class Crash(BaseException):
    """The process dies."""


class Fragile:
    """Effects of which the n-th kills the process: before it, after it."""

    def __init__(self) -> None:
        self.left = -1
        self.after = False
        self.done: list[tuple[str, str]] = []

    def perform(self, kind: str, what: str, act: Callable[[], T]) -> T:
        self.done.append((kind, what))
        self.left -= 1
        if self.left == 0 and not self.after:
            raise Crash(what)
        result = act()
        if self.left == 0:
            raise Crash(what)
        return result


class SyncMachine(RuleBasedStateMachine):
    """People edit, replicas misbehave, processes die; no word is lost."""

    @initialize(seed=st.integers(0, 2**16))
    def begin(self, seed: int) -> None:
        self.random = Random(seed)
        self.effects = Fragile()
        self.files, self.intercom, self.confluence = (
            kind(self.effects) for kind in (Files, Intercom, Confluence)
        )
        self.replicas: dict[str, Memory] = {
            "files": self.files,
            "intercom": self.intercom,
            "confluence": self.confluence,
        }
        self.home = tempfile.TemporaryDirectory()
        self.policy = Policy(max_deletes=Budget(number=3, share=None))
        self.counter = 0
        self.words: set[str] = set()
        self.altered: set[tuple[str, str]] = set()
        self.duplicates_allowed = False
        self.state = self._fresh_state()

    def teardown(self) -> None:
        if hasattr(self, "state"):
            self.calm_down()
            self.state.close()
            self.home.cleanup()

    def _fresh_state(self) -> State:
        return open_state("sqlite://", effects=self.effects)

    # --- people -----------------------------------------------------------------------------------

    def _word(self) -> str:
        self.counter += 1
        word = f"w{self.counter}x"
        self.words.add(word)
        return word

    def _pick(self, name: str, kind: str = "article") -> Thing | None:
        things = sorted(self.replicas[name].living(kind), key=lambda t: t.handle)
        return self.random.choice(things) if things else None

    def _forgive(self, raw: Json) -> None:
        """A person who removes what they see means it."""
        self.words -= set(WORD.findall(msgspec.json.encode(raw).decode()))

    def _edit(self, name: str, change: Callable[[Json], None]) -> None:
        thing = self._pick(name)
        if thing is not None:
            self.replicas[name].edit((thing.kind, thing.handle), change)

    @rule(name=st.sampled_from(NAMES))
    def write_an_article(self, name: str) -> None:
        if len(self.replicas[name].living()) > 6:
            return
        word, place = self._word(), self._pick(name, "collection")
        text = {
            "title": f"Title {word}",
            "description": "",
            "state": "published",
            "body": f"first {self._word()}\nsecond",
        }
        if name == "confluence":
            del text["description"]
        self._store(name, "article", word, {"en": text}, place)

    @rule(name=st.sampled_from(("files", "intercom")))
    def write_a_collection(self, name: str) -> None:
        if len(self.replicas[name].living("collection")) > 3:
            return
        word, parent = self._word(), self._pick(name, "collection")
        self._store(name, "collection", word, {"en": {"title": f"Group {word}", "description": ""}}, parent)

    def _store(self, name: str, kind: Any, word: str, texts: Json, place: Thing | None) -> None:
        replica = self.replicas[name]
        raw: Json = {"texts": texts, "place": place.handle if place else ""}
        if kind == "article":
            raw["labels"] = []
        if name == "files":
            path = f"{raw['place']}/{word}" if raw["place"] else word
            raw |= {"id": "", "name": word, "path": path}
        replica.serial += 1
        handle = replica._new_handle(kind, raw)
        replica.things[kind, handle] = Thing(kind, handle, raw)

    @rule(name=st.sampled_from(NAMES), at=st.integers(0, 5))
    def add_a_line(self, name: str, at: int) -> None:
        self._edit(name, lambda raw: self._insert(raw, at))

    def _insert(self, raw: Json, at: int) -> None:
        text = raw["texts"][self.random.choice(sorted(raw["texts"]))]
        lines = text["body"].split("\n")
        lines.insert(min(at, len(lines)), f"line {self._word()} more")
        text["body"] = "\n".join(lines)

    @rule(name=st.sampled_from(NAMES), at=st.integers(0, 5))
    def replace_a_line(self, name: str, at: int) -> None:
        def change(raw: Json) -> None:
            text = raw["texts"][self.random.choice(sorted(raw["texts"]))]
            lines = text["body"].split("\n")
            at_ = at % len(lines)
            self._forgive({"line": lines[at_]})
            lines[at_] = f"other {self._word()}"
            text["body"] = "\n".join(lines)

        self._edit(name, change)

    @rule(name=st.sampled_from(NAMES))
    def rename_a_title(self, name: str) -> None:
        def change(raw: Json) -> None:
            text = raw["texts"][self.random.choice(sorted(raw["texts"]))]
            text["title"] += f" {self._word()}"

        self._edit(name, change)

    @rule(name=st.sampled_from(("files", "intercom")))
    def describe(self, name: str) -> None:
        def change(raw: Json) -> None:
            text = raw["texts"][self.random.choice(sorted(raw["texts"]))]
            text["description"] += f" {self._word()}"

        self._edit(name, change)

    @rule(name=st.sampled_from(NAMES))
    def label(self, name: str) -> None:
        self._edit(name, lambda raw: raw.update(labels=sorted([*raw["labels"], self._word()])))

    @rule(name=st.sampled_from(NAMES))
    def toggle_the_draft(self, name: str) -> None:
        def change(raw: Json) -> None:
            text = raw["texts"][min(raw["texts"])]
            text["state"] = "draft" if text["state"] == "published" else "published"

        self._edit(name, change)

    @rule(name=st.sampled_from(("files", "intercom")))
    def translate(self, name: str) -> None:
        def change(raw: Json) -> None:
            if "fr" in raw["texts"]:
                self._forgive(raw["texts"].pop("fr"))
            else:
                raw["texts"]["fr"] = {
                    "title": f"Titre {self._word()}",
                    "description": "",
                    "state": "draft",
                    "body": f"ligne {self._word()}",
                }

        self._edit(name, change)

    @rule(name=st.sampled_from(NAMES))
    def link(self, name: str) -> None:
        target = self._pick(name)
        if target is not None:
            self._edit(name, lambda raw: self._add_link(raw, target.handle))

    def _add_link(self, raw: Json, handle: str) -> None:
        raw["texts"][min(raw["texts"])]["body"] += f"\nsee {handle}"

    @rule(name=st.sampled_from(REMOTES))
    def move_remotely(self, name: str) -> None:
        place = self._pick(name, "collection")
        self._edit(name, lambda raw: raw.update(place=place.handle if place else ""))

    @rule()
    def move_a_file(self) -> None:
        thing, place = self._pick("files"), self._pick("files", "collection")
        if thing is not None:
            path = f"{place.handle}/{self._word()}" if place else self._word()
            self.words -= set(WORD.findall(path))  # a file name is no text
            self._rename(thing, path)

    @rule()
    def rename_a_folder(self) -> None:
        thing = self._pick("files", "collection")
        if thing is not None:
            parent = thing.raw["place"]
            self.counter += 1
            path = f"{parent}/dir{self.counter}" if parent else f"dir{self.counter}"
            self._rename(thing, path)
            self.files.rename_below(f"{thing.handle}/", f"{path}/")

    def _rename(self, thing: Thing, path: str) -> None:
        raw = {**thing.raw, "path": path, "place": path.rpartition("/")[0], "name": path.rpartition("/")[2]}
        del self.files.things[thing.kind, thing.handle]
        self.files.things[thing.kind, path] = Thing(
            thing.kind, path, raw, thing.version + 1, thing.id, thing.retired
        )

    @rule(name=st.sampled_from(NAMES))
    def delete(self, name: str) -> None:
        thing = self._pick(name)
        if thing is not None:
            self._forgive(thing.raw)
            self.replicas[name].remove((thing.kind, thing.handle))

    @rule(name=st.sampled_from(("intercom", "confluence")))
    def delete_a_collection(self, name: str) -> None:
        thing = self._pick(name, "collection")
        if thing is not None and not any(
            t.raw["place"] == thing.handle for t in self.replicas[name].things.values()
        ):
            self._forgive(thing.raw)
            self.replicas[name].remove((thing.kind, thing.handle))

    # --- moods ------------------------------------------------------------------------------------

    @rule(name=st.sampled_from(NAMES), data=st.data())
    def behave_badly(self, name: str, data: st.DataObject) -> None:
        moods = self.replicas[name].moods
        mood = data.draw(
            st.sampled_from(
                (
                    "normalises",
                    "truncates",
                    "resigns",
                    "forgets_versions",
                    "lags",
                    "lists_short",
                    "breaks_off",
                    "down",
                    "loses_replies",
                    "shuffles",
                )
            )
        )
        if name == "files" and mood != "shuffles":
            return
        value: object = {"truncates": 3, "shuffles": self.random}.get(mood, True)
        setattr(moods, mood, value)

    @rule(name=st.sampled_from(REMOTES))
    def refuse_an_article(self, name: str) -> None:
        bases = [base.entry.id for base in self.state.snapshot.all(Base)]
        if bases:
            self.replicas[name].moods.refuses.add(self.random.choice(bases))

    @rule(name=st.sampled_from(NAMES))
    def edit_before_the_next_write(self, name: str) -> None:
        self.replicas[name].moods.before_write = lambda: self._edit(name, lambda raw: self._insert(raw, 0))

    @rule(name=st.sampled_from(REMOTES))
    def edit_after_the_next_write(self, name: str) -> None:
        self.replicas[name].moods.after_write = lambda: self._edit(name, lambda raw: self._insert(raw, 9))

    @rule()
    def race_unseen(self) -> None:
        """Somebody saves in Intercom between the engine's look and its write."""
        self.intercom.race = self._race

    def _race(self, key: Key) -> None:
        self.intercom.edit(key, lambda raw: self._insert(raw, 2))

    # --- kbsync -----------------------------------------------------------------------------------

    def _engine(self) -> Engine:
        return Engine(
            self.replicas,  # type: ignore[arg-type]
            self.state,
            self.policy,
            effects=self.effects,
            home=Path(self.home.name),
            workers=1,
        )

    def _sync(self) -> Report:
        report = self._engine().sync()
        for warned in report.warnings:
            if warned.code == "altered-by-server":
                self.altered.add((warned.replica, warned.article))
        return report

    @rule()
    def sync(self) -> None:
        with suppress(KbsyncError):
            self._sync()

    @rule(at=st.integers(1, 40), after=st.booleans())
    def crash(self, at: int, after: bool) -> None:
        self.effects.left, self.effects.after = at, after
        with suppress(Crash, KbsyncError):
            self._sync()
        self.effects.left = -1
        self.state.reload()

    @rule(name=st.sampled_from(NAMES))
    def plan_then_edit_then_apply(self, name: str) -> None:
        with suppress(KbsyncError):
            engine = self._engine()
            plan = engine.plan()
            self._edit(name, lambda raw: self._insert(raw, 1))
            report = engine.apply(plan)
            for warned in report.warnings:
                if warned.code == "altered-by-server":
                    self.altered.add((warned.replica, warned.article))

    @precondition(lambda self: any(True for _ in self.state.snapshot.all(Conflict)))
    @rule(take=st.sampled_from(NAMES))
    def settle_a_conflict(self, take: Any) -> None:
        conflict = self.random.choice(list(self.state.snapshot.all(Conflict)))
        self._engine().resolve(conflict.id, take)

    @rule()
    def lose_the_state(self) -> None:
        if self.random.random() < 0.15:
            records = msgspec.json.encode([list(self.state.snapshot.all(t)) for t in ALL_TABLES]).decode()
            kept = msgspec.json.encode(
                [t.raw for r in self.replicas.values() for t in r.things.values()]
            ).decode()
            self.words -= set(WORD.findall(records)) - set(WORD.findall(kept))
            self.state.close()
            self.state = self._fresh_state()
            self.duplicates_allowed = True

    @precondition(lambda self: self.counter > 0)
    @rule()
    def calm_down(self) -> None:
        """After the storm all replicas agree, and then there is silence."""
        for replica in self.replicas.values():
            replica.moods = Moods()
        for _ in range(3):
            self._sync()
        if any(True for _ in self.state.snapshot.all(Conflict)):
            for conflict in list({c.id for c in self.state.snapshot.all(Conflict)}):
                self._engine().resolve(conflict, "files")
            self._sync()
            self._sync()
        self._agree()
        self._silence()

    def _agree(self) -> None:
        if any(True for _ in self.state.snapshot.all(Conflict)):
            return
        for base in self.state.snapshot.all(Base):
            if base.retired or base.kind != "article":
                continue
            shown = {name: self._shown(name, base.entry.id) for name in NAMES}
            shown = {n: s for n, s in shown.items() if (n, base.entry.id) not in self.altered}
            assert len(set(shown.values())) <= 1, (base.entry.id, shown)

    def _shown(self, name: str, id: str) -> str:
        shadow = self.state.snapshot.get(Shadow, name, "article", id)
        if shadow is None or shadow.retired:
            return "not there"
        handle = msgspec.json.decode(shadow.reading)["handle"]
        thing = self.replicas[name].things.get(("article", handle))
        if thing is None:
            return "vanished"
        text = thing.raw["texts"]["en"]
        lines = [" ".join(line.split()) for line in text["body"].split("\n") if not line.startswith("see")]
        return f"{text['title']}|{text['state']}|{'/'.join(lines)}"

    def _silence(self) -> None:
        waiting = [*self.state.snapshot.all(Intent), *self.state.snapshot.all(Rescue)]
        assert not waiting, waiting
        writes = {name: replica.writes for name, replica in self.replicas.items()}
        before = self._records()
        report = self._sync()
        assert {name: replica.writes for name, replica in self.replicas.items()} == writes, report
        assert self._records() == before
        assert not report.failed, report.failed

    def _records(self) -> bytes:
        tables = [table for table in ALL_TABLES if table is not Note]
        return msgspec.json.encode([list(self.state.snapshot.all(table)) for table in tables])

    # --- what must always hold --------------------------------------------------------------------

    @invariant()
    def no_word_is_lost(self) -> None:
        if not hasattr(self, "state"):
            return
        stored = [t.raw for replica in self.replicas.values() for t in replica.things.values()]
        records = [list(self.state.snapshot.all(table)) for table in ALL_TABLES]
        text = msgspec.json.encode([stored, records, self.intercom.history]).decode()
        lost = self.words - set(WORD.findall(text))
        assert not lost, lost

    @invariant()
    def no_article_is_made_twice(self) -> None:
        if not hasattr(self, "state") or self.duplicates_allowed:
            return
        for name in NAMES:
            ids = [t.id for t in self.replicas[name].living() if t.id]
            assert len(ids) == len(set(ids)), (name, ids)


TestSyncMachine = SyncMachine.TestCase
TestSyncMachine.settings = settings(
    max_examples=int(os.environ.get("KBSYNC_EXAMPLES") or soak(25, 20_000 // STEPS)),
    stateful_step_count=STEPS,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
