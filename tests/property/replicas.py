"""Three replicas in memory that behave worse than the real ones, for the state machine and the crash sweep.

A body is one paragraph a line; a line `see <handle>` is a link to an article. What each flavour holds
differs as it does in life: files hold everything under a path, Confluence one locale without
descriptions and with a true compare-and-swap, Intercom no id and no way to tell who wrote last.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import msgspec

from kbsync.article import Article, Collection, CollectionText, Entry, Text
from kbsync.document import blocks as b
from kbsync.document.formats import Loss
from kbsync.effects import DIRECT, Effects
from kbsync.errors import Incomplete, Missing, Moved, Rejected, RemoteDown
from kbsync.replicas.base import (
    Key,
    Kind,
    Names,
    Observation,
    Raw,
    Reading,
    ReplicaName,
    Standing,
    Written,
)

Json = dict[str, Any]


@dataclass(slots=True)
class Moods:
    """How badly a replica behaves just now; every mood passes when `calm` is called."""

    normalises: bool = False
    truncates: int = 0
    resigns: bool = False
    forgets_versions: bool = False
    lags: bool = False
    lists_short: bool = False
    breaks_off: bool = False
    down: bool = False
    refuses: set[str] = field(default_factory=set)
    loses_replies: bool = False
    shuffles: Random | None = None
    before_write: Callable[[], None] | None = None
    after_write: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class Thing:
    """One article or collection as it is stored."""

    kind: Kind
    handle: str
    raw: Json
    version: int = 1
    id: str = ""
    retired: bool = False


class Memory:
    """What the three have in common: things by key, counted writes, moods."""

    name: ReplicaName
    carries_id = True

    def __init__(self, effects: Effects = DIRECT) -> None:
        self.effects = effects
        self.moods = Moods()
        self.things: dict[Key, Thing] = {}
        self.stale: dict[Key, Thing | None] = {}
        self.writes = 0
        self.reads = 0
        self.serial = 0

    # --- what people do ---------------------------------------------------------------------------

    def living(self, kind: Kind = "article") -> list[Thing]:
        """Return what readers see, or teammates at least."""
        return [t for t in self.things.values() if t.kind == kind and not t.retired]

    def edit(self, key: Key, change: Callable[[Json], None]) -> None:
        """Change a thing as a person would."""
        thing = self.things[key]
        raw = msgspec.json.decode(msgspec.json.encode(thing.raw))
        change(raw)
        self._remember_stale(key)
        self.things[key] = replace(thing, raw=raw, version=thing.version + 1)

    def remove(self, key: Key) -> None:
        """Delete a thing as a person would."""
        self._remember_stale(key)
        del self.things[key]

    # --- the contract -----------------------------------------------------------------------------

    def probe(self) -> Standing:
        return Standing(())

    def observe(self, known: Mapping[Key, Reading], *, full: bool = False) -> Observation:
        self._answer()
        if self.moods.breaks_off:
            raise Incomplete("page 2 of the listing broke off", where=self.name)
        things = [self._listed(key) for key in sorted(self.things.keys() | self.stale.keys())]
        readings = [self.show(thing) for thing in things if thing is not None]
        self.stale.clear()
        if self.moods.shuffles:
            self.moods.shuffles.shuffle(readings)
        if self.moods.lists_short and readings:
            readings = readings[:-1]
        return Observation(self.name, tuple(readings))

    def _listed(self, key: Key) -> Thing | None:
        if self.moods.lags and key in self.stale:
            return self.stale[key]
        return self.things.get(key)

    def read(self, key: Key) -> Reading | None:
        self._answer()
        thing = self.things.get(key)
        return self.show(thing) if thing else None

    def show(self, thing: Thing) -> Reading:
        """Return a thing as a reading."""
        self.serial += 1
        token = f"{thing.version}-{self.serial}" if self.moods.resigns else str(thing.version)
        if self.moods.forgets_versions:
            token = ""
        return Reading(
            thing.kind,
            thing.handle,
            token,
            _spell(thing.raw),
            alias=self._alias(thing),
            id=thing.id if self.carries_id else "",
            retired=thing.retired,
        )

    def create(self, kind: Kind, id: str, raw: str) -> Written:
        self._refuse(id)
        made = self._write(f"create {id}", lambda: self._made(kind, id, msgspec.json.decode(raw)))
        return self._answered(made)

    def update(self, old: Reading, raw: str, id: str) -> Written:
        self._refuse(id)
        overwritten = self._check(old)
        done = self._write(f"update {id}", lambda: self._changed(old.key, id, msgspec.json.decode(raw)))
        return replace(self._answered(done), overwritten=overwritten)

    def retire(self, old: Reading) -> Written:
        self._check(old)
        gone = self._write(f"retire {old.handle}", lambda: self._retired(old.key))
        return self._answered(gone)

    def find(self, kind: Kind, id: str, raw: str) -> Reading | None:
        self._answer()
        for thing in self.things.values():
            if thing.kind == kind and thing.id == id and not thing.retired:
                return self.show(thing)
        return None

    def download(self, address: str) -> bytes:
        raise Missing("no such asset", where=address)

    def requests(self) -> Mapping[str, int]:
        return {"GET": self.reads, "PUT": self.writes}

    # --- storing ----------------------------------------------------------------------------------

    def _write(self, what: str, act: Callable[[], Thing]) -> Thing:
        self._answer()
        thing = self.effects.perform(self.name, what, act)
        self.writes += 1
        if self.moods.loses_replies:
            self.moods.loses_replies = False
            raise RemoteDown("the reply was lost", where=self.name)
        return thing

    def _made(self, kind: Kind, id: str, raw: Json) -> Thing:
        self.serial += 1
        thing = Thing(kind, self._new_handle(kind, raw), self._stored(raw), id=id)
        self.stale.setdefault((kind, thing.handle), None)
        self.things[kind, thing.handle] = thing
        return thing

    def _changed(self, key: Key, id: str, raw: Json) -> Thing:
        self._remember_stale(key)
        old = self.things.pop(key)
        handle = self._moved_handle(old, raw)
        thing = Thing(old.kind, handle, self._stored(raw), old.version + 1, id, retired=False)
        self.things[thing.kind, handle] = thing
        return thing

    def _retired(self, key: Key) -> Thing:
        self._remember_stale(key)
        self.things[key] = replace(self.things[key], retired=True, version=self.things[key].version + 1)
        return self.things[key]

    def _stored(self, raw: Json) -> Json:
        """Return what the server makes of what it is given."""
        for text in raw["texts"].values():
            if self.moods.normalises and "body" in text:
                text["body"] = "\n".join("  ".join(line.split()) for line in text["body"].split("\n"))
            if self.moods.truncates and "body" in text:
                text["body"] = "\n".join(text["body"].split("\n")[: self.moods.truncates])
        return raw

    def _answered(self, thing: Thing) -> Written:
        key = (thing.kind, thing.handle)
        newer = False
        if self.moods.after_write:
            hook, self.moods.after_write = self.moods.after_write, None
            hook()
            newer = key in self.things and self.things[key] != thing
        return Written(self.show(self.things.get(key, thing)), newer=newer)

    def _check(self, old: Reading) -> tuple[Reading, ...]:
        """Refuse when the thing moved; return what was overwritten by a race nobody can see."""
        if self.moods.before_write:
            hook, self.moods.before_write = self.moods.before_write, None
            hook()
        now = self.things.get(old.key)
        if now is None:
            raise Missing("gone", where=f"{self.name} {old.handle}")
        if _spell(now.raw) != old.raw or now.retired != old.retired:
            raise Moved("somebody saved in between", where=f"{self.name} {old.handle}")
        return ()

    def _answer(self) -> None:
        self.reads += 1
        if self.moods.down:
            raise RemoteDown("no answer", where=self.name)

    def _refuse(self, id: str) -> None:
        if id in self.moods.refuses:
            raise Rejected("the content is not welcome", where=f"{self.name} {id}")

    def _remember_stale(self, key: Key) -> None:
        self.stale.setdefault(key, self.things.get(key))

    def _alias(self, thing: Thing) -> str:
        return ""

    def _new_handle(self, kind: Kind, raw: Json) -> str:
        raise AssertionError(kind)

    def _moved_handle(self, old: Thing, raw: Json) -> str:
        return old.handle

    # --- translating ------------------------------------------------------------------------------

    def parse(self, reading: Reading, names: Names) -> Entry:
        raw = msgspec.json.decode(reading.raw)
        id = reading.id or names.id(reading.handle, reading.kind) or ""
        place = names.id(raw["place"], "collection") or "" if raw["place"] else ""
        name = raw.get("name", "")
        if reading.kind == "collection":
            texts = {k: CollectionText(t["title"], t.get("description", "")) for k, t in raw["texts"].items()}
            return Collection(id, texts, place, name)
        articles = {k: _text(t, names) for k, t in raw["texts"].items()}
        return Article(id, articles, place, tuple(raw.get("labels", ())), name)

    def render(self, entry: Entry, old: Reading | None, names: Names) -> Raw:
        losses: list[Loss] = []
        before = msgspec.json.decode(old.raw) if old else {}
        place = entry.place if isinstance(entry, Article) else entry.parent
        raw: Json = {"place": (names.handle(place, "collection") or "") if place else ""}
        raw["texts"] = {k: self._spell_text(t, names, losses) for k, t in self._held(entry, names)}
        if isinstance(entry, Article):
            raw["labels"] = list(entry.labels)
        if "macro" in before:  # what only this system understands stays
            raw["macro"] = before["macro"]
        self._add(raw, entry, old, names)
        return Raw(_spell(raw), tuple(losses))

    def _held(self, entry: Entry, names: Names) -> Iterator[tuple[str, Any]]:
        yield from sorted(entry.texts.items())

    def _spell_text(self, text: Text | CollectionText, names: Names, losses: list[Loss]) -> Json:
        spelled: Json = {"title": text.title, "description": text.description}
        if isinstance(text, Text):
            spelled["body"] = _body(text.body, names, losses)
            spelled["state"] = text.state
        return spelled

    def _add(self, raw: Json, entry: Entry, old: Reading | None, names: Names) -> None:
        """Add what only this flavour holds."""


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

    def __init__(self, effects: Effects = DIRECT) -> None:
        super().__init__(effects)
        self.history: list[str] = []

    def _new_handle(self, kind: Kind, raw: Json) -> str:
        return str(1000 + self.serial)

    def _retired(self, key: Key) -> Thing:
        self._remember_stale(key)
        thing = self.things[key]
        if thing.kind == "collection":
            return replace(self.things.pop(key), retired=True)
        texts = {k: {**t, "state": "draft"} for k, t in thing.raw["texts"].items()}
        self.things[key] = replace(thing, raw={**thing.raw, "texts": texts}, version=thing.version + 1)
        return self.things[key]

    def find(self, kind: Kind, id: str, raw: str) -> Reading | None:
        self._answer()
        wanted = msgspec.json.decode(raw)
        for thing in sorted(self.things.values(), key=lambda t: -int(t.handle)):
            if thing.kind == kind and _titles(thing.raw) == _titles(wanted) and thing.id == id:
                return self.show(thing)
        return None

    def _check(self, old: Reading) -> tuple[Reading, ...]:
        """Look before writing; a save after the look is overwritten and found in the history."""
        super()._check(old)
        if self.race is None or old.kind == "collection":
            return ()
        race, self.race = self.race, None
        race(old.key)
        overwritten = self.show(self.things[old.key])
        self.history.append(overwritten.raw)
        return (overwritten,)

    def update(self, old: Reading, raw: str, id: str) -> Written:
        """Write; what was overwritten stays in the history when the process dies before it knows."""
        known = list(self.history)
        written = super().update(old, raw, id)
        self.history = known
        return written


class Confluence(Memory):
    """Handles are page ids; one locale, no description; a draft is a label."""

    name: ReplicaName = "confluence"

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


def _text(raw: Json, names: Names) -> Text:
    lines = raw["body"].split("\n") if raw["body"] else []
    return Text(
        raw["title"],
        b.Document(tuple(_paragraph(line, names) for line in lines)),
        raw.get("description", ""),
        raw.get("state", "published"),
    )


def _paragraph(line: str, names: Names) -> b.Paragraph:
    if line.startswith("see "):
        address = line.removeprefix("see ").strip()
        article = names.id(address)
        target: b.Target = b.ArticleRef(article) if article else b.Url(address)
        return b.Paragraph((b.Link(target, (b.Text("see"),)),))
    return b.Paragraph((b.Text(line),))


def _body(document: b.Document, names: Names, losses: list[Loss]) -> str:
    return "\n".join(_line(block, names, losses) for block in document.blocks)


def _line(block: b.Block, names: Names, losses: list[Loss]) -> str:
    match block:
        case b.Paragraph(children=(b.Link(target=b.ArticleRef(article=article)),)):
            handle = names.handle(article)
            if handle is None:
                losses.append(Loss("link-pending", f"{article} is not there yet"))
                return "see"
            return f"see {handle}"
        case b.Paragraph(children=(b.Link(target=b.Url(href=href)),)):
            return f"see {href}"
        case b.Paragraph(children=children):
            return "".join(child.text for child in children if isinstance(child, b.Text))
    raise AssertionError(block)


def _titles(raw: Json) -> list[str]:
    return sorted(text["title"] for text in raw["texts"].values())


def _spell(raw: Json) -> str:
    return msgspec.json.encode(raw, order="deterministic").decode()
