"""Which entry each reading shows: by the id it carries, by the state, else by an unambiguous pairing.

Where several things could be the same article, none is chosen: they are left alone, and nothing is
created beside them, until a person settles it. A duplicate is a nuisance, a wrong pair overwrites
somebody's page.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

from kbsync.article import Article, Collection, Entry
from kbsync.document import canon
from kbsync.errors import KbsyncError
from kbsync.replicas.base import Broken, Key, Kind, Reading, Replica, ReplicaName
from kbsync.state.records import Base, EntryKey, Shadow
from kbsync.state.snapshot import Snapshot
from kbsync.sync import identity
from kbsync.sync.names import Book
from kbsync.sync.observe import Seen, reading_of
from kbsync.sync.outcome import Warned
from kbsync.sync.policy import ORDER, Policy

_PROVISIONAL = "?"


@dataclass(slots=True)
class Identified:
    """Every reading under its entry; `blocked` entries must not be created in that replica."""

    current: dict[ReplicaName, dict[EntryKey, Reading]]
    blocked: set[tuple[ReplicaName, EntryKey]] = field(default_factory=set)
    warnings: list[Warned] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Unknown:
    replica: ReplicaName
    reading: Reading
    entry: Entry


_Traits = tuple[str, ...] | None
_Trait = Callable[[Entry], _Traits]


class Adoption:
    """Identifies what was seen. Books learn every name on the way."""

    def __init__(
        self,
        replicas: Mapping[ReplicaName, Replica],
        seen: Mapping[ReplicaName, Seen],
        snapshot: Snapshot,
        books: Mapping[ReplicaName, Book],
        policy: Policy,
    ) -> None:
        self.replicas = replicas
        self.seen = seen
        self.snapshot = snapshot
        self.books = books
        self.policy = policy
        self.names = [name for name in ORDER if name in replicas]
        self.found = Identified({name: {} for name in self.names})
        self.taken: set[str] = set()
        self._numbers: dict[str, int] = {}
        self._parents: dict[str, Entry] = {}
        self.unknown: dict[ReplicaName, list[Reading]] = {name: [] for name in self.names}

    def run(self) -> Identified:
        """Return which entry each reading shows."""
        for name in self.names:
            self._recognise(name)
        self.taken = {base.entry.id for base in self.snapshot.all(Base)}
        self.taken |= {id for name in self.names for _, id in self.found.current[name]}
        self._adopt("collection", (self._path,))
        self._adopt("article", (self._title_and_place, self._content))
        return self.found

    def _recognise(self, name: ReplicaName) -> None:
        bound = {
            reading_of(shadow).key: shadow.id
            for shadow in self.snapshot.all(Shadow)
            if shadow.replica == name
        }
        readings = sorted(self.seen[name].readings.values(), key=lambda r: _rank(r, bound))
        for reading in readings:
            own = reading.id if identity.safe(reading.id) else ""
            id = own or bound.get(reading.key, "")
            if id and (reading.kind, id) not in self.found.current[name]:
                self._bind(name, id, reading)
            elif not reading.retired:
                self.unknown[name].append(reading)

    def _bind(self, name: ReplicaName, id: str, reading: Reading) -> None:
        self.found.current[name][reading.kind, id] = reading
        self.books[name].bind(id, reading)

    def _adopt(self, kind: Kind, traits: tuple[_Trait, ...]) -> None:
        unknown = list(self._read_unknown(kind))
        ambiguous: set[tuple[ReplicaName, Key]] = set()
        for trait in traits:
            if not unknown:
                return
            paired = {
                (item.replica, item.reading.key) for item in self._pair(kind, unknown, trait, ambiguous)
            }
            unknown = [item for item in unknown if (item.replica, item.reading.key) not in paired]
        for item in unknown:
            if (item.replica, item.reading.key) in ambiguous:
                self._leave_alone(item)
            else:
                self._bind(item.replica, self._new_id([item]), item.reading)

    def _read_unknown(self, kind: Kind) -> Iterator[_Unknown]:
        items = [
            (name, reading)
            for name in self.names
            if self.policy.reads(name)
            for reading in self.unknown[name]
            if reading.kind == kind
        ]
        if kind == "collection":
            for name, reading in items:
                self.books[name].bind(_provisional(name, reading), reading)
        for name, reading in items:
            try:
                entry = self.replicas[name].parse(reading, self.books[name])
            except KbsyncError as error:
                self.seen[name].broken[reading.key] = Broken(reading.key, error)
                continue
            yield _Unknown(name, reading, entry)
        if kind == "collection":
            for name, reading in items:
                self.books[name].forget((kind, _provisional(name, reading)))

    def _pair(
        self, kind: Kind, unknown: list[_Unknown], trait: _Trait, ambiguous: set[tuple[ReplicaName, Key]]
    ) -> list[_Unknown]:
        groups: dict[tuple[str, ...], list[_Unknown]] = defaultdict(list)
        self._parents = {_provisional(i.replica, i.reading): i.entry for i in unknown}
        for item in unknown:
            if (spelled := trait(item.entry)) is not None:
                groups[spelled].append(item)
        known = self._known(kind, trait, set(groups), {item.replica for item in unknown})
        bound = list[_Unknown]()
        for spelled in sorted(groups):
            group, ids = groups[spelled], known.get(spelled, [])
            if self._clear(kind, group, ids):
                if len({item.replica for item in group}) + len(ids) > 1:
                    bound.extend(self._bind_group(group, ids))
            else:
                ambiguous.update((item.replica, item.reading.key) for item in group)
                self.found.blocked.update((item.replica, (kind, id)) for item in group for id in ids)
        return bound

    def _clear(self, kind: Kind, group: list[_Unknown], ids: list[str]) -> bool:
        """Tell whether at most one thing in each replica could be the same, or nothing could."""
        holders = {item.replica for item in group}
        if len(holders) == 1 and not ids:
            return True
        if len(holders) < len(group) or len(ids) > 1:
            return False
        return not ids or not any((kind, ids[0]) in self.found.current[name] for name in holders)

    def _bind_group(self, group: list[_Unknown], ids: list[str]) -> list[_Unknown]:
        id = ids[0] if ids else self._new_id(group)
        for item in group:
            self._bind(item.replica, id, item.reading)
        return group

    def _known(
        self, kind: Kind, trait: _Trait, wanted: set[tuple[str, ...]], holders: set[ReplicaName]
    ) -> dict[tuple[str, ...], list[str]]:
        """Return the entries that some of the holders lack, by the wanted traits."""
        known: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for id in sorted(self._all_ids(kind)):
            if all((kind, id) in self.found.current[name] for name in holders):
                continue
            entry = self._entry((kind, id))
            spelled = trait(entry) if entry else None
            if spelled in wanted and spelled is not None:
                known[spelled].append(id)
        return known

    def _all_ids(self, kind: Kind) -> set[str]:
        bases = {base.entry.id for base in self.snapshot.all(Base) if base.kind == kind and not base.retired}
        return bases.union(id for name in self.names for k, id in self.found.current[name] if k == kind)

    def _entry(self, key: EntryKey) -> Entry | None:
        base = self.snapshot.base(key)
        if base:
            return base.entry
        for name in self.names:
            reading = self.found.current[name].get(key)
            if reading is None or reading.retired:
                continue
            try:
                return self.replicas[name].parse(reading, self.books[name])
            except KbsyncError:
                continue
        return None

    def _new_id(self, group: list[_Unknown]) -> str:
        first = min(group, key=lambda item: ORDER.index(item.replica))
        id = identity.fresh(
            first.entry.name or self._title(first.entry), first.reading.kind, self.taken, self._numbers
        )
        self.taken.add(id)
        return id

    def _leave_alone(self, item: _Unknown) -> None:
        title = self._title(item.entry)
        message = f"{title!r} could be any of several {item.reading.kind}s; it is left alone until the titles differ"
        self.found.warnings.append(Warned("ambiguous-pairing", title, item.replica, message))

    def _title(self, entry: Entry) -> str:
        if not entry.texts:
            return ""
        text = entry.texts.get(self.policy.default_locale) or entry.texts[min(entry.texts)]
        return text.title.strip()

    def _title_and_place(self, entry: Entry) -> _Traits:
        return self._title(entry), cast("Article", entry).place

    def _content(self, entry: Entry) -> _Traits:
        texts = cast("Article", entry).texts
        bodies = [canon.digest(texts[locale].body) for locale in sorted(texts) if texts[locale].body.blocks]
        return tuple(bodies) or None

    def _path(self, entry: Entry) -> _Traits:
        titles, parent, steps = [self._title(entry)], cast("Collection", entry).parent, 0
        while parent and steps < len(self._parents) + 100:
            above = self._parents.get(parent) or self._entry(("collection", parent))
            titles.append(self._title(above) if above else parent)
            parent, steps = cast("Collection", above).parent if above else "", steps + 1
        return tuple(reversed(titles))


def _provisional(name: ReplicaName, reading: Reading) -> str:
    return f"{_PROVISIONAL}{name}:{reading.handle}"


def _rank(reading: Reading, bound: Mapping[Key, str]) -> tuple[bool, bool, str, str]:
    """Order readings so that the rightful holder of an id comes before a copy of it."""
    holder = bound.get(reading.key)
    return holder is None or reading.id not in ("", holder), reading.retired, reading.kind, reading.handle
