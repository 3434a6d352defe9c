"""`/folders`: create, get, delete, and what stands in them."""

from __future__ import annotations

from datetime import datetime

from kbsync.sandbox.confluence import tree
from kbsync.sandbox.confluence.endpoint import Answer, Call, Table
from kbsync.sandbox.confluence.failure import Json, invalid
from kbsync.sandbox.confluence.site import CONTENT, PROPERTY, new_content
from kbsync.sandbox.confluence.v2 import pages, shapes
from kbsync.sandbox.store import Doc


def create_folder(call: Call) -> Answer:
    """POST /folders; the title must be unused among the folders of its parent."""
    wish = call.json()
    space = call.site.space(str(wish.get("spaceId") or ""))
    parent = call.site.content(str(wish.get("parentId") or space["homepageId"]))
    title = " ".join(str(wish.get("title") or "").split())
    if not title:
        raise invalid("'title' is required")
    if any(doc["title"].casefold() == title.casefold() for doc in _folders(call, parent)):
        raise invalid("A folder exists with the same title in this space")
    if parent["spaceId"] != space["id"]:
        raise invalid("The parent must be in the same space as the folder")
    now = call.site.now()
    version = {"number": 1, "message": "", "minorEdit": False, "authorId": call.me, "createdAt": now}
    id = call.site.next_id()
    position = tree.next_position(call.site)
    folder = {**new_content(id, space["id"], title, parent, version, kind="folder"), "position": position}
    return Answer(_show(call, call.site.store.put(CONTENT, id, folder)))


def _folders(call: Call, parent: Doc) -> list[Doc]:
    return [doc for doc in tree.children(call.site, parent["id"]) if doc["type"] == "folder"]


def get_folder(call: Call) -> Answer:
    """GET /folders/{id}."""
    folder = call.site.content(call.id(), "folder")
    shown = _show(call, folder)
    if call.flag("include-direct-children"):
        rows = [shapes.child(doc) for doc in tree.children(call.site, folder["id"])]
        shown["directChildren"] = {"results": rows, "meta": {"hasMore": False}}
    if call.flag("include-properties"):
        found = call.site.store.find(PROPERTY, "owner", folder["id"])
        shown["properties"] = {"results": [shapes.content_property(one) for one in found]}
    if call.flag("include-operations"):
        shown["operations"] = {"results": shapes.operations("folder")}
    return Answer(shown)


def delete_folder(call: Call) -> Answer:
    """DELETE /folders/{id}: to the trash; what stood in it moves up."""
    folder = call.site.content(call.id(), "folder")
    tree.hand_up(call.site, folder)
    call.site.put(folder, status="trashed")
    return Answer(status=204)


def _show(call: Call, folder: Doc) -> Json:
    names = (
        "id",
        "type",
        "status",
        "title",
        "parentId",
        "parentType",
        "position",
        "authorId",
        "ownerId",
        "spaceId",
    )
    key = call.site.space(folder["spaceId"])["key"]
    return {
        **{name: folder[name] for name in names},
        "createdAt": _milliseconds(folder["createdAt"]),
        "version": folder["version"],
        "_links": {"webui": f"/spaces/{key}/folder/{folder['id']}", "base": call.base},
    }


def _milliseconds(text: str) -> int:
    """Return epoch milliseconds: what the live endpoint sends where the document promises a date-time."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


TABLE: Table = {
    ("POST", "/folders"): create_folder,
    ("GET", "/folders/{id}"): get_folder,
    ("DELETE", "/folders/{id}"): delete_folder,
    ("GET", "/folders/{id}/direct-children"): pages.direct_children,
    ("GET", "/folders/{id}/descendants"): pages.descendants,
    ("GET", "/folders/{id}/ancestors"): pages.ancestors,
}
