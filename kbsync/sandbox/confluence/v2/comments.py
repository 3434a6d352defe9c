"""Footer and inline comments of the v2 API."""

from __future__ import annotations

from typing import Final, Literal

from kbsync.sandbox.confluence import comments, saving
from kbsync.sandbox.confluence.endpoint import Answer, Call, Handler, Table
from kbsync.sandbox.confluence.failure import Json, conflict, invalid
from kbsync.sandbox.confluence.listing import Order, listing
from kbsync.sandbox.confluence.site import COMMENT
from kbsync.sandbox.confluence.v2 import shapes
from kbsync.sandbox.confluence.v2.pages import body_of
from kbsync.sandbox.store import Doc

_ORDERS: Final[dict[str, Order]] = {
    "created-date": lambda doc: (doc["createdAt"], int(doc["id"])),
    "modified-date": lambda doc: (doc["version"]["createdAt"], int(doc["id"])),
}
_RESOLUTIONS: Final = ("open", "reopened", "resolved", "dangling")


def _show(call: Call, doc: Doc) -> Json:
    body_format = call.choice("body-format", shapes.FORMATS)
    shown: Json = {
        "id": doc["id"],
        "status": "current",
        "title": f"Re: {call.site.page(doc['pageId'])['title']}",
        "pageId": doc["pageId"],
        "version": doc["version"],
        "body": shapes.body(doc["body"], body_format),
        "_links": {"webui": f"/pages/viewpage.action?pageId={doc['pageId']}&focusedCommentId={doc['id']}"},
    }
    if doc["parent"]:
        shown |= {"parentCommentId": doc["parent"]}
    if doc["kind"] == "inline":
        shown["resolutionStatus"] = doc["resolution"]
        shown["properties"] = {"inlineMarkerRef": doc["ref"], "inlineOriginalSelection": doc["selection"]}
    return shown


def _single(call: Call, doc: Doc, status: int = 200) -> Answer:
    shown = _show(call, doc) | {"body": shapes.body(doc["body"], "storage")}
    shown["_links"] |= {"base": call.base}
    return Answer(shown, status)


def create_footer(call: Call) -> Answer:
    """POST /footer-comments."""
    wish = call.json()
    text = saving.save(body_of(wish.get("body"), required=True))
    if wish.get("parentCommentId"):
        parent = comments.by_id(call.site, str(wish["parentCommentId"]), "footer")
        return _single(call, comments.reply(call.site, parent, text, call.me), 201)
    page = call.site.page(str(wish.get("pageId") or ""))
    return _single(call, comments.comment(call.site, page, text, call.me), 201)


def create_inline(call: Call) -> Answer:
    """POST /inline-comments; the page's version stays what it was."""
    wish = call.json()
    text = saving.save(body_of(wish.get("body"), required=True))
    if wish.get("parentCommentId"):
        parent = comments.by_id(call.site, str(wish["parentCommentId"]), "inline")
        return _single(call, comments.reply(call.site, parent, text, call.me), 201)
    page, place = call.site.page(str(wish.get("pageId") or "")), wish.get("inlineCommentProperties") or {}
    words, index = place.get("textSelection"), place.get("textSelectionMatchIndex", 0)
    if not isinstance(words, str) or not isinstance(index, int):
        raise invalid("'inlineCommentProperties.textSelection' is required")
    return _single(call, comments.comment_words(call.site, page, words, index, text, call.me), 201)


def _on_page(kind: Literal["footer", "inline"]) -> Handler:
    def handler(call: Call) -> Answer:
        page = call.site.page(call.id())
        resolution = call.choice("resolution-status", _RESOLUTIONS)
        found = [
            doc
            for doc in comments.on_page(call.site, page["id"], kind)
            if resolution in {"", doc["resolution"]}
        ]
        return listing(call, found, lambda doc: _show(call, doc), _ORDERS, default="created-date")

    return handler


def _all(kind: str) -> Handler:
    def handler(call: Call) -> Answer:
        found = [doc for doc in call.site.store.all(COMMENT) if doc["kind"] == kind]
        return listing(call, found, lambda doc: _show(call, doc), _ORDERS, default="created-date")

    return handler


def _get(kind: str) -> Handler:
    return lambda call: _single(call, comments.by_id(call.site, call.id(), kind))


def _replies(kind: str) -> Handler:
    def handler(call: Call) -> Answer:
        found = comments.replies(call.site, comments.by_id(call.site, call.id(), kind))
        return listing(call, found, lambda doc: _show(call, doc), _ORDERS, default="created-date")

    return handler


def _update(kind: str) -> Handler:
    def handler(call: Call) -> Answer:
        doc, wish = comments.by_id(call.site, call.id(), kind), call.json()
        current = doc["version"]["number"]
        if (wish.get("version") or {}).get("number") != current + 1:
            raise conflict(
                f"Version must be incremented when updating a comment. Current Version: [{current}]"
            )
        text = saving.save(body_of(wish["body"], required=True)) if wish.get("body") else doc["body"]
        resolution = "resolved" if wish.get("resolved") else doc["resolution"]
        if wish.get("resolved") is False and doc["resolution"] == "resolved":
            resolution = "reopened"
        return _single(call, comments.change(call.site, doc, body=text, resolution=resolution))

    return handler


def _delete(kind: str) -> Handler:
    def handler(call: Call) -> Answer:
        comments.delete(call.site, comments.by_id(call.site, call.id(), kind))
        return Answer(status=204)

    return handler


def _table(kind: Literal["footer", "inline"]) -> dict[tuple[str, str], Handler]:
    path = f"/{kind}-comments"
    return {
        ("GET", f"/pages/{{id}}{path}"): _on_page(kind),
        ("GET", path): _all(kind),
        ("POST", path): create_footer if kind == "footer" else create_inline,
        ("GET", f"{path}/{{id}}"): _get(kind),
        ("PUT", f"{path}/{{id}}"): _update(kind),
        ("DELETE", f"{path}/{{id}}"): _delete(kind),
        ("GET", f"{path}/{{id}}/children"): _replies(kind),
    }


TABLE: Table = {**_table("footer"), **_table("inline")}
