"""Spaces by key."""

from __future__ import annotations

from kbsync.sandbox.confluence.endpoint import Answer, Call, Table
from kbsync.sandbox.confluence.site import CONTENT, SPACE
from kbsync.sandbox.confluence.v1 import shapes


def list_spaces(call: Call) -> Answer:
    """GET /space."""
    keys = {key.upper() for key in call.query.getlist("spaceKey")}
    rows = [doc for doc in call.site.store.all(SPACE) if not keys or doc["key"].upper() in keys]
    return shapes.window(call, rows, shapes.space)


def get_space(call: Call) -> Answer:
    """GET /space/{key}."""
    doc = call.site.space_by_key(call.path["key"])
    shown = shapes.space(doc)
    if "homepage" in shapes.expansions(call):
        home = call.site.store.get(CONTENT, doc["homepageId"])
        shown["homepage"] = shapes.content(call, home) if home else None
    return Answer(shown)


def space_pages(call: Call) -> Answer:
    """GET /space/{key}/content/page."""
    space, expand = call.site.space_by_key(call.path["key"]), shapes.expansions(call)
    found = call.site.store.find(CONTENT, "space", space["id"])
    rows = sorted((doc for doc in found if doc["status"] == "current"), key=lambda doc: int(doc["id"]))
    return shapes.window(call, rows, lambda doc: shapes.content(call, doc, expand))


TABLE: Table = {
    ("GET", "/space"): list_spaces,
    ("GET", "/space/{key}"): get_space,
    ("GET", "/space/{key}/content/page"): space_pages,
}
