"""Three hostile replicas, for the state machine, the crash sweep and the engine's own tests.

What each flavour holds differs as it does in life: files hold everything under a path, Confluence one
locale without descriptions and with a true compare-and-swap, Intercom no id and no way to tell who wrote
last.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import msgspec
from memory import Json, Memory, Moods, Thing, Write

from kbsync.article import CollectionText, Entry, Text
from kbsync.document.formats import Loss
from kbsync.effects import DIRECT, Effects
from kbsync.errors import Missing, Waiting
from kbsync.replicas.base import Key, Kind, Names, Reading, ReplicaName, Written

__all__ = ["Confluence", "Files", "Intercom", "Json", "Memory", "Moods", "Thing", "Write"]


class Files(Memory):
    """Handles are paths; a directory that is renamed takes its files along."""

    name: ReplicaName = "files"

    def _add(self, raw: Json, entry: Entry, old: Reading | None, names: Names) -> None:
        raw["id"] = entry.id
        before = msgspec.json.decode(old.raw)["name"] if old else ""
        raw["name"] = entry.name or before or entry.id
        raw["path"] = f"{raw['place']}/{raw['name']}" if raw["place"] else raw["name"]

    def show(self, thing: Thing) -> Reading:
        shown = super().show(thing)
        return msgspec.structs.replace(shown, token=hashlib.sha256(shown.raw.encode()).hexdigest()[:12])

    def _new_handle(self, kind: Kind, raw: Json) -> str:
        return self._free(kind, raw)

    def _free(self, kind: Kind, raw: Json) -> str:
        path, number = raw["path"], 2
        while (kind, path) in self.things:
            path, number = f"{raw['path']}-{number}", number + 1
        raw["path"] = path
        raw["name"] = path.rpartition("/")[2]
        return path

    def _moved_handle(self, old: Thing, raw: Json) -> str:
        path = raw["path"] if raw["path"] == old.handle else self._free(old.kind, raw)
        if old.kind == "collection" and path != old.handle:
            self.rename_below(f"{old.handle}/", f"{path}/")
        return path

    def rename_below(self, old: str, new: str) -> None:
        """Move everything below a directory."""
        for key, thing in list(self.things.items()):
            if thing.handle.startswith(old):
                handle = new + thing.handle.removeprefix(old)
                raw = {**thing.raw, "path": handle, "place": handle.rpartition("/")[0]}
                del self.things[key]
                self.things[thing.kind, handle] = replace(thing, handle=handle, raw=raw)

    def _retired(self, key: Key) -> Thing:
        return replace(self.things.pop(key), retired=True)

    def update(self, old: Reading, raw: str, id: str) -> Written:
        if old.retired:
            return self.create(old.kind, id, raw)
        return super().update(old, raw, id)

    def read_asset(self, path: str) -> bytes:
        raise Missing("no assets here", where=path)

    def write_asset(self, path: str, data: bytes) -> None:
        raise AssertionError(path)


class Intercom(Memory):
    """Handles are numbers; no id is carried; retired means draft, and nobody can tell it from one."""

    name: ReplicaName = "intercom"
    carries_id = False
    race: Callable[[Key], None] | None = None
    publish = "live"

    def __init__(self, effects: Effects = DIRECT) -> None:
        super().__init__(effects)
        self.history: list[str] = []
        self.told: list[str] = []
        self.hidden: dict[Key, Json] = {}
        self.revived: set[Key] = set()
        self.overtaken: Key | None = None

    def _new_handle(self, kind: Kind, raw: Json) -> str:
        return str(1000 + self.serial)

    def edit(self, key: Key, change: Callable[[Json], object]) -> None:
        """Change a thing as a person would; a draft that is changed is hidden no more.

        Nobody takes such a change back to the letter: before the next run that would be no change at all.
        """
        before = self.things[key]
        super().edit(key, change)
        if not self._as_it_was_hidden(self.things[key]):
            self.revived.add(key)
        elif key in self.revived:
            self.things[key] = before

    def _changed(self, key: Key, id: str, raw: Json) -> Thing:
        self.hidden.pop(key, None)
        return super()._changed(key, id, raw)

    def _retired(self, key: Key) -> Thing:
        self._remember_stale(key)
        thing = self.things[key]
        if thing.kind == "collection":
            return replace(self.things.pop(key), retired=True)
        texts = {k: {**t, "state": "draft"} for k, t in thing.raw["texts"].items()}
        self.things[key] = replace(thing, raw={**thing.raw, "texts": texts}, version=thing.version + 1)
        if self.overtaken != key:
            self.hidden[key] = self.things[key].raw
            self.revived.discard(key)
        return self.things[key]

    def find(self, kind: Kind, id: str, raw: str, *, edited: bool = False) -> Reading | None:
        """Search by title; when that was edited, by what was left of the words."""
        self._answer()
        wanted = msgspec.json.decode(raw)
        for told in (_titles, _lines) if edited else (_titles,):
            for thing in sorted(self.things.values(), key=lambda t: -int(t.handle)):
                if thing.kind == kind and told(thing.raw) & told(wanted) and thing.id == id:
                    return self.show(thing)
        return None

    def _check(self, old: Reading) -> None:
        """Look before writing: what a teammate has begun is neither overwritten nor published."""
        super()._check(old)
        if old.kind == "article" and old.handle in self.moods.drafts:
            raise Waiting("a teammate's draft waits", where=f"{self.name} {old.handle}")

    def _overtaken(self, key: Key, *, lost: bool) -> tuple[Reading, ...]:
        """Somebody saves after the look: nothing prevents it, the history tells of it."""
        self.overtaken = None
        if self.race is None or key[0] == "collection":
            return ()
        self.overtaken, race, self.race = key, self.race, None
        race(key)
        overwritten = self.show(self.things[key])
        if lost:
            self.history.append(overwritten.raw)
        return (overwritten,)

    def update(self, old: Reading, raw: str, id: str) -> Written:
        """Write; what was overwritten stays in the history alone when the process dies before it knows."""
        known = list(self.history)
        written = super().update(old, raw, id)
        self.told += self.history[len(known) :]
        self.history = known
        return written

    def out_of_sight(self, thing: Thing) -> bool:
        """Tell whether the thing still is the draft that kbsync's retiring made of it.

        Where it stands and what only Intercom understands do not count: neither is an edit of its text.
        """
        key = thing.kind, thing.handle
        return thing.retired or (key not in self.revived and self._as_it_was_hidden(thing))

    def _as_it_was_hidden(self, thing: Thing) -> bool:
        left = self.hidden.get((thing.kind, thing.handle))
        return left is not None and _readable(left) == _readable(thing.raw)

    def _add(self, raw: Json, entry: Entry, old: Reading | None, names: Names) -> None:
        """Under `publish = "draft"` a new article stays a draft, and a published one stays published."""
        if self.publish == "live" or entry.__struct_config__.tag != "article":
            return
        before = msgspec.json.decode(old.raw)["texts"] if old else {}
        for locale, text in raw["texts"].items():
            if text["state"] == "published":
                text["state"] = before.get(locale, {"state": "draft"})["state"]


class Confluence(Memory):
    """Handles are page ids; one locale, no description; a draft is a label."""

    name: ReplicaName = "confluence"
    lists_versions = True

    def _new_handle(self, kind: Kind, raw: Json) -> str:
        return f"p{self.serial}"

    def _alias(self, thing: Thing) -> str:
        return next(iter(thing.raw["texts"].values()), {}).get("title", "")

    def _held(self, entry: Entry, names: Names) -> Iterator[tuple[str, Any]]:
        if names.default_locale in entry.texts:
            yield names.default_locale, entry.texts[names.default_locale]

    def _spell_text(self, text: Text | CollectionText, names: Names, losses: list[Loss]) -> Json:
        spelled = super()._spell_text(text, names, losses)
        del spelled["description"]
        return spelled


def _readable(raw: Json) -> Json:
    return {key: value for key, value in raw.items() if key not in ("place", "macro")}


def _titles(raw: Json) -> set[str]:
    return {text["title"] for text in raw["texts"].values()}


def _lines(raw: Json) -> set[str]:
    return {line for text in raw["texts"].values() for line in text.get("body", "").split("\n") if line}
