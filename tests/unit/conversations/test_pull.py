"""The pull asks for little, never twice for the same, and forgets here what was deleted there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kbsync.conversations.model import Conversation, Message
from kbsync.conversations.pull import LAG, PER_PAGE, WEEK, Pulled, complete, conversation, pull
from kbsync.conversations.store import Store
from kbsync.errors import RemoteDown
from kbsync.replicas.intercom.client import IntercomClient
from kbsync.sandbox.intercom.conversations import load
from kbsync.sandbox.server import Sandbox

NOW = 1_790_000_000.0
DAY = 86_400
WINDOW = 5 * WEEK


@dataclass
class Desk:
    """A help desk in the sandbox, the store beside it, and the client between them."""

    box: Sandbox
    store: Store
    client: IntercomClient

    def closes(self, *ids: str, days_ago: float, **keys: Any) -> None:
        """Let conversations be closed so many days before now."""
        at = NOW - days_ago * DAY
        asked = Message("customer", "Where is my invoice?", at - 600)
        replied = Message("teammate", "Open Settings, then Billing.", at - 300)
        load(
            self.box.store,
            (Conversation(id, at - 600, (asked, replied), closed_at=at, **keys) for id in ids),
        )

    def pull(self, now: float = NOW, window: float = WINDOW) -> Pulled:
        return pull(self.client, self.store, now=now, window=window)

    def stored(self) -> set[str]:
        return {found.id for found in self.store.all()}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An empty help desk."""
    with Sandbox() as box, Store(tmp_path / "conversations.duckdb") as store:
        client = IntercomClient(box.intercom_url, box.intercom_token)
        yield Desk(box, store, client)
        client.close()


def numbered(count: int, start: int = 1) -> list[str]:
    return [str(number) for number in range(start, start + count)]


def test_a_pull_costs_a_search_a_page_and_a_week(desk: Desk) -> None:
    """Of 310 conversations in one week and none in four others all come, with one search a week and two more."""
    desk.closes(*numbered(310), days_ago=10)

    pulled = desk.pull()

    assert pulled == Pulled(fetched=310, purged=0, searches=WINDOW // WEEK + 310 // PER_PAGE)
    assert desk.stored() == set(numbered(310))


def test_only_what_was_resolved_inside_the_window_comes(desk: Desk) -> None:
    """What is still open, and what was closed before the window, stays where it is."""
    desk.closes("1", days_ago=3)
    desk.closes("2", days_ago=60)
    load(desk.box.store, [Conversation("3", NOW - DAY, (Message("customer", "Hello?"),))])

    desk.pull()

    assert desk.stored() == {"1"}


def test_a_second_pull_fetches_only_what_is_new(desk: Desk) -> None:
    """A day later one search brings the one conversation that was closed since."""
    desk.closes(*numbered(20), days_ago=10)
    desk.pull()
    desk.closes("100", days_ago=-0.5)

    assert desk.pull(now=NOW + DAY) == Pulled(fetched=1, purged=0, searches=1)
    assert len(desk.stored()) == 21


def test_what_the_search_index_showed_late_is_not_missed(desk: Desk) -> None:
    """A conversation closed shortly before the last pull, and found by search only after it, still comes."""
    desk.pull()
    desk.closes("7", days_ago=LAG / 2 / DAY)

    desk.pull(now=NOW + DAY)

    assert desk.stored() == {"7"}


def test_a_longer_window_fetches_what_is_older(desk: Desk) -> None:
    """Who first pulled a week and then asks for five gets the other four too."""
    desk.closes("1", days_ago=3)
    desk.closes("2", days_ago=30)
    desk.pull(window=WEEK)
    assert desk.stored() == {"1"}

    desk.pull(window=WINDOW)

    assert desk.stored() == {"1", "2"}


class DownAfter:
    """A client whose remote is down after so many searches."""

    def __init__(self, client: IntercomClient, searches: int) -> None:
        self.client = client
        self.left = searches

    def get(self, path: str, params: Any = None) -> dict[str, Any]:
        return self.client.get(path, params)

    def ask(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        if not self.left:
            raise RemoteDown("Intercom does not answer")
        self.left -= 1
        return self.client.ask(path, body)


@pytest.mark.parametrize("first_window", [None, WEEK])
def test_an_interrupted_pull_goes_on_where_it_stopped(desk: Desk, first_window: int | None) -> None:
    """When the remote goes down in the third week, the next pull searches the rest and no week twice."""
    desk.closes("1", days_ago=33)
    desk.closes("2", days_ago=2)
    if first_window:
        desk.pull(window=first_window)
    with pytest.raises(RemoteDown):
        pull(DownAfter(desk.client, 2), desk.store, now=NOW, window=WINDOW)
    assert "1" in desk.stored()

    resumed = desk.pull()

    assert desk.stored() == {"1", "2"}
    assert resumed.searches <= 4


def test_what_was_deleted_there_is_purged_here(desk: Desk) -> None:
    """A conversation that Intercom deleted is gone after the next pull, and is not counted again."""
    desk.closes(*numbered(3), days_ago=3)
    desk.pull()
    desk.client.write("DELETE", "/conversations/2")

    assert desk.pull(now=NOW + DAY).purged == 1
    assert desk.stored() == {"1", "3"}
    assert desk.pull(now=NOW + 2 * DAY).purged == 0


def test_the_search_brings_the_opening_and_completing_the_rest(desk: Desk) -> None:
    """A pulled conversation holds what the customer wrote first; completing adds the reply, for one request."""
    desk.closes("1", days_ago=3, people=("Ana Ruiz", "ana@example.com"), rating=2, reopens=1)
    desk.pull()
    found = next(desk.store.all())
    before = desk.client.requests()["GET"]

    whole = complete(desk.client, found)

    assert [m.text for m in found.messages] == ["Where is my invoice?"]
    assert [(m.role, m.text) for m in whole.messages] == [
        ("customer", "Where is my invoice?"),
        ("teammate", "Open Settings, then Billing."),
    ]
    assert (whole.rating, whole.reopens) == (2, 1)
    assert {"Ana Ruiz", "ana@example.com"} <= set(whole.people)
    assert desk.client.requests()["GET"] == before + 1


def test_completing_what_is_gone_keeps_what_is_known(desk: Desk) -> None:
    """A conversation that was deleted meanwhile stays as it was pulled."""
    gone = Conversation("404", NOW, (Message("customer", "Hello"),))

    assert complete(desk.client, gone) == gone


@pytest.mark.parametrize("kind", ["note", "note_and_reopen"])
def test_internal_notes_stay_inside(kind: str) -> None:
    """What teammates write to each other is no part of a conversation."""
    parts = [
        {"part_type": kind, "body": "<p>He is difficult</p>", "author": {"type": "admin"}},
        {"part_type": "comment", "body": "<p>Here you are</p>", "author": {"type": "admin"}},
    ]
    data = {"id": "1", "created_at": 1, "conversation_parts": {"conversation_parts": parts}}

    assert [m.text for m in conversation(data).messages] == ["Here you are"]


def test_time_to_close_is_no_handling_time() -> None:
    """How long a conversation lay open says nothing about the work it made."""
    statistics = {"time_to_last_close": 90_000, "last_close_at": 1_700_000_000}

    assert conversation({"id": "1", "statistics": statistics}).handling_seconds is None
    assert conversation({"id": "1", "statistics": statistics | {"handling_time": 90}}).handling_seconds == 90


def test_a_bare_object_is_a_conversation() -> None:
    """Every field of Intercom's object may be missing or null."""
    nothing = dict.fromkeys(
        (
            "created_at",
            "source",
            "statistics",
            "conversation_parts",
            "conversation_rating",
            "tags",
            "contacts",
        )
    )

    assert conversation({"id": 5, **nothing}) == Conversation("5", 0.0)
