"""Comments under pages and on words in them."""

from __future__ import annotations

import uuid
from typing import Final

from kbsync.sandbox.confluence import markers, pages
from kbsync.sandbox.confluence.failure import Json, missing
from kbsync.sandbox.confluence.site import COMMENT, Site
from kbsync.sandbox.store import Doc

OPEN: Final = "open"


def on_page(site: Site, page_id: str, kind: str) -> list[Doc]:
    """Return the top-level comments of a kind, `footer` or `inline`; those whose words are gone dangle."""
    found = [
        doc for doc in site.store.find(COMMENT, "page", page_id) if doc["kind"] == kind and not doc["parent"]
    ]
    if kind == "footer" or not found:
        return found
    marked = markers.markers(site.body(site.page(page_id)))
    return [_settled(doc, marked) for doc in found]


def _settled(doc: Doc, marked: dict[str, str]) -> Doc:
    """Return a comment as its marker is still there or not; set again, the marker anchors it anew."""
    if doc["resolution"] == OPEN and doc["ref"] not in marked:
        return {**doc, "resolution": "dangling"}
    return doc


def by_id(site: Site, id: str, kind: str) -> Doc:
    """Return a comment; raises 404."""
    found = site.store.get(COMMENT, id)
    if found is None or found["kind"] != kind:
        raise missing()
    if kind == "inline" and not found["parent"]:
        return _settled(found, markers.markers(site.body(site.page(found["pageId"]))))
    return found


def comment(site: Site, page: Doc, body: str, author: str) -> Doc:
    """Add a comment under a page."""
    return _put(site, page["id"], "footer", body, author)


def comment_words(site: Site, page: Doc, words: str, index: int, body: str, author: str) -> Doc:
    """Add a comment on words of a page: a marker goes into the body, and no version is made.

    Raises:
        Refusal: 400 when the words are not there.
    """
    reference = str(uuid.uuid4())
    marked = markers.mark(site.body(page), words, index, reference)
    pages.touch_body(site, page, marked)
    return _put(site, page["id"], "inline", body, author, ref=reference, selection=words)


def reply(site: Site, parent: Doc, body: str, author: str) -> Doc:
    """Answer a comment."""
    return _put(site, parent["pageId"], parent["kind"], body, author, parent=parent["id"])


def replies(site: Site, parent: Doc) -> list[Doc]:
    """Return the answers to a comment."""
    return [
        doc for doc in site.store.find(COMMENT, "page", parent["pageId"]) if doc["parent"] == parent["id"]
    ]


def delete(site: Site, doc: Doc) -> None:
    """Remove a comment, its answers and its marker."""
    for answer in replies(site, doc):
        site.store.delete(COMMENT, answer["id"])
    if doc["ref"]:
        page = site.page(doc["pageId"])
        body = site.body(page)
        if doc["ref"] in markers.markers(body):
            pages.touch_body(site, page, markers.unmark(body, doc["ref"]))
    site.store.delete(COMMENT, doc["id"])


def change(site: Site, doc: Doc, **changes: object) -> Doc:
    """Write a comment with these fields changed, as its next version."""
    version = {**doc["version"], "number": doc["version"]["number"] + 1, "createdAt": site.now()}
    return site.store.put(COMMENT, doc["id"], {**doc, "version": version, **changes})


def _put(
    site: Site,
    page_id: str,
    kind: str,
    body: str,
    author: str,
    *,
    ref: str = "",
    selection: str = "",
    parent: str = "",
) -> Doc:
    id, now = site.next_id(), site.now()
    version: Json = {"number": 1, "message": "", "minorEdit": False, "authorId": author, "createdAt": now}
    doc = {
        "id": id,
        "kind": kind,
        "pageId": page_id,
        "parent": parent,
        "body": body,
        "createdAt": now,
        "version": version,
        "ref": ref,
        "selection": selection,
        "resolution": OPEN,
    }
    return site.store.put(COMMENT, id, doc)
