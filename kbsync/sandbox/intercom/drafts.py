"""Staged drafts of published articles, and the history of versions."""

from __future__ import annotations

from typing import Any

from kbsync.sandbox.intercom import article as articles
from kbsync.sandbox.intercom import article_view, images, paging, webhooks, wishes
from kbsync.sandbox.intercom.articles import find
from kbsync.sandbox.intercom.calls import Call
from kbsync.sandbox.intercom.problems import invalid, missing, unprocessable
from kbsync.sandbox.store import Doc


def get_draft(call: Call) -> dict[str, Any]:
    """Show a published article with its staged texts."""
    article = find(call)
    if not any(content["draft"] for content in article["contents"].values()):
        raise missing("Object not found")
    return article_view.drafted(call, article)


def stage_draft(call: Call) -> dict[str, Any]:
    """Stage texts; availability, audience and `state` are ignored."""
    _published(call, find(call))
    wish = wishes.read(call)
    with call.space.store.transaction():
        article = find(call)
        _published(call, article)
        contents = dict(article["contents"])
        for locale, fields in wish.texts.items():
            contents[locale] = _staged(call, article["id"], locale, contents.get(locale), fields)
        return article_view.drafted(call, call.space.put("article", {**article, "contents": contents}))


def _staged(call: Call, article_id: str, locale: str, before: Doc | None, fields: dict[str, Any]) -> Doc:
    if before is None or before["state"] != "published":
        raise unprocessable(f"Article must be published before a draft can be staged (locale {locale})")
    return articles.staged(call, article_id, locale, before, fields)


def _published(call: Call, article: Doc) -> None:
    default = article["contents"].get(call.space.default_locale)
    if default is None or default["state"] != "published":
        raise unprocessable("Article must be published before a draft can be staged")


def publish_draft(call: Call) -> dict[str, Any]:
    """Let staged texts go live: all of a single-language help center, the named locales of others."""
    article = find(call)
    pending = {locale for locale, content in article["contents"].items() if content["draft"]}
    if not pending:
        raise unprocessable("Article has no draft to publish")
    locales = call.body.get("locales") if call.space.multilingual else sorted(pending)
    if not isinstance(locales, list) or not locales:
        message = "locales must be specified to publish a draft on a multilingual workspace"
        raise unprocessable(message, "parameter_not_found")
    idle = [str(locale) for locale in locales if locale not in pending]
    if idle:
        raise unprocessable(
            f"Cannot publish a draft for locale(s) without pending changes: {', '.join(idle)}"
        )
    contents = dict(article["contents"])
    for locale in locales:
        contents[locale] = articles.promoted(call, article["id"], locale, contents[locale])
    touched = call.space.next_id("touched")
    shown = article_view.whole(
        call, call.space.put("article", {**article, "contents": contents, "touched": touched})
    )
    webhooks.emit(call, "article.updated", shown)
    return shown


def list_versions(call: Call) -> dict[str, Any]:
    """List what an article has been, newest first, without the bodies."""
    article, locale = find(call), _locale(call)
    versions = [v for v in call.space.find("version", "article", article["id"]) if v["locale"] == locale]
    return paging.numbered(call, versions[::-1], _summary, default=25, maximum=250)


def get_version(call: Call) -> dict[str, Any]:
    """Show one version with its body."""
    article, locale = find(call), _locale(call)
    version = call.space.get("version", call.path("id"))
    asked = {locale} if call.query("locale") else set(article["contents"])
    if version is None or version["article_id"] != article["id"] or version["locale"] not in asked:
        raise missing("Object not found")
    body = images.signed(version["body"], call.base, call.space.store.now())
    return _summary(version) | {"body": body, "updated_at": version["updated_at"]}


def _locale(call: Call) -> str:
    locale = call.query("locale", call.space.default_locale)
    if locale not in call.space.locales:
        raise invalid("Unknown locale", "locale")
    return locale


def _summary(version: Doc) -> dict[str, Any]:
    hidden = {"body", "locale", "updated_at"}
    return {
        "type": "article_version",
        **{name: value for name, value in version.items() if name not in hidden},
    }
