"""How the v1 API shows content: a core, and what `expand` asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from kbsync.sandbox.confluence import properties, rendering, tree
from kbsync.sandbox.confluence.endpoint import Answer, Call, title_path
from kbsync.sandbox.confluence.failure import Json
from kbsync.sandbox.confluence.site import ME, USER, Site
from kbsync.sandbox.store import Doc

_MOST: Final = 1_000


def user(site: Site, account_id: str) -> Json:
    """Return a person; Data Center knows user names, Cloud account ids."""
    doc = site.store.get(USER, account_id) or site.user(ME)
    picture = {"path": "/wiki/aa-avatar/sandbox", "width": 48, "height": 48, "isDefault": False}
    shown: Json = {
        "type": "known",
        "displayName": doc["displayName"],
        "profilePicture": picture,
        "_expandable": {"operations": "", "personalSpace": ""},
        "_links": {"self": f"/rest/api/user?accountId={doc['accountId']}"},
    }
    if not site.cloud:
        return shown | {"username": doc["email"].partition("@")[0], "userKey": doc["accountId"]}
    return shown | {
        "accountId": doc["accountId"],
        "accountType": "atlassian",
        "email": doc["email"],
        "publicName": doc["displayName"],
        "timeZone": site.setting("timezone", doc["timeZone"]),
        "isExternalCollaborator": False,
        "isGuest": False,
    }


def space(doc: Doc) -> Json:
    """Return a space."""
    return {
        "id": int(doc["id"]),
        "key": doc["key"],
        "name": doc["name"],
        "type": doc["type"],
        "status": doc["status"],
        "_expandable": {
            "homepage": f"/rest/api/content/{doc['homepageId']}",
            "description": "",
            "metadata": "",
        },
        "_links": {"webui": f"/spaces/{doc['key']}", "self": f"/rest/api/space/{doc['key']}"},
    }


def version(site: Site, doc: Json) -> Json:
    """Return a version."""
    return {
        "by": user(site, doc["authorId"]),
        "when": doc["createdAt"],
        "message": doc["message"],
        "number": doc["number"],
        "minorEdit": doc["minorEdit"],
        "contentTypeModified": False,
        "_links": {},
    }


def label(doc: Json) -> Json:
    """Return a label."""
    return {"prefix": doc["prefix"], "name": doc["name"], "id": doc["id"], "label": doc["name"]}


def content(call: Call, page: Doc, expand: Sequence[str] = (), *, text: str | None = None) -> Json:
    """Return a page, or a folder, with the expansions asked for."""
    key = call.site.space(page["spaceId"])["key"]
    shown: Json = {
        "id": page["id"],
        "type": page["type"],
        "status": page["status"],
        "title": page["title"],
        "position": page["position"],
        "extensions": {"position": page["position"]},
        "_expandable": {name: "" for name in _EXPANDABLE if not _wants(expand, name)},
        "_links": {
            "webui": f"/spaces/{key}/pages/{page['id']}/{title_path(page['title'])}",
            "self": call.link(f"/rest/api/content/{page['id']}"),
            "base": call.base,
            "context": "/wiki",
        },
    }
    for name, extend in _EXPANDERS.items():
        if _wants(expand, name):
            shown[name] = extend(call, page)
    body = {wish.split(".")[1] for wish in expand if wish.startswith("body.") and wish.count(".") >= 1}
    if body:
        stored = call.site.body(page) if text is None else text
        shown["body"] = {name: _body(stored, name) for name in sorted(body)}
    return shown


def _body(text: str, name: str) -> Json:
    return {"value": rendering.in_format(text, name), "representation": name, "_expandable": {}}


def _wants(expand: Sequence[str], name: str) -> bool:
    return any(wish == name or wish.startswith(f"{name}.") for wish in expand)


def expansions(call: Call) -> list[str]:
    """Return what `expand` asks for."""
    return [wish.strip() for wish in call.values("expand")]


def _ancestors(call: Call, page: Doc) -> list[Json]:
    return [content(call, doc) for doc in tree.ancestors(call.site, page)]


def _metadata(call: Call, page: Doc) -> Json:
    labels = [label(doc) for doc in page["labels"]]
    shown: Json = {"labels": {"results": labels, "start": 0, "limit": 200, "size": len(labels)}}
    keys = {wish.split(".")[2] for wish in expansions(call) if wish.startswith("metadata.properties.")}
    if keys:
        found = properties.of(call.site, page["id"])
        shown["properties"] = {doc["key"]: content_property(doc) for doc in found if doc["key"] in keys}
    return shown


def _history(call: Call, page: Doc) -> Json:
    return {
        "latest": True,
        "createdBy": user(call.site, page["authorId"]),
        "createdDate": page["createdAt"],
        "lastUpdated": version(call.site, page["version"]),
        "_links": {},
    }


def _children(call: Call, page: Doc) -> Json:
    rows = [content(call, doc) for doc in tree.children(call.site, page["id"]) if doc["type"] == "page"]
    return {"page": {"results": rows, "start": 0, "limit": 25, "size": len(rows), "_links": {}}, "_links": {}}


_EXPANDERS: Final[dict[str, Callable[[Call, Doc], Any]]] = {
    "space": lambda call, page: space(call.site.space(page["spaceId"])),
    "version": lambda call, page: version(call.site, page["version"]),
    "history": _history,
    "ancestors": _ancestors,
    "metadata": _metadata,
    "children": _children,
    "container": lambda call, page: space(call.site.space(page["spaceId"])),
}
_EXPANDABLE: Final = (*_EXPANDERS, "body", "operations", "restrictions", "descendants", "childTypes")


def content_property(doc: Doc) -> Json:
    """Return a content property as Data Center shows it."""
    number = doc["version"]["number"]
    version = {"number": number, "when": doc["version"]["createdAt"], "minorEdit": False, "message": ""}
    return {"id": doc["id"], "key": doc["key"], "value": doc["value"], "version": version}


def window(call: Call, rows: Sequence[Any], show: Callable[[Any], Json], *, limit: int = 25) -> Answer:
    """Return a part of a list by `start` and `limit`, with `_links.next` when there is more."""
    start, size = call.number("start", 0, 0, 10_000_000), min(call.number("limit", limit, 0, 100_000), _MOST)
    shown = [show(row) for row in rows[start : start + size]]
    links: Json = {"base": call.base, "context": "/wiki", "self": call.link(call.route.removeprefix("/wiki"))}
    if size and start + size < len(rows):
        kept = [(key, value) for key, value in call.query.multi_items() if key not in {"start", "limit"}]
        query = urlencode([*kept, ("start", start + size), ("limit", size)])
        links["next"] = f"{call.route.removeprefix('/wiki')}?{query}"
    return Answer({"results": shown, "start": start, "limit": size, "size": len(shown), "_links": links})
