"""The store holds each conversation once, survives a crash, and forgets for good."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from kbsync.conversations.model import Conversation, Fin, Message
from kbsync.conversations.store import BATCH, Store
from kbsync.errors import ConversationError

FULL = Conversation(
    id="1",
    created_at=100.5,
    messages=(Message("customer", "Größe? 🎈 'quoted' \"too\"", 100.5), Message("bot", "…")),
    closed_at=200.0,
    rating=4,
    reopens=2,
    handling_seconds=60,
    tags=("billing",),
    locale="fr",
    fin=Fin("escalated", ("https://help.example.com/1",)),
    contact="c1",
    people=("Ana Ruiz", "ana@example.com"),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "conversations.duckdb"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store(path) as opened:
        yield opened


def many(count: int) -> Iterator[Conversation]:
    return (Conversation(f"{n:05}", float(n), contact=f"c{n % 2}") for n in range(count))


def test_what_is_put_comes_back_equal(path: Path) -> None:
    """A conversation comes out of a file, closed and opened again, with every field as it was."""
    with Store(path) as store:
        store.put([FULL])
    with Store(path) as store:
        assert list(store.all()) == [FULL]
        assert store.get(["1", "2"]) == {"1": FULL}


def test_an_id_stands_there_once(store: Store) -> None:
    """The last of equal ids counts, within one call and between calls."""
    changed = msgspec.structs.replace(FULL, rating=1)
    store.put([FULL, changed])
    assert list(store.all()) == [changed]

    store.put([FULL])

    assert list(store.all()) == [FULL]


def test_more_than_a_batch_streams_in_order(store: Store) -> None:
    """Batches are put whole and read oldest first."""
    assert store.put(many(2 * BATCH + 1)) == 2 * BATCH + 1

    assert [c.id for c in store.all(since=BATCH)] == [f"{n:05}" for n in range(BATCH, 2 * BATCH + 1)]


def test_a_failure_keeps_whole_batches(path: Path) -> None:
    """When the source breaks in the second batch, the first stays and nothing of the second is there."""

    def broken() -> Iterator[Conversation]:
        yield from many(BATCH + 10)
        raise RuntimeError

    with Store(path) as store, pytest.raises(RuntimeError):
        store.put(broken())
    with Store(path) as store:
        assert store.count() == BATCH


def test_a_contact_is_forgotten(store: Store, path: Path) -> None:
    """By id, name or mail address all conversations of a contact go, and no byte of their words stays."""
    for name in ("c1", "Ana Ruiz", "ana@example.com"):
        secret = msgspec.structs.replace(FULL, messages=(Message("customer", "xyzzy-secret"),))
        store.put([secret, Conversation("2", 1.0, contact="c2")])

        assert store.forget(name) == 1
        assert [c.id for c in store.all()] == ["2"]
        assert store.forget(name) == 0
    assert b"xyzzy-secret" not in path.read_bytes()


def test_retention_counts_from_the_closing(store: Store) -> None:
    """What was closed before a moment expires; what has no closing counts by its beginning."""
    store.put([Conversation("1", 10.0, closed_at=90.0), Conversation("2", 10.0), Conversation("3", 95.0)])

    assert store.expire(50.0) == 1
    assert {c.id for c in store.all()} == {"1", "3"}


def test_facts_are_remembered(path: Path) -> None:
    """A remembered string outlives the process; an unknown one is None."""
    with Store(path) as store:
        store.remember("pulled_until", "1")
        store.remember("pulled_until", "2")
    with Store(path) as store:
        assert (store.fact("pulled_until"), store.fact("other")) == ("2", None)


def test_a_file_that_is_no_store_is_one_clear_line(tmp_path: Path) -> None:
    """The error names the file and says what to do."""
    path = tmp_path / "conversations.duckdb"
    path.write_bytes(b"not a database" * 100)

    with pytest.raises(ConversationError) as caught:
        Store(path)

    assert str(path) in caught.value.line()
    assert "move the file away" in caught.value.line()
    assert "\n" not in caught.value.line()
