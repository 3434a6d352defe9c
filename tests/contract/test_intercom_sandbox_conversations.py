"""Conversations of the emulated Intercom: the query language, cursors, parts, people."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from kbsync.conversations.model import Conversation, Fin, Message
from kbsync.sandbox.intercom import conversations
from kbsync.sandbox.server import Sandbox

START = 1_780_000_000


def conversation(number: int, **fields: Any) -> Conversation:
    messages = (
        Message("customer", f"How do I get a refund?\nOrder {number}", START + number),
        Message("bot", "Let me look. Give the team a way to reach you:", START + number + 5),
        Message("teammate", "Open Billing & press <Refund>.", START + number + 60),
    )
    told: dict[str, Any] = {
        "messages": messages,
        "closed_at": START + number + 600,
        "people": ("Jo Doe", "jo@example.com", "+44 20 7946 0000", "Acme Ltd"),
        "tags": ("billing",),
        "rating": 4,
        "fin": Fin("escalated", ("https://help.kbsync.test/en/articles/1-refunds",)),
    }
    return Conversation(id=str(1000 + number), created_at=START + number, **(told | fields))


class TestConversations:
    @pytest.fixture
    def loaded(self, sandbox: Sandbox) -> None:
        conversations.load(sandbox.store, [conversation(n, reopens=n % 2) for n in range(30)])

    def _search(self, api: httpx.Client, *filters: tuple[str, str, Any], **pagination: Any) -> dict[str, Any]:
        value = [{"field": field, "operator": operator, "value": value} for field, operator, value in filters]
        query = {"query": {"operator": "AND", "value": value}, "pagination": pagination or {"per_page": 150}}
        answer = api.post("/conversations/search", json=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def test_closed_in_a_window(self, api: httpx.Client, loaded: None) -> None:
        """Closed conversations are found by the time they were last closed; both ends count."""
        window = (
            ("state", "=", "closed"),
            ("statistics.last_close_at", ">", START + 610),
            ("statistics.last_close_at", "<", str(START + 612)),
        )
        found = self._search(api, *window)["conversations"]
        assert sorted(c["id"] for c in found) == ["1010", "1011", "1012"]
        assert all("conversation_parts" not in c and c["source"]["body"].startswith("<p") for c in found)

    def test_cursor_walks_everything_once(self, api: httpx.Client, loaded: None) -> None:
        """Following the cursor shows every conversation once, also when some are deleted on the way."""
        seen: list[str] = []
        pagination: dict[str, Any] | None = {"per_page": 7}
        while pagination:
            page = self._search(api, ("open", "=", False), **pagination)
            seen += [c["id"] for c in page["conversations"]]
            if len(seen) == 7:
                api.delete(f"/conversations/{seen[0]}")
            pagination = page["pages"].get("next")
        assert (len(seen), len(set(seen))) == (30, 30)

    @pytest.mark.parametrize(
        ("field", "operator", "value", "count"),
        [("source.body", "~", "refund", 30), ("source.body", "~", "a refund", 0), ("statistics.count_reopens", "=", 1, 15),
         ("conversation_rating.score", "IN", [3, 4], 30), ("tag_ids", "NIN", ["1"], 30), ("ai_agent.resolution_state", "=", "escalated", 30),
         ("source.author.email", "$", "example.com", 30), ("id", "^", "101", 10), ("contact_ids", "!=", "x", 30),
         ("source.author.name", "!~", "jo", 0), ("ai_agent_participated", "=", True, 30), ("waiting_since", ">", 0, 0)],
    )  # fmt: skip
    def test_operators(
        self, api: httpx.Client, loaded: None, field: str, operator: str, value: Any, count: int
    ) -> None:
        """Each operator means what the reference says; a body matches single words only."""
        assert self._search(api, (field, operator, value))["total_count"] == count

    def test_refused_queries(self, api: httpx.Client, loaded: None) -> None:
        """Sixteen filters, three levels, unknown fields, operators and cursors, and 151 a page are refused."""
        one = {"field": "state", "operator": "=", "value": "closed"}
        nested: dict[str, Any] = one
        for _ in range(3):
            nested = {"operator": "AND", "value": [nested]}
        bad: list[dict[str, Any]] = [
            {"query": {"operator": "AND", "value": [one] * 16}},
            {"query": nested},
            {"query": {**one, "field": "body"}},
            {"query": {**one, "operator": "<="}},
            {"query": {**one, "operator": "IN"}},
            {"query": {"field": "created_at", "operator": ">", "value": "soon"}},
            {"query": one, "pagination": {"per_page": 151}},
            {"query": one, "pagination": {"starting_after": "x"}},
            {},
        ]
        assert [api.post("/conversations/search", json=body).status_code for body in bad] == [400] * len(bad)
        either = {"operator": "OR", "value": [one] * 15}
        both = {"query": {"operator": "AND", "value": [either] * 15}}
        assert api.post("/conversations/search", json=both).json()["total_count"] == 30

    def test_parts_and_people(self, api: httpx.Client, loaded: None) -> None:
        """The opening is the source, replies are parts with their authors, people and company have records."""
        shown = api.get("/conversations/1003").json()
        assert shown["source"]["body"] == '<p class="no-margin">How do I get a refund?<br>Order 3</p>'
        parts = shown["conversation_parts"]["conversation_parts"]
        assert [(p["part_type"], p["author"]["type"]) for p in parts] == [
            ("comment", "bot"),
            ("comment", "admin"),
            ("close", "admin"),
        ]
        assert "Billing &amp; press &lt;Refund&gt;." in parts[1]["body"]
        contact = api.get(f"/contacts/{shown['contacts']['contacts'][0]['id']}").json()
        assert (contact["name"], contact["email"], contact["phone"]) == (
            "Jo Doe",
            "jo@example.com",
            "+44 20 7946 0000",
        )
        assert api.get(f"/contacts/{contact['id']}/companies").json()["companies"][0]["name"] == "Acme Ltd"
        assert shown["ai_agent"]["content_sources"]["content_sources"][0]["url"].endswith("1-refunds")

    def test_plain_text(self, api: httpx.Client, loaded: None) -> None:
        """`display_as=plaintext` gives texts without markup."""
        shown = api.get("/conversations/1003", params={"display_as": "plaintext"}).json()
        assert shown["source"]["body"] == "How do I get a refund?\nOrder 3"

    def test_five_hundred_parts_at_most(self, api: httpx.Client, sandbox: Sandbox) -> None:
        """A very long conversation comes with its last 500 parts; the opening is still the source."""
        messages = tuple(Message("customer", f"m{n}", START + n) for n in range(700))
        conversations.load(sandbox.store, [conversation(1, messages=messages)])
        shown = api.get("/conversations/1001").json()
        parts = shown["conversation_parts"]
        assert (len(parts["conversation_parts"]), parts["total_count"]) == (500, 700)
        assert shown["source"]["body"] == '<p class="no-margin">m0</p>'

    def test_deleted_ones_are_listed(self, api: httpx.Client, loaded: None) -> None:
        """A deleted conversation is gone, and its id is known to be deleted."""
        api.delete("/conversations/1003")
        assert api.get("/conversations/1003").status_code == 404
        assert [note["id"] for note in api.get("/conversations/deleted").json()["conversations"]] == ["1003"]

    def test_reopening_counts(self, api: httpx.Client, loaded: None, sandbox: Sandbox) -> None:
        """Reply, reopen and close move the state, the parts and the counters."""
        admin = {"type": "admin", "admin_id": "991269"}
        api.post("/conversations/1002/parts", json={**admin, "message_type": "open"})
        api.post("/conversations/1002/reply", json={**admin, "message_type": "comment", "body": "Done."})
        sandbox.store.clock.advance(50)
        closed = api.post("/conversations/1002/parts", json={**admin, "message_type": "close"}).json()
        assert (closed["state"], closed["statistics"]["count_reopens"]) == ("closed", 1)
        assert closed["statistics"]["last_close_at"] == closed["updated_at"]

    def test_list_by_cursor(self, api: httpx.Client, loaded: None) -> None:
        """The plain list pages by cursor as well."""
        first = api.get("/conversations", params={"per_page": 20}).json()
        after = first["pages"]["next"]["starting_after"]
        rest = api.get("/conversations", params={"per_page": 20, "starting_after": after}).json()
        assert len({c["id"] for c in first["conversations"] + rest["conversations"]}) == 30
