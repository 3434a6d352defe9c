"""Conversations as Parquet for a warehouse: one file an ISO week, redacted, written whole."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from kbsync.conversations.model import Conversation
from kbsync.conversations.redact import redacted
from kbsync.errors import WriteFailed

BATCH = 5_000
_MESSAGE = pa.struct([("role", pa.string()), ("text", pa.string()), ("at", pa.float64())])
SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("created_at", pa.float64()),
        ("closed_at", pa.float64()),
        ("messages", pa.list_(_MESSAGE)),
        ("rating", pa.int8()),
        ("reopens", pa.int32()),
        ("handling_seconds", pa.int64()),
        ("tags", pa.list_(pa.string())),
        ("locale", pa.string()),
        ("fin_resolution", pa.string()),
        ("fin_sources", pa.list_(pa.string())),
    ]
)
"""The columns of a part; times are epoch seconds."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written."""

    conversations: int
    files: tuple[Path, ...]


def export(conversations: Iterable[Conversation], folder: Path) -> Exported:
    """Write the conversations, which come oldest first, as `conversations-<ISO week>.parquet`.

    A part replaces the one of the same week. Raises WriteFailed.
    """
    count, files = 0, list[Path]()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for week, part in groupby(conversations, key=_week):
            path = folder / f"conversations-{week}.parquet"
            count += _write(part, path)
            files.append(path)
    except OSError as error:
        raise WriteFailed(f"cannot be written: {error.strerror}", where=str(folder)) from error
    return Exported(count, tuple(files))


def _write(part: Iterable[Conversation], path: Path) -> int:
    temporary = path.with_suffix(".tmp")
    count = 0
    try:
        with parquet.ParquetWriter(temporary, SCHEMA, compression="zstd") as writer:
            for rows in _batches(part):
                writer.write_table(pa.Table.from_pylist(rows, schema=SCHEMA))
                count += len(rows)
        temporary.replace(path)
    finally:
        if temporary.exists():
            os.unlink(temporary)  # noqa: PTH108  Path.unlink would hide the first error behind its own
    return count


def _batches(part: Iterable[Conversation]) -> Iterator[list[dict[str, object]]]:
    rows = list[dict[str, object]]()
    for conversation in part:
        rows.append(_row(redacted(conversation)))
        if len(rows) == BATCH:
            yield rows
            rows = []
    if rows:
        yield rows


def _row(c: Conversation) -> dict[str, object]:
    return {
        "id": c.id,
        "created_at": c.created_at,
        "closed_at": c.closed_at,
        "messages": [{"role": m.role, "text": m.text, "at": m.at} for m in c.messages],
        "rating": c.rating,
        "reopens": c.reopens,
        "handling_seconds": c.handling_seconds,
        "tags": list(c.tags),
        "locale": c.locale,
        "fin_resolution": c.fin.resolution if c.fin else None,
        "fin_sources": list(c.fin.sources) if c.fin else [],
    }


def _week(c: Conversation) -> str:
    year, week, _ = datetime.fromtimestamp(c.created_at, UTC).isocalendar()
    return f"{year}-W{week:02d}"
