"""What the state remembers, as frozen values that serialise to deterministic JSON.

A *base* is an entry as all replicas last agreed on. A *shadow* is what was last read back from one
replica; its `agreed` is the entry which that reading shows in full, where that is not the base: a
replica that lags behind, or one side of a held conflict. The reading itself is opaque JSON text here,
because the floor above owns its shape.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from kbsync.article import Entry
from kbsync.document.blocks import Document

EntryKind: TypeAlias = Literal["article", "collection"]
ReplicaLabel: TypeAlias = Literal["files", "intercom", "confluence"]
EntryKey: TypeAlias = tuple[EntryKind, str]
Value: TypeAlias = str | int | tuple[str, ...] | Document | None


class Record(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Base of everything the state holds; `key` names its row."""

    @property
    def key(self) -> tuple[str, ...]:
        """Return the values of the primary key, in the order of the table's columns."""
        raise AttributeError(self)


class Base(Record, frozen=True, kw_only=True):
    """The last agreement on one entry.

    `settled` is False while a replica still waits for it. A `retired` one is a tombstone. `dangling` are
    addresses in its bodies that name nothing yet, and could name an article some day.
    """

    entry: Entry
    settled: bool = True
    retired: bool = False
    dangling: tuple[str, ...] = ()

    @property
    def kind(self) -> EntryKind:
        """Return `article` or `collection`."""
        return "article" if self.entry.__struct_config__.tag == "article" else "collection"

    @property
    def key(self) -> tuple[str, ...]:
        """Return kind and id."""
        return self.kind, self.entry.id


class Shadow(Record, frozen=True, kw_only=True):
    """What one replica showed last.

    `agreed` None means the base. `pending` is set while a link or asset had no address when it was
    written. `retired` things are out of readers' sight; a `kept` one was deleted there under
    `on_delete = "keep"`, or where kbsync only writes, and stays away until someone edits the entry. `past`
    are earlier tokens, newest last: a listing that shows one of them may be stale. `assets` are the digests
    of the files it was last sent, by path: other bytes under a path are to be sent again.
    """

    replica: ReplicaLabel
    kind: EntryKind
    id: str
    reading: str
    agreed: Entry | None = None
    pending: bool = False
    retired: bool = False
    kept: bool = False
    past: tuple[str, ...] = ()
    assets: dict[str, str] = {}

    @property
    def key(self) -> tuple[str, ...]:
        """Return replica, kind and id."""
        return self.replica, self.kind, self.id


class Asset(Record, frozen=True, kw_only=True):
    """The address (without its query) under which a replica shows a file of the content root.

    `digest` is that of the bytes shown there, "" where it is not known.
    """

    replica: ReplicaLabel
    address: str
    path: str
    digest: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """Return replica and address."""
        return self.replica, self.address


class Conflict(Record, frozen=True, kw_only=True):
    """One field of one entry that waits for a person.

    `versions` are the values that dispute it and `ancestors` what each of them was made from, by
    replica. A `baseless` one never had an agreed value. A `drift` is an edit on a push-only replica.
    """

    kind: EntryKind
    id: str
    field: str
    locale: str = ""
    versions: dict[str, Value]
    ancestors: dict[str, Value]
    since: str
    baseless: bool = False
    drift: bool = False

    @property
    def key(self) -> tuple[str, ...]:
        """Return kind, id, field and locale."""
        return self.kind, self.id, self.field, self.locale


class Intent(Record, frozen=True, kw_only=True):
    """A write that was announced and whose end nobody has recorded yet."""

    replica: ReplicaLabel
    kind: EntryKind
    id: str
    action: Literal["create", "update", "retire"]
    raw: str = ""
    expects: str = ""
    entry: Entry | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """Return replica, kind and id."""
        return self.replica, self.kind, self.id


class Rescue(Record, frozen=True, kw_only=True):
    """A version that a write of ours replaced unseen: `after` was made from `before`, which showed `agreed`."""

    replica: ReplicaLabel
    kind: EntryKind
    id: str
    token: str
    before: str
    after: str
    agreed: Entry

    @property
    def key(self) -> tuple[str, ...]:
        """Return replica, kind, id and token."""
        return self.replica, self.kind, self.id, self.token


class Settled(Record, frozen=True, kw_only=True):
    """A conflict that was decided, with every version it held: nothing a person wrote is thrown away."""

    conflict: Conflict
    take: str
    at: str

    @property
    def key(self) -> tuple[str, ...]:
        """Return kind, id, field, locale and the time of the decision."""
        return (*self.conflict.key, self.at)


class Note(Record, frozen=True, kw_only=True):
    """A small fact about the state as a whole, e.g. the digest of the configuration it was made under."""

    name: str
    value: str

    @property
    def key(self) -> tuple[str, ...]:
        """Return the name."""
        return (self.name,)
