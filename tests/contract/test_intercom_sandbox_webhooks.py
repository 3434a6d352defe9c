"""The emulated Intercom notifies as the real one does."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Empty, Queue
from typing import Any, Self

import httpx
import pytest

from kbsync.conversations.model import Conversation, Message
from kbsync.sandbox.intercom import conversations, webhooks
from kbsync.sandbox.server import Sandbox


class Receiver:
    """Takes notifications; answers with the given statuses, then with 200."""

    def __init__(self, *statuses: int) -> None:
        self.bodies: Queue[tuple[bytes, str]] = Queue()
        statuses_left = list(statuses)
        bodies = self.bodies

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(statuses_left.pop(0) if statuses_left else 200)
                self.end_headers()
                bodies.put((body, self.headers["X-Hub-Signature"]))

            def log_message(self, *args: Any) -> None:
                """Stay silent."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def next(self) -> dict[str, Any]:
        return json.loads(self.bodies.get(timeout=10)[0])


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def api(sandbox: Sandbox) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {sandbox.intercom_token}"}
    with httpx.Client(base_url=sandbox.intercom_url, headers=headers) as client:
        yield client


def subscribe(sandbox: Sandbox, url: str, *topics: str) -> httpx.Response:
    return httpx.post(f"{sandbox.url}/_sandbox/webhooks", json={"url": url, "topics": list(topics)})


def test_articles(sandbox: Sandbox, api: httpx.Client) -> None:
    """Making, changing, publishing, taking back and deleting an article are told in their topics."""
    with Receiver() as receiver:
        subscribe(sandbox, receiver.url)
        assert receiver.next()["topic"] == "ping"
        id = api.post("/articles", json={"title": "T", "author_id": 991267}).json()["id"]
        created = receiver.next()
        assert (created["topic"], created["data"]["item"]["id"]) == ("article.created", id)
        assert (created["app_id"], created["type"]) == (sandbox.workspace, "notification_event")
        api.put(f"/articles/{id}", json={"state": "published"})
        assert {receiver.next()["topic"] for _ in range(2)} == {"article.updated", "article.published"}
        api.put(f"/articles/{id}", json={"state": "draft"})
        assert {receiver.next()["topic"] for _ in range(2)} == {"article.updated", "article.unpublished"}
        api.delete(f"/articles/{id}")
        deleted = receiver.next()
        assert (deleted["topic"], deleted["data"]["item"]) == (
            "article.deleted",
            {"type": "article", "id": id},
        )


def test_signature(sandbox: Sandbox) -> None:
    """The raw body is signed with HMAC-SHA1 of the client secret."""
    with Receiver() as receiver:
        subscribe(sandbox, receiver.url)
        body, signature = receiver.bodies.get(timeout=10)
        expected = hmac.new(sandbox.client_secret.encode(), body, hashlib.sha1).hexdigest()
        assert signature == f"sha1={expected}"


def test_conversations_by_topic(sandbox: Sandbox, api: httpx.Client) -> None:
    """A subscriber gets the topics it asked for and no others."""
    conversations.load(
        sandbox.store, [Conversation(id="7", created_at=1e9, messages=(Message("customer", "Hi"),))]
    )
    with Receiver() as receiver:
        subscribe(sandbox, receiver.url, "conversation.admin.closed")
        receiver.next()
        api.post("/conversations/7/reply", json={"message_type": "comment", "type": "admin", "body": "Hello"})
        api.post("/conversations/7/parts", json={"message_type": "close", "type": "admin"})
        assert receiver.next()["data"]["item"]["state"] == "closed"
        with pytest.raises(Empty):
            receiver.bodies.get(timeout=0.2)


def test_one_retry_and_gone(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed delivery is tried once more under the same id; 410 ends the subscription."""
    monkeypatch.setattr(webhooks, "RETRY_SECONDS", 0.05)
    with Receiver(500, 410) as receiver:
        subscribe(sandbox, receiver.url)
        first, second = receiver.next(), receiver.next()
        assert (first["id"], second["delivery_attempts"]) == (second["id"], 2)
        for _ in range(50):
            if not sandbox.store.all("webhook"):
                break
            threading.Event().wait(0.05)
        assert sandbox.store.all("webhook") == []


def test_loopback_only(sandbox: Sandbox) -> None:
    """Nothing is ever sent to another machine."""
    assert subscribe(sandbox, "https://example.com/hooks").status_code == 400
    assert subscribe(sandbox, "file:///tmp/x").status_code == 400
