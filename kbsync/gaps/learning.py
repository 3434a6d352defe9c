"""The desk learned from all there is, or caught up with what came since: read, fit, place, a worker a part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute
from pyarrow import parquet

from kbsync.gaps import placing, reading
from kbsync.gaps.arrays import Integers
from kbsync.gaps.encode.base import Encoder, VectorCache
from kbsync.gaps.fitted import Fitted, Placement, fit
from kbsync.gaps.identify import identifier
from kbsync.gaps.model import HelpText
from kbsync.gaps.parts import Parts, split
from kbsync.gaps.settings import GapSettings
from kbsync.gaps.source import KNOWN, Source
from kbsync.gaps.spread import Workers, spread

#: Conversations of so few bytes are read, and so few of them placed, before other processes have begun.
_LITTLE: Final = 5_000_000
_FEW: Final = 16_000
#: When this share of the desk came or went since, it is learned anew.
_MOVED: Final = 0.05
#: Of what came since, at most this share and number may be like nothing known: else there is something new.
_STRANGE_SHARE: Final = 0.03
_STRANGE_COUNT: Final = 5


class Learned(NamedTuple):
    """What was learned, and all conversations with where they belong (columns `ROWS` and `PLACED`).

    `since` counts the conversations that came or went after it was fitted; `path` is where it was kept, if it was.
    """

    fitted: Fitted
    rows: pa.Table
    since: int = 0
    path: Path | None = None


def learn(
    source: Source,
    folder: Path,
    shelf: Sequence[HelpText],
    settings: GapSettings,
    *,
    encoder: Encoder | None = None,
    cache: VectorCache | None = None,
    beyond: bool = False,
    note: Callable[[str], None] = lambda _: None,
) -> Learned:
    """Learn from all conversations of the source; `beyond` says that others will be placed later."""
    note("Reading")
    parts = split(source.documents(KNOWN.empty_table()), folder / "parts", settings.part)
    with ThreadPoolExecutor(1) as meanwhile:
        meanwhile.submit(identifier)  # takes a second, and what is read needs it
        readings = _read(parts, folder, settings)
    lots = _lots(readings)
    cut = _cut(lots, settings.sample)
    sample = [each for path in readings for each in placing.said(_drawn(path, cut))]
    note("Learning")
    beyond = beyond or cut is not None
    fitted, placed = fit(sample, shelf, settings, encoder=encoder, cache=cache, beyond=beyond)
    if cut is not None:
        note("Placing")
        rest = _placed(readings, folder, placing.keep(fitted, folder / "fitted.joblib"), cut, settings)
        placed = placing.joined(placed, rest, lots <= cut)
    return Learned(fitted, _rows(readings, placed))


def catch_up(
    source: Source, known: Learned, folder: Path, settings: GapSettings, note: Callable[[str], None]
) -> Learned | None:
    """Return what was learned with what came since in its place; None where it must be learned anew."""
    note("Reading")
    present = source.present()
    here = pa.compute.is_in(known.rows["digest"], value_set=present["digest"])
    stay = known.rows.filter(here)
    parts = split(source.documents(stay.select(KNOWN.names)), folder / "parts", settings.part)
    moved = parts.size + known.rows.num_rows - stay.num_rows + known.since
    if moved > _MOVED * known.rows.num_rows:
        return None
    readings = _read(parts, folder, settings)
    note("Placing")
    near = known.path if not settings.workers.cluster else None
    placed = _placed(
        readings, folder, near or placing.keep(known.fitted, folder / "fitted.joblib"), -1, settings
    )
    if placed.strange.sum() > _STRANGE_COUNT + _STRANGE_SHARE * len(placed.strange):
        return None
    rows = pa.concat_tables([stay, _rows(readings, placed)])
    rows = rows.sort_by([("created_at", "ascending"), ("id", "ascending")])
    return known._replace(rows=rows, since=moved)


def _read(parts: Parts, folder: Path, settings: GapSettings) -> list[Path]:
    workers = _workers(settings, few=parts.bytes < _LITTLE)
    return spread(reading.extract, reading.tasks(parts, folder / "said"), workers)


def _placed(
    readings: Sequence[Path], folder: Path, learned: Path, cut: int, settings: GapSettings
) -> Placement:
    """Place what was not drawn, a worker some parts; a few are placed before other processes have begun."""
    rows = sum(parquet.read_metadata(path).num_rows for path in readings)
    workers = _workers(settings, few=rows <= _FEW)
    todo = placing.tasks(readings, folder / "placed", learned, cut, workers)
    return placing.gathered(spread(placing.place, todo, workers))


def _workers(settings: GapSettings, *, few: bool) -> Workers:
    """Return who works: this process alone where there is little to do, for others take seconds to begin."""
    return Workers(1) if few and not settings.workers.cluster else settings.workers


def _rows(readings: Sequence[Path], placed: Placement) -> pa.Table:
    tables = [parquet.read_table(path, columns=reading.ROWS.names) for path in readings]
    rows = pa.concat_tables(tables or [reading.ROWS.empty_table()])
    where = placing.columns(placed)
    for name in where.column_names:
        rows = rows.append_column(name, where[name])
    return rows


def _lots(readings: Sequence[Path]) -> Integers:
    columns = [parquet.read_table(path, columns=["lot"])["lot"].to_numpy() for path in readings]
    return np.concatenate([np.zeros(0, dtype=np.uint64), *columns])


def _cut(lots: Integers, most: int) -> int | None:
    """Return the largest lot that is drawn, None where all are."""
    return None if len(lots) <= most else int(np.partition(lots, most - 1)[most - 1])


def _drawn(path: Path, cut: int | None) -> pa.Table:
    table = parquet.read_table(path, columns=["id", "sentences", "locale", "lot"])
    return table if cut is None else table.filter(pa.array(table["lot"].to_numpy() <= cut))
