"""Property routes of the v2 API: by key for reading, by numeric id for writing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kbsync.sandbox.confluence import properties
from kbsync.sandbox.confluence.endpoint import Answer, Call, Handler, Table
from kbsync.sandbox.confluence.failure import Json, missing
from kbsync.sandbox.confluence.listing import Order, listing
from kbsync.sandbox.confluence.site import COMMENT
from kbsync.sandbox.confluence.v2 import shapes
from kbsync.sandbox.confluence.v2.attachments import attachment_of
from kbsync.sandbox.store import Doc

_ORDERS: Final[dict[str, Order]] = {"key": lambda doc: (doc["key"],), "id": lambda doc: (int(doc["id"]),)}
_SPACE = "space/"


def _content(call: Call) -> str:
    return str(call.site.content(call.id("owner"))["id"])


def _attachment(call: Call) -> str:
    return str(attachment_of(call, "owner")["id"])


def _comment(call: Call) -> str:
    if call.site.store.get(COMMENT, call.id("owner")) is None:
        raise missing()
    return call.id("owner")


def _space(call: Call) -> str:
    return _SPACE + str(call.site.space(call.id("owner"))["id"])


def _show(owner: str, doc: Doc) -> Json:
    return shapes.space_property(doc) if owner.startswith(_SPACE) else shapes.content_property(doc)


def _handlers(owner_of: Callable[[Call], str]) -> dict[tuple[str, str], Handler]:
    """Return the five handlers for one kind of owner."""

    def list_(call: Call) -> Answer:
        owner, key = owner_of(call), call.query.get("key")
        found = [doc for doc in properties.of(call.site, owner) if key in {None, doc["key"]}]
        return listing(call, found, lambda doc: _show(owner, doc), _ORDERS, default="key")

    def create(call: Call) -> Answer:
        owner, wish = owner_of(call), call.json()
        doc = properties.create(call.site, owner, wish.get("key"), wish.get("value"), call.me)
        return Answer(_show(owner, doc), 201 if owner.startswith(_SPACE) else 200)

    def get(call: Call) -> Answer:
        owner = owner_of(call)
        return Answer(_show(owner, properties.by_id(call.site, owner, call.id("property"))))

    def update(call: Call) -> Answer:
        owner = owner_of(call)
        doc = properties.by_id(call.site, owner, call.id("property"))
        return Answer(_show(owner, properties.update(call.site, doc, call.json(), call.me)))

    def delete(call: Call) -> Answer:
        properties.delete(call.site, properties.by_id(call.site, owner_of(call), call.id("property")))
        return Answer(status=204)

    one = "/{owner}/properties/{property}"
    return {
        ("GET", "/{owner}/properties"): list_,
        ("POST", "/{owner}/properties"): create,
        ("GET", one): get,
        ("PUT", one): update,
        ("DELETE", one): delete,
    }


_OWNERS: Final = {
    "/pages": _content,
    "/folders": _content,
    "/attachments": _attachment,
    "/comments": _comment,
    "/spaces": _space,
}

TABLE: Table = {
    (method, prefix + path): handler
    for prefix, owner_of in _OWNERS.items()
    for (method, path), handler in _handlers(owner_of).items()
}
