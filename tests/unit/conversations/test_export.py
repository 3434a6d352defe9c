"""What leaves for a warehouse is complete, redacted, and written whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyarrow import parquet

from kbsync.conversations.export import SCHEMA, export
from kbsync.conversations.model import Conversation, Fin, Message
from kbsync.errors import WriteFailed

MONDAY = 1_789_948_800.0  # 2026-09-21
WEEK = 7 * 86_400


def conversation(id: str, at: float = MONDAY, text: str = "Hello") -> Conversation:
    return Conversation(id, at, (Message("customer", text, at),), fin=Fin("escalated", ("https://a.test/1",)))


def test_there_is_a_part_for_each_week(tmp_path: Path) -> None:
    """Conversations of two weeks make two files, named by ISO week, with the promised columns."""
    made = export([conversation("1"), conversation("2"), conversation("3", MONDAY + WEEK)], tmp_path)

    assert made.conversations == 3
    assert [f.name for f in made.files] == [
        "conversations-2026-W39.parquet",
        "conversations-2026-W40.parquet",
    ]
    tables = [parquet.read_table(file) for file in made.files]
    assert [t.column("id").to_pylist() for t in tables] == [["1", "2"], ["3"]]
    assert all(t.schema.equals(SCHEMA) for t in tables)
    assert tables[1].to_pylist()[0]["messages"] == [
        {"role": "customer", "text": "Hello", "at": MONDAY + WEEK}
    ]


def test_nobody_is_named(tmp_path: Path) -> None:
    """Names on record, mail addresses and the contact's id are in no byte of a part."""
    found = Conversation(
        "1",
        MONDAY,
        (Message("customer", "I am Zebulon Quirk, write to zeb@example.com"),),
        contact="contact-4711",
        people=("Zebulon Quirk",),
    )

    (file,) = export([found], tmp_path).files

    row = str(parquet.read_table(file).to_pylist())
    assert "[name]" in row
    assert not any(word in row for word in ("Zebulon", "Quirk", "zeb@", "contact-4711"))


def test_a_failure_leaves_the_last_part(tmp_path: Path) -> None:
    """When the source breaks, the part of the week stays as it was and no temporary file is left."""
    export([conversation("1")], tmp_path)

    def broken() -> Iterator[Conversation]:
        yield conversation("2")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        export(broken(), tmp_path)

    (file,) = tmp_path.iterdir()
    assert parquet.read_table(file).column("id").to_pylist() == ["1"]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """The error names the folder."""
    blocked = tmp_path / "file"
    blocked.write_text("")

    with pytest.raises(WriteFailed) as caught:
        export([conversation("1")], blocked)

    assert str(blocked) in caught.value.line()
