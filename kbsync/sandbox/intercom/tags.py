"""Tags of the workspace, and tags on articles."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from kbsync.sandbox.intercom.calls import Call
from kbsync.sandbox.intercom.problems import Refusal, absent, missing
from kbsync.sandbox.intercom.workspace import Workspace
from kbsync.sandbox.store import Doc


def list_tags(call: Call) -> dict[str, Any]:
    """List all tags, on one page."""
    return {"type": "list", "data": [_basic(tag) for tag in call.space.all("tag")]}


def create_tag(call: Call) -> dict[str, Any]:
    """Make a tag, or give one that is there another name; one name is one tag."""
    name = call.body.get("name")
    if not isinstance(name, str) or not name.strip():
        raise Refusal(400, "parameter_invalid", "invalid tag parameters")
    if call.body.get("id"):
        tag = _tag(call.space, str(call.body["id"]))
        return _basic(call.space.put("tag", {**tag, "name": name.strip()}))
    return _basic(ensure(call.space, name.strip()))


def get_tag(call: Call) -> dict[str, Any]:
    """Show one tag."""
    return _basic(_tag(call.space, call.path("id")))


def delete_tag(call: Call) -> Response:
    """Remove a tag from the workspace and from everything that has it."""
    id = call.path("id")
    _tag(call.space, id)
    call.space.delete("tag", id)
    for article in call.space.all("article"):
        if any(tag["id"] == id for tag in article["tags"]):
            call.space.put("article", _without(article, id))
    return Response(status_code=200)


def ensure(space: Workspace, name: str) -> Doc:
    """Return the tag of this name, made where there was none; names differ by more than case."""
    same = (tag for tag in space.all("tag") if tag["name"].lower() == name.lower())
    return next(same, None) or space.put("tag", {"id": str(space.next_id("tag", 7001)), "name": name})


def attach(call: Call) -> dict[str, Any]:
    """Put an existing tag on an article."""
    article = _article(call)
    id = call.body.get("id")
    if id is None:
        raise absent("id is required", "id")
    tag = _tag(call.space, str(id))
    applied = {"id": tag["id"], "applied_at": call.space.now(), "applied_by": call.admin}
    if all(present["id"] != tag["id"] for present in article["tags"]):
        call.space.put("article", {**article, "tags": [*article["tags"], applied]})
    return applied_form(call.space, applied)


def detach(call: Call) -> dict[str, Any]:
    """Take a tag off an article."""
    article, tag = _article(call), _tag(call.space, call.path("id"))
    call.space.put("article", _without(article, tag["id"]))
    return {**_basic(tag), "applied_at": None, "applied_by": None}


def tag_list(space: Workspace, applied: list[Doc]) -> dict[str, Any]:
    """Return the tags on a thing, as Intercom nests them."""
    return {"type": "tag.list", "tags": [applied_form(space, tag) for tag in applied]}


def applied_form(space: Workspace, applied: Doc) -> dict[str, Any]:
    """Return one tag on a thing: what it is called, since when, by whom."""
    return {
        **_basic(space.get("tag", applied["id"]) or {"id": applied["id"], "name": ""}),
        "applied_at": applied["applied_at"],
        "applied_by": {"type": "admin", "id": applied["applied_by"]},
    }


def _without(article: Doc, id: str) -> Doc:
    return {**article, "tags": [tag for tag in article["tags"] if tag["id"] != id]}


def _tag(space: Workspace, id: str) -> Doc:
    tag = space.get("tag", id)
    if tag is None:
        raise missing("Tag not found", "tag_not_found")
    return tag


def _article(call: Call) -> Doc:
    article = call.space.get("article", call.path("article_id"))
    if article is None:
        raise missing("Article not found", "article_not_found")
    return article


def _basic(tag: Doc) -> dict[str, Any]:
    return {"type": "tag", "id": tag["id"], "name": tag["name"]}
