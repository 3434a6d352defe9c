"""An article as Intercom shows it."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from kbsync.sandbox.intercom import images, tags
from kbsync.sandbox.intercom.calls import Call
from kbsync.sandbox.intercom.workspace import HELP_CENTER_URL, LOCALES
from kbsync.sandbox.store import Doc

_NOT_A_WORD = re.compile(r"[^a-z0-9]+")


def whole(call: Call, article: Doc) -> dict[str, Any]:
    """Return a single article, with its statistics."""
    return listed(call, article) | {"statistics": _statistics()}


def drafted(call: Call, article: Doc) -> dict[str, Any]:
    """Return the article with its staged texts in place of the live ones."""
    contents = {
        locale: {**content, **(content["draft"] or {}), "updated_at": content["updated_at"]}
        for locale, content in article["contents"].items()
    }
    return whole(call, {**article, "contents": contents})


def listed(call: Call, article: Doc) -> dict[str, Any]:
    """Return an article as it stands in a list: all bodies, no statistics."""
    space = call.space
    default = article["contents"].get(space.default_locale) or next(iter(article["contents"].values()))
    view = {
        "type": "article",
        "id": article["id"],
        "workspace_id": space.code,
        "parent_ids": article["parent_ids"],
        "tags": tags.tag_list(space, article["tags"]),
        **_texts(call, article, space.default_locale, default),
        "created_at": article["created_at"],
        "scheduled_publish_at": article["scheduled_publish_at"],
        "scheduled_unpublish_at": article["scheduled_unpublish_at"],
        "exclude_from_article_suggestions": False,
        "help_center_audience": "everyone",
    }
    if not call.is_newest:
        parent = (article["parent_ids"] or [None])[0]
        view |= {"parent_id": parent, "parent_type": "collection" if parent else None}
    if space.multilingual:
        view["default_locale"] = space.default_locale
        view["translated_content"] = _translations(call, article)
    else:
        view["audience_ids"] = default["audience_ids"]
    return view


def _translations(call: Call, article: Doc) -> dict[str, Any]:
    """Return all locales, those without a text as null."""
    shown: dict[str, Any] = {"type": "article_translated_content", **dict.fromkeys(LOCALES)}
    for locale, content in article["contents"].items():
        texts = _texts(call, article, locale, content)
        more = {"created_at": content["created_at"], "audience_ids": content["audience_ids"]}
        if texts["url"] is None:  # the root may say null here, a locale may not: `article_content.url`
            del texts["url"]
        shown[locale] = {"type": "article_content", **texts, **more}
    return shown


def _texts(call: Call, article: Doc, locale: str, content: Doc) -> dict[str, Any]:
    draft = content["draft"]
    url = f"{HELP_CENTER_URL}/{locale}/articles/{article['id']}-{slug(content['title'])}"
    return {
        "title": content["title"],
        "description": content["description"],
        "body": images.signed(content["body"], call.base, call.space.store.now()),
        "author_id": content["author_id"],
        "state": content["state"],
        "updated_at": content["updated_at"],
        "has_unpublished_changes": draft is not None,
        "draft_updated_at": draft and draft["updated_at"],
        "url": url if content["state"] == "published" else None,
        **article["flags"],
        "created_by_id": content["created_by_id"],
        "updated_by_id": content["updated_by_id"],
    }


def slug(title: str) -> str:
    """Return the part of an address that is made of a title."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return _NOT_A_WORD.sub("-", plain).strip("-") or "article"


def _statistics() -> dict[str, Any]:
    percentages = dict.fromkeys(("happy", "neutral", "sad"), 0)
    return {
        "type": "article_statistics",
        "views": 0,
        "conversations": 0,
        "reactions": 0,
        **{f"{mood}_reaction_percentage": share for mood, share in percentages.items()},
        "fin_involvements": 0,
        "fin_resolutions": 0,
        "fin_resolution_rate": 0.0,
    }
