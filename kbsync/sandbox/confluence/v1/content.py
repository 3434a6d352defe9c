"""What only the v1 API does with pages on Cloud: archive, move, trash a tree, restore a version, restrict."""

from __future__ import annotations

from typing import Final, cast

from kbsync.sandbox.confluence import longtasks, pages, tree
from kbsync.sandbox.confluence.endpoint import Answer, Call, Table
from kbsync.sandbox.confluence.failure import Json, invalid, missing
from kbsync.sandbox.confluence.pages import Change
from kbsync.sandbox.confluence.site import CONTENT, TASK
from kbsync.sandbox.confluence.v1 import shapes
from kbsync.sandbox.store import Doc

_POSITIONS: Final = ("before", "after", "append")


def archive(call: Call) -> Answer:
    """POST /content/archive: accepted, done later."""
    wished = call.json().get("pages")
    if not isinstance(wished, list) or not wished:
        raise invalid("'pages' is required")
    if len(wished) > longtasks.MAX_ARCHIVED:
        raise invalid(f"At most {longtasks.MAX_ARCHIVED} pages can be archived in one request")
    ids = [str(one.get("id")) if isinstance(one, dict) else "" for one in wished]
    for id in ids:
        doc = call.site.store.get(CONTENT, id)
        if doc is None or doc["type"] != "page" or doc["status"] != "current":
            raise invalid(f"Content with id {id} cannot be archived: it is not a current page")
    return _accepted(longtasks.start(call.site, "archive", ids))


def delete_tree(call: Call) -> Answer:
    """DELETE /content/{id}/pageTree."""
    page = call.site.page(call.id())
    if page["status"] != "current":
        raise invalid("Only current pages can be trashed with their tree")
    return _accepted(longtasks.start(call.site, "pageTree", [page["id"]]))


def _accepted(task: Doc) -> Answer:
    ari = f"arn:cloud:confluence:sandbox:longtask/{task['id']}"
    return Answer(
        {"ari": ari, "id": task["id"], "links": {"status": f"/rest/api/longtask/{task['id']}"}}, 202
    )


def list_tasks(call: Call) -> Answer:
    """GET /longtask."""
    return shapes.window(call, call.site.store.all(TASK), longtasks.as_json, limit=100)


def get_task(call: Call) -> Answer:
    """GET /longtask/{id}."""
    shown = longtasks.status(call.site, call.path["id"])
    return Answer(shown | {"_links": {"base": call.base, "context": "/wiki"}})


def move(call: Call) -> Answer:
    """PUT /content/{page}/move/{position}/{target}."""
    position = call.path["position"]
    if position not in _POSITIONS:
        raise invalid(f"The position must be one of {', '.join(_POSITIONS)}")
    content, target = call.site.content(call.id("page")), call.site.content(call.id("target"))
    if {content["status"], target["status"]} != {"current"}:
        raise missing()
    tree.move(call.site, content, cast("tree.Position", position), target)
    return Answer({"pageId": content["id"]})


def restore_version(call: Call) -> Answer:
    """POST /content/{id}/version."""
    page, wish = call.site.page(call.id()), call.json()
    params: Json = wish.get("params") or {}
    if wish.get("operationKey") != "restore" or not isinstance(params.get("versionNumber"), int):
        raise invalid("'operationKey' must be 'restore', and 'params.versionNumber' is required")
    old = call.site.version(page["id"], params["versionNumber"])
    title = old["title"] if params.get("restoreTitle") else page["title"]
    change = Change(call.me, message=str(params.get("message") or ""))
    changed = pages.update(call.site, page, title, old["body"], change)
    return Answer(shapes.version(call.site, changed["version"]))


def descendants(call: Call) -> Answer:
    """GET /content/{id}/descendant/page."""
    found = tree.descendants(call.site, call.site.page(call.id())["id"], 100)
    rows = [doc for _, doc in found if doc["type"] == "page"]
    expand = shapes.expansions(call)
    return shapes.window(call, rows, lambda doc: shapes.content(call, doc, expand))


TABLE: Table = {
    ("POST", "/content/archive"): archive,
    ("DELETE", "/content/{id}/pageTree"): delete_tree,
    ("GET", "/longtask"): list_tasks,
    ("GET", "/longtask/{id}"): get_task,
    ("PUT", "/content/{page}/move/{position}/{target}"): move,
    ("POST", "/content/{id}/version"): restore_version,
    ("GET", "/content/{id}/descendant/page"): descendants,
}
