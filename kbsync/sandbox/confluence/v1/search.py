"""`/search`, `/content/search` and `/search/user`."""

from __future__ import annotations

import base64
import re
from typing import Final
from urllib.parse import urlencode

from kbsync.sandbox.confluence import rendering, search
from kbsync.sandbox.confluence.endpoint import Answer, Call, Table, title_path
from kbsync.sandbox.confluence.failure import Json, invalid
from kbsync.sandbox.confluence.site import USER
from kbsync.sandbox.confluence.v1 import shapes
from kbsync.sandbox.store import Doc

_RENDERED: Final = ("body.export_view", "body.styled_view")
_FEW: Final = 25
"""Most results when bodies are rendered with them."""
_NAMED: Final = re.compile(r'user(?:\.fullname)?\s*~\s*"([^"]*)"')


def content_search(call: Call) -> Answer:
    """GET /content/search."""
    expand = shapes.expansions(call)
    rows, answer = _page(call, expand)
    del answer["_total"]
    return Answer({"results": [shapes.content(call, doc, expand) for doc in rows], **answer})


def search_all(call: Call) -> Answer:
    """GET /search."""
    rows, answer = _page(call, shapes.expansions(call))
    more = {"totalSize": answer.pop("_total"), "cqlQuery": call.query.get("cql", ""), "searchDuration": 7}
    return Answer({"results": [_result(call, doc) for doc in rows], **answer, **more})


def _page(call: Call, expand: list[str]) -> tuple[list[Doc], Json]:
    text = call.query.get("cql")
    if not text:
        raise invalid("'cql' is required")
    most = _FEW if any(wish in _RENDERED for wish in expand) else 250
    size = min(call.number("limit", 25, 0, 100_000), most)
    found = search.find(call.site, text, call.lag, call.me)
    start = _start(call)
    rows = found[start : start + size]
    links: Json = {"base": call.base, "context": "/wiki", "self": call.link(call.route.removeprefix("/wiki"))}
    if size and start + size < len(found):
        query = urlencode(
            {
                "next": "true",
                "cursor": _cursor(start + size),
                "limit": size,
                "start": start + size,
                "cql": text,
            }
        )
        links["next"] = f"{call.route.removeprefix('/wiki')}?{query}"
    return rows, {"start": start, "limit": size, "size": len(rows), "_links": links, "_total": len(found)}


def _cursor(start: int) -> str:
    return base64.urlsafe_b64encode(f"_f_{start}".encode()).decode()


def _start(call: Call) -> int:
    cursor = call.query.get("cursor")
    if cursor is None:
        return call.number("start", 0, 0, 10_000_000)
    try:
        return int(base64.urlsafe_b64decode(cursor.encode()).decode().removeprefix("_f_"))
    except ValueError:
        raise invalid("Provided cursor is invalid") from None


def _result(call: Call, doc: Doc) -> Json:
    space = call.site.space(doc["spaceId"])
    url = f"/spaces/{space['key']}/pages/{doc['id']}/{title_path(doc['title'])}"
    text = rendering.excerpt(call.site.body(doc)) if doc["type"] == "page" else ""
    return {
        "content": shapes.content(
            call, doc, [wish.removeprefix("content.") for wish in shapes.expansions(call)]
        ),
        "title": doc["title"],
        "excerpt": text,
        "url": url,
        "resultGlobalContainer": {"title": space["name"], "displayUrl": f"/spaces/{space['key']}"},
        "breadcrumbs": [],
        "entityType": "content",
        "iconCssClass": "aui-icon content-type-page",
        "lastModified": doc["version"]["createdAt"],
        "friendlyLastModified": doc["version"]["createdAt"][:10],
        "score": 0.0,
    }


def user_search(call: Call) -> Answer:
    """GET /search/user by full name."""
    match = _NAMED.search(call.query.get("cql", ""))
    if match is None:
        raise invalid("Could not parse cql")
    wanted = match[1].casefold()
    rows = [doc for doc in call.site.store.all(USER) if wanted in doc["displayName"].casefold()]
    answer = shapes.window(call, rows, lambda doc: _found_user(call, doc))
    more = {"totalSize": len(rows), "cqlQuery": call.query["cql"], "searchDuration": 3}
    return Answer({**answer.body, **more})


def _found_user(call: Call, doc: Doc) -> Json:
    return {
        "user": shapes.user(call.site, doc["accountId"]),
        "title": doc["displayName"],
        "excerpt": "",
        "url": f"/people/{doc['accountId']}",
        "breadcrumbs": [],
        "entityType": "user",
        "iconCssClass": "aui-icon",
        "lastModified": call.site.now(),
    }


TABLE: Table = {
    ("GET", "/content/search"): content_search,
    ("GET", "/search"): search_all,
    ("GET", "/search/user"): user_search,
}
