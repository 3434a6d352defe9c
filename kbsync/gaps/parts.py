"""Conversations as Parquet parts: what the analysis reads, a worker a part, whatever they came from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import pyarrow as pa
from pyarrow import parquet

from kbsync.conversations.model import Conversation

_SCHEMA: Final = pa.schema([("id", pa.string()), ("document", pa.binary()), ("digest", pa.string())])
_DECODER: Final = msgspec.json.Decoder(Conversation)
#: A part also ends where its texts grow past this, so that a worker's memory has a bound.
_MOST_BYTES: Final = 64_000_000


class Document(NamedTuple):
    """A conversation as it is stored: its id, its JSON, and a digest of that ("" where nothing is kept by it)."""

    id: str
    json: bytes
    digest: str = ""


class Parts(NamedTuple):
    """The parts in order, how many conversations they hold, in how many bytes of JSON.

    `replaced` holds (part, row) of conversations that came again later.
    """

    paths: tuple[Path, ...]
    size: int
    bytes: int = 0
    replaced: frozenset[tuple[int, int]] = frozenset()


def split(found: Iterable[Document], folder: Path, rows: int) -> Parts:
    """Write the documents as parts of at most so many rows; of two with one id the last counts."""
    folder.mkdir(parents=True, exist_ok=True)
    paths, place, replaced = list[Path](), dict[str, tuple[int, int]](), set[tuple[int, int]]()
    written = 0
    for number, batch in enumerate(_batches(found, rows)):
        for row, document in enumerate(batch):
            if document.id in place:
                replaced.add(place[document.id])
            place[document.id] = number, row
            written += len(document.json)
        paths.append(folder / f"part-{number:05}.parquet")
        columns = dict(zip(_SCHEMA.names, map(list, zip(*batch, strict=True)), strict=True))
        parquet.write_table(pa.table(columns, schema=_SCHEMA), paths[-1], compression="zstd")
    return Parts(tuple(paths), len(place), written, frozenset(replaced))


def read(path: Path) -> Iterator[Conversation]:
    """Yield the conversations of a part."""
    with parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(1_000, columns=["document"]):
            yield from map(_DECODER.decode, batch.column("document").to_pylist())


def digests(path: Path) -> Sequence[str]:
    """Return the digests of a part's documents, in order."""
    column: list[str] = parquet.read_table(path, columns=["digest"])["digest"].to_pylist()
    return column


def _batches(found: Iterable[Document], rows: int) -> Iterator[list[Document]]:
    batch, size = list[Document](), 0
    for document in found:
        batch.append(document)
        size += len(document.json)
        if len(batch) == rows or size > _MOST_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
