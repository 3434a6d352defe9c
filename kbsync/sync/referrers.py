"""Who links to what: a link outlives a rename, whatever happens before it is written anew.

The former handle of a renamed thing is known only while the state still remembers it. So whoever links to
it is marked as waiting in the very commit that forgets it, and stays so until its links are written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from kbsync.article import Article, Entry
from kbsync.replicas.base import Reading
from kbsync.state.records import EntryKey, Shadow
from kbsync.state.snapshot import Put, Snapshot
from kbsync.sync.observe import reading_of
from kbsync.sync.survey import linked, versions


class Referrers:
    """Knows the entries that mention others: by the state, and by what was decided since."""

    def __init__(self, snapshot: Snapshot, decided: Sequence[Entry] = ()) -> None:
        self._snapshot = snapshot
        self._decided = decided
        self._index: dict[str, set[EntryKey]] = {}

    def waiting(self, replica: str, keys: Iterable[EntryKey]) -> Iterator[Put]:
        """Yield the shadows of a replica that link to any of these and do not wait for it yet."""
        ids = {id for kind, id in keys if kind == "article"}
        if not ids:
            return
        index = self._index or self._build()
        for key in sorted(set().union(*(index[id] for id in ids if id in index))):
            shadow = self._snapshot.shadow(replica, key)
            if shadow is not None and not shadow.pending and not shadow.retired:
                yield Put(msgspec.structs.replace(shadow, pending=True))

    def after(self, old: Shadow | None, reading: Reading) -> Iterator[Put]:
        """Yield those that link to a thing which is remembered under another name than it has now."""
        if old is None:
            return
        before = reading_of(old)
        if (before.handle, before.alias) != (reading.handle, reading.alias):
            yield from self.waiting(old.replica, [(old.kind, old.id)])

    def _build(self) -> dict[str, set[EntryKey]]:
        index: dict[str, set[EntryKey]] = defaultdict(set)
        decided = ((_key(entry), entry) for entry in self._decided)
        for key, entry in (*versions(self._snapshot), *decided):
            for id in linked(entry):
                index[id].add(key)
        self._index = dict(index)
        return self._index


def _key(entry: Entry) -> EntryKey:
    return "article" if isinstance(entry, Article) else "collection", entry.id
