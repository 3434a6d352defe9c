"""Properties of pages, folders, attachments, comments and spaces: JSON under a key, with a version."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from kbsync.sandbox.confluence.failure import Json, conflict, invalid, missing
from kbsync.sandbox.confluence.site import CONTENT, PROPERTY, Site
from kbsync.sandbox.store import Doc

MAX_KEY: Final = 255
MAX_VALUE: Final = 32_768
"""Characters of a value's JSON (developer.atlassian.com, "Confluence entity properties")."""


def of(site: Site, owner: str) -> list[Doc]:
    """Return the properties of an owner."""
    return site.store.find(PROPERTY, "owner", owner)


def by_key(site: Site, owner: str, key: str) -> Doc | None:
    """Return the property with exactly this key."""
    return next((doc for doc in of(site, owner) if doc["key"] == key), None)


def by_id(site: Site, owner: str, id: str) -> Doc:
    """Return a property of this owner; raises 404."""
    found = site.store.get(PROPERTY, id)
    if found is None or found["owner"] != owner:
        raise missing()
    return found


def create(site: Site, owner: str, key: object, value: object, author: str) -> Doc:
    """Add a property.

    Raises:
        Refusal: 400 for a bad key or a value that is too long, 409 for a key that is there.
    """
    key = _checked(key, value)
    if by_key(site, owner, key) is not None:
        raise conflict(f"Property already exists: a property with key {key} exists on this content")
    id, now = site.next_id(), site.now()
    doc = {
        "id": id,
        "owner": owner,
        "key": key,
        "value": value,
        "createdAt": now,
        "createdBy": author,
        "version": _version(1, "", author, now),
    }
    _clear_state(site, owner)
    return site.store.put(PROPERTY, id, doc)


def update(site: Site, doc: Doc, wish: Json, author: str) -> Doc:
    """Replace a value; the version must be the next one.

    Raises:
        Refusal: 409 for a stale version, 400 for another key or a value that is too long.
    """
    key = _checked(wish.get("key", doc["key"]), wish.get("value"))
    if key != doc["key"]:
        raise invalid("The key of a property cannot be changed")
    version = wish.get("version") or {}
    number, current = version.get("number"), doc["version"]["number"]
    if number != current + 1:
        raise conflict(
            f"Encountered conflict updating property with id {doc['id']}: the current version is {current}, "
            f"provided version is {number}"
        )
    _clear_state(site, doc["owner"])
    after = _version(number, str(version.get("message") or ""), author, site.now())
    return site.store.put(PROPERTY, doc["id"], {**doc, "value": wish.get("value"), "version": after})


def delete(site: Site, doc: Doc) -> None:
    """Remove a property."""
    site.store.delete(PROPERTY, doc["id"])


def _clear_state(site: Site, owner: str) -> None:
    """Drop a page's content state, as writing a property does (github.com/hunyadi/md2conf, keep_state)."""
    page = site.store.get(CONTENT, owner)
    if page is not None and page["state"] is not None:
        site.put(page, state=None)


def _checked(key: Any, value: object) -> str:
    if not isinstance(key, str) or not 0 < len(key) <= MAX_KEY:
        raise invalid(f"'key' is required and may have {MAX_KEY} characters")
    if len(msgspec.json.encode(value).decode()) > MAX_VALUE:
        raise invalid(f"The value of a property may have {MAX_VALUE} characters")
    return key


def _version(number: int, message: str, author: str, at: str) -> Json:
    return {"number": number, "message": message, "minorEdit": False, "authorId": author, "createdAt": at}
