"""Everything one run knows before it decides: what was seen, under which names, and each entry's sides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import msgspec

from kbsync.article import Entry
from kbsync.document.blocks import ArticleRef, AssetRef, Document
from kbsync.document.walk import targets
from kbsync.errors import KbsyncError
from kbsync.replicas.base import Broken, Reading, Replica, ReplicaName
from kbsync.state.records import Asset, Base, EntryKey, Rescue, Shadow
from kbsync.state.snapshot import Snapshot
from kbsync.sync import guard
from kbsync.sync.adopt import Adoption, Identified
from kbsync.sync.assets import AssetStore, Homecoming
from kbsync.sync.fields import flatten, lift
from kbsync.sync.first import leader
from kbsync.sync.names import Book, Unaware
from kbsync.sync.observe import Seen, look, reading_of
from kbsync.sync.outcome import Progress, Stopped, Warned
from kbsync.sync.policy import Policy
from kbsync.sync.reconcile import Known
from kbsync.sync.sides import Lookout, Side, side
from kbsync.sync.votes import Claim

Mask = frozenset[tuple[ReplicaName, EntryKey]]


@dataclass(slots=True)
class Survey:
    """What was seen. `masked` sides have no say and get no writes in this run."""

    replicas: Mapping[ReplicaName, Replica]
    policy: Policy
    snapshot: Snapshot
    seen: Mapping[ReplicaName, Seen]
    books: Mapping[ReplicaName, Book]
    found: Identified
    home: Homecoming
    masked: Mask = frozenset()
    everything: bool = False
    findings: list[Stopped] = field(default_factory=list)
    warnings: list[Warned] = field(default_factory=list)
    unreadable: set[tuple[ReplicaName, EntryKey]] = field(default_factory=set)
    _waiting: frozenset[EntryKey] = frozenset()

    def __post_init__(self) -> None:
        """Note which entries have an overwritten version to bring back."""
        self._waiting = frozenset((r.kind, r.id) for r in self.snapshot.all(Rescue))

    def entries(self) -> list[EntryKey]:
        """Return every entry, collections first."""
        keys: set[EntryKey] = {(base.kind, base.entry.id) for base in self.snapshot.all(Base)}
        for current in self.found.current.values():
            keys.update(key for key, reading in current.items() if not reading.retired)
        return sorted(keys, key=lambda key: (key[0] == "article", key[1]))

    def quiet(self, key: EntryKey) -> bool:
        """Tell whether nothing at all happened to an entry since everyone agreed on it."""
        base = self.snapshot.base(key)
        if self.everything or base is None or not base.settled or key in self._waiting:
            return False
        if any(self._come_to_life(name, key, base) for name in self.replicas if base.dangling):
            return False
        return all(self._still(name, key, retired=base.retired) for name in self.replicas)

    def _still(self, name: ReplicaName, key: EntryKey, *, retired: bool) -> bool:
        if not self.seen[name].usable:
            return True
        shadow, reading = self.snapshot.shadow(name, key), self.found.current[name].get(key)
        gone = reading is None or reading.retired
        if shadow is None:
            return gone and (retired or not self.policy.writes(name))
        if gone:
            return shadow.retired and (retired or (shadow.kept and self.policy.keeps_away(name)))
        if self.outdated(shadow):
            return False
        return shadow.reading == _spelled(reading) and (retired or not (shadow.pending or shadow.retired))

    def outdated(self, shadow: Shadow | None) -> bool:
        """Tell whether a replica shows former bytes of a file."""
        return shadow is not None and bool(shadow.assets) and self.home.outdated(shadow.assets)

    def known(self, key: EntryKey) -> Known:
        """Return what is remembered of an entry."""
        return Known(key, self.snapshot.base(key), self.snapshot.conflicts(key), tuple(self._rescued(key)))

    def _rescued(self, key: EntryKey) -> Iterable[Claim]:
        for rescue in self.snapshot.rescues(key):
            name = rescue.replica
            if name not in self.replicas:
                continue
            agreed, lookout = flatten(rescue.agreed), self.lookout(name)
            before, after = (_decode(text) for text in (rescue.before, rescue.after))
            version = lift(agreed, lookout.shown(before), lookout.shown(after))
            yield Claim(f"{name}-overwritten-{rescue.token}", version, agreed)

    def lookout(self, name: ReplicaName) -> Lookout:
        """Return what it takes to read a replica."""
        return Lookout(self.replicas[name], self.books[name], self.seen[name].complete)

    def _come_to_life(self, name: ReplicaName, key: EntryKey, base: Base | None) -> frozenset[str]:
        """Return the articles that dangling links of an entry name by now."""
        replica, reading = self.replicas[name], self.found.current[name].get(key)
        if base is None or not base.dangling or reading is None or not self.policy.reads(name):
            return frozenset()
        named = (replica.named(reading.handle, address, self.books[name]) for address in base.dangling)
        return frozenset(target.article for target in named if isinstance(target, ArticleRef))

    def sides(self, key: EntryKey) -> dict[ReplicaName, Side]:
        """Judge every replica; one whose reading cannot be used is set aside for this entry."""
        base = self.snapshot.base(key)
        sides = {name: self._side(name, key, base) for name in self.replicas}
        return sides if base else self._on_one_footing(sides)

    def _side(self, name: ReplicaName, key: EntryKey, base: Base | None) -> Side:
        shadow, reading = self.snapshot.shadow(name, key), self.found.current[name].get(key)
        entry, lookout = base.entry if base else None, self.lookout(name)
        fresh = self._come_to_life(name, key, base)
        past = replace(lookout, names=Unaware(lookout.names, fresh)) if fresh else None
        usable = self.usable(name, key)
        try:
            if usable and reading is not None and not reading.retired and _news(shadow, reading):
                self.home.fetch(
                    lookout.replica, self.books[name], lookout.replica.parse(reading, lookout.names)
                )
            return side(lookout, entry, shadow, reading, usable=usable, past=past)
        except KbsyncError as error:
            self._unusable(name, key, reading, error)
            return side(lookout, entry, shadow, reading, usable=False)

    def usable(self, name: ReplicaName, key: EntryKey) -> bool:
        """Tell whether a replica has a say about an entry, and may be written."""
        spot = (name, key)
        return self.seen[name].usable and spot not in self.masked and spot not in self.unreadable

    def _unusable(
        self, name: ReplicaName, key: EntryKey, reading: Reading | None, error: KbsyncError
    ) -> None:
        self.unreadable.add((name, key))
        self.findings.append(guard.stopped(error, article=key[1], replica=name))
        if reading is not None:
            self.seen[name].broken[reading.key] = Broken(reading.key, error)

    def _on_one_footing(self, sides: dict[ReplicaName, Side]) -> dict[ReplicaName, Side]:
        """Carry the versions of a first meeting over onto the one that can hold the most."""
        voters = {
            name: side
            for name, side in sides.items()
            if side.here and side.usable and self.policy.reads(name)
        }
        if not voters:
            return sides
        lead = leader(voters)
        first = voters[lead]
        assert first.reading is not None and first.version is not None  # noqa: PT018  a voter has both
        entry = self.replicas[lead].parse(first.reading, self.books[lead])
        for name, other in sides.items():
            if name != lead and other.version is not None and other.reading is not None and other.usable:
                before = self.lookout(name).projected(entry, other.reading)
                sides[name] = replace(other, version=lift(first.version, before, other.version))
        return sides

    def relinked(self) -> dict[ReplicaName, set[EntryKey]]:
        """Return the entries, by replica, whose links name something that has another name now."""
        return {name: mentions(self.snapshot, book.touched()) for name, book in self.books.items()}


def mentions(snapshot: Snapshot, touched: Iterable[EntryKey]) -> set[EntryKey]:
    """Return the entries whose bodies link to one of these, or did in some replica that shows its own version."""
    ids = {id for kind, id in touched if kind == "article"}
    if not ids:
        return set()
    retired = {(base.kind, base.entry.id) for base in snapshot.all(Base) if base.retired}
    return {key for key, entry in versions(snapshot) if any(id in ids for id in linked(entry))} - retired


def versions(snapshot: Snapshot) -> Iterable[tuple[EntryKey, Entry]]:
    """Yield all that is known to stand somewhere: what was agreed on, and what replicas show instead."""
    yield from (((base.kind, base.entry.id), base.entry) for base in snapshot.all(Base))
    yield from (((s.kind, s.id), s.agreed) for s in snapshot.all(Shadow) if s.agreed is not None)


def linked(entry: Entry) -> Iterable[str]:
    """Yield the ids and paths of what the bodies of an entry link to and show."""
    for value in flatten(entry).values():
        if isinstance(value, Document):
            for target, _ in targets(value):
                if isinstance(target, ArticleRef):
                    yield target.article
                elif isinstance(target, AssetRef):
                    yield target.path


def survey(
    replicas: Mapping[ReplicaName, Replica],
    snapshot: Snapshot,
    policy: Policy,
    progress: Progress,
    *,
    full: bool = False,
    everything: bool = False,
    masked: Mask = frozenset(),
) -> Survey:
    """Look at all replicas and find out what each thing is. Raises WrongWorkspace."""
    seen = look(replicas, snapshot, progress, full=full)
    books = {name: book_of(name, snapshot, policy) for name in replicas}
    _look_twice(replicas, snapshot, seen)
    store = replicas.get("files")
    home = Homecoming(store if isinstance(store, AssetStore) else None)
    _outdate(books, snapshot, home)
    found = Adoption(replicas, seen, snapshot, books, policy).run()
    result = Survey(replicas, policy, snapshot, seen, books, found, home, masked, everything or full)
    result.findings.extend(_failures(seen, snapshot))
    result.findings.extend(guard.shrunken(snapshot, seen, found.current, policy))
    result.warnings.extend(found.warnings)
    for name, each in seen.items():
        result.warnings.extend(Warned(w.code, "", name, w.message) for w in each.warnings)
    result.unreadable |= _broken_entries(seen, snapshot)
    return result


def book_of(name: ReplicaName, snapshot: Snapshot, policy: Policy) -> Book:
    """Return the book of names as the state remembers it."""
    book = Book(policy.default_locale)
    for shadow in snapshot.all(Shadow):
        if shadow.replica == name:
            book.bind(shadow.id, reading_of(shadow))
    for asset in snapshot.all(Asset):
        if asset.replica == name:
            book.learn(asset.address, asset.path)
    book.settle()
    return book


def _outdate(books: Mapping[ReplicaName, Book], snapshot: Snapshot, home: Homecoming) -> None:
    for asset in snapshot.all(Asset):
        if asset.replica in books and asset.digest and home.outdated({asset.path: asset.digest}):
            books[asset.replica].outdate(asset.address, asset.path)


def _look_twice(
    replicas: Mapping[ReplicaName, Replica], snapshot: Snapshot, seen: Mapping[ReplicaName, Seen]
) -> None:
    """Read a thing afresh when its listing shows a version that is already history."""
    for shadow in snapshot.all(Shadow):
        each = seen.get(shadow.replica)
        if each is None or not shadow.past:
            continue
        old = reading_of(shadow)
        listed = each.readings.get(old.key)
        if listed is None or listed.token == old.token or listed.token not in shadow.past:
            continue
        try:
            fresh = replicas[each.replica].read(old.key)
        except KbsyncError as error:
            each.broken[old.key] = Broken(old.key, error)
            continue
        each.readings.pop(old.key)
        if fresh is not None:
            each.readings[fresh.key] = fresh


def _failures(seen: Mapping[ReplicaName, Seen], snapshot: Snapshot) -> Iterable[Stopped]:
    bound = {(s.replica, reading_of(s).key): s.id for s in snapshot.all(Shadow)} if _any_broken(seen) else {}
    for name, each in seen.items():
        if each.error is not None:
            yield guard.stopped(each.error, replica=name)
        elif not each.complete:
            message = "the listing is not complete; nothing was deleted or written there"
            yield Stopped("", "", name, "KB307", f"{name}: {message} (run again later) [KB307]")
        for key, broken in each.broken.items():
            yield guard.stopped(broken.error, article=bound.get((name, key), key[1]), replica=name)


def _any_broken(seen: Mapping[ReplicaName, Seen]) -> bool:
    return any(each.broken for each in seen.values())


def _broken_entries(
    seen: Mapping[ReplicaName, Seen], snapshot: Snapshot
) -> set[tuple[ReplicaName, EntryKey]]:
    """Return the entries whose thing is there but cannot be used.

    One that nobody knows may be any of those that seem to have vanished, so none of them has.
    """
    spots: set[tuple[ReplicaName, EntryKey]] = set()
    for name, each in seen.items():
        if not each.broken:
            continue
        bound: dict[object, EntryKey] = {
            reading_of(s).key: (s.kind, s.id) for s in snapshot.all(Shadow) if s.replica == name
        }
        spots |= {(name, bound[key]) for key in each.broken if key in bound}
        if any(key not in bound for key in each.broken):
            each.complete = False
    return spots


def _news(shadow: Shadow | None, reading: Reading) -> bool:
    return shadow is None or reading_of(shadow).raw != reading.raw


def _spelled(reading: Reading | None) -> str:
    return msgspec.json.encode(reading, order="deterministic").decode() if reading else ""


def _decode(text: str) -> Reading:
    return msgspec.json.decode(text, type=Reading)
