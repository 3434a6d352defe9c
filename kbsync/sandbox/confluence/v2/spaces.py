"""`/spaces`: list and get."""

from __future__ import annotations

from typing import Final

from kbsync.sandbox.confluence.endpoint import Answer, Call, Table
from kbsync.sandbox.confluence.listing import Order, listing
from kbsync.sandbox.confluence.site import CONTENT, PROPERTY, SPACE
from kbsync.sandbox.confluence.v2 import shapes

_ORDERS: Final[dict[str, Order]] = {
    "id": lambda doc: (int(doc["id"]),),
    "key": lambda doc: (doc["key"], int(doc["id"])),
    "name": lambda doc: (doc["name"].casefold(), int(doc["id"])),
}
_DESCRIPTIONS: Final = ("plain", "view")


def list_spaces(call: Call) -> Answer:
    """GET /spaces."""
    ids, keys = set(call.ids("ids", 250)), {key.upper() for key in call.values("keys")}
    type_, status = call.query.get("type"), call.choice("status", ("current", "archived", "trashed"))
    description = call.choice("description-format", _DESCRIPTIONS)
    found = [
        doc
        for doc in call.site.store.all(SPACE)
        if (not ids or doc["id"] in ids)
        and (not keys or doc["key"].upper() in keys)
        and type_ in {None, doc["type"]}
        and status in {"", doc["status"]}
    ]
    return listing(call, found, lambda doc: shapes.space(doc, description), _ORDERS)


def get_space(call: Call) -> Answer:
    """GET /spaces/{id}."""
    doc = call.site.space(call.id())
    shown = shapes.space(doc, call.choice("description-format", _DESCRIPTIONS))
    shown["_links"] |= {"base": call.base}
    if call.flag("include-properties"):
        found = call.site.store.find(PROPERTY, "owner", f"space/{doc['id']}")
        shown["properties"] = {
            "results": [shapes.space_property(one) for one in found],
            "meta": {"hasMore": False},
        }
    if call.flag("include-operations"):
        shown["operations"] = {"results": shapes.operations("space"), "meta": {"hasMore": False}}
    if call.flag("include-labels"):
        shown["labels"] = {"results": [], "meta": {"hasMore": False}}
    return Answer(shown)


def content_labels(call: Call) -> Answer:
    """GET /spaces/{id}/content/labels: the labels in use."""
    found = call.site.store.find(CONTENT, "space", call.site.space(call.id())["id"])
    used = {label["id"]: label for doc in found for label in doc["labels"]}
    return listing(call, list(used.values()), shapes.label, shapes.LABEL_ORDERS)


def operations(call: Call) -> Answer:
    """GET /spaces/{id}/operations."""
    call.site.space(call.id())
    return Answer({"operations": shapes.operations("space")})


TABLE: Table = {
    ("GET", "/spaces"): list_spaces,
    ("GET", "/spaces/{id}"): get_space,
    ("GET", "/spaces/{id}/content/labels"): content_labels,
    ("GET", "/spaces/{id}/operations"): operations,
}
