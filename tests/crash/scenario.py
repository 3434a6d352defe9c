"""A help center of forty articles, edited everywhere, as a scenario whose every effect can be the last."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "property"))

from replicas import Confluence, Files, Intercom, Json, Memory, Thing

from kbsync.effects import Effects
from kbsync.errors import RemoteDown
from kbsync.state.store import open_state
from kbsync.sync.engine import Engine
from kbsync.sync.outcome import Report
from kbsync.sync.policy import Budget, Policy

T = TypeVar("T")
WORD = re.compile(r"\bw\d+x\b")


class Crash(BaseException):
    """The process dies."""


class Stopping:
    """Effects that die at the n-th: before it, after it, or with its answer lost on the way."""

    def __init__(self, at: int = 0, how: str = "before") -> None:
        self.at = at
        self.how = how
        self.count = 0

    def perform(self, kind: str, what: str, act: Callable[[], T]) -> T:
        self.count += 1
        if self.count != self.at:
            return act()
        if self.how == "before":
            raise Crash(what)
        act()
        if self.how == "lost" and kind in ("intercom", "confluence"):
            raise RemoteDown(f"the answer to {what} was lost")
        raise Crash(what)


class World:
    """Three replicas and a state that outlive the process."""

    def __init__(self, articles: int, home: Path) -> None:
        self.home = home
        self.files, self.intercom, self.confluence = Files(), Intercom(), Confluence()
        self.replicas: dict[str, Memory] = {
            "files": self.files,
            "intercom": self.intercom,
            "confluence": self.confluence,
        }
        self.url = f"sqlite:///{home}/state.db"
        self.words = 0
        for group in range(4):
            self._group(group)
        for number in range(articles):
            self._article(number)

    def word(self) -> str:
        """Return a word that nobody has written yet."""
        self.words += 1
        return f"w{self.words}x"

    def _group(self, number: int) -> None:
        raw: Json = {
            "texts": {"en": {"title": f"Group {self.word()}", "description": ""}},
            "place": "",
            "id": "",
            "name": f"g{number}",
            "path": f"g{number}",
        }
        self.files.things["collection", f"g{number}"] = Thing("collection", f"g{number}", raw)

    def _article(self, number: int) -> None:
        place = f"g{number % 4}"
        path = f"{place}/a{number}"
        other = f"g{(number + 1) % 4}/a{number + 1}"
        text = {
            "title": f"Title {self.word()}",
            "description": "",
            "state": "published",
            "body": f"first {self.word()}\nsecond {self.word()}\nsee {other}",
        }
        raw: Json = {
            "texts": {"en": text},
            "place": place,
            "labels": [],
            "id": "",
            "name": f"a{number}",
            "path": path,
        }
        self.files.things["article", path] = Thing("article", path, raw)

    def edit_everywhere(self) -> None:
        """Edit some articles in each replica, delete one, move one, and add one in each remote."""
        for name, replica in self.replicas.items():
            living = sorted(replica.living(), key=lambda t: t.raw["texts"]["en"]["title"])
            for thing in living[NAMES.index(name) :: 9]:
                replica.edit(("article", thing.handle), self._add_line)
        gone = max(self.files.living(), key=lambda t: t.handle)
        self.files.remove(("article", gone.handle))

    def _add_line(self, raw: Json) -> None:
        raw["texts"]["en"]["body"] += f"\nadded {self.word()}"

    def sync(self, effects: Effects) -> Report:
        """Run one process: open the state, sync, close it."""
        for replica in self.replicas.values():
            replica.effects = effects
        state = open_state(self.url, effects=effects)
        try:
            policy = Policy(max_deletes=Budget(number=5, share=None))
            engine = Engine(
                self.replicas,  # type: ignore[arg-type]
                state,
                policy,
                effects=effects,
                home=self.home,
                workers=1,
            )
            return engine.sync()
        finally:
            state.close()

    def writes(self) -> dict[str, int]:
        """Return how many writes each replica has seen."""
        return {name: replica.writes for name, replica in self.replicas.items()}

    def shown(self, name: str) -> dict[str, str]:
        """Return the words of each living article, by its title, as one replica shows them."""
        shown = {}
        for thing in self.replicas[name].living():
            text = thing.raw["texts"]["en"]
            if name == "intercom" and text["state"] == "draft":
                continue
            words = sorted(WORD.findall(msgspec.json.encode(text).decode()))
            assert text["title"] not in shown, f"{text['title']} is there twice in {name}"
            shown[text["title"]] = " ".join(words)
        return shown

    def duplicates(self) -> list[tuple[str, str]]:
        """Return ids that stand more than once in a replica."""
        return [
            (name, id)
            for name, replica in self.replicas.items()
            for id, count in Counter((t.kind, t.id) for t in replica.things.values() if t.id).items()
            if count > 1
        ]


NAMES = ["files", "intercom", "confluence"]
