"""The one contract that every replica keeps: observe, read, parse, render, write.

A replica speaks of its things by *handle* (a path, an Intercom id, a page id) and shows each as a
*reading*: the replica's own raw form, as JSON text. `parse` and `render` are pure and translate between
a reading and an entry; what the replica can hold of an entry is therefore `parse(render(entry))`, and
nothing else needs to say so. Writing is always "bring this thing from the old reading to this raw form",
so the engine never speaks of requests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

import msgspec

from kbsync.article import Entry
from kbsync.document.blocks import Target
from kbsync.document.formats import Loss
from kbsync.errors import KbsyncError

ReplicaName: TypeAlias = Literal["files", "intercom", "confluence"]
Kind: TypeAlias = Literal["article", "collection"]
Key: TypeAlias = tuple[Kind, str]
"""A kind and a handle: handles of articles and collections may collide."""


class Reading(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing as a replica showed it.

    `token` moves whenever the replica's copy moves (a Confluence version number, Intercom's timestamps,
    a file digest). `raw` is stable JSON text: two reads of an untouched thing give the same bytes, so
    what changes at every read (URL signatures, counters) is left out. `alias` is the other name bodies
    use for the thing (a Confluence page title). `id` is the kbsync id where the replica itself carries
    it, else "". `retired` things are out of readers' sight and come along so that an id can come back.
    """

    kind: Kind
    handle: str
    token: str
    raw: str
    alias: str = ""
    id: str = ""
    retired: bool = False

    @property
    def key(self) -> Key:
        """Return kind and handle."""
        return self.kind, self.handle


@dataclass(frozen=True, slots=True)
class Broken:
    """A thing that is there but cannot be used; it counts as present, and nothing is done to it."""

    key: Key
    error: KbsyncError


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything a replica holds in its scope; without `complete` it proves nothing absent."""

    replica: ReplicaName
    readings: tuple[Reading, ...]
    complete: bool = True
    broken: tuple[Broken, ...] = ()
    warnings: tuple[Loss, ...] = ()


@dataclass(frozen=True, slots=True)
class Raw:
    """A target raw form, and what the replica cannot hold of the entry."""

    raw: str
    losses: tuple[Loss, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """What stands there now, read back after the write.

    `overwritten` are versions that a person saved between our look and our write (Intercom has no
    compare-and-swap); the engine merges them back in. `newer` says that a person saved again between our
    write and this look, so the reading holds more than we wrote. `assets` maps addresses this write gave to images
    and attachments to their paths under the content root.
    """

    reading: Reading
    overwritten: tuple[Reading, ...] = ()
    newer: bool = False
    assets: Mapping[str, str] = field(default_factory=dict)
    losses: tuple[Loss, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """What `kbsync doctor` tells of a replica: one line a check, `ok` False when it needs a person."""

    checks: tuple[tuple[str, bool, str], ...]


class Names(Protocol):
    """The book of names of one replica, kept by the engine."""

    default_locale: str

    def id(self, handle: str, kind: Kind = "article") -> str | None:
        """Return the kbsync id of the thing with this handle."""
        ...

    def handle(self, id: str, kind: Kind = "article") -> str | None:
        """Return the handle of the thing with this id, None while it has none here."""
        ...

    def alias(self, id: str, kind: Kind = "article") -> str | None:
        """Return the alias of the thing with this id."""
        ...

    def by_alias(self, alias: str, kind: Kind = "article") -> str | None:
        """Return the id of the one thing with this alias (regardless of case), None if none or several."""
        ...

    def asset(self, address: str) -> str | None:
        """Return the path under the content root of what this address (without its query) shows."""
        ...

    def address(self, asset: str) -> str | None:
        """Return this replica's own address of the asset, None while it has none."""
        ...


class Replica(Protocol):
    """A place that holds all articles."""

    name: ReplicaName

    def probe(self) -> Standing:
        """Check access, identity, scopes and limits; for `kbsync doctor`.

        Raises AccessRefused, WrongWorkspace, RemoteDown.
        """
        ...

    def observe(self, known: Mapping[Key, Reading], *, full: bool = False) -> Observation:
        """List everything in scope, reusing `known` readings whose token stands.

        `full` also reads what is not read every time (labels in Confluence).
        Raises RemoteDown, AccessRefused, WrongWorkspace, Incomplete.
        """
        ...

    def read(self, key: Key) -> Reading | None:
        """Read one thing afresh; None only when it is positively not there."""
        ...

    def parse(self, reading: Reading, names: Names) -> Entry:
        """Return the entry a reading shows. Pure. Raises ContentError, DocumentError.

        The entry's id is `reading.id`, else the book's, else "". Addresses the book does not know stay
        `Url`; a place it does not know is "".
        """
        ...

    def render(self, entry: Entry, old: Reading | None, names: Names) -> Raw:
        """Return the raw form that shows the entry, keeping what `old` holds beyond it. Pure.

        Blocks that did not change keep their bytes. A reference that has no address here yet is
        rendered as its text, with a loss `link-pending` or `asset-pending`.
        """
        ...

    def create(self, kind: Kind, id: str, raw: str) -> Written:
        """Create the thing with a mark from which `find` knows it, and read it back."""
        ...

    def update(self, old: Reading, raw: str, id: str) -> Written:
        """Bring the thing from `old` to `raw`; a retired one is restored.

        Raises Moved when it is no longer as `old` shows it, Rejected, RemoteDown.
        """
        ...

    def retire(self, old: Reading) -> Written:
        """Take the thing out of readers' sight in a way that can be undone. Raises Moved."""
        ...

    def find(self, kind: Kind, id: str, raw: str, *, edited: bool = False) -> Reading | None:
        """Search for the thing that an interrupted `create` of the same arguments may have made.

        With `edited` also for one that a person changed since, told by what was left of it.
        """
        ...

    def named(self, handle: str, address: str, names: Names) -> Target:
        """Return what the address of a link names by now in a thing with this handle: a path, a title or a URL."""
        ...

    def download(self, address: str) -> bytes:
        """Fetch the bytes behind an image or attachment address of this replica."""
        ...

    def requests(self) -> Mapping[str, int]:
        """Return how many requests were sent so far, by HTTP method."""
        ...
