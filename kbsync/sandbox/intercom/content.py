"""`/content/search` and `/content/bulk_actions`: all knowledge at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from starlette.responses import Response

from kbsync.sandbox.intercom import articles, paging, webhooks
from kbsync.sandbox.intercom.calls import Call, reply
from kbsync.sandbox.intercom.problems import invalid, unprocessable
from kbsync.sandbox.intercom.workspace import Workspace
from kbsync.sandbox.store import Doc

MAX_ITEMS: Final = 1_000
_TYPES: Final = frozenset(
    {"snippet", "external_content", "file_source_content", "internal_article", "article"}
)
_ALLOWED: Final = {
    "publish": {"article_content"},
    "unpublish": {"article_content"},
    "delete": {"article_content", "internal_article"},
    "set_availability": {"article_content"},
    "set_audience": {"article_content"},
    "update_tags": {"article"},
}


def search_content(call: Call) -> dict[str, Any]:
    """Find knowledge by words, time, state, locale and tags; ids and titles only."""
    types = _list(call, "content_types") or sorted(_TYPES)
    if not set(types) <= _TYPES:
        raise unprocessable(f"Unknown content type: {min(set(types) - _TYPES)}", "data_invalid")
    found: list[Doc] = []
    if "article" in types:
        known = call.space.store.lagged(call.space.kind("article"), call.lag)
        found += [hit for article in known for hit in _article_hits(call, article)]
    if "internal_article" in types:
        found += list(_internal_hits(call))
    found.sort(key=lambda hit: hit["at"], reverse=True)
    answer = paging.numbered(call, found, lambda hit: hit["shown"], default=10, maximum=50)
    per_page, page = paging.number(call, "per_page", 10, 50), paging.number(call, "page", 1)
    total_pages = max(1, -(-len(found) // per_page))
    link = (answer["pages"] or {}).get("next")
    pages = {"type": "pages", "page": page, "per_page": per_page, "total_pages": total_pages}
    return {**answer, "pages": {**pages, "next": link, "prev": None}}


def _list(call: Call, name: str) -> list[str]:
    """Return a parameter that is a comma-separated list, or repeated."""
    return [part for text in call.request.query_params.getlist(name) for part in text.split(",") if part]


def _article_hits(call: Call, article: Doc) -> Iterator[Doc]:
    contents = {locale: c for locale, c in article["contents"].items() if _matches(call, locale, c)}
    if contents and _tagged(call, article):
        shown = [
            {"type": "article_content", "id": c["id"], "title": c["title"], "locale": locale}
            for locale, c in contents.items()
        ]
        title = (article["contents"].get(call.space.default_locale) or next(iter(contents.values())))["title"]
        at = max(content["updated_at"] for content in contents.values())
        yield {"at": at, "shown": {"type": "article", "id": article["id"], "title": title, "contents": shown}}


def _matches(call: Call, locale: str, content: Doc) -> bool:
    return (
        call.query("query").lower() in articles.plain(content)
        and content["state"] in (_list(call, "states") or ("published", "draft"))
        and locale in (_list(call, "locales") or (locale,))
        and _within(call, content)
        and str(content["updated_by_id"])
        in (_list(call, "last_updated_by_ids") or (str(content["updated_by_id"]),))
        and str(content["created_by_id"])
        in (_list(call, "created_by_ids") or (str(content["created_by_id"]),))
    )


def _within(call: Call, doc: Doc) -> bool:
    """Tell whether the document's times lie in the asked window; its ends count."""
    for name in ("created_at", "updated_at"):
        after, before = _stamp(call, f"{name}_after"), _stamp(call, f"{name}_before")
        if (after is not None and doc[name] < after) or (before is not None and doc[name] > before):
            return False
    return True


def _stamp(call: Call, name: str) -> int | None:
    text = call.query(name)
    if text and not text.isdigit():
        raise invalid(f"{name} must be epoch seconds", name)
    return int(text) if text else None


def _tagged(call: Call, article: Doc) -> bool:
    has, wanted = {tag["id"] for tag in article["tags"]}, set(_list(call, "tag_ids"))
    either = set(_list(call, "any_tag_ids"))
    fits = not wanted or bool(has & wanted) != (call.query("tag_operator") == "NIN")
    return fits and (not either or bool(has & either))


def _internal_hits(call: Call) -> Iterator[Doc]:
    for article in call.space.all("internal_article"):
        if call.query("query").lower() in f"{article['title']}\n{article['body']}".lower() and _within(
            call, article
        ):
            shown = {"type": "internal_article", "id": article["id"], "title": article["title"]}
            yield {"at": article["updated_at"], "shown": shown}


def bulk_actions(call: Call) -> Response:
    """Queue one action on up to 1,000 items; those of a type it does not take are dropped silently."""
    action, items = call.body.get("action"), call.body.get("content_ids")
    if action not in _ALLOWED:
        raise unprocessable("Invalid action", "parameter_invalid")
    if not isinstance(items, list) or not 1 <= len(items) <= MAX_ITEMS:
        raise unprocessable(f"content_ids must hold 1 to {MAX_ITEMS} items", "parameter_invalid")
    chosen = {
        str(i["id"]) for i in items if isinstance(i, dict) and i.get("type") in _ALLOWED[action] and "id" in i
    }
    _carry_out(call, str(action), chosen)
    return reply({"type": "content_bulk_action", "status": "queued"}, 202)


def _carry_out(call: Call, action: str, chosen: set[str]) -> None:
    space = call.space
    if action == "delete":
        for internal in [a for a in space.all("internal_article") if a["id"] in chosen]:
            space.delete("internal_article", internal["id"])
    for article in space.all("article"):
        locales = [locale for locale, content in article["contents"].items() if content["id"] in chosen]
        if action == "update_tags" and article["id"] in chosen:
            space.put("article", _retagged(call, article))
        elif locales and action == "delete":
            _delete_contents(call, article, locales)
        elif locales:
            space.put("article", _acted(call, article, locales, action))


def _retagged(call: Call, article: Doc) -> Doc:
    wish = call.body.get("tags") or {}
    add, remove = ({str(id) for id in wish.get(f"{verb}_tag_ids", [])} for verb in ("add", "remove"))
    now = {"applied_at": call.space.now(), "applied_by": call.admin}
    kept = [tag for tag in article["tags"] if tag["id"] not in remove]
    new = sorted(id for id in add - {tag["id"] for tag in kept} if call.space.get("tag", id))
    return {**article, "tags": kept + [{"id": id, **now} for id in new]}


def _delete_contents(call: Call, article: Doc, locales: list[str]) -> None:
    left = {locale: c for locale, c in article["contents"].items() if locale not in locales}
    if call.space.default_locale in left:
        call.space.put("article", {**article, "contents": left})
        return
    articles.remove(call.space, article["id"])
    webhooks.emit(call, "article.deleted", {"type": "article", "id": article["id"]})


def _acted(call: Call, article: Doc, locales: list[str], action: str) -> Doc:
    contents, flags = dict(article["contents"]), dict(article["flags"])
    for locale in locales:
        contents[locale] = _content_acted(call, contents[locale], action)
    if action == "set_availability":
        names = {"ai_agent": "ai_chatbot_availability", "copilot": "ai_copilot_availability"}
        names["sales_agent"] = "ai_sales_agent_availability"
        wish = call.body.get("availability") or {}
        flags |= {names[name]: bool(value) for name, value in wish.items() if name in names}
    touched = call.space.next_id("touched")
    return {**article, "contents": contents, "flags": flags, "touched": touched}


def _content_acted(call: Call, content: Doc, action: str) -> Doc:
    stamp = {"updated_at": call.space.now(), "updated_by_id": int(call.admin)}
    if action in ("publish", "unpublish"):
        return {**content, **stamp, "state": "published" if action == "publish" else "draft"}
    if action == "set_audience":
        return {
            **content,
            **stamp,
            "audience_ids": _audience(call.space, call.body.get("audience") or {}, content),
        }
    return content


def _audience(space: Workspace, wish: dict[str, Any], content: Doc) -> list[int]:
    kept = (
        set()
        if wish.get("remove_all")
        else set(content["audience_ids"]) - set(wish.get("remove_segment_ids", []))
    )
    return sorted((kept | set(wish.get("add_segment_ids", []))) & space.audiences)
