"""What a request wants of an article, read and judged before anything is changed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from markdown_it import MarkdownIt

from kbsync.sandbox.intercom import images
from kbsync.sandbox.intercom.calls import Call
from kbsync.sandbox.intercom.mutator import Mutator, image_sources
from kbsync.sandbox.intercom.problems import Refusal, absent, invalid, missing
from kbsync.sandbox.intercom.workspace import ADMINS, LOCALES, Workspace

TEXTS: Final = ("title", "description", "body", "author_id", "state")
FLAGS: Final = ("ai_chatbot_availability", "ai_copilot_availability", "ai_sales_agent_availability")
_SCHEDULES: Final = ("scheduled_publish_at", "scheduled_unpublish_at")
_STRINGS: Final = ("title", "description", "body", "body_markdown")
_STATES: Final = ("published", "draft")


@dataclass(frozen=True, slots=True)
class Wish:
    """The changes asked for: texts by locale, and what belongs to the article as a whole."""

    texts: Mapping[str, dict[str, Any]]
    parent: Mapping[str, list[int]] = field(default_factory=dict)
    flags: Mapping[str, bool] = field(default_factory=dict)
    audiences: Mapping[str, list[int]] = field(default_factory=dict)
    schedule: Mapping[str, int | None] = field(default_factory=dict)


def read(call: Call) -> Wish:
    """Return what the request wants, bodies already rewritten; raises Refusal, and nothing has changed then.

    Fetches images, so it must not be called inside a transaction.
    """
    raw = _texts(call)
    for locale, fields in raw.items():
        _judge(call.space, locale, fields)
    schedule = _schedule(call)
    return Wish(
        texts={locale: _prepared(call.space, fields) for locale, fields in raw.items()},
        parent=_parent(call),
        flags={name: bool(call.body[name]) for name in FLAGS if call.body.get(name) is not None},
        audiences=_audiences(call, raw),
        schedule=schedule,
    )


def _texts(call: Call) -> dict[str, dict[str, Any]]:
    """Return the texts by locale; what stands at the root belongs to the default locale, and wins."""
    texts: dict[str, dict[str, Any]] = {}
    for locale, content in (call.body.get("translated_content") or {}).items():
        if locale in {"type", None} or content is None:
            continue
        if locale not in call.space.locales:
            known = "Locale is not enabled for this help center" if locale in LOCALES else "Unknown locale"
            raise invalid(f"{known}: {locale}", "translated_content")
        if not isinstance(content, dict):
            raise Refusal(400, "type_mismatch", "translated_content must hold objects", "translated_content")
        texts[locale] = _given(content)
    root = _given(call.body)
    if root or not texts:
        default = call.space.default_locale
        texts[default] = texts.get(default, {}) | root
    return texts


def _given(source: Mapping[str, Any]) -> dict[str, Any]:
    return {name: source[name] for name in (*TEXTS, "body_markdown", "audience_ids") if name in source}


def _judge(space: Workspace, locale: str, fields: dict[str, Any]) -> None:
    for name in _STRINGS:
        if not isinstance(fields.get(name), str | None):
            raise Refusal(400, "type_mismatch", f"{name} must be a string", name)
    if "title" in fields and not (fields["title"] or "").strip():
        raise invalid("title can't be blank", "title")
    if fields.get("body") is not None and fields.get("body_markdown") is not None:
        raise invalid("body and body_markdown are mutually exclusive", "body_markdown")
    if fields.get("state", "draft") not in _STATES:
        raise invalid(f"state must be one of published, draft (locale {locale})", "state")
    if fields.get("author_id") is not None and str(fields["author_id"]) not in ADMINS:
        raise Refusal(401, "unauthorized", "The author does not have permission to write articles")
    unknown = set(_numbers(fields.get("audience_ids"))) - space.audiences
    if unknown:
        raise missing(f"Audience not found: {sorted(unknown)}")


def _numbers(value: Any) -> list[int]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(number, int) for number in value):
        raise Refusal(400, "type_mismatch", "audience_ids must be a list of integers", "audience_ids")
    return value


def _prepared(space: Workspace, fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields as they are stored: the body rewritten, numbers as numbers, nulls left out."""
    kept = {name: fields[name] for name in ("title", "description", "state") if fields.get(name) is not None}
    if "title" in kept:
        kept["title"] = kept["title"].strip()
    if fields.get("author_id") is not None:
        kept["author_id"] = int(fields["author_id"])
    body = fields.get("body")
    if fields.get("body_markdown") is not None:
        body = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(fields["body_markdown"])
        body = body.replace(">\n<", "><").strip()
    if body is not None:
        kept["body"] = rewritten(space, body)
    return kept


def rewritten(space: Workspace, body: str) -> str:
    """Return a posted body as it is stored, its images copied; raises Refusal."""
    mapping = images.rehost(space, image_sources(body))
    return Mutator(mapping, new_id=lambda: f"h_{secrets.token_hex(5)}", habits=space.habits).rewrite(body)


def _parent(call: Call) -> dict[str, list[int]]:
    """Return where the article goes: `{"ids": [collection]}`, empty when the request does not say."""
    if "parent_id" not in call.body:
        return {}
    id = call.body["parent_id"]
    if id in (None, ""):
        return {"ids": []}
    if call.body.get("parent_type", "collection") not in ("collection", "section"):
        raise invalid("parent_type must be collection or section", "parent_type")
    if call.space.get("collection", str(id)) is None:
        raise Refusal(404, "not_found", f"Parent collection with ID {id} does not exist", "parent_id")
    return {"ids": [int(id)]}


def _audiences(call: Call, texts: Mapping[str, dict[str, Any]]) -> dict[str, list[int]]:
    if "audience_ids" in call.body:
        return dict.fromkeys(call.space.locales, _numbers(call.body["audience_ids"]))
    return {locale: _numbers(f["audience_ids"]) for locale, f in texts.items() if "audience_ids" in f}


def _schedule(call: Call) -> dict[str, int | None]:
    given = {name: call.body[name] for name in _SCHEDULES if name in call.body}
    if len([value for value in given.values() if value is not None]) > 1:
        raise invalid("Only one of scheduled_publish_at and scheduled_unpublish_at can be set")
    if given.get("scheduled_publish_at") is not None and call.body.get("state") == "draft":
        raise invalid("scheduled_publish_at can't be combined with state draft", "scheduled_publish_at")
    return {name: _future(call.space, name, value) for name, value in given.items()}


def _future(space: Workspace, name: str, value: Any) -> int | None:
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise invalid(f"{name} must be an ISO 8601 timestamp", name) from error
    stamp = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    if stamp <= space.store.now():
        raise invalid(f"{name} must be in the future", name)
    return int(stamp)


def require_new(wish: Wish, default_locale: str) -> None:
    """Check what a new article cannot do without; raises Refusal."""
    for locale, fields in wish.texts.items():
        if "title" not in fields:
            raise absent(f"title is required (locale {locale})", "title")
    if "author_id" not in wish.texts.get(default_locale, {}):
        raise absent("author_id must be in the main body or default locale translated_content object")
