"""From conversations and articles to the analysis: read, learn, place, judge; one path for any size."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
from pyarrow import parquet

from kbsync.conversations.model import Conversation
from kbsync.gaps.arrays import Integers
from kbsync.gaps.encode.base import Encoder, VectorCache
from kbsync.gaps.fitted import Fitted, Placement, fit
from kbsync.gaps.judging import Rows, conclude
from kbsync.gaps.model import Analysis, HelpText
from kbsync.gaps.parts import Parts, documents, split
from kbsync.gaps.placing import Task, gathered, joined, keep, place, said
from kbsync.gaps.reading import ROWS, extract, tasks
from kbsync.gaps.settings import GapSettings
from kbsync.gaps.spread import spread


def analyze(
    conversations: Iterable[Conversation],
    shelf: Sequence[HelpText],
    settings: GapSettings | None = None,
    *,
    encoder: Encoder | None = None,
    vectors_cache: VectorCache | None = None,
) -> Analysis:
    """Return topics, their verdicts, and where each conversation went; the same input gives the same analysis.

    Of conversations with one id the last counts. `encoder` overrides what the settings choose; vectors that
    `vectors_cache` holds are not computed again.

    Raises:
        ConfigError: the settings name a sentence encoder that is not on this machine.
    """
    settings = settings or GapSettings()
    with tempfile.TemporaryDirectory(prefix="kbsync-") as folder:
        parts = split(documents(conversations), Path(folder, "parts"), settings.part)
        return study(parts, Path(folder), shelf, settings, encoder=encoder, cache=vectors_cache)


def study(
    parts: Parts,
    folder: Path,
    shelf: Sequence[HelpText],
    settings: GapSettings,
    *,
    encoder: Encoder | None = None,
    cache: VectorCache | None = None,
) -> Analysis:
    """Analyse conversations that lie in parts; what passes between the workers is written below `folder`."""
    readings = spread(extract, tasks(parts, folder / "said"), settings.workers)
    lots = _column(readings, "lot")
    cut = _cut(lots, settings.sample)
    sample = [each for path in readings for each in said(_drawn(path, cut))]
    fitted, placed = fit(sample, shelf, settings, encoder=encoder, cache=cache, beyond=cut is not None)
    if cut is not None:
        placed = joined(placed, _others(readings, folder, fitted, cut, settings), lots <= cut)
    rows = pa.concat_tables([parquet.read_table(path, columns=ROWS.names) for path in readings] or [ROWS.empty_table()])
    recorded = {**msgspec.to_builtins(settings), "encoders": list(fitted.encoders)}
    return conclude(fitted, Rows(rows, placed), settings.min_topic_size, recorded)


def _column(readings: Sequence[Path], name: str) -> Integers:
    columns = [parquet.read_table(path, columns=[name])[name].to_numpy() for path in readings]
    return np.concatenate(columns) if columns else np.zeros(0, dtype=np.uint64)


def _cut(lots: Integers, most: int) -> int | None:
    """Return the largest lot that is drawn, None where all are."""
    return None if len(lots) <= most else int(np.partition(lots, most - 1)[most - 1])


def _drawn(path: Path, cut: int | None) -> pa.Table:
    table = parquet.read_table(path, columns=["id", "sentences", "locale", "lot"])
    return table if cut is None else table.filter(pa.array(table["lot"].to_numpy() <= cut))


def _others(
    readings: Sequence[Path], folder: Path, fitted: Fitted, cut: int, settings: GapSettings
) -> Placement:
    """Place what was not drawn, a worker a part."""
    learned = folder / "fitted.joblib"
    keep(fitted, learned)
    (folder / "placed").mkdir(exist_ok=True)
    todo = [Task(path, folder / "placed" / path.name, learned, cut) for path in readings]
    return gathered(spread(place, todo, settings.workers))
