"""How the v2 API shows pages, spaces and what hangs on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kbsync.sandbox.confluence import rendering, tree
from kbsync.sandbox.confluence.endpoint import Call, title_path
from kbsync.sandbox.confluence.failure import Json
from kbsync.sandbox.confluence.listing import Order
from kbsync.sandbox.confluence.site import ME, PROPERTY, Site
from kbsync.sandbox.store import Doc

BULK_FORMATS: Final = ("storage", "atlas_doc_format")
FORMATS: Final = (*BULK_FORMATS, "view", "export_view", "anonymous_export_view", "styled_view", "editor")
_INLINED: Final = 50
"""Most items of a list inside a page."""


def page_links(site: Site, page: Doc) -> Json:
    """Return the links of a page for its readers."""
    key = site.space(page["spaceId"])["key"]
    number = int(page["id"])
    return {
        "webui": f"/spaces/{key}/pages/{page['id']}/{title_path(page['title'])}",
        "editui": f"/pages/resumedraft.action?draftId={page['id']}",
        "tinyui": f"/x/{number:x}",
    }


def page_core(site: Site, page: Doc) -> Json:
    """Return what bulk and single pages have in common."""
    return {
        "id": page["id"],
        "status": page["status"],
        "title": page["title"],
        "spaceId": page["spaceId"],
        "parentId": page["parentId"],
        "parentType": page["parentType"],
        "position": page["position"],
        "authorId": page["authorId"],
        "ownerId": page["ownerId"],
        "lastOwnerId": page["lastOwnerId"],
        "createdAt": page["createdAt"],
        "version": page["version"],
        "_links": page_links(site, page),
    }


def bulk_page(call: Call) -> Callable[[Doc], Json]:
    """Return the function that shows one page of a list, with the body the request asks for."""
    body_format = call.choice("body-format", BULK_FORMATS)

    def show(page: Doc) -> Json:
        text = call.site.body(page) if body_format else ""
        return {**page_core(call.site, page), "subtype": page["subtype"], "body": body(text, body_format)}

    return show


def body(text: str, body_format: str) -> Json:
    """Return the body field; empty without a format."""
    if not body_format:
        return {}
    return {body_format: {"representation": body_format, "value": rendering.in_format(text, body_format)}}


def single_page(call: Call, page: Doc, text: str) -> Json:
    """Return a page with everything the request asks to be inlined."""
    body_format = call.choice("body-format", FORMATS)
    shown = page_core(call.site, page) | {"body": body(text, body_format)}
    shown["_links"] |= {"base": call.base}
    if not call.flag("include-version", default=True):
        del shown["version"]
    for name, items in _INLINE.items():
        if call.flag(f"include-{name}"):
            shown[_camel(name)] = _inlined(items(call.site, page), call.route, name)
    if call.flag("include-favorited-by-current-user-status"):
        shown["isFavoritedByCurrentUser"] = False
    return shown


def _camel(name: str) -> str:
    head, *rest = name.split("-")
    return head + "".join(part.title() for part in rest)


def _inlined(items: list[Json], route: str, name: str) -> Json:
    more = len(items) > _INLINED
    return {"results": items[:_INLINED], "meta": {"hasMore": more}, "_links": {"self": f"{route}/{name}"}}


def version(doc: Doc) -> Json:
    """Return one entry of a version list."""
    return {name: doc[name] for name in ("createdAt", "message", "number", "minorEdit", "authorId")}


def label(doc: Json) -> Json:
    """Return one label."""
    return {"id": doc["id"], "name": doc["name"], "prefix": doc["prefix"]}


def content_property(doc: Doc) -> Json:
    """Return one content property."""
    return {"id": doc["id"], "key": doc["key"], "value": doc["value"], "version": doc["version"]}


def child(doc: Doc) -> Json:
    """Return one entry of a list of children."""
    return {
        "id": doc["id"],
        "status": doc["status"],
        "title": doc["title"],
        "type": doc["type"],
        "spaceId": doc["spaceId"],
        "childPosition": doc["position"],
    }


def space(doc: Doc, description_format: str) -> Json:
    """Return one space."""
    text = {"representation": description_format, "value": doc["description"]}
    return {
        "id": doc["id"],
        "key": doc["key"],
        "name": doc["name"],
        "type": doc["type"],
        "status": doc["status"],
        "authorId": doc["authorId"],
        "createdAt": doc["createdAt"],
        "homepageId": doc["homepageId"],
        "description": {description_format: text} if description_format else {},
        "_links": {"webui": f"/spaces/{doc['key']}"},
    }


_INLINE: Final[dict[str, Callable[[Site, Doc], list[Json]]]] = {
    "labels": lambda _site, page: [label(doc) for doc in page["labels"]],
    "properties": lambda site, page: [
        content_property(doc) for doc in site.store.find(PROPERTY, "owner", page["id"])
    ],
    "versions": lambda site, page: [version(doc) for doc in site.versions(page["id"])],
    "operations": lambda _site, _page: operations("page"),
    "likes": lambda _site, _page: [],
    "collaborators": lambda _site, _page: [{"accountId": ME}],
    "direct-children": lambda site, page: [child(doc) for doc in tree.children(site, page["id"])],
}


def operations(target: str) -> list[Json]:
    """Return what the account may do."""
    names = ("read", "update", "create", "delete", "copy", "move", "archive")
    return [{"operation": name, "targetType": target} for name in names]


LABEL_ORDERS: Final[dict[str, Order]] = {
    "id": lambda doc: (int(doc["id"]),),
    "name": lambda doc: (doc["name"], int(doc["id"])),
    "created-date": lambda doc: (int(doc["id"]),),
}


def space_property(doc: Doc) -> Json:
    """Return one property of a space."""
    version = {name: doc["version"][name] for name in ("createdAt", "message", "number")}
    return {
        "id": doc["id"],
        "key": doc["key"],
        "value": doc["value"],
        "createdAt": doc["createdAt"],
        "createdBy": doc["createdBy"],
        "version": version | {"createdBy": doc["version"]["authorId"]},
    }
