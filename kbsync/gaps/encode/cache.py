"""Vectors remembered by content, so that a week's new conversations cost a week."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import numpy as np

from kbsync.errors import StateError
from kbsync.gaps.arrays import Vectors
from kbsync.gaps.encode.base import Encoder, VectorCache

_QUERY: Final = 500


class FileCache:
    """A cache in one SQLite file; several processes may use it, and deleting it only costs time.

    Texts are kept as SHA-256 digests only.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self, encoder: str, texts: Sequence[str]) -> dict[str, Vectors]:
        """Return the known vectors by text."""
        digests = {_digest(text): text for text in texts}
        keys = list(digests)
        found: dict[str, Vectors] = {}
        with closing(self._open()) as base:
            for start in range(0, len(keys), _QUERY):
                part = keys[start : start + _QUERY]
                marks = ",".join("?" * len(part))
                rows = base.execute(
                    f"SELECT digest, vector FROM vectors WHERE encoder = ? AND digest IN ({marks})",  # noqa: S608 - only question marks are put in
                    (encoder, *part),
                )
                found.update((digests[digest], np.frombuffer(vector, dtype="<f4")) for digest, vector in rows)
        return found

    def save(self, encoder: str, vectors: dict[str, Vectors]) -> None:
        """Keep these vectors."""
        rows = [(encoder, _digest(text), vector.astype("<f4").tobytes()) for text, vector in vectors.items()]
        with closing(self._open()) as base, base:
            base.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)

    def _open(self) -> sqlite3.Connection:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            base = sqlite3.connect(self._path, timeout=60)
            base.execute(
                "CREATE TABLE IF NOT EXISTS vectors (encoder TEXT, digest BLOB, vector BLOB, PRIMARY KEY (encoder, digest)) WITHOUT ROWID"
            )
        except (OSError, sqlite3.Error) as error:
            raise StateError(
                "the cache of vectors cannot be opened",
                where=str(self._path),
                hint="delete the file; it is made anew",
            ) from error
        return base


class CachedEncoder:
    """An encoder that asks the cache first."""

    def __init__(self, inner: Encoder, cache: VectorCache) -> None:
        self._inner = inner
        self._cache = cache

    @property
    def name(self) -> str:
        """The inner encoder's name."""
        return self._inner.name

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return unit rows, encoding only what is not remembered."""
        known = self._cache.load(self.name, texts)
        new = list(dict.fromkeys(text for text in texts if text not in known))
        if new:
            fresh = dict(zip(new, self._inner.encode(new), strict=True))
            self._cache.save(self.name, fresh)
            known.update(fresh)
        return np.stack([known[text] for text in texts]) if texts else np.zeros((0, 0), dtype=np.float32)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
