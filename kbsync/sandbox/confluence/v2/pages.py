"""`/pages` and `/spaces/{id}/pages`: list, get, create, update, rename, delete, versions, tree."""

from __future__ import annotations

from typing import Any, Final

from kbsync.sandbox.confluence import pages, rendering, tree
from kbsync.sandbox.confluence.endpoint import Answer, Call, Table
from kbsync.sandbox.confluence.failure import Json, invalid, missing
from kbsync.sandbox.confluence.listing import Order, in_order, listing
from kbsync.sandbox.confluence.pages import Change
from kbsync.sandbox.confluence.site import CONTENT, DRAFT
from kbsync.sandbox.confluence.v2 import shapes
from kbsync.sandbox.store import Doc

_LISTED: Final = ("current", "archived", "deleted", "trashed")
_BODIES: Final = ("storage", "atlas_doc_format", "wiki")
_VERSION_ORDERS: Final[dict[str, Order]] = {"modified-date": lambda doc: (doc["number"],)}
_CHILD_ORDERS: Final[dict[str, Order]] = {
    "id": lambda doc: (int(doc["id"]),),
    "child-position": lambda doc: (doc["position"], int(doc["id"])),
    "created-date": lambda doc: (doc["createdAt"], int(doc["id"])),
    "modified-date": lambda doc: (doc["version"]["createdAt"], int(doc["id"])),
}


def list_pages(call: Call) -> Answer:
    """GET /pages."""
    found = _candidates(call)
    subtype = call.choice("subtype", ("live", "page"))
    if subtype:
        found = [doc for doc in found if (doc["subtype"] or "page") == subtype]
    return _listed(call, found)


def _candidates(call: Call) -> list[Doc]:
    """Return what the filters by id, space and title leave, by the quickest index."""
    site, title = call.site, call.query.get("title")
    ids, spaces = call.ids("id", 250), call.ids("space-id", 100)
    if ids:
        named = (site.store.get(CONTENT, id) for id in dict.fromkeys(ids))
        return [doc for doc in named if doc is not None and (not spaces or doc["spaceId"] in spaces)]
    if title is not None and spaces and not call.query.get("status"):
        return [doc for space in spaces for doc in site.titled(space, title)]
    if spaces:
        return [doc for space in spaces for doc in site.store.find(CONTENT, "space", space)]
    return site.store.all(CONTENT)


def pages_in_space(call: Call) -> Answer:
    """GET /spaces/{id}/pages."""
    space = call.site.space(call.id())
    found = call.site.store.find(CONTENT, "space", space["id"])
    if call.choice("depth", ("all", "root"), "all") == "root":
        found = [doc for doc in found if doc["parentId"] is None]
    return _listed(call, found)


def _listed(call: Call, found: list[Doc]) -> Answer:
    statuses = call.values("status") or ["current", "archived"]
    for status in statuses:
        if status not in _LISTED:
            raise invalid(f"Provided value {{{status}}} for 'status' is not one of {', '.join(_LISTED)}")
    title = call.query.get("title")
    shown = [
        doc
        for doc in found
        if doc["type"] == "page"
        and doc["status"] in statuses
        and not doc["hidden"]
        and (title is None or doc["title"].casefold() == title.casefold())
    ]
    return listing(call, shown, shapes.bulk_page(call))


def get_page(call: Call) -> Answer:
    """GET /pages/{id}."""
    page = call.site.page(call.id())
    if call.query.get("version") is not None:
        old = call.site.version(page["id"], call.number("version", 1, 1, 1_000_000))
        status = "current" if old["number"] == page["version"]["number"] else "historical"
        past = {**page, "title": old["title"], "version": shapes.version(old), "status": status}
        return Answer(shapes.single_page(call, past, old["body"]))
    statuses = call.values("status")
    if call.flag("get-draft") or statuses == ["draft"]:
        return Answer(_draft(call, page))
    if page["status"] == "draft" or (statuses and page["status"] not in statuses):
        raise missing()
    return Answer(shapes.single_page(call, page, call.site.body(page)))


def _draft(call: Call, page: Doc) -> Json:
    draft = call.site.store.get(DRAFT, page["id"])
    if draft is None:
        return shapes.single_page(call, page, call.site.body(page))
    return shapes.single_page(call, {**page, "title": draft["title"], "status": "draft"}, draft["body"])


def create_page(call: Call) -> Answer:
    """POST /pages."""
    wish = call.json()
    space = _space(call, wish)
    text = body_of(wish.get("body"), required=False)
    draft = _choice(wish, "status", ("current", "draft"), "current") == "draft"
    page = pages.create(
        call.site, space, _text(wish, "title"), text, _parent(call, wish, space), Change(call.me), draft=draft
    )
    if wish.get("subtype") == "live":
        page = call.site.put(page, subtype="live")
    shown = shapes.single_page(call, page, call.site.body(page))
    return Answer(shown | {"body": shapes.body(call.site.body(page), "storage")})


def _space(call: Call, wish: Json) -> Doc:
    if wish.get("spaceId") is None:
        raise invalid("'spaceId' is required")
    id = str(wish["spaceId"])
    if not id.isdecimal():
        raise invalid(f"Provided value {{{id}}} for 'spaceId' is not the correct type. Expected type is long")
    return call.site.space(id)


def _parent(call: Call, wish: Json, space: Doc) -> Doc | None:
    """Return the wished parent, else the home page; None at the root level."""
    wished = wish.get("parentId")
    if call.flag("root-level"):
        if wished is not None:
            raise invalid("'parentId' may not be given when 'root-level' is true")
        return None
    parent = call.site.store.get(CONTENT, str(wished or space["homepageId"] or ""))
    if parent is None and wished is None:
        return None
    if parent is None or parent["spaceId"] != space["id"] or parent["status"] not in {"current", "draft"}:
        raise invalid("The parent does not exist in this space, or you may not see it")
    return parent


def update_page(call: Call) -> Answer:
    """PUT /pages/{id}."""
    page, wish = call.site.page(call.id()), call.json()
    _refuse_incomplete(page, wish)
    text, number = body_of(wish["body"], required=True), _version_number(wish)
    change = Change(call.me, number, str(wish["version"].get("message") or ""))
    title = _text(wish, "title")
    if _choice(wish, "status", ("current", "draft"), "current") == "draft":
        page = _to_draft(call, page, title, text, number)
    elif page["status"] in {"trashed", "deleted", "archived"}:
        page = _bring_back(call, page, change)
    elif page["status"] == "draft":
        page = pages.publish(call.site, page, title, text, change)
    else:
        fields: Json = (
            {"ownerId": str(wish["ownerId"]), "lastOwnerId": page["ownerId"]} if wish.get("ownerId") else {}
        )
        page = pages.update(call.site, page, title, text, change, parent=_new_parent(call, wish), **fields)
    shown = shapes.single_page(call, page, call.site.body(page))
    return Answer(shown | {"body": shapes.body(call.site.body(page), "storage")})


def _refuse_incomplete(page: Doc, wish: Json) -> None:
    for name in ("id", "status", "title", "body", "version"):
        if wish.get(name) is None:
            raise invalid(f"'{name}' is required")
    if str(wish["id"]) != page["id"]:
        raise invalid("The id in the request body does not match the id in the path")
    if wish.get("spaceId") is not None and str(wish["spaceId"]) != page["spaceId"]:
        raise invalid("Moving a page to a different space is not supported")


def _bring_back(call: Call, page: Doc, change: Change) -> Doc:
    if page["status"] == "archived" and call.site.setting("unarchive") == "refuse":
        raise invalid("Archived content cannot be updated. Restore it first")
    return pages.restore(call.site, page, change)


def _to_draft(call: Call, page: Doc, title: str, text: str, number: int | None) -> Doc:
    if number != 1:
        raise invalid("The version number of a draft must be 1")
    if page["status"] == "draft":
        return call.site.put(pages.publish(call.site, page, title, text, Change(call.me)), status="draft")
    return pages.save_draft(call.site, page, title, text)


def _new_parent(call: Call, wish: Json) -> Doc | None:
    if wish.get("parentId") is None:
        return None
    parent = call.site.store.get(CONTENT, str(wish["parentId"]))
    if parent is None or parent["status"] != "current":
        raise invalid("The parent does not exist, or you may not see it")
    return parent


def _version_number(wish: Json) -> int | None:
    version = wish["version"]
    number = version.get("number") if isinstance(version, dict) else None
    if not isinstance(number, int) or isinstance(number, bool):
        raise invalid("'version.number' is required and must be an integer")
    return number


def rename_page(call: Call) -> Answer:
    """PUT /pages/{id}/title."""
    page, wish = call.site.page(call.id()), call.json()
    if wish.get("status") is None or wish.get("title") is None:
        raise invalid("'status' and 'title' are required")
    if page["status"] != "current":
        raise missing()
    page = pages.rename(call.site, page, _text(wish, "title"), Change(call.me))
    return Answer(shapes.single_page(call, page, call.site.body(page)))


def delete_page(call: Call) -> Answer:
    """DELETE /pages/{id}."""
    page = call.site.page(call.id())
    if call.flag("draft"):
        if page["status"] == "draft":
            pages.forget(call.site, page)
        elif not call.site.store.delete(DRAFT, page["id"]):
            raise missing()
    elif call.flag("purge"):
        pages.purge(call.site, page)
    elif page["status"] == "draft":
        raise missing()
    else:
        pages.trash(call.site, page)
    return Answer(status=204)


def list_versions(call: Call) -> Answer:
    """GET /pages/{id}/versions, newest first."""
    page = call.site.page(call.id())
    body_format = call.choice("body-format", shapes.BULK_FORMATS)

    def show(doc: Doc) -> Json:
        inside = {"title": doc["title"], "id": page["id"], "body": shapes.body(doc["body"], body_format)}
        return shapes.version(doc) | {"page": inside}

    return listing(call, call.site.versions(page["id"]), show, _VERSION_ORDERS, default="-modified-date")


def get_version(call: Call) -> Answer:
    """GET /pages/{page-id}/versions/{version-number}."""
    page, number = call.site.page(call.id("page_id")), int(call.id("number"))
    shown = shapes.version(call.site.version(page["id"], number))
    shown |= {"contentTypeModified": False, "collaborators": [shown["authorId"]]}
    if number > 1:
        shown["prevVersion"] = number - 1
    if number < page["version"]["number"]:
        shown["nextVersion"] = number + 1
    return Answer(shown)


def direct_children(call: Call) -> Answer:
    """GET /pages/{id}/direct-children: pages, folders, whatever stands there."""
    content = call.site.content(call.id())
    return listing(
        call, tree.children(call.site, content["id"]), shapes.child, _CHILD_ORDERS, default="child-position"
    )


def child_pages(call: Call) -> Answer:
    """GET /pages/{id}/children (deprecated): pages only."""
    found = [
        doc for doc in tree.children(call.site, call.site.content(call.id())["id"]) if doc["type"] == "page"
    ]
    return listing(call, found, _child_page, _CHILD_ORDERS, default="child-position")


def _child_page(doc: Doc) -> Json:
    shown = shapes.child(doc)
    del shown["type"]
    return shown


def descendants(call: Call) -> Answer:
    """GET /pages/{id}/descendants, top to bottom."""
    content = call.site.content(call.id())
    depth = call.number("depth", 2, 1, 10)
    rows = [{**doc, "depth": level} for level, doc in tree.descendants(call.site, content["id"], depth)]
    return in_order(call, rows, _descendant)


def _descendant(doc: Doc) -> Json:
    names = ("id", "status", "title", "type", "parentId", "depth")
    return {name: doc[name] for name in names} | {"childPosition": doc["position"]}


def ancestors(call: Call) -> Answer:
    """GET /pages/{id}/ancestors, the topmost first."""
    above = tree.ancestors(call.site, call.site.content(call.id()))
    size = call.number("limit", 25, 1, 250)
    return Answer({"results": [{"id": doc["id"], "type": doc["type"]} for doc in above[-size:]]})


def operations(call: Call) -> Answer:
    """GET /pages/{id}/operations."""
    call.site.page(call.id())
    return Answer({"operations": shapes.operations("page")})


def likes(call: Call) -> Answer:
    """GET /pages/{id}/likes/count."""
    call.site.page(call.id())
    return Answer({"count": 0})


def _text(wish: Json, name: str) -> str:
    value = wish.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise invalid(f"'{name}' must be a string")
    return value


def _choice(wish: Json, name: str, allowed: tuple[str, ...], default: str) -> str:
    value = wish.get(name, default)
    if value not in allowed:
        raise invalid(f"Provided value {{{value}}} for '{name}' is not one of {', '.join(allowed)}")
    return str(value)


def body_of(given: Any, *, required: bool) -> str:
    """Return the storage form of a body, flat or nested; `representation` is required in both."""
    if given is None and not required:
        return ""
    if not isinstance(given, dict):
        raise invalid("'body' must be an object")
    if "representation" not in given and "value" not in given:
        given = next((given[name] for name in _BODIES if isinstance(given.get(name), dict)), {})
    representation, value = given.get("representation"), given.get("value")
    if representation not in _BODIES:
        raise invalid(
            f"Provided value {{{representation}}} for 'body.representation' is not one of {', '.join(_BODIES)}"
        )
    if not isinstance(value, str):
        raise invalid("'body.value' is required and must be a string")
    return rendering.to_storage(value, str(representation))


TABLE: Table = {
    ("GET", "/pages"): list_pages,
    ("POST", "/pages"): create_page,
    ("GET", "/pages/{id}"): get_page,
    ("PUT", "/pages/{id}"): update_page,
    ("DELETE", "/pages/{id}"): delete_page,
    ("PUT", "/pages/{id}/title"): rename_page,
    ("GET", "/pages/{id}/versions"): list_versions,
    ("GET", "/pages/{page_id}/versions/{number}"): get_version,
    ("GET", "/pages/{id}/direct-children"): direct_children,
    ("GET", "/pages/{id}/children"): child_pages,
    ("GET", "/pages/{id}/descendants"): descendants,
    ("GET", "/pages/{id}/ancestors"): ancestors,
    ("GET", "/pages/{id}/operations"): operations,
    ("GET", "/pages/{id}/likes/count"): likes,
    ("GET", "/spaces/{id}/pages"): pages_in_space,
}
