"""What a worker does with one part once the desk is learned: say where each conversation belongs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import joblib
import numpy as np
import pyarrow as pa
from pyarrow import parquet

from kbsync.gaps.arrays import Flags
from kbsync.gaps.fitted import Fitted, Placement, Said
from kbsync.gaps.reading import PLACED

_CHUNK: Final = 4_096


class Task(NamedTuple):
    """A part that was read, where to write, where what was learned lies, and up to which lot it was learned from (-1: other rows)."""

    said: Path
    out: Path
    fitted: Path
    cut: int


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
    """Write where the part's conversations beyond the sample belong; a result that is there already is kept."""
    if not task.out.exists():
        fresh = task.out.with_suffix(".new")
        fitted = recall(task.fitted)
        with parquet.ParquetWriter(fresh, PLACED) as writer:
            for said in _chunks(task):
                writer.write_table(columns(fitted.place(said)))
        fresh.replace(task.out)
    return task.out


def _chunks(task: Task) -> Iterator[list[Said]]:
    with parquet.ParquetFile(task.said) as file:
        for batch in file.iter_batches(_CHUNK, columns=["id", "sentences", "locale", "lot"]):
            yield list(said(batch.filter(pa.array(batch.column("lot").to_numpy() > task.cut))))


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
