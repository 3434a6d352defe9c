"""`/content`: pages by the v1 API, as Data Center has them."""

from __future__ import annotations

from typing import Any, Final, cast

from kbsync.sandbox.confluence import attachments, pages, rendering, tree
from kbsync.sandbox.confluence.endpoint import Answer, Call, Table
from kbsync.sandbox.confluence.failure import Json, invalid, missing
from kbsync.sandbox.confluence.pages import Change
from kbsync.sandbox.confluence.properties import by_key, create, update
from kbsync.sandbox.confluence.site import CONTENT
from kbsync.sandbox.confluence.v1 import shapes
from kbsync.sandbox.confluence.v1.labels import label_of
from kbsync.sandbox.store import Doc

_DEFAULT: Final = ("space", "version", "history")
_STATES: Final = ("current", "trashed", "draft", "any", "historical")


def list_content(call: Call) -> Answer:
    """GET /content?spaceKey=&title=&status=; some sites switch it off (setting `confluence.content_list` = false)."""
    if call.site.setting("content_list", default=True) is False:
        raise missing()
    key, title = call.query.get("spaceKey"), call.query.get("title")
    states = set(call.values("status") or ["current"])
    if not states <= set(_STATES):
        raise invalid(f"'status' must be one of {', '.join(_STATES)}")
    space = call.site.space_by_key(key) if key else None
    found = call.site.store.find(CONTENT, "space", space["id"]) if space else call.site.store.all(CONTENT)
    rows = [
        doc
        for doc in sorted(found, key=lambda doc: int(doc["id"]))
        if doc["type"] == "page"
        and not doc["hidden"]
        and ("any" in states or doc["status"] in states)
        and title in {None, doc["title"]}
    ]
    expand = shapes.expansions(call)
    return shapes.window(call, rows, lambda doc: shapes.content(call, doc, expand))


def scan(call: Call) -> Answer:
    """GET /content/scan: the listing that stays fast on large sites."""
    return list_content(call)


def get_content(call: Call) -> Answer:
    """GET /content/{id}, also an attachment's."""
    if call.path["id"].startswith("att"):
        doc = attachments.by_id(call.site, call.path["id"])
        return Answer({"id": doc["id"], "type": "attachment", "status": doc["status"], "title": doc["title"]})
    page, expand = call.site.page(call.id()), shapes.expansions(call) or list(_DEFAULT)
    states = set(call.values("status") or ["current"])
    number = call.query.get("version") or call.query.get("historyId")
    if number:
        old = call.site.version(page["id"], call.number("version", 1, 1, 1_000_000))
        past = {**page, "title": old["title"], "version": {name: old[name] for name in page["version"]}}
        return Answer(shapes.content(call, past, expand, text=old["body"]))
    if "any" not in states and page["status"] not in states:
        raise missing()
    return Answer(shapes.content(call, page, expand))


def create_content(call: Call) -> Answer:
    """POST /content."""
    wish = call.json()
    if wish.get("type") != "page":
        raise invalid("'type' must be page")
    space = call.site.space_by_key(str((wish.get("space") or {}).get("key") or ""))
    parent = _parent(call, wish)
    if parent is not None and parent["spaceId"] != space["id"]:
        raise invalid("The parent must be in the same space as the page")
    draft = wish.get("status") == "draft"
    page = pages.create(
        call.site, space, str(wish.get("title") or ""), _body(wish), parent, Change(call.me), draft=draft
    )
    page = _labelled(call, page, wish)
    _write_properties(call, page, wish)
    return Answer(shapes.content(call, page, [*_DEFAULT, "body.storage", "ancestors"]))


def _parent(call: Call, wish: Json) -> Doc | None:
    above = wish.get("ancestors")
    if not above:
        return None
    parent = call.site.store.get(CONTENT, str(above[-1].get("id")))
    if parent is None or parent["status"] != "current":
        raise invalid("The parent does not exist, or you may not see it")
    return parent


def _body(wish: Json) -> str:
    body = wish.get("body") or {}
    given: Json = next((body[name] for name in ("storage", "wiki") if isinstance(body.get(name), dict)), {})
    if not given:
        return ""
    if given.get("representation") not in {"storage", "wiki"} or not isinstance(given.get("value"), str):
        raise invalid("'body.storage' needs a representation and a value")
    return rendering.to_storage(given["value"], given["representation"])


def update_content(call: Call) -> Answer:
    """PUT /content/{id}: title, body, parent, labels and properties at once."""
    page, wish = call.site.page(call.id()), call.json()
    if wish.get("type") not in {"page", None} or not wish.get("title"):
        raise invalid("'type' and 'title' are required")
    version = wish.get("version") or {}
    if not isinstance(version.get("number"), int):
        raise invalid("'version.number' is required")
    minor, message = bool(version.get("minorEdit")), str(version.get("message") or "")
    change = Change(call.me, version["number"], message, minor)
    if page["status"] == "trashed":
        if wish.get("status") != "current":
            raise missing()
        page = pages.restore(call.site, page, change)
    else:
        body = _body(wish) if wish.get("body") else call.site.body(page)
        page = pages.update(call.site, page, str(wish["title"]), body, change, parent=_parent(call, wish))
    page = _labelled(call, page, wish)
    _write_properties(call, page, wish)
    return Answer(shapes.content(call, page, [*_DEFAULT, "body.storage", "ancestors"]))


def _labelled(call: Call, page: Doc, wish: Json) -> Doc:
    """Replace the labels when the request names any."""
    labels = (wish.get("metadata") or {}).get("labels")
    if not isinstance(labels, list):
        return page
    return call.site.put(page, labels=[label_of(call.site, one) for one in labels])


def _write_properties(call: Call, page: Doc, wish: Json) -> None:
    given = (wish.get("metadata") or {}).get("properties")
    for key, wished in (given if isinstance(given, dict) else {}).items():
        value = wished.get("value") if isinstance(wished, dict) else wished
        old = by_key(call.site, page["id"], key)
        if old is None:
            create(call.site, page["id"], key, value, call.me)
        else:
            number = old["version"]["number"] + 1
            update(call.site, old, {"value": value, "version": {"number": number}}, call.me)


def delete_content(call: Call) -> Answer:
    """DELETE /content/{id}: to the trash; `status=trashed` purges; an attachment's id works too."""
    if call.path["id"].startswith("att"):
        attachments.trash(call.site, attachments.by_id(call.site, call.path["id"]))
        return Answer(status=204)
    page = call.site.page(call.id())
    if call.query.get("status") == "trashed":
        pages.purge(call.site, page)
    else:
        pages.trash(call.site, page)
    return Answer(status=204)


def child_pages(call: Call) -> Answer:
    """GET /content/{id}/child/page."""
    found = tree.children(call.site, call.site.page(call.id())["id"])
    expand = shapes.expansions(call)
    rows = [doc for doc in found if doc["status"] == "current"]
    return shapes.window(call, rows, lambda doc: shapes.content(call, doc, expand))


def descendant_pages(call: Call) -> Answer:
    """GET /content/{id}/descendant/page."""
    found = [doc for _, doc in tree.descendants(call.site, call.site.page(call.id())["id"], 100)]
    expand = shapes.expansions(call)
    return shapes.window(call, found, lambda doc: shapes.content(call, doc, expand))


def history(call: Call) -> Answer:
    """GET /content/{id}/history."""
    page = call.site.page(call.id())
    return Answer(shapes.content(call, page, ["history"])["history"])


def versions(call: Call) -> Answer:
    """GET /content/{id}/version, newest first."""
    rows = call.site.versions(call.site.page(call.id())["id"])
    return shapes.window(call, rows, lambda doc: shapes.version(call.site, doc), limit=200)


def move(call: Call) -> Answer:
    """PUT /content/{id}/move/{position}/{target}."""
    position = call.path["position"]
    if position not in {"before", "after", "append"}:
        raise invalid("The position must be one of before, after, append")
    content, target = call.site.page(call.id()), call.site.page(call.id("target"))
    tree.move(call.site, content, cast("tree.Position", position), target)
    return Answer({"pageId": content["id"]})


def restrictions(call: Call) -> Answer:
    """GET /content/{id}/restriction/byOperation: nobody is shut out here."""
    call.site.page(call.id())
    none: Json = {"user": {"results": [], "size": 0}, "group": {"results": [], "size": 0}}
    rows: dict[str, Any] = {
        name: {"operation": name, "restrictions": none, "_links": {}, "_expandable": {}}
        for name in ("read", "update")
    }
    return Answer(rows)


TABLE: Table = {
    ("GET", "/content"): list_content,
    ("POST", "/content"): create_content,
    ("GET", "/content/scan"): scan,
    ("GET", "/content/{id}"): get_content,
    ("PUT", "/content/{id}"): update_content,
    ("DELETE", "/content/{id}"): delete_content,
    ("GET", "/content/{id}/child/page"): child_pages,
    ("GET", "/content/{id}/descendant/page"): descendant_pages,
    ("GET", "/content/{id}/history"): history,
    ("GET", "/content/{id}/version"): versions,
    ("PUT", "/content/{id}/move/{position}/{target}"): move,
    ("GET", "/content/{id}/restriction/byOperation"): restrictions,
}
