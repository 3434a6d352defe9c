"""`/attachments` and `/pages/{id}/attachments`: read and trash; uploads are the v1 API's."""

from __future__ import annotations

from typing import Final

from kbsync.sandbox.confluence import attachments
from kbsync.sandbox.confluence.endpoint import Answer, Call, Table, file_path
from kbsync.sandbox.confluence.failure import Json, invalid
from kbsync.sandbox.confluence.listing import Order, listing
from kbsync.sandbox.confluence.site import ATTACHMENT
from kbsync.sandbox.confluence.v2 import shapes
from kbsync.sandbox.store import Doc

_STATES: Final = ("current", "archived", "trashed")
_ORDERS: Final[dict[str, Order]] = {
    "created-date": lambda doc: (doc["createdAt"], doc["id"]),
    "modified-date": lambda doc: (doc["version"]["createdAt"], doc["id"]),
}
_VERSION_ORDERS: Final[dict[str, Order]] = {"modified-date": lambda doc: (doc["number"],)}


def attachment_of(call: Call, name: str = "id") -> Doc:
    """Return the attachment that the path names; raises 400 and 404."""
    id = call.path[name]
    if not id.removeprefix("att").isdecimal():
        raise invalid(f"Provided value {{{id}}} for '{name}' is not the correct type. Expected type is long")
    return attachments.by_id(call.site, id)


def list_attachments(call: Call) -> Answer:
    """GET /attachments."""
    return _listed(call, call.site.store.all(ATTACHMENT))


def page_attachments(call: Call) -> Answer:
    """GET /pages/{id}/attachments."""
    page = call.site.page(call.id())
    return _listed(call, call.site.store.find(ATTACHMENT, "page", page["id"]))


def _listed(call: Call, found: list[Doc]) -> Answer:
    states = call.values("status") or ["current", "archived"]
    if not set(states) <= set(_STATES):
        raise invalid(f"'status' must be one of {', '.join(_STATES)}")
    name, media_type = call.query.get("filename"), call.query.get("mediaType")
    rows = [
        doc
        for doc in found
        if doc["status"] in states and name in {None, doc["title"]} and media_type in {None, doc["mediaType"]}
    ]
    return listing(call, rows, show, _ORDERS, default="created-date", limit=50)


def get_attachment(call: Call) -> Answer:
    """GET /attachments/{id}."""
    doc = attachment_of(call)
    shown = show(doc)
    shown["_links"] |= {"base": call.base}
    if call.flag("include-versions"):
        rows = [shapes.version(one) for one in doc["versions"]]
        shown["versions"] = {"results": rows, "meta": {"hasMore": False}}
    if call.flag("include-labels"):
        shown["labels"] = {"results": doc["labels"], "meta": {"hasMore": False}}
    return Answer(shown)


def delete_attachment(call: Call) -> Answer:
    """DELETE /attachments/{id}."""
    doc = attachment_of(call)
    if call.flag("purge"):
        attachments.purge(call.site, doc)
    else:
        attachments.trash(call.site, doc)
    return Answer(status=204)


def list_versions(call: Call) -> Answer:
    """GET /attachments/{id}/versions."""
    doc = attachment_of(call)
    return listing(call, doc["versions"], shapes.version, _VERSION_ORDERS, default="-modified-date")


def show(doc: Doc) -> Json:
    """Return an attachment; there is no checksum in it."""
    number = doc["version"]["number"]
    download = f"/download/attachments/{doc['pageId']}/{file_path(doc['title'])}?version={number}&api=v2"
    webui = f"/pages/viewpageattachments.action?pageId={doc['pageId']}&preview=%2F{doc['pageId']}%2F{doc['id'][3:]}"
    names = ("id", "status", "title", "createdAt", "pageId", "mediaType", "comment", "fileId", "fileSize")
    return {
        **{name: doc[name] for name in names},
        "mediaTypeDescription": doc["mediaType"].rpartition("/")[2].upper() + " File",
        "webuiLink": webui,
        "downloadLink": download,
        "version": doc["version"],
        "_links": {"webui": webui, "download": download},
    }


TABLE: Table = {
    ("GET", "/attachments"): list_attachments,
    ("GET", "/pages/{id}/attachments"): page_attachments,
    ("GET", "/attachments/{id}"): get_attachment,
    ("DELETE", "/attachments/{id}"): delete_attachment,
    ("GET", "/attachments/{id}/versions"): list_versions,
}
