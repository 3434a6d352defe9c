"""Images that live on a remote's own hosts come home to `assets/`, and bodies name them by path."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Protocol, runtime_checkable
from urllib.parse import unquote, urlsplit

from kbsync.article import Article, Entry
from kbsync.document.blocks import AssetRef, Url
from kbsync.document.walk import targets
from kbsync.errors import ContentError, KbsyncError, Missing, Rejected
from kbsync.replicas.base import Replica
from kbsync.sync.names import Book

FOLDER = "assets"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST = 80


@runtime_checkable
class AssetStore(Protocol):
    """Where assets live: the files replica."""

    def read_asset(self, path: str) -> bytes:
        """Return the bytes of an asset. Raises ContentError when there is none."""
        ...

    def write_asset(self, path: str, data: bytes) -> None:
        """Write an asset below the content root. Raises WriteFailed."""
        ...


class Homecoming:
    """Fetches images of changed documents; they are written only when the run applies."""

    def __init__(self, store: AssetStore | None) -> None:
        self.store = store
        self.found: dict[str, bytes] = {}
        self._foreign: set[str] = set()
        self._digests: dict[str, str] = {}

    def fetch(self, replica: Replica, book: Book, entry: Entry) -> bool:
        """Learn a path for every image of the entry that is the replica's own; tell whether any was new.

        Raises RemoteDown and its like: then the entry has to wait, or its images would be lost.
        """
        if self.store is None or not isinstance(entry, Article):
            return False
        fresh = [address for address in self._addresses(entry) if book.asset(address) is None]
        brought = [self._bring(replica, book, address) for address in fresh]
        return any(brought)

    def write(self, path: str) -> None:
        """Put a fetched image where its path says. Raises WriteFailed."""
        if self.store is not None and path in self.found:
            self.store.write_asset(path, self.found[path])

    def digests(self, entry: Entry) -> dict[str, str]:
        """Return the digests of the files that an entry shows, by path, "" for one that is not there."""
        if self.store is None or not isinstance(entry, Article):
            return {}
        paths = sorted(
            {
                target.path
                for text in entry.texts.values()
                for target, _ in targets(text.body)
                if isinstance(target, AssetRef)
            }
        )
        return {path: self.digest(path) for path in paths}

    def digest(self, path: str) -> str:
        """Return the digest of a file as it is in this run, "" where there is none."""
        if path not in self._digests:
            self._digests[path] = self._digest(path)
        return self._digests[path]

    def outdated(self, known: Mapping[str, str]) -> bool:
        """Tell whether a file has other bytes than those that were sent."""
        return any(self.digest(path) not in ("", sent) for path, sent in known.items())

    def _digest(self, path: str) -> str:
        try:
            data = self.found.get(path) or (self.store.read_asset(path) if self.store else b"")
        except KbsyncError:
            return ""
        return hashlib.sha256(data).hexdigest() if data else ""

    def _addresses(self, entry: Article) -> Iterable[str]:
        seen = dict.fromkeys(
            target.href
            for text in entry.texts.values()
            for target, is_image in targets(text.body)
            if is_image and isinstance(target, Url)
        )
        return [address for address in seen if address not in self._foreign]

    def _bring(self, replica: Replica, book: Book, address: str) -> bool:
        try:
            data = replica.download(address)
        except (Missing, Rejected, ContentError):
            self._foreign.add(address)
            return False
        path = self._path(address, data)
        self.found[path] = data
        self._digests[path] = hashlib.sha256(data).hexdigest()
        book.learn(address, path)
        return True

    def _path(self, address: str, data: bytes) -> str:
        name = file_name(address)
        plain = f"{FOLDER}/{name}"
        if self._free(plain, data):
            return plain
        stem, suffix = PurePosixPath(name).stem, PurePosixPath(name).suffix
        return f"{FOLDER}/{stem}-{hashlib.sha256(data).hexdigest()[:12]}{suffix}"

    def _free(self, path: str, data: bytes) -> bool:
        if path in self.found:
            return self.found[path] == data
        try:
            return self.store is None or self.store.read_asset(path) == data
        except KbsyncError:
            return True


def file_name(address: str) -> str:
    """Return a safe file name from the last part of an address."""
    last = unquote(urlsplit(address).path.rpartition("/")[2])
    name = _UNSAFE.sub("-", last).strip("-.")[-_LONGEST:]
    return name or "image"
