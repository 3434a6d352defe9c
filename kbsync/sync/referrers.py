"""Who links to what, and who is placed where: both outlive a new name, whatever happens before they are written anew.

The former handle of a renamed thing is known only while the state still remembers it. So whoever links to
it is marked as waiting in the very commit that forgets it, and stays so until its links are written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence

import msgspec

from kbsync.article import Article, Entry
from kbsync.replicas.base import Reading
from kbsync.state.records import EntryKey, Shadow
from kbsync.state.snapshot import Change, Put, Snapshot
from kbsync.sync.fields import place_of
from kbsync.sync.observe import reading_of
from kbsync.sync.survey import linked, versions


class Referrers:
    """Knows the entries that mention others: by the state, and by what was decided since."""

    def __init__(self, snapshot: Snapshot, decided: Sequence[Entry] = ()) -> None:
        self._snapshot = snapshot
        self._decided = decided
        self._index: dict[EntryKey, set[EntryKey]] = {}

    def waiting(self, replica: str, keys: Iterable[EntryKey]) -> Iterator[Put]:
        """Yield the shadows of a replica that link to any of these articles and do not wait for it yet.

        A retired one waits too: whoever brings it back in Intercom finds the address of yesterday in it.
        """
        yield from self._waiting(replica, {key for key in keys if key[0] == "article"})

    def _waiting(self, replica: str, names: Collection[EntryKey]) -> Iterator[Put]:
        if not names:
            return
        index = self._index or self._build()
        for key in sorted(set().union(*(index[name] for name in names if name in index))):
            shadow = self._snapshot.shadow(replica, key)
            if shadow is not None and not shadow.pending:
                yield Put(msgspec.structs.replace(shadow, pending=True))

    def together(self, old: Shadow | None, reading: Reading, changes: Iterable[Change]) -> list[Change]:
        """Return what one commit holds: the changes that remember a reading, and who waits because of its name.

        A thing that links to itself is among both, and waits still.
        """
        waiting = list(self._after(old, reading))
        own = {change.record.key for change in waiting}
        return [*waiting, *(_waiting_too(change, own) for change in changes)]

    def _after(self, old: Shadow | None, reading: Reading) -> Iterator[Put]:
        """Yield those that link to a thing which is remembered under another name than it has now.

        Who is placed in a collection that was made anew waits too; a file's own path names its collection.
        """
        if old is None:
            return
        before, key = reading_of(old), (old.kind, old.id)
        if (before.handle, before.alias) != (reading.handle, reading.alias):
            yield from self.waiting(old.replica, [key])
        if old.kind == "collection" and old.replica != "files" and before.handle != reading.handle:
            yield from self._waiting(old.replica, [key])

    def _build(self) -> dict[EntryKey, set[EntryKey]]:
        index: dict[EntryKey, set[EntryKey]] = defaultdict(set)
        decided = ((_key(entry), entry) for entry in self._decided)
        for key, entry in (*versions(self._snapshot), *decided):
            for id in linked(entry):
                index["article", id].add(key)
            if place := place_of(entry):
                index["collection", place].add(key)
        self._index = dict(index)
        return self._index


def _waiting_too(change: Change, own: Collection[tuple[str, ...]]) -> Change:
    if isinstance(change, Put) and isinstance(change.record, Shadow) and change.record.key in own:
        return Put(msgspec.structs.replace(change.record, pending=True))
    return change


def _key(entry: Entry) -> EntryKey:
    return "article" if isinstance(entry, Article) else "collection", entry.id
