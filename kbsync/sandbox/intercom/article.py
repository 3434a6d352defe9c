"""An article as the sandbox keeps it, and how it changes.

`{id, created_at, touched, parent_ids, tags, flags, scheduled_publish_at, scheduled_unpublish_at, contents}`;
`contents` holds by locale `{id, title, description, body, author_id, state, created_at, updated_at,
created_by_id, updated_by_id, audience_ids, version_id, draft}`, `draft` the staged texts or None.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kbsync.sandbox.intercom.calls import Call
from kbsync.sandbox.intercom.problems import absent
from kbsync.sandbox.intercom.wishes import FLAGS, Wish
from kbsync.sandbox.intercom.workspace import Workspace
from kbsync.sandbox.store import Doc

DRAFTED: Final = ("title", "description", "body", "author_id")
"""The texts that a draft stages."""


def created(call: Call, wish: Wish) -> Doc:
    """Return a new article."""
    now = call.space.now()
    article: Doc = {
        "id": str(call.space.next_id("article", 9001)),
        "created_at": now,
        "parent_ids": [],
        "tags": [],
        "flags": dict.fromkeys(FLAGS, True),
        "scheduled_publish_at": None,
        "scheduled_unpublish_at": None,
        "contents": {},
    }
    return changed(call, article, wish)


def changed(call: Call, article: Doc, wish: Wish) -> Doc:
    """Return the article with the wish fulfilled; every locale written becomes a version."""
    whole = {
        "parent_ids": wish.parent.get("ids", article["parent_ids"]),
        "flags": {**article["flags"], **wish.flags},
        "touched": call.space.next_id("touched"),
        **wish.schedule,
    }
    contents = dict(article["contents"])
    scheduled = wish.schedule.get("scheduled_publish_at") is not None
    for locale, fields in wish.texts.items():
        contents[locale] = _written(call, article["id"], locale, contents.get(locale), fields, scheduled)
    for locale, audience in wish.audiences.items():
        if locale in contents:
            contents[locale] = {**contents[locale], "audience_ids": audience}
    return {**article, **whole, "contents": contents}


def _written(
    call: Call, article_id: str, locale: str, before: Doc | None, fields: Mapping[str, Any], scheduled: bool
) -> Doc:
    fields = dict(fields)
    if scheduled and fields.get("state") == "published":
        fields["state"] = before["state"] if before else "draft"
    if before is None:
        return _with_version(call, article_id, locale, _first(call, locale, fields))
    fields.setdefault("author_id", int(call.admin))
    if "state" not in fields and before["draft"] is not None:
        return staged(call, article_id, locale, before, fields)
    text = before["draft"] or {} if fields.get("state") == "draft" else {}
    draft_texts = {name: text[name] for name in DRAFTED if name in text}
    after = {**before, **draft_texts, **fields, "draft": None} | _stamp(call)
    return _with_version(call, article_id, locale, after)


def _first(call: Call, locale: str, fields: Mapping[str, Any]) -> Doc:
    if "title" not in fields:
        raise absent(f"title is required (locale {locale})", "title")
    now = call.space.now()
    blank = {"description": "", "body": "", "author_id": int(call.admin), "state": "draft"}
    return {
        "id": str(call.space.next_id("article_content", 50_001)),
        **blank,
        **fields,
        "created_at": now,
        "created_by_id": int(call.admin),
        "audience_ids": [],
        "version_id": None,
        "draft": None,
    } | _stamp(call)


def _stamp(call: Call) -> Doc:
    return {"updated_at": call.space.now(), "updated_by_id": int(call.admin)}


def staged(call: Call, article_id: str, locale: str, before: Doc, fields: Mapping[str, Any]) -> Doc:
    """Return a published content with these texts staged as its draft; the live texts stay."""
    base = before["draft"] or {name: before[name] for name in DRAFTED}
    texts = {name: fields[name] for name in DRAFTED if name in fields}
    draft = {**base, **texts, "updated_at": call.space.now()}
    version = _record(call, article_id, locale, {**before, **draft}, state="draft")
    return {**before, "draft": draft, "version_id": version["id"]}


def promoted(call: Call, article_id: str, locale: str, before: Doc) -> Doc:
    """Return the content with its draft gone live."""
    texts = {name: before["draft"][name] for name in DRAFTED}
    return _with_version(call, article_id, locale, {**before, **texts, "draft": None} | _stamp(call))


def _with_version(call: Call, article_id: str, locale: str, content: Doc) -> Doc:
    return {**content, "version_id": _record(call, article_id, locale, content)["id"]}


def _record(call: Call, article_id: str, locale: str, content: Doc, state: str = "") -> Doc:
    """Keep what was just written as a version that follows the locale's last one."""
    now = call.space.now()
    version = {
        "id": str(call.space.next_id("version", 300_001)),
        "article_id": article_id,
        "locale": locale,
        **{name: content[name] for name in ("title", "description", "body")},
        "author_id": str(content["author_id"]),
        "created_by_id": call.admin,
        "created_via": call.via,
        "from_version_id": content["version_id"],
        "state": state or content["state"],
        "created_at": now,
        "updated_at": now,
    }
    return call.space.put("version", version)


def settle(space: Workspace) -> None:
    """Carry out the publishing that is due by the clock."""
    for note in space.all("schedule"):
        if note["at"] <= space.now():
            space.delete("schedule", note["id"])
            article = space.get("article", note["id"])
            if article is not None and article[note["what"]] == note["at"]:
                space.put("article", _published_by_clock(space, article, note["what"]))


def _published_by_clock(space: Workspace, article: Doc, what: str) -> Doc:
    state = "published" if what == "scheduled_publish_at" else "draft"
    locale = space.default_locale
    content = {**article["contents"][locale], "state": state, "updated_at": space.now()}
    touched = space.next_id("touched")
    return {**article, what: None, "touched": touched, "contents": {**article["contents"], locale: content}}


def schedule(space: Workspace, article: Doc) -> None:
    """Remember when the article is to be published or taken back."""
    space.delete("schedule", article["id"])
    for what in ("scheduled_publish_at", "scheduled_unpublish_at"):
        if article[what] is not None:
            space.put("schedule", {"id": article["id"], "at": article[what], "what": what})
