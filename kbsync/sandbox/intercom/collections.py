"""`/help_center/collections`: up to three levels, whose order nobody can write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kbsync.sandbox.intercom import paging
from kbsync.sandbox.intercom.article_view import slug
from kbsync.sandbox.intercom.calls import Call
from kbsync.sandbox.intercom.help_centers import HELP_CENTER_ID
from kbsync.sandbox.intercom.problems import Refusal, absent, invalid, missing
from kbsync.sandbox.intercom.workspace import HELP_CENTER_URL, LOCALES, Workspace
from kbsync.sandbox.store import Doc

MAX_LEVELS: Final = 3


def list_collections(call: Call) -> dict[str, Any]:
    """List all collections, the last updated first."""
    items = sorted(call.space.all("collection"), key=lambda c: (c["updated_at"], c["touched"]), reverse=True)
    wanted = call.query("help_center_id")
    shown = [c for c in items if not wanted or str(c["help_center_id"]) == wanted]
    return paging.numbered(call, shown, lambda c: _view(call.space, c), default=20, maximum=250)


def get_collection(call: Call) -> dict[str, Any]:
    """Show one collection."""
    return _view(call.space, _find(call))


def create_collection(call: Call) -> dict[str, Any]:
    """Make a collection; it comes last among its neighbours."""
    space, now = call.space, call.space.now()
    texts = _texts(call)
    if not texts.get(space.default_locale, {}).get("name"):
        raise absent("Name is a required parameter.", "name")
    if str(call.body.get("help_center_id") or HELP_CENTER_ID) != HELP_CENTER_ID:
        raise missing("Help center not found")
    parent = _parent(call, None)
    collection = {
        "id": str(space.next_id("collection", 4001)),
        "parent_id": parent,
        "texts": texts,
        "order": sum(c["parent_id"] == parent for c in space.all("collection")),
        "help_center_id": int(HELP_CENTER_ID),
        "created_at": now,
        "updated_at": now,
        "touched": space.next_id("touched"),
    }
    return _view(space, space.put("collection", collection))


def update_collection(call: Call) -> dict[str, Any]:
    """Change what the request names; `parent_id: null` moves to the first level."""
    before, texts = _find(call), _texts(call)
    merged = {**before["texts"]}
    for locale, fields in texts.items():
        merged[locale] = {**merged.get(locale, {"name": "", "description": ""}), **fields}
    parent = _parent(call, before) if "parent_id" in call.body else before["parent_id"]
    after = {**before, "texts": merged, "parent_id": parent, "updated_at": call.space.now()}
    return _view(
        call.space, call.space.put("collection", {**after, "touched": call.space.next_id("touched")})
    )


def delete_collection(call: Call) -> dict[str, Any]:
    """Remove a collection and those below it; their articles stay, in no collection."""
    collection = _find(call)
    gone = {collection["id"], *_below(call.space, collection["id"])}
    for id in gone:
        call.space.delete("collection", id)
    for article in call.space.all("article"):
        left = [id for id in article["parent_ids"] if str(id) not in gone]
        if left != article["parent_ids"]:
            call.space.put("article", {**article, "parent_ids": left})
    return {"id": collection["id"], "object": "collection", "deleted": True}


def _find(call: Call) -> Doc:
    collection = call.space.get("collection", call.path("id"))
    if collection is None:
        raise missing()
    return collection


def _texts(call: Call) -> dict[str, dict[str, str]]:
    texts: dict[str, dict[str, str]] = {}
    for locale, content in (call.body.get("translated_content") or {}).items():
        if locale == "type" or content is None:
            continue
        if locale not in call.space.locales:
            raise invalid(f"Unknown locale: {locale}", "translated_content")
        texts[locale] = _named(content)
    default = call.space.default_locale
    texts[default] = texts.get(default, {}) | _named(call.body)
    return {locale: fields for locale, fields in texts.items() if fields}


def _named(source: Mapping[str, Any]) -> dict[str, str]:
    fields = {name: source[name] for name in ("name", "description") if source.get(name) is not None}
    if not all(isinstance(value, str) for value in fields.values()):
        raise Refusal(400, "type_mismatch", "name and description must be strings")
    if "name" in fields and not fields["name"].strip():
        raise invalid("name can't be blank", "name")
    return fields


def _parent(call: Call, moved: Doc | None) -> str | None:
    """Return the parent asked for; raises Refusal when it is not there, is below, or is too deep."""
    wanted = call.body.get("parent_id")
    if wanted in (None, ""):
        return None
    parent = call.space.get("collection", str(wanted))
    if parent is None:
        raise Refusal(404, "not_found", f"Parent collection {wanted} not found", "parent_id")
    if moved is not None and (parent["id"] == moved["id"] or parent["id"] in _below(call.space, moved["id"])):
        raise invalid("A collection can't be moved below itself", "parent_id")
    height = 1 if moved is None else _height(call.space, moved["id"])
    if _depth(call.space, parent) + height > MAX_LEVELS:
        raise invalid(f"Collections can't have more than {MAX_LEVELS} levels", "parent_id")
    return str(parent["id"])


def _children(space: Workspace, id: str) -> list[Doc]:
    return [c for c in space.all("collection") if c["parent_id"] == id]


def _below(space: Workspace, id: str) -> set[str]:
    return {found for child in _children(space, id) for found in (child["id"], *_below(space, child["id"]))}


def _height(space: Workspace, id: str) -> int:
    return 1 + max((_height(space, child["id"]) for child in _children(space, id)), default=0)


def _depth(space: Workspace, collection: Doc) -> int:
    parent = collection["parent_id"] and space.get("collection", collection["parent_id"])
    return 1 if not parent else 1 + _depth(space, parent)


def _view(space: Workspace, collection: Doc) -> dict[str, Any]:
    texts = collection["texts"]
    default = texts.get(space.default_locale, {})
    name = default.get("name", "")
    view = {
        "id": collection["id"],
        "workspace_id": space.code,
        "name": name,
        "description": default.get("description", ""),
        "url": f"{HELP_CENTER_URL}/{space.default_locale}/collections/{collection['id']}-{slug(name)}",
        "icon": None if collection["parent_id"] else "book-bookmark",
        **{
            key: collection[key]
            for key in ("order", "created_at", "updated_at", "parent_id", "help_center_id")
        },
    }
    if space.multilingual:
        view["default_locale"] = space.default_locale
        view["translated_content"] = _translations(texts)
    return view


def _translations(texts: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    shown: dict[str, Any] = {"type": "group_translated_content", **dict.fromkeys(LOCALES)}
    for locale, fields in texts.items():
        shown[locale] = {
            "type": "group_content",
            "name": fields["name"],
            "description": fields.get("description", ""),
        }
    return shown
