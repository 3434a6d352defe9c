"""What the analysis remembers from one time to the next, so that a week costs a week.

It holds no customer's words, yet what was learned from a conversation is forgotten with it.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

import msgspec
import pyarrow as pa
import pyarrow.compute
from pyarrow import parquet

from kbsync import __version__
from kbsync.errors import ConfigError
from kbsync.gaps.encode.cache import FileCache
from kbsync.gaps.encode.choose import choose
from kbsync.gaps.learning import Learned
from kbsync.gaps.model import HelpText
from kbsync.gaps.placing import keep, recall
from kbsync.gaps.settings import GapSettings
from kbsync.gaps.spread import HERE

_WRITTEN_BY: Final = ("numpy", "scikit-learn", "scipy", "py3langid")


class Kept:
    """A folder with what was learned, valid for the articles, settings and encoder it was learned with."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def vectors(self) -> FileCache:
        """Return the cache of sentence vectors, which lies here too."""
        return FileCache(self._folder / "vectors.db")

    def recall(self, shelf: Sequence[HelpText], settings: GapSettings) -> Learned | None:
        """Return what was learned with these articles and settings, the articles' times as they are now."""
        try:
            key, since = (self._folder / "key.txt").read_text("utf-8").split()
            if key != _key(shelf, settings):
                return None
            rows = parquet.read_table(self._folder / "rows.parquet")
            path = self._folder / f"{key}.joblib"
            fitted = recall(path)
        except (OSError, ValueError, EOFError, AttributeError, ImportError, pa.ArrowException):
            return None  # whatever is wrong with it, it can be learned anew
        return Learned(fitted._replace(shelf=tuple(shelf)), rows, int(since), path)

    def save(self, learned: Learned, shelf: Sequence[HelpText], settings: GapSettings) -> None:
        """Keep it. What is written last makes the rest valid."""
        key = _key(shelf, settings)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self._folder / "key.txt").unlink(missing_ok=True)
        fitted = self._folder / f"{key}.joblib"
        if not learned.since or not fitted.exists():
            for old in self._folder.glob("*.joblib"):
                old.unlink()
            keep(learned.fitted, fitted)
        parquet.write_table(learned.rows, self._folder / "rows.parquet", compression="zstd")
        (self._folder / "key.txt").write_text(f"{key} {learned.since}", "utf-8")

    def prune(self, present: pa.Table) -> None:
        """Forget all that was learned, if it was learned from a conversation that is not `present` (column id) any more."""
        try:
            known = parquet.read_table(self._folder / "rows.parquet", columns=["id"])["id"]
            whole = pa.compute.all(pa.compute.is_in(known, value_set=present["id"]), min_count=0).as_py()
        except (OSError, pa.ArrowException):
            whole = False
        if not whole:
            shutil.rmtree(self._folder, ignore_errors=True)


def _key(shelf: Sequence[HelpText], settings: GapSettings) -> str:
    timeless = [msgspec.structs.replace(text, updated_at=None) for text in shelf]
    matters = msgspec.structs.replace(settings, workers=HERE, part=0)
    parts = (timeless, matters, _encoder(settings), __version__, [version(name) for name in _WRITTEN_BY])
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:24]


def _encoder(settings: GapSettings) -> str:
    """Return the name of what reads English, which tells whether a model came or went."""
    try:
        chosen = choose(settings.encoder, settings.default_locale)
    except ConfigError:
        return ""
    return chosen.name if chosen else ""
