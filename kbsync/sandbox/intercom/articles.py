"""`/articles`: list, search, create, read, update, delete."""

from __future__ import annotations

import re
from typing import Any

from kbsync.sandbox.intercom import article as articles
from kbsync.sandbox.intercom import article_view, paging, webhooks, wishes
from kbsync.sandbox.intercom.calls import Call
from kbsync.sandbox.intercom.problems import invalid, missing
from kbsync.sandbox.intercom.workspace import Workspace
from kbsync.sandbox.store import Doc

_TAG = re.compile(r"<[^>]*>")
_SEARCH_PAGE = 10


def find(call: Call, name: str = "article_id") -> Doc:
    """Return the article in the path; raises Refusal."""
    article = call.space.get("article", call.path(name))
    if article is None:
        raise missing()
    return article


def newest_first(space: Workspace, docs: list[Doc]) -> list[Doc]:
    """Return articles by descending `updated_at`, which is that of the default locale."""
    default = space.default_locale

    def key(article: Doc) -> tuple[int, int]:
        content = article["contents"].get(default)
        return (content["updated_at"] if content else article["created_at"]), article["touched"]

    return sorted(docs, key=key, reverse=True)


def list_articles(call: Call) -> dict[str, Any]:
    """List all articles, the last updated first."""
    articles.settle(call.space)
    items = newest_first(call.space, call.space.all("article"))
    return paging.numbered(
        call, items, lambda article: article_view.listed(call, article), default=25, maximum=250
    )


def get_article(call: Call) -> dict[str, Any]:
    """Show one article."""
    articles.settle(call.space)
    return article_view.whole(call, find(call))


def create_article(call: Call) -> dict[str, Any]:
    """Make an article; a draft unless the request says otherwise."""
    wish = wishes.read(call)
    wishes.require_new(wish, call.space.default_locale)
    with call.space.store.transaction():
        article = _save(call, articles.created(call, wish))
        shown = article_view.whole(call, article)
    webhooks.emit(call, "article.created", shown)
    if shown["state"] == "published":
        webhooks.emit(call, "article.published", shown)
    return shown


def update_article(call: Call) -> dict[str, Any]:
    """Change what the request names; an edit of a published article is live at once."""
    before = find(call)
    wish = wishes.read(call)
    with call.space.store.transaction():
        article = _save(call, articles.changed(call, find(call), wish))
        shown = article_view.whole(call, article)
    webhooks.emit(call, "article.updated", shown)
    was = article_view.whole(call, before)["state"]
    if was != shown["state"]:
        webhooks.emit(call, f"article.{'published' if was == 'draft' else 'unpublished'}", shown)
    return shown


def _save(call: Call, article: Doc) -> Doc:
    articles.schedule(call.space, article)
    return call.space.put("article", article)


def delete_article(call: Call) -> dict[str, Any]:
    """Remove an article for good."""
    article = find(call)
    remove(call.space, article["id"])
    webhooks.emit(call, "article.deleted", {"type": "article", "id": article["id"]})
    return {"id": article["id"], "object": "article", "deleted": True}


def remove(space: Workspace, id: str) -> None:
    """Take an article and its history out of the workspace."""
    space.delete("article", id)
    space.delete("schedule", id)
    for version in space.find("version", "article", id):
        space.delete("version", version["id"])


def search_articles(call: Call) -> dict[str, Any]:
    """Find articles by a phrase, as late as the search index runs."""
    state = call.query("state", "all")
    if state not in ("published", "draft", "all"):
        raise invalid("state must be one of published, draft, all", "state")
    phrase = call.query("phrase").lower()
    known = call.space.store.lagged(call.space.kind("article"), call.lag)
    hits = [a for a in newest_first(call.space, known) if _matches(call.space, a, phrase, state)]
    found = paging.numbered(call, hits, lambda a: a, default=_SEARCH_PAGE, maximum=250)
    shown = found.pop("data")
    highlights = (
        [_highlight(call.space, a, phrase) for a in shown] if call.query("highlight") == "true" else []
    )
    data = {"articles": [article_view.whole(call, a) for a in shown], "highlights": highlights}
    return {**found, "data": data}


def _matches(space: Workspace, article: Doc, phrase: str, state: str) -> bool:
    default = article["contents"].get(space.default_locale, {})
    if state not in ("all", default.get("state", "draft")):
        return False
    return any(phrase in plain(content) for content in article["contents"].values())


def plain(content: Doc) -> str:
    """Return the text of a content in small letters, for searching."""
    return f"{content['title']}\n{content['description']}\n{_TAG.sub(' ', content['body'])}".lower()


def _highlight(space: Workspace, article: Doc, phrase: str) -> dict[str, Any]:
    title = article["contents"][space.default_locale]["title"]
    return {
        "article_id": article["id"],
        "highlighted_title": _marked(title, phrase),
        "highlighted_summary": [],
    }


def _marked(text: str, phrase: str) -> list[dict[str, str]]:
    pieces = re.split(f"({re.escape(phrase)})", text, flags=re.IGNORECASE) if phrase else [text]
    kinds = ("plain", "highlight")
    return [{"type": kinds[n % 2], "text": piece} for n, piece in enumerate(pieces) if piece]
