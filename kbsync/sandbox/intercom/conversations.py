"""Conversations: loading them, and showing, answering, closing and deleting them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from html import escape, unescape
from typing import Any, Final

from kbsync.conversations.model import Conversation, Message
from kbsync.sandbox.intercom import contacts, paging, search, tags, webhooks
from kbsync.sandbox.intercom.calls import Call
from kbsync.sandbox.intercom.problems import absent, invalid, missing
from kbsync.sandbox.intercom.workspace import ADMINS, BOT_ID, Workspace, admin_email
from kbsync.sandbox.store import Doc, Store

MAX_PARTS: Final = 500
_SUPPORT: Final = "991269"
_RESOLUTIONS: Final = frozenset(
    {"assumed_resolution", "confirmed_resolution", "escalated", "negative_feedback", "procedure_handoff"}
)
_LINK = re.compile(r'<a\b[^>]*href="([^"]*)"[^>]*>(.*?)</a>', re.DOTALL)
_BREAK = re.compile(r"<br\s*/?>|</p>|</li>|</h\d>")
_TAG = re.compile(r"<[^>]*>")


def load(store: Store, conversations: Iterable[Conversation]) -> int:
    """Put conversations, their contacts, companies and tags into the main workspace; return how many."""
    space, count = Workspace(store), 0
    with store.transaction():
        for conversation in conversations:
            for doc in contacts.records(conversation):
                space.put(doc["type"], doc)
            space.put("conversation", as_intercom(conversation, space))
            count += 1
    return count


def as_intercom(conversation: Conversation, space: Workspace | None = None) -> dict[str, Any]:
    """Return a conversation as `GET /conversations/{id}` gives it.

    With a workspace its tags are made there; without one their ids are made of their names.
    """
    contact = contacts.person(conversation)
    opening, *rest = conversation.messages or (Message("customer", ""),)
    parts = [_part(conversation, number, message, contact) for number, message in enumerate(rest, 1)]
    parts += _closing(conversation, len(rest) + 1)
    closed = conversation.closed_at is not None
    return {
        "type": "conversation",
        "id": conversation.id,
        "title": None,
        "created_at": int(conversation.created_at),
        "updated_at": int(max([conversation.created_at, *(part["created_at"] for part in parts)])),
        "waiting_since": None,
        "snoozed_until": None,
        "open": not closed,
        "state": "closed" if closed else "open",
        "read": True,
        "priority": "none",
        "admin_assignee_id": int(_SUPPORT),
        "team_assignee_id": 0,
        "company": contacts.company(conversation),
        "tags": {"type": "tag.list", "tags": [_tag(name, conversation, space) for name in conversation.tags]},
        "conversation_rating": _rating(conversation, contact),
        "source": _source(conversation, opening, contact),
        "contacts": {
            "type": "contact.list",
            "contacts": [{"type": "contact", "id": contact["id"], "external_id": contact["external_id"]}],
        },
        "teammates": {"type": "admin.list", "teammates": [{"type": "admin", "id": _SUPPORT}]},
        "custom_attributes": {"Language": conversation.locale} if conversation.locale else {},
        "first_contact_reply": _first_reply(conversation),
        "sla_applied": None,
        "statistics": _statistics(conversation, len(parts)),
        "conversation_parts": {
            "type": "conversation_part.list",
            "conversation_parts": parts,
            "total_count": len(parts),
        },
        "linked_objects": {"type": "list", "data": [], "total_count": 0, "has_more": False},
        **_ai_agent(conversation),
        "channel": {"initial": "messenger", "current": "messenger"},
    }


def _source(conversation: Conversation, opening: Message, contact: Doc) -> dict[str, Any]:
    return {
        "type": "conversation",
        "id": _number(conversation.id, "source"),
        "delivered_as": "customer_initiated" if opening.role == "customer" else "operator_initiated",
        "subject": "",
        "body": _html(opening.text),
        "author": _author(opening.role, contact),
        "attachments": [],
        "url": None,
        "redacted": False,
    }


def _author(role: str, contact: Doc) -> dict[str, Any]:
    if role == "customer":
        who = {
            "type": contact["role"],
            "id": contact["id"],
            "name": contact["name"],
            "email": contact["email"],
        }
    elif role == "teammate":
        who = {"type": "admin", "id": _SUPPORT, "name": ADMINS[_SUPPORT], "email": admin_email(_SUPPORT)}
    else:
        who = {"type": "bot", "id": BOT_ID, "name": "Fin", "email": "operator+sandbox1@intercom.io"}
    return who


def _part(conversation: Conversation, number: int, message: Message, contact: Doc) -> dict[str, Any]:
    at = int(message.at if message.at is not None else conversation.created_at + 60 * number)
    author = _author(message.role, contact)
    author |= {"from_ai_agent": message.role == "bot", "is_ai_answer": False}
    return part(_number(conversation.id, number), "comment", _html(message.text), at, author)


def part(id: str, kind: str, body: str | None, at: int, author: dict[str, Any]) -> dict[str, Any]:
    """Return a conversation part."""
    return {
        "type": "conversation_part",
        "id": id,
        "part_type": kind,
        "body": body,
        "created_at": at,
        "updated_at": at,
        "notified_at": at,
        "assigned_to": None,
        "author": author,
        "attachments": [],
        "external_id": None,
        "redacted": False,
        "tags": [],
    }


def _closing(conversation: Conversation, number: int) -> list[dict[str, Any]]:
    if conversation.closed_at is None:
        return []
    author = _author("teammate", {}) | {"from_ai_agent": False, "is_ai_answer": False}
    return [part(_number(conversation.id, number), "close", None, int(conversation.closed_at), author)]


def _html(text: str) -> str:
    """Return plain text as Intercom's composer writes it: a paragraph a block, a break a line."""
    blocks = [block for block in re.split(r"\n{2,}", text.strip()) if block]
    return "".join(
        f'<p class="no-margin">{escape(block, quote=False).replace(chr(10), "<br>")}</p>' for block in blocks
    )


def _number(id: str, salt: object) -> str:
    """Return an id of digits, always the same for the same thing."""
    return str(int(hashlib.sha256(f"{id}/{salt}".encode()).hexdigest()[:12], 16))


def _tag(name: str, conversation: Conversation, space: Workspace | None) -> dict[str, Any]:
    id = tags.ensure(space, name)["id"] if space else _number(name, "tag")
    applied_by = {"type": "admin", "id": _SUPPORT}
    applied = {"applied_at": int(conversation.created_at), "applied_by": applied_by}
    return {"type": "tag", "id": id, "name": name, **applied}


def _rating(conversation: Conversation, contact: Doc) -> dict[str, Any] | None:
    if conversation.rating is None:
        return None
    at = int(conversation.closed_at or conversation.created_at)
    return {
        "rating": conversation.rating,
        "remark": "",
        "created_at": at,
        "updated_at": at,
        "contact": {"type": "contact", "id": contact["id"], "external_id": contact["external_id"]},
        "teammate": {"type": "admin", "id": _SUPPORT},
    }


def _times(conversation: Conversation, role: str) -> list[int]:
    return [int(m.at) for m in conversation.messages if m.role == role and m.at is not None]


def _first_reply(conversation: Conversation) -> dict[str, Any] | None:
    if all(message.role != "customer" for message in conversation.messages):
        return None
    at = (_times(conversation, "customer") or [int(conversation.created_at)])[0]
    return {"created_at": at, "type": "conversation", "url": None}


def _statistics(conversation: Conversation, parts: int) -> dict[str, Any]:
    """Return the counters; what never happened is left out."""
    start, closed = int(conversation.created_at), conversation.closed_at
    customer, admin = _times(conversation, "customer"), _times(conversation, "teammate")
    found: dict[str, Any] = {
        "type": "conversation_statistics",
        "count_reopens": conversation.reopens,
        "count_assignments": 1,
        "count_conversation_parts": parts,
    }
    if customer:
        found |= {"first_contact_reply_at": customer[0], "last_contact_reply_at": customer[-1]}
    if admin:
        found |= {"first_admin_reply_at": admin[0], "last_admin_reply_at": admin[-1]}
        found["time_to_admin_reply"] = max(0, admin[0] - start)
    if closed is not None:
        found |= {"first_close_at": int(closed), "last_close_at": int(closed), "last_closed_by_id": _SUPPORT}
        found |= {"time_to_first_close": int(closed) - start, "time_to_last_close": int(closed) - start}
    if conversation.handling_seconds is not None:
        found |= {"handling_time": conversation.handling_seconds}
    return found


def _ai_agent(conversation: Conversation) -> dict[str, Any]:
    fin = conversation.fin
    if fin is None:
        return {"ai_agent_participated": False}
    sources = [
        {
            "content_type": "article",
            "url": url,
            "title": url.rsplit("/", 1)[-1],
            "locale": conversation.locale or "en",
        }
        for url in fin.sources
    ]
    agent = {
        "source_type": "profile",
        "source_title": None,
        "last_answer_type": "ai_answer",
        "resolution_state": fin.resolution if fin.resolution in _RESOLUTIONS else None,
        "rating": None,
        "rating_remark": None,
        "content_sources": {
            "type": "content_source.list",
            "content_sources": sources,
            "total_count": len(sources),
        },
    }
    return {"ai_agent_participated": True, "ai_agent": agent}


def listed(conversation: Doc) -> dict[str, Any]:
    """Return a conversation as lists and searches show it: without its parts."""
    return {name: value for name, value in conversation.items() if name != "conversation_parts"}


def _whole(call: Call, conversation: Doc) -> dict[str, Any]:
    """Return a conversation with its most recent 500 parts, as HTML or plain text."""
    parts = conversation["conversation_parts"]["conversation_parts"][-MAX_PARTS:]
    shown = {
        **conversation,
        "conversation_parts": {**conversation["conversation_parts"], "conversation_parts": parts},
    }
    if call.query("display_as") == "plaintext":
        shown["source"] = {**shown["source"], "body": plain(shown["source"]["body"])}
        plain_parts = [{**p, "body": p["body"] and plain(p["body"])} for p in parts]
        shown["conversation_parts"] = {**shown["conversation_parts"], "conversation_parts": plain_parts}
    return shown


def plain(body: str) -> str:
    """Return HTML as `display_as=plaintext` shows it: links become `label (address)`."""
    text = _LINK.sub(lambda match: f"{match[2]} ({match[1]})", body)
    return unescape(_TAG.sub("", _BREAK.sub("\n", text))).strip()


def _find(call: Call) -> Doc:
    conversation = call.space.get("conversation", call.path("id"))
    if conversation is None:
        raise missing("Resource Not Found")
    return conversation


def get_conversation(call: Call) -> dict[str, Any]:
    """Show one conversation."""
    return _whole(call, _find(call))


def list_conversations(call: Call) -> dict[str, Any]:
    """List all conversations by cursor."""
    per_page = paging.number(call, "per_page", 20, 150)
    return _page(call.space.all("conversation"), per_page, call.query("starting_after") or None)


def search_conversations(call: Call) -> dict[str, Any]:
    """Find conversations by the query language, as late as the search index runs."""
    query = call.body.get("query")
    if not isinstance(query, dict):
        raise absent("query is required", "query")
    condition = search.compiled(query)
    pagination = call.body.get("pagination") or {}
    per_page = pagination.get("per_page", 20)
    if not isinstance(per_page, int) or not 1 <= per_page <= 150:  # noqa: PLR2004  the documented maximum
        raise invalid("per_page must be between 1 and 150", "pagination.per_page")
    known = call.space.store.lagged(call.space.kind("conversation"), call.lag)
    hits = [conversation for conversation in known if condition(conversation)]
    return _page(hits, per_page, pagination.get("starting_after"))


def _page(found: list[Doc], per_page: int, after: str | None) -> dict[str, Any]:
    def key(conversation: Doc) -> list[Any]:
        return [-conversation["updated_at"], conversation["id"]]

    shown, pages = paging.cursored(sorted(found, key=key), key, per_page=per_page, after=after)
    return {
        "type": "conversation.list",
        "pages": pages,
        "total_count": len(found),
        "conversations": [listed(conversation) for conversation in shown],
    }


def delete_conversation(call: Call) -> dict[str, Any]:
    """Remove a conversation; its id stays in the list of deleted ones."""
    conversation = _find(call)
    call.space.delete("conversation", conversation["id"])
    note = {"type": "conversation", "id": conversation["id"], "metrics_retained": False}
    call.space.put("deleted_conversation", {**note, "deleted_at": call.space.now()})
    webhooks.emit(call, "conversation.deleted", {"type": "conversation", "id": conversation["id"]})
    return {"id": conversation["id"], "object": "conversation", "deleted": True}


def list_deleted(call: Call) -> dict[str, Any]:
    """List the ids of deleted conversations."""
    notes = call.space.all("deleted_conversation")
    items = notes if call.query("order") == "asc" else notes[::-1]
    found = paging.numbered(call, items, dict, default=20, maximum=60)
    pages = found["pages"] or {"type": "pages", "page": 1, "per_page": 20, "total_pages": 1}
    pages = {**pages, "page": int(pages["page"]), "per_page": int(pages["per_page"])}
    return {
        "type": "conversations.list",
        "pages": pages,
        "total_count": found["total_count"],
        "conversations": found["data"],
    }


def reply(call: Call) -> dict[str, Any]:
    """Add a comment or a note of a teammate, or a comment of the contact."""
    kind, by = call.body.get("message_type", "comment"), call.body.get("type", "admin")
    if not isinstance(call.body.get("body"), str) or kind not in ("comment", "note"):
        raise invalid("body and a message_type of comment or note are required")
    topic = {"user": "conversation.user.replied"}.get(
        by, f"conversation.admin.{'noted' if kind == 'note' else 'replied'}"
    )
    body = call.body["body"]
    return _added(call, kind, body if body.startswith("<") else _html(body), by, topic)


def manage(call: Call) -> dict[str, Any]:
    """Close, open or snooze a conversation."""
    moves = {"close": "closed", "open": "open", "snoozed": "snoozed"}
    kind = call.body.get("message_type")
    if kind not in moves:
        raise invalid("message_type must be close, open or snoozed", "message_type")
    topic = {"close": "closed", "open": "opened", "snoozed": "snoozed"}[kind]
    return _added(call, kind, None, "admin", f"conversation.admin.{topic}", state=moves[kind])


def _added(call: Call, kind: str, body: str | None, by: str, topic: str, state: str = "") -> dict[str, Any]:
    before, now = _find(call), call.space.now()
    contact = call.space.get("contact", before["contacts"]["contacts"][0]["id"]) or {}
    author = _author("customer" if by == "user" else "teammate", contact)
    author |= {"from_ai_agent": False, "is_ai_answer": False}
    id = str(call.space.next_id("part", 600_001))
    parts = [*before["conversation_parts"]["conversation_parts"], part(id, kind, body, now, author)]
    after = {
        **before,
        "updated_at": now,
        "conversation_parts": {
            **before["conversation_parts"],
            "conversation_parts": parts,
            "total_count": len(parts),
        },
        "statistics": _counted(before, state, now, len(parts)),
    }
    if state:
        after |= {"state": state, "open": state == "open"}
    call.space.put("conversation", after)
    webhooks.emit(call, topic, listed(after))
    return _whole(call, after)


def _counted(before: Doc, state: str, now: int, parts: int) -> dict[str, Any]:
    counters = {**(before["statistics"] or {}), "count_conversation_parts": parts}
    if state == "closed":
        counters |= {"last_close_at": now, "last_closed_by_id": _SUPPORT}
        counters.setdefault("first_close_at", now)
    if state == "open" and before["state"] == "closed":
        counters["count_reopens"] = counters.get("count_reopens", 0) + 1
    return counters
