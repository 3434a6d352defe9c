"""What a worker does with a few parts once the desk is learned: say where each conversation belongs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import Final, NamedTuple

import joblib
import numpy as np
import pyarrow as pa
from pyarrow import parquet

from kbsync.gaps.arrays import Flags
from kbsync.gaps.fitted import Fitted, Placement, Said
from kbsync.gaps.reading import PLACED
from kbsync.gaps.spread import Workers

#: Rows that are placed at once: where they are few, each is placed at half the pace.
_CHUNK: Final = 16_384
_READ: Final = 4_096
_PARTS: Final = 4


class Task(NamedTuple):
    """Parts that were read, where to write, where what was learned lies, and up to which lot it was learned from (-1: other rows)."""

    said: tuple[Path, ...]
    out: Path
    fitted: Path
    cut: int


def tasks(readings: Sequence[Path], folder: Path, fitted: Path, cut: int, workers: Workers) -> list[Task]:
    """Return tasks of several parts each, in order, yet enough of them that every worker has one.

    Nobody knows how many workers a cluster has, so there each part is a task.
    """
    folder.mkdir(exist_ok=True)
    many = 1 if workers.cluster else max(min(_PARTS, len(readings) // workers.here), 1)
    groups = [tuple(readings[first : first + many]) for first in range(0, len(readings), many)]
    return [Task(group, folder / group[0].name, fitted, cut) for group in groups]


def keep(fitted: Fitted, path: Path) -> Path:
    """Write what was learned so that workers share it: its arrays are mapped, not copied. Return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    joblib.dump(fitted, path)
    recall.cache_clear()
    return path


@lru_cache(maxsize=1)
def recall(path: Path) -> Fitted:
    """Return what was learned."""
    fitted: Fitted = joblib.load(path, mmap_mode="r")
    return fitted


def place(task: Task) -> Path:
    """Write where the parts' conversations beyond the sample belong; a result that is there already is kept."""
    if not task.out.exists():
        fresh = task.out.with_suffix(".new")
        fitted = recall(task.fitted)
        with parquet.ParquetWriter(fresh, PLACED) as writer:
            for said in _chunks(task):
                writer.write_table(columns(fitted.place(said)))
        fresh.replace(task.out)
    return task.out


def _chunks(task: Task) -> Iterator[list[Said]]:
    rows = chain.from_iterable(map(said, _batches(task)))
    while chunk := list(islice(rows, _CHUNK)):
        yield chunk


def _batches(task: Task) -> Iterator[pa.RecordBatch]:
    for path in task.said:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(_READ, columns=["id", "sentences", "locale", "lot"]):
                yield batch.filter(pa.array(batch.column("lot").to_numpy() > task.cut))


def said(batch: pa.RecordBatch | pa.Table) -> Iterator[Said]:
    """Yield what the rows of a reading say."""
    columns = (batch.column(name).to_pylist() for name in ("id", "sentences", "locale"))
    return map(Said, *columns)


def columns(placed: Placement) -> pa.Table:
    """Return placements as a table."""
    return pa.table(dict(zip(PLACED.names, placed, strict=True)), schema=PLACED)


def gathered(paths: Sequence[Path]) -> Placement:
    """Return the placements of parts, one after the other."""
    table = pa.concat_tables([parquet.read_table(path) for path in paths] or [PLACED.empty_table()])
    return Placement(*(table[name].to_numpy() for name in PLACED.names))


def joined(own: Placement, others: Placement, sampled: Flags) -> Placement:
    """Return both in the order of the rows; `sampled` tells which are the fit's own."""
    whole = Placement.nowhere(len(sampled))
    whole.put(np.flatnonzero(sampled), own)
    whole.put(np.flatnonzero(~sampled), others)
    return whole
