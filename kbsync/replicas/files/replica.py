"""The files replica: Markdown below the content root."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from kbsync.article import Article, Collection, Entry
from kbsync.document.blocks import Target
from kbsync.effects import DIRECT, Effects
from kbsync.errors import ContentError, Moved
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
from kbsync.replicas.files import entries, raw
from kbsync.replicas.files.disk import Disk
from kbsync.replicas.files.groups import Groups
from kbsync.replicas.files.links import FileLinks
from kbsync.replicas.files.paths import ASSETS, COLLECTION_FILE, article_path, file_of, slug
from kbsync.replicas.files.raw import ArticleRaw, CollectionRaw, FileText


class FilesReplica:
    """Articles as files; a handle is a path below the root without suffix, a collection's a directory.

    What is retired moves to `trash` under its own path, so that nothing is lost outside a git checkout.
    """

    name: ReplicaName = "files"

    def __init__(self, root: Path, trash: Path, default_locale: str, effects: Effects = DIRECT) -> None:
        self._disk = Disk(root, effects)
        self._trash = trash
        self._groups = Groups(self._disk, default_locale)
        self.default_locale = default_locale

    def probe(self) -> Standing:
        """Tell whether the content folder can be read and written."""
        root = self._disk.root
        if not root.is_dir():
            return Standing((("content", False, f"{root} is not there; run kbsync init"),))
        writable = os.access(root, os.W_OK)
        articles = sum(1 for _ in self._disk.markdown())
        return Standing(
            (("content", writable, f"{root}, {articles} files" + ("" if writable else ", read-only")),)
        )

    def observe(self, known: Mapping[Key, Reading], *, full: bool = False) -> Observation:  # noqa: ARG002  the contract's signature
        """Read the whole tree, never trusting times; only what says something else than last time is parsed."""
        if not self._disk.root.is_dir():
            return Observation(self.name, (), complete=False)
        found = self._groups.all(known)
        return Observation(self.name, found.readings, broken=found.broken)

    def read(self, key: Key) -> Reading | None:
        """Read one thing afresh."""
        kind, handle = key
        return self._groups.article(handle) if kind == "article" else self._groups.collection(handle)

    def parse(self, reading: Reading, names: Names) -> Entry:
        """Return the entry the files show. Raises ContentError, DocumentError."""
        id = reading.id or names.id(reading.handle, reading.kind) or ""
        if reading.kind == "article":
            made = raw.article(reading.raw)
            return entries.parse_article(made, id, _handle(made), names)
        return entries.parse_collection(raw.collection(reading.raw), id, names)

    def render(self, entry: Entry, old: Reading | None, names: Names) -> Raw:
        """Return the files that show the entry."""
        if isinstance(entry, Article):
            before = raw.article(old.raw) if old else None
            handle = self._article_handle(entry, old, names)
            made, losses = entries.render_article(entry, before, handle, names)
            return Raw(raw.encode(made), losses)
        previous = raw.collection(old.raw) if old else None
        path = self._collection_path(entry, old, names)
        return Raw(raw.encode(entries.render_collection(entry, previous, path, names)))

    def create(self, kind: Kind, id: str, text: str) -> Written:  # noqa: ARG002  files carry their id
        """Write new files; an occupied path gets a number behind it."""
        if kind == "collection":
            made = raw.collection(text)
            self._disk.write(f"{made.path}/{COLLECTION_FILE}", (made.text or "").encode())
            return self._written(kind, made.path)
        handle = self._free_handle(_handle(raw.article(text)))
        target = self._at(raw.article(text), handle)
        for locale in sorted(target.files, reverse=True):
            self._disk.write(target.files[locale].path, target.files[locale].text.encode())
        return self._written(kind, handle)

    def update(self, old: Reading, text: str, id: str) -> Written:  # noqa: ARG002  files carry their id
        """Bring the files to `text`, translations first, so that a crash leaves an article that reads."""
        self._check(old)
        if old.kind == "collection":
            return self._update_collection(old, raw.collection(text))
        before = ArticleRaw({}) if old.retired else raw.article(old.raw)
        target = self._unoccupied(old, raw.article(text))
        for locale in sorted(target.files, reverse=True):
            self._bring(before.files.get(locale), target.files[locale])
        for locale in before.files.keys() - target.files.keys():
            self._disk.put_away(before.files[locale].path, self._trash)
        return self._written("article", _handle(target))

    def retire(self, old: Reading) -> Written:
        """Take the files out of the tree; they stay in the trash folder and in git."""
        self._check(old)
        if old.kind == "collection":
            made = raw.collection(old.raw)
            if made.text is not None:
                self._disk.put_away(f"{made.path}/{COLLECTION_FILE}", self._trash)
        else:
            files = raw.article(old.raw).files
            for locale in sorted(files):
                self._disk.put_away(files[locale].path, self._trash)
        return Written(Reading(old.kind, old.handle, old.token, old.raw, old.alias, old.id, retired=True))

    def find(self, kind: Kind, id: str, text: str, *, edited: bool = False) -> Reading | None:  # noqa: ARG002  the id is enough
        """Return the files that carry the id."""
        readings = self.observe({}).readings
        return next((r for r in readings if r.kind == kind and r.id == id), None)

    def named(self, handle: str, address: str, names: Names) -> Target:
        """Return what a relative address names in the files of an article."""
        return FileLinks(file_of(handle, "", self.default_locale), names).read(address)

    def download(self, address: str) -> bytes:
        """Return the bytes of an asset by its path."""
        return self._disk.data(address)

    def shown(self, path: str) -> str:
        """Return a path below the root as a person would type it."""
        return path if path.startswith(f"{self._disk.root.name}/") else self._disk.shown(path)

    def has_asset(self, path: str) -> bool:
        """Tell whether there is a file at the path."""
        return self._disk.exists(path)

    def read_asset(self, path: str) -> bytes:
        """Return the bytes of an asset. Raises ContentError."""
        return self._disk.data(path)

    def write_asset(self, path: str, data: bytes) -> None:
        """Write an asset below `assets/`. Raises ContentError for any other place, WriteFailed."""
        if PurePosixPath(path).parts[:1] != (ASSETS,):
            raise ContentError(f"is not below {ASSETS}/", where=path)
        self._disk.write(path, data)

    def requests(self) -> Mapping[str, int]:
        """Return nothing: files need no requests."""
        return {}

    def _article_handle(self, entry: Article, old: Reading | None, names: Names) -> str:
        folder = names.handle(entry.place, "collection") if entry.place else ""
        if old is not None and (folder is None or folder == _parent(old.handle)):
            folder = _parent(old.handle)
        name = entry.name or (PurePosixPath(old.handle).name if old else "") or slug(entry.id)
        return f"{folder}/{name}" if folder else name

    def _collection_path(self, entry: Collection, old: Reading | None, names: Names) -> str:
        parent = (names.handle(entry.parent, "collection") or "") if entry.parent else ""
        name = entry.name or (PurePosixPath(old.handle).name if old else "")
        name = name or slug(entry.texts[names.default_locale].title)
        return f"{parent}/{name}" if parent else name

    def _free_handle(self, handle: str) -> str:
        candidate, number = handle, 2
        while self._disk.exists(file_of(candidate, "", self.default_locale)):
            candidate, number = f"{handle}-{number}", number + 1
        return candidate

    def _unoccupied(self, old: Reading, target: ArticleRaw) -> ArticleRaw:
        """Return the target at a path where no other article stands."""
        handle = _handle(target)
        if handle == old.handle and not old.retired:
            return target
        return self._at(target, self._free_handle(handle))

    def _at(self, target: ArticleRaw, handle: str) -> ArticleRaw:
        return ArticleRaw(
            {k: FileText(file_of(handle, k, self.default_locale), f.text) for k, f in target.files.items()}
        )

    def _bring(self, before: FileText | None, target: FileText) -> None:
        if before is not None and before.path != target.path:
            self._disk.move(before.path, target.path)
        if before is None or before.text != target.text:
            self._disk.write(target.path, target.text.encode())

    def _update_collection(self, old: Reading, target: CollectionRaw) -> Written:
        """Rewrite the collection's file; a new path takes the whole directory along."""
        before = CollectionRaw(target.path, None) if old.retired else raw.collection(old.raw)
        path = target.path
        if before.path != path:
            path = self._free_folder(path)
            self._disk.move(before.path, path)
        if before.text != target.text:
            self._disk.write(f"{path}/{COLLECTION_FILE}", (target.text or "").encode())
        return self._written("collection", path)

    def _free_folder(self, path: str) -> str:
        candidate, number = path, 2
        while self._disk.exists(candidate):
            candidate, number = f"{path}-{number}", number + 1
        return candidate

    def _check(self, old: Reading) -> None:
        now = None if old.retired else self.read(old.key)
        if not old.retired and (now is None or now.raw != old.raw) and not self._scattered(old):
            raise Moved("changed while kbsync was at work", where=self._disk.shown(old.handle))

    def _scattered(self, old: Reading) -> bool:
        """Tell whether every file of the reading still says what it said, wherever it lies."""
        if old.kind == "collection":
            return False
        files = raw.article(old.raw).files.values()
        return all(self._disk.exists(f.path) and self._disk.text(f.path) == f.text for f in files)

    def _written(self, kind: Kind, handle: str) -> Written:
        reading = self.read((kind, handle))
        if reading is None:
            raise Moved("vanished while kbsync was at work", where=self._disk.shown(handle))
        return Written(reading)


def _parent(handle: str) -> str:
    parent = str(PurePosixPath(handle).parent)
    return "" if parent == "." else parent


def _handle(made: ArticleRaw) -> str:
    return article_path(PurePosixPath(made.files[""].path)).handle
