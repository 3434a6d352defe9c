"""A small help center in memory, an engine over it, and people who write."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "property"))

from replicas import Confluence, Files, Intercom, Json, Memory, Thing

from kbsync.state.store import open_state
from kbsync.sync.engine import Engine
from kbsync.sync.outcome import Report
from kbsync.sync.policy import Policy


class Center:
    """Three replicas, one state; `people` write into raw forms."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.files, self.intercom, self.confluence = Files(), Intercom(), Confluence()
        self.state = open_state("sqlite://")
        self.policy = Policy()
        self.names: tuple[str, ...] = ("files", "intercom", "confluence")

    def replica(self, name: str) -> Memory:
        """Return a replica by its name."""
        found: Memory = getattr(self, name)
        return found

    def engine(self) -> Engine:
        """Return an engine over the replicas as they stand."""
        replicas: Any = {name: self.replica(name) for name in self.names}
        return Engine(replicas, self.state, self.policy, home=self.home, workers=1)

    def sync(self) -> Report:
        """Sync once."""
        return self.engine().sync()

    def forget_everything(self) -> None:
        """Lose the state."""
        self.state.close()
        self.state = open_state("sqlite://")

    def write(self, name: str, title: str, body: str, *, id: str = "", **more: Any) -> str:
        """Put an article into a replica as a person would; returns its handle."""
        replica = self.replica(name)
        text: Json = {"title": title, "state": "published", "body": body}
        if name != "confluence":
            text["description"] = ""
        raw: Json = {"texts": {"en": text}, "place": "", "labels": []} | more
        if name == "files":
            slug = title.lower().replace(" ", "-")
            raw |= {"id": id, "name": slug, "path": slug}
        replica.serial += 1
        handle = replica._new_handle("article", raw)
        replica.things["article", handle] = Thing("article", handle, raw, id=id)
        return handle

    def one(self, name: str, title: str) -> Thing:
        """Return the only living article with this title."""
        found = [t for t in self.replica(name).living() if t.raw["texts"]["en"]["title"] == title]
        assert len(found) == 1, (name, title, found)
        return found[0]

    def body(self, name: str, title: str) -> str:
        """Return the body of an article as the replica stores it."""
        body: str = self.one(name, title).raw["texts"]["en"]["body"]
        return body

    def edit(self, name: str, title: str, /, **fields: str) -> None:
        """Change fields of the English text."""
        key = ("article", self.one(name, title).handle)
        self.replica(name).edit(key, lambda raw: raw["texts"]["en"].update(fields))  # type: ignore[arg-type]

    def translate(self, name: str, title: str) -> None:
        """Add a French text to an article."""
        french: Json = {"title": "Un", "description": "", "state": "published", "body": "un"}
        key = ("article", self.one(name, title).handle)
        self.replica(name).edit(key, lambda raw: raw["texts"].update(fr=french))

    def delete(self, name: str, title: str) -> None:
        """Delete an article."""
        del self.replica(name).things["article", self.one(name, title).handle]
