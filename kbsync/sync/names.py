"""The book of names of one replica: which handle, alias and address stands for which entry and asset."""

from __future__ import annotations

from collections.abc import Iterable

from kbsync.replicas.base import Key, Kind, Names, Reading
from kbsync.state.records import EntryKey


class Book:
    """Implements `Names`; a handle of yesterday is still understood.

    A link to a file that was renamed in the same commit so keeps its meaning.
    """

    def __init__(self, default_locale: str) -> None:
        self.default_locale = default_locale
        self._ids: dict[Key, str] = {}
        self._former: dict[Key, str] = {}
        self._handles: dict[EntryKey, str] = {}
        self._aliases: dict[EntryKey, str] = {}
        self._by_alias: dict[tuple[Kind, str], set[str]] = {}
        self._assets: dict[str, str] = {}
        self._addresses: dict[str, str] = {}
        self._outdated: dict[str, str] = {}
        self._touched: set[EntryKey] = set()

    def bind(self, id: str, reading: Reading) -> None:
        """Learn that this reading shows the entry."""
        key: EntryKey = (reading.kind, id)
        old, old_alias = self._handles.get(key), self._aliases.get(key, "")
        if (old, old_alias) == (reading.handle, reading.alias):
            return
        self.unbind(key)
        self._handles[key] = reading.handle
        self._ids[reading.key] = id
        if reading.alias:
            self._aliases[key] = reading.alias
            self._by_alias.setdefault((reading.kind, reading.alias.casefold()), set()).add(id)
        self._touched.add(key)

    def unbind(self, key: EntryKey) -> None:
        """Forget where the entry stands; its former handle is still understood."""
        kind, id = key
        if (handle := self._handles.pop(key, None)) is not None:
            self._ids.pop((kind, handle), None)
            self._former[kind, handle] = id
        if (alias := self._aliases.pop(key, None)) is not None:
            self._by_alias.get((kind, alias.casefold()), set()).discard(id)

    def forget(self, key: EntryKey) -> None:
        """Forget a provisional name as if it had never been."""
        handle = self._handles.get(key)
        self.unbind(key)
        self._former.pop((key[0], handle or ""), None)
        self._touched.discard(key)

    def strict(self) -> Strict:
        """Return this book without former handles: the one to write with."""
        return Strict(self)

    def now(self, handle: str, kind: Kind) -> str | None:
        """Return the id of the thing that has this handle today."""
        return self._ids.get((kind, handle))

    def learn(self, address: str, path: str) -> None:
        """Learn where an asset is shown."""
        self._assets[_bare(address)] = path
        self._addresses[path] = address

    def outdate(self, address: str, path: str) -> None:
        """Learn that an address shows former bytes of an asset: it is understood, and never written again."""
        bare = _bare(address)
        self._outdated[bare] = path
        self._assets.pop(bare, None)
        if self._addresses.get(path) == address:
            del self._addresses[path]

    def touched(self) -> frozenset[EntryKey]:
        """Return what got another name since `settle`."""
        return frozenset(self._touched)

    def is_new(self, key: EntryKey) -> bool:
        """Tell whether something got another name since `settle`."""
        return key in self._touched

    def settle(self) -> None:
        """Take the names of now for known."""
        self._touched.clear()

    def known(self) -> Iterable[EntryKey]:
        """Return everything that has a handle."""
        return tuple(self._handles)

    def id(self, handle: str, kind: Kind = "article") -> str | None:
        """Return the kbsync id of the thing with this handle."""
        return self._ids.get((kind, handle)) or self._former.get((kind, handle))

    def handle(self, id: str, kind: Kind = "article") -> str | None:
        """Return the handle of the thing with this id."""
        return self._handles.get((kind, id))

    def alias(self, id: str, kind: Kind = "article") -> str | None:
        """Return the alias of the thing with this id."""
        return self._aliases.get((kind, id))

    def by_alias(self, alias: str, kind: Kind = "article") -> str | None:
        """Return the id of the one thing with this alias, None if none or several."""
        found = self._by_alias.get((kind, alias.casefold()), set())
        return next(iter(found)) if len(found) == 1 else None

    def asset(self, address: str) -> str | None:
        """Return the path of what this address shows, whatever its query."""
        bare = _bare(address)
        return self._assets.get(bare) or self._outdated.get(bare)

    def asset_now(self, address: str) -> str | None:
        """Return the path of what this address shows, None where it shows former bytes."""
        return self._assets.get(_bare(address))

    def address(self, asset: str) -> str | None:
        """Return this replica's own address of the asset."""
        return self._addresses.get(asset)


class _Seen:
    """The names of a book; who inherits sees some of them otherwise."""

    def __init__(self, names: Names) -> None:
        self.default_locale = names.default_locale
        self.handle = names.handle
        self.alias = names.alias
        self.asset = names.asset
        self.address = names.address


class Unaware(_Seen):
    """A book that does not know some articles, as it was before they came."""

    def __init__(self, names: Names, unknown: frozenset[str]) -> None:
        super().__init__(names)
        self._names = names
        self._unknown = unknown

    def id(self, handle: str, kind: Kind = "article") -> str | None:
        """Return the kbsync id of the thing with this handle, None for what is not known."""
        id = self._names.id(handle, kind)
        return None if kind == "article" and id in self._unknown else id

    def by_alias(self, alias: str, kind: Kind = "article") -> str | None:
        """Return the kbsync id of the thing with this alias."""
        id = self._names.by_alias(alias, kind)
        return None if kind == "article" and id in self._unknown else id


class Strict(_Seen):
    """A book that understands today's names only, so that links to former ones are written anew."""

    def __init__(self, book: Book) -> None:
        super().__init__(book)
        self.asset = book.asset_now
        self.by_alias = book.by_alias
        self._now = book.now

    def id(self, handle: str, kind: Kind = "article") -> str | None:
        """Return the kbsync id of the thing with this handle."""
        return self._now(handle, kind)


def _bare(address: str) -> str:
    return address.partition("?")[0]
