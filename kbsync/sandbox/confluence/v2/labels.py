"""Labels, which the v2 API only reads."""

from __future__ import annotations

from kbsync.sandbox.confluence.endpoint import Answer, Call, Table
from kbsync.sandbox.confluence.failure import missing
from kbsync.sandbox.confluence.listing import listing
from kbsync.sandbox.confluence.site import ATTACHMENT, CONTENT
from kbsync.sandbox.confluence.v2 import shapes
from kbsync.sandbox.confluence.v2.attachments import attachment_of

_PREFIXES = ("my", "team", "global", "system")


def page_labels(call: Call) -> Answer:
    """GET /pages/{id}/labels."""
    prefix = call.choice("prefix", _PREFIXES)
    found = [label for label in call.site.page(call.id())["labels"] if prefix in {"", label["prefix"]}]
    return listing(call, found, shapes.label, shapes.LABEL_ORDERS)


def attachment_labels(call: Call) -> Answer:
    """GET /attachments/{id}/labels."""
    return listing(call, attachment_of(call)["labels"], shapes.label, shapes.LABEL_ORDERS)


def all_labels(call: Call) -> Answer:
    """GET /labels."""
    wanted = set(call.ids("label-id", 250))
    prefixes = set(call.values("prefix"))
    used = {
        label["id"]: label
        for kind in (CONTENT, ATTACHMENT)
        for doc in call.site.store.all(kind)
        for label in doc["labels"]
        if (not wanted or label["id"] in wanted) and (not prefixes or label["prefix"] in prefixes)
    }
    return listing(call, list(used.values()), shapes.label, shapes.LABEL_ORDERS)


def labelled_pages(call: Call) -> Answer:
    """GET /labels/{id}/pages."""
    id, spaces = call.id(), set(call.ids("space-id", 100))
    found = [
        doc
        for doc in call.site.store.all(CONTENT)
        if doc["status"] == "current" and any(label["id"] == id for label in doc["labels"])
    ]
    if not found:
        raise missing()
    return listing(
        call, [doc for doc in found if not spaces or doc["spaceId"] in spaces], shapes.bulk_page(call)
    )


TABLE: Table = {
    ("GET", "/pages/{id}/labels"): page_labels,
    ("GET", "/attachments/{id}/labels"): attachment_labels,
    ("GET", "/labels"): all_labels,
    ("GET", "/labels/{id}/pages"): labelled_pages,
}
