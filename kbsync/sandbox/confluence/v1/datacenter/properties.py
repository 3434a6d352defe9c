"""Content properties by key."""

from __future__ import annotations

from kbsync.sandbox.confluence import properties
from kbsync.sandbox.confluence.endpoint import Answer, Call, Table
from kbsync.sandbox.confluence.failure import invalid, missing
from kbsync.sandbox.confluence.v1 import shapes
from kbsync.sandbox.store import Doc


def list_properties(call: Call) -> Answer:
    """GET /content/{id}/property."""
    rows = properties.of(call.site, call.site.page(call.id())["id"])
    return shapes.window(call, rows, shapes.content_property, limit=10)


def create_property(call: Call) -> Answer:
    """POST /content/{id}/property, the key in the body or in the path."""
    page, wish = call.site.page(call.id()), call.json()
    key = call.path.get("key") or wish.get("key")
    return Answer(
        shapes.content_property(properties.create(call.site, page["id"], key, wish.get("value"), call.me))
    )


def get_property(call: Call) -> Answer:
    """GET /content/{id}/property/{key}."""
    return Answer(shapes.content_property(_property(call)))


def put_property(call: Call) -> Answer:
    """PUT /content/{id}/property/{key}; version 1 creates it."""
    page, wish = call.site.page(call.id()), call.json()
    old = properties.by_key(call.site, page["id"], call.path["key"])
    if old is not None:
        return Answer(shapes.content_property(properties.update(call.site, old, wish, call.me)))
    if (wish.get("version") or {}).get("number", 1) != 1:
        raise invalid("A new property must have version 1")
    doc = properties.create(call.site, page["id"], call.path["key"], wish.get("value"), call.me)
    return Answer(shapes.content_property(doc))


def delete_property(call: Call) -> Answer:
    """DELETE /content/{id}/property/{key}."""
    properties.delete(call.site, _property(call))
    return Answer(status=204)


def _property(call: Call) -> Doc:
    found = properties.by_key(call.site, call.site.page(call.id())["id"], call.path["key"])
    if found is None:
        raise missing()
    return found


TABLE: Table = {
    ("GET", "/content/{id}/property"): list_properties,
    ("POST", "/content/{id}/property"): create_property,
    ("GET", "/content/{id}/property/{key}"): get_property,
    ("POST", "/content/{id}/property/{key}"): create_property,
    ("PUT", "/content/{id}/property/{key}"): put_property,
    ("DELETE", "/content/{id}/property/{key}"): delete_property,
}
