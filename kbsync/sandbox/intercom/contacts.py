"""The people and companies that conversations belong to."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from kbsync.conversations.model import Conversation
from kbsync.sandbox import accounts
from kbsync.sandbox.intercom import paging
from kbsync.sandbox.intercom.calls import Call
from kbsync.sandbox.intercom.problems import invalid, missing
from kbsync.sandbox.store import Doc

_PHONE = re.compile(r"\+?[\d\s()./-]{6,}")


def records(conversation: Conversation) -> list[Doc]:
    """Return the contact and, where one is named, the company of a conversation."""
    found = company(conversation)
    return [person(conversation)] + ([found] if found else [])


def _strings(conversation: Conversation) -> dict[str, str]:
    """Tell apart what a conversation says of its people: the first name is the person, the second the firm."""
    found: dict[str, str] = {}
    for text in conversation.people:
        kind = "email" if "@" in text else "phone" if _PHONE.fullmatch(text) else "name"
        found.setdefault("company" if kind == "name" and "name" in found else kind, text)
    return found


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def person(conversation: Conversation) -> Doc:
    """Return the contact record of a conversation."""
    known = _strings(conversation)
    at = int(conversation.created_at)
    id = conversation.contact or _digest(known.get("email", conversation.id))
    email = known.get("email", "")
    return {
        "type": "contact",
        "id": id,
        "external_id": None,
        "workspace_id": accounts.WORKSPACE,
        "role": "user",
        "email": email,
        "email_domain": email.rpartition("@")[2],
        "phone": known.get("phone"),
        "name": known.get("name"),
        "owner_id": None,
        "has_hard_bounced": False,
        "marked_email_as_spam": False,
        "unsubscribed_from_emails": False,
        "created_at": at,
        "updated_at": at,
        "last_seen_at": at,
        "last_replied_at": at,
        "language_override": conversation.locale,
        "custom_attributes": {},
        "location": {"type": "location", "country": None, "region": None, "city": None},
        "companies": _companies(id, company(conversation)),
    }


def _companies(contact: str, found: Doc | None) -> dict[str, Any]:
    data = [{"type": "company", "id": found["id"], "url": f"/companies/{found['id']}"}] if found else []
    url = f"/contacts/{contact}/companies"
    return {"data": data, "url": url, "total_count": len(data), "has_more": False}


def company(conversation: Conversation) -> Doc | None:
    """Return the company record of a conversation, None when it names none."""
    name = _strings(conversation).get("company")
    if name is None:
        return None
    id, at = _digest(name), int(conversation.created_at)
    return {
        "type": "company",
        "id": id,
        "company_id": id[:8],
        "app_id": accounts.WORKSPACE,
        "name": name,
        "created_at": at,
        "updated_at": at,
        "custom_attributes": {},
    }


def get_contact(call: Call) -> Doc:
    """Show one contact."""
    return _found(call, "contact")


def get_company(call: Call) -> Doc:
    """Show one company."""
    return _found(call, "company")


def contact_companies(call: Call) -> dict[str, Any]:
    """List the companies of a contact."""
    listed = _found(call, "contact")["companies"]["data"]
    found = [call.space.get("company", entry["id"]) for entry in listed]
    pages = {"type": "pages", "page": 1, "per_page": 50, "total_pages": 1}
    return {"type": "list", "companies": found, "pages": pages, "total_count": len(found)}


def _found(call: Call, kind: str) -> Doc:
    doc = call.space.get(kind, call.path("id"))
    if doc is None:
        raise missing(f"{'User' if kind == 'contact' else 'Company'} Not Found")
    return doc


def list_contacts(call: Call) -> dict[str, Any]:
    """List all contacts by cursor."""
    per_page = paging.number(call, "per_page", 50, 150)
    return _page(call.space.all("contact"), per_page, call.query("starting_after") or None)


def search_contacts(call: Call) -> dict[str, Any]:
    """Find contacts whose one field equals a value."""
    query = call.body.get("query") or {}
    field = query.get("field")
    if field not in ("id", "email", "phone", "name", "external_id") or query.get("operator") != "=":
        raise invalid("Only `=` on id, email, phone, name, external_id is supported here", "query")
    hits = [contact for contact in call.space.all("contact") if contact[field] == query.get("value")]
    pagination = call.body.get("pagination") or {}
    return _page(hits, int(pagination.get("per_page", 50)), pagination.get("starting_after"))


def _page(found: list[Doc], per_page: int, after: str | None) -> dict[str, Any]:
    def key(contact: Doc) -> list[Any]:
        return [contact["id"]]

    shown, pages = paging.cursored(sorted(found, key=key), key, per_page=per_page, after=after)
    return {"type": "list", "data": shown, "total_count": len(found), "pages": pages}
