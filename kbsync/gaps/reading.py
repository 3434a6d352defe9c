"""What a worker takes from one part: who asked what, and the few numbers that a verdict needs; no other words."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pyarrow as pa
from pyarrow import parquet

from kbsync.conversations.model import Conversation, Fin, Message
from kbsync.gaps.parts import Parts, digests, read
from kbsync.gaps.sentences import telling

_STRINGS: Final = pa.list_(pa.string())
ROWS: Final = pa.schema(
    [
        ("id", pa.string()),
        ("digest", pa.string()),
        ("created_at", pa.float64()),
        ("rating", pa.int8()),
        ("reopens", pa.int64()),
        ("handling_seconds", pa.int64()),
        ("fin", pa.string()),
        ("links", _STRINGS),
        ("sources", _STRINGS),
    ]
)
"""A conversation as it is judged: no words but the addresses that it was answered with."""

PLACED: Final = pa.schema(
    [
        ("topic", pa.int32()),
        ("coverage", pa.float64()),
        ("article", pa.int32()),
        ("silent", pa.bool_()),
        ("strange", pa.bool_()),
    ]
)
"""Where it belongs: the columns of a `fitted.Placement`."""

SCHEMA: Final = pa.schema([*ROWS, ("locale", pa.string()), ("sentences", _STRINGS), ("lot", pa.uint64())])
"""And with what the customer said; `lot` draws the sample, the same for one id in every run."""


class Task(NamedTuple):
    """A part to read, where to write, and the rows to pass over."""

    part: Path
    out: Path
    skipped: frozenset[int] = frozenset()


def tasks(parts: Parts, folder: Path) -> list[Task]:
    """Return one task for each part."""
    folder.mkdir(parents=True, exist_ok=True)
    return [
        Task(path, folder / path.name, frozenset(row for part, row in parts.replaced if part == number))
        for number, path in enumerate(parts.paths)
    ]


def extract(task: Task) -> Path:
    """Write what the part's conversations say; a result that is there already is kept."""
    if not task.out.exists():
        fresh = task.out.with_suffix(".new")
        parquet.write_table(pa.Table.from_pylist(list(_rows(task)), schema=SCHEMA), fresh)
        fresh.replace(task.out)
    return task.out


def _rows(task: Task) -> Iterator[dict[str, object]]:
    for row, (found, digest) in enumerate(zip(read(task.part), digests(task.part), strict=True)):
        if row not in task.skipped:
            yield {
                "id": found.id,
                "digest": digest,
                "created_at": found.created_at,
                "rating": found.rating,
                "reopens": found.reopens,
                "handling_seconds": found.handling_seconds,
                "fin": found.fin.resolution if found.fin else None,
                "links": list(_links(found)),
                "sources": list(found.fin.sources) if found.fin else [],
                "locale": found.locale,
                "sentences": telling(found),
                "lot": lot(found.id),
            }


def _links(found: Conversation) -> Iterator[str]:
    """Yield the words with a slash that a customer was answered with."""
    for message in found.messages:
        if message.role != "customer" and "/" in message.text:
            yield from (word for word in message.text.split() if "/" in word)


def lot(id: str) -> int:
    """Return a number that looks drawn by chance and depends on the id alone."""
    return int.from_bytes(hashlib.blake2b(id.encode(), digest_size=8).digest())


def judged(rows: pa.Table) -> list[Conversation]:
    """Return rows as the conversations that verdict and impact look at."""
    columns = (rows[name].to_pylist() for name in ROWS.names if name != "digest")
    return [
        Conversation(
            id=id,
            created_at=created_at,
            messages=(Message("teammate", " ".join(links)),) if links else (),
            rating=rating,
            reopens=reopens,
            handling_seconds=handling,
            fin=None if fin is None else Fin(fin, tuple(sources)),
        )
        for id, created_at, rating, reopens, handling, fin, links, sources in zip(*columns, strict=True)
    ]
