"""`/internal_articles`: what teammates read; one locale, no states."""

from __future__ import annotations

from typing import Any

from kbsync.sandbox.intercom import images, paging, wishes
from kbsync.sandbox.intercom.calls import Call
from kbsync.sandbox.intercom.problems import Refusal, absent, invalid, missing
from kbsync.sandbox.intercom.workspace import ADMINS
from kbsync.sandbox.store import Doc

_PEOPLE = ("author_id", "owner_id")


def list_internal(call: Call) -> dict[str, Any]:
    """List internal articles, the last updated first."""
    items = sorted(
        call.space.all("internal_article"), key=lambda a: (a["updated_at"], a["touched"]), reverse=True
    )
    return paging.numbered(call, items, lambda a: _view(call, a), default=50, maximum=250)


def get_internal(call: Call) -> dict[str, Any]:
    """Show one internal article."""
    return _view(call, _find(call))


def create_internal(call: Call) -> dict[str, Any]:
    """Make an internal article."""
    for name in ("title", *_PEOPLE):
        if not call.body.get(name):
            raise absent(f"{name} is required", name)
    fields = _fields(call)
    with call.space.store.transaction():
        now = call.space.now()
        article = {
            "id": str(call.space.next_id("internal_article", 3001)),
            "body": "",
            "locale": call.space.default_locale,
            "audience_ids": [],
            **dict.fromkeys(wishes.FLAGS, False),
            **fields,
            "created_at": now,
        }
        return _view(call, _saved(call, article))


def update_internal(call: Call) -> dict[str, Any]:
    """Change what the request names."""
    _find(call)
    fields = _fields(call)
    with call.space.store.transaction():
        return _view(call, _saved(call, {**_find(call), **fields}))


def delete_internal(call: Call) -> dict[str, Any]:
    """Remove an internal article for good."""
    article = _find(call)
    call.space.delete("internal_article", article["id"])
    return {"id": article["id"], "object": "internal_article", "deleted": True}


def _saved(call: Call, article: Doc) -> Doc:
    stamp = {"updated_at": call.space.now(), "touched": call.space.next_id("touched")}
    return call.space.put("internal_article", {**article, **stamp})


def _fields(call: Call) -> Doc:
    body = call.body
    if body.get("body") is not None and body.get("body_markdown") is not None:
        raise invalid("body and body_markdown are mutually exclusive", "body_markdown")
    fields: Doc = {}
    for name in _PEOPLE:
        if body.get(name) is not None:
            if str(body[name]) not in ADMINS:
                raise Refusal(401, "unauthorized", f"{name} is no teammate who may write articles")
            fields[name] = int(body[name])
    if isinstance(body.get("title"), str):
        fields["title"] = body["title"]
    if isinstance(body.get("body"), str):
        fields["body"] = wishes.rewritten(call.space, body["body"])
    fields |= {name: bool(body[name]) for name in wishes.FLAGS if body.get(name) is not None}
    return fields


def _find(call: Call) -> Doc:
    article = call.space.get("internal_article", call.path("id"))
    if article is None:
        raise missing()
    return article


def _view(call: Call, article: Doc) -> dict[str, Any]:
    shown = {name: value for name, value in article.items() if name != "touched"}
    body = images.signed(article["body"], call.base, call.space.store.now())
    return {"type": "internal_article", **shown, "body": body}
