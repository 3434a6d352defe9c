"""A replica in memory that behaves worse than the real ones; what the three flavours have in common.

A body is one paragraph a line; a line `see <handle>` is a link to an article.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Literal

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
Hook = Callable[[], None]


@dataclass(slots=True)
class Moods:
    """How badly a replica behaves just now; a fresh one is calm.

    `lists_short` is how many things a listing leaves out while it claims to be complete; an `empty` replica
    is another one than it was, and knows nothing at all. `drafts` are the
    handles over which a teammate's unpublished draft lies. `at_answer` is what somebody does at the n-th
    question the replica is asked.
    """

    normalises: bool = False
    truncates: int = 0
    resigns: bool = False
    forgets_versions: bool = False
    lags: bool = False
    lists_short: int = 0
    empty: bool = False
    breaks_off: bool = False
    down: bool = False
    refuses: set[str] = field(default_factory=set)
    drafts: set[str] = field(default_factory=set)
    loses_replies: bool = False
    shuffles: Random | None = None
    before_write: Hook | None = None
    after_write: Hook | None = None
    at_answer: tuple[int, Hook] | None = None


@dataclass(frozen=True, slots=True)
class Thing:
    """One article or collection as it is stored."""

    kind: Kind
    handle: str
    raw: Json
    version: int = 1
    id: str = ""
    retired: bool = False


@dataclass(frozen=True, slots=True)
class Write:
    """One write of kbsync's that came through: what stood there (None before a create), and what was sent."""

    replica: ReplicaName
    action: Literal["create", "update", "retire"]
    kind: Kind
    id: str
    before: Json | None
    sent: Json


class Memory:
    """Things by key, counted and logged writes, moods."""

    name: ReplicaName
    carries_id = True
    lists_versions = False

    def __init__(self, effects: Effects = DIRECT) -> None:
        self.effects = effects
        self.moods = Moods()
        self.things: dict[Key, Thing] = {}
        self.stale: dict[Key, Thing | None] = {}
        self.shown: set[tuple[Key, str]] = set()
        self.log: list[Write] = []
        self.writes = 0
        self.reads = 0
        self.serial = 0

    # --- what people do ---------------------------------------------------------------------------

    def living(self, kind: Kind = "article") -> list[Thing]:
        """Return what teammates can edit."""
        return [t for t in self.things.values() if t.kind == kind and not t.retired]

    def out_of_sight(self, thing: Thing) -> bool:
        """Tell whether kbsync retired the thing and nobody brought it back."""
        return thing.retired

    def add(self, kind: Kind, raw: Json) -> Thing:
        """Make a thing as a person would."""
        self.serial += 1
        thing = Thing(kind, self._new_handle(kind, raw), raw)
        self.stale.setdefault((kind, thing.handle), None)
        self.things[kind, thing.handle] = thing
        return thing

    def edit(self, key: Key, change: Callable[[Json], object]) -> None:
        """Change a thing as a person would."""
        thing = self.things[key]
        raw = copied(thing.raw)
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
        if self.moods.empty:
            return Observation(self.name, ())
        things = [self._listed(key) for key in sorted(self.things.keys() | self.stale.keys())]
        readings = [self._shown_again(thing, known) for thing in things if thing is not None]
        self.stale.clear()
        if self.moods.shuffles:
            self.moods.shuffles.shuffle(readings)
        return Observation(self.name, tuple(readings[: max(0, len(readings) - self.moods.lists_short)]))

    def _listed(self, key: Key) -> Thing | None:
        if self.moods.lags and key in self.stale:
            return self.stale[key]
        return self.things.get(key)

    def _shown_again(self, thing: Thing, known: Mapping[Key, Reading]) -> Reading:
        """Return a listed thing; where a list has versions only, a body is not read twice."""
        shown = self.show(thing)
        before = known.get(shown.key)
        stands = before is not None and before.token == shown.token != "" and before.retired == shown.retired
        return before if self.lists_versions and before is not None and stands else shown

    def read(self, key: Key) -> Reading | None:
        self._answer()
        thing = self.things.get(key)
        return self.show(thing) if thing and not self.moods.empty else None

    def show(self, thing: Thing) -> Reading:
        """Return a thing as a reading."""
        self.serial += 1
        token = f"{thing.version}-{self.serial}" if self.moods.resigns else str(thing.version)
        if self.moods.forgets_versions:
            token = ""
        reading = Reading(
            thing.kind,
            thing.handle,
            token,
            spell(thing.raw),
            alias=self._alias(thing),
            id=thing.id if self.carries_id else "",
            retired=thing.retired,
        )
        self.shown.add((reading.key, reading.raw))
        return reading

    def create(self, kind: Kind, id: str, raw: str) -> Written:
        self._refuse(id)
        sent = msgspec.json.decode(raw)
        write = Write(self.name, "create", kind, id, None, copied(sent))
        return self._answered(self._write(write, lambda: self._made(kind, id, sent)))

    def update(self, old: Reading, raw: str, id: str) -> Written:
        self._refuse(id)
        self._check(old)
        overwritten = self._overtaken(old.key, lost=True)
        sent = msgspec.json.decode(raw)
        write = Write(self.name, "update", old.kind, id, copied(self.things[old.key].raw), copied(sent))
        done = self._write(write, lambda: self._changed(old.key, id, sent))
        return replace(self._answered(done), overwritten=overwritten)

    def retire(self, old: Reading) -> Written:
        self._check(old)
        self._overtaken(old.key, lost=False)
        thing = self.things[old.key]
        write = Write(self.name, "retire", old.kind, thing.id, copied(thing.raw), copied(thing.raw))
        return self._answered(self._write(write, lambda: self._retired(old.key)))

    def find(self, kind: Kind, id: str, raw: str, *, edited: bool = False) -> Reading | None:
        self._answer()
        for thing in self.things.values():
            if thing.kind == kind and thing.id == id and not thing.retired:
                return self.show(thing)
        return None

    def named(self, handle: str, address: str, names: Names) -> b.Target:
        """Return what a link names by now: it leads to whatever comes to lie there."""
        return target(address, names)

    def download(self, address: str) -> bytes:
        raise Missing("no such asset", where=address)

    def requests(self) -> Mapping[str, int]:
        return {"GET": self.reads, "PUT": self.writes}

    # --- storing ----------------------------------------------------------------------------------

    def _write(self, write: Write, act: Callable[[], Thing]) -> Thing:
        self._count()
        thing = self.effects.perform(self.name, f"{write.action} {write.id}", lambda: self._noted(write, act))
        if self.moods.loses_replies:
            self.moods.loses_replies = False
            raise RemoteDown("the reply was lost", where=self.name)
        return thing

    def _noted(self, write: Write, act: Callable[[], Thing]) -> Thing:
        self.writes += 1
        self.log.append(write)
        return act()

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
        if self.moods.after_write and not self.moods.truncates:  # nobody could tell who of both dropped what
            hook, self.moods.after_write = self.moods.after_write, None
            hook()
            newer = key in self.things and self.things[key] != thing
        return Written(self.show(self.things.get(key, thing)), newer=newer)

    def _check(self, old: Reading) -> None:
        """Refuse when the thing moved."""
        if self.moods.before_write:
            hook, self.moods.before_write = self.moods.before_write, None
            hook()
        now = self.things.get(old.key)
        if now is None:
            raise Missing("gone", where=f"{self.name} {old.handle}")
        if spell(now.raw) != old.raw or now.retired != old.retired:
            raise Moved("somebody saved in between", where=f"{self.name} {old.handle}")

    def _overtaken(self, key: Key, *, lost: bool) -> tuple[Reading, ...]:
        """Return what somebody saved after the look; it is `lost` when the write replaces it."""
        return ()

    def _answer(self) -> None:
        self._count()
        if self.moods.at_answer:
            left, hook = self.moods.at_answer
            self.moods.at_answer = (left - 1, hook) if left > 1 else None
            if left <= 1:
                hook()

    def _count(self) -> None:
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
        return Raw(spell(raw), tuple(losses))

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
        return b.Paragraph((b.Link(target(line.removeprefix("see ").strip(), names), (b.Text("see"),)),))
    return b.Paragraph((b.Text(line),))


def target(address: str, names: Names) -> b.Target:
    """Return what the address of a link names."""
    article = names.id(address)
    return b.ArticleRef(article) if article else b.Url(address)


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


def copied(raw: Json) -> Json:
    """Return a raw form that nobody else holds."""
    copy: Json = msgspec.json.decode(msgspec.json.encode(raw))
    return copy


def spell(raw: Json) -> str:
    """Return a raw form as a reading shows it."""
    return msgspec.json.encode(raw, order="deterministic").decode()
