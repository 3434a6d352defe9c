"""Fetching resolved conversations from Intercom, a week at a time, never the same one twice.

`POST /conversations/search` has at most 150 results a call, promises no order, and a cursor dies with its
run (developers.intercom.com, "Search conversations"); so the window is walked in closed slices of a week,
and how far the walk came is remembered after each. The opening message comes with the search.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from kbsync.conversations.model import Conversation, Fin, Message, Role
from kbsync.conversations.plain import plain
from kbsync.conversations.store import Store
from kbsync.errors import Missing, RemoteError

PER_PAGE = 150
WEEK = 7 * 86_400
LAG = 3_600
"""Seconds before the end of the last pull that are searched again: the search index runs late."""

_DELETED_PER_PAGE = 60
_SINCE = "pulled_since"
_REACHED = "pulled_until"
_PURGED = "purged_until"
_ROLES: dict[str, Role] = {
    "user": "customer",
    "lead": "customer",
    "contact": "customer",
    "admin": "teammate",
    "team": "teammate",
    "bot": "bot",
}

_HANDLING = ("handling_time", "adjusted_handling_time")

Json = dict[str, Any]


class Client(Protocol):
    """What the pull needs of the Intercom client."""

    def get(self, path: str, params: dict[str, str | int] | None = None) -> Json:
        """GET a JSON object."""
        ...

    def ask(self, path: str, body: Json) -> Json:
        """POST a question that changes nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull did."""

    fetched: int
    purged: int
    searches: int


def pull(
    client: Client, store: Store, *, now: float, window: float, note: Callable[[str], None] = lambda _: None
) -> Pulled:
    """Fetch what was closed since the last pull, at most `window` seconds back; purge what was deleted there.

    Raises RemoteDown, AccessRefused, ConversationError; what came before the failure stays.
    """
    fetched = searches = 0
    for start, end in _slices(store, now, window):
        for page in _search(client, start, end):
            searches += 1
            fetched += store.put(map(conversation, page))
        store.remember(_REACHED, str(end))
        note(f"{fetched} conversations")
    return Pulled(fetched, _purge(client, store), searches)


def _slices(store: Store, now: float, window: float) -> Iterator[tuple[float, float]]:
    """Yield the weeks to search: on from where the last pull came to, or all of a longer window than before."""
    start, since = now - window, store.fact(_SINCE)
    if since is None or start < float(since) - LAG:
        store.remember(_REACHED, str(start))
        store.remember(_SINCE, str(start))
    else:
        start = max(start, float(store.fact(_REACHED) or 0) - LAG)
    while start < now:
        end = min(start + WEEK, now)
        yield start, end
        start = end


def complete(client: Client, found: Conversation) -> Conversation:
    """Return the conversation with all its turns: one request, for the few that a draft or a quote needs."""
    try:
        return conversation(client.get(f"/conversations/{found.id}"))
    except Missing:
        return found


def _search(client: Client, start: float, end: float) -> Iterator[list[Json]]:
    # `>` and `<` are documented as inclusive; a boundary that is met twice is replaced by itself.
    within = [
        {"field": "state", "operator": "=", "value": "closed"},
        {"field": "statistics.last_close_at", "operator": ">", "value": int(start)},
        {"field": "statistics.last_close_at", "operator": "<", "value": int(end)},
    ]
    cursor: str | None = None
    while True:
        pagination: Json = {"per_page": PER_PAGE, **({"starting_after": cursor} if cursor else {})}
        body = {"query": {"operator": "AND", "value": within}, "pagination": pagination}
        reply = client.ask("/conversations/search", body)
        yield [item for item in reply.get("conversations") or [] if isinstance(item, dict) and item.get("id")]
        following = (reply.get("pages") or {}).get("next")
        after = following.get("starting_after") if isinstance(following, dict) else None
        if not after or after == cursor:
            return
        cursor = str(after)


def _purge(client: Client, store: Store) -> int:
    """Remove what was deleted in Intercom since the last time; a workspace without the route has none."""
    until, newest, gone = float(store.fact(_PURGED) or 0), 0.0, list[str]()
    page = 1
    try:
        while True:
            params: dict[str, str | int] = {"page": page, "per_page": _DELETED_PER_PAGE, "order": "desc"}
            reply = client.get("/conversations/deleted", params)
            items = [i for i in reply.get("conversations") or reply.get("data") or [] if isinstance(i, dict)]
            fresh = [i for i in items if float(i.get("deleted_at") or 0) >= until]
            gone += [str(i["id"]) for i in fresh if i.get("id")]
            newest = max([newest, *(float(i.get("deleted_at") or 0) for i in items)])
            total = (reply.get("pages") or {}).get("total_pages") or 1
            if not items or len(fresh) < len(items) or page >= int(total):
                break
            page += 1
    except RemoteError as error:
        if not isinstance(error, Missing):
            raise
    if newest:
        store.remember(_PURGED, str(newest))
    return store.remove(gone) if gone else 0


def conversation(data: Json) -> Conversation:
    """Return the conversation an Intercom object describes; every field may be missing (a search result)."""
    source, statistics = data.get("source") or {}, data.get("statistics") or {}
    author = source.get("author") or {}
    return Conversation(
        id=str(data["id"]),
        created_at=float(data.get("created_at") or 0),
        messages=tuple(_messages(data)),
        closed_at=_number(statistics.get("last_close_at")),
        rating=_rating(data.get("conversation_rating") or {}),
        reopens=int(statistics.get("count_reopens") or 0),
        handling_seconds=_handling(statistics),
        tags=tuple(str(t.get("name")) for t in (data.get("tags") or {}).get("tags") or [] if t.get("name")),
        locale=_locale(data),
        fin=_fin(data),
        contact=str(author.get("id") or ""),
        people=_people(data),
    )


def _messages(data: Json) -> Iterator[Message]:
    source = data.get("source") or {}
    opening = "\n\n".join(filter(None, (plain(source.get("subject")), plain(source.get("body")))))
    if opening:
        yield Message(_role(source.get("author") or {}), opening, _number(data.get("created_at")))
    for part in (data.get("conversation_parts") or {}).get("conversation_parts") or []:
        private = "note" in str(part.get("part_type"))  # also note_and_reopen
        text = "" if private else plain(part.get("body"))
        if text:
            yield Message(_role(part.get("author") or {}), text, _number(part.get("created_at")))


def _role(author: Json) -> Role:
    if author.get("from_ai_agent") or author.get("is_ai_answer"):
        return "bot"
    return _ROLES.get(str(author.get("type")), "bot")


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _rating(rating: Json) -> int | None:
    score = rating.get("rating")
    return score if isinstance(score, int) and 1 <= score <= 5 else None  # noqa: PLR2004  Intercom's five faces


def _handling(statistics: Json) -> int | None:
    known = (_number(statistics.get(name)) for name in _HANDLING)
    seconds = next((value for value in known if value is not None), None)
    return None if seconds is None else int(seconds)


def _locale(data: Json) -> str | None:
    for place in (data.get("custom_attributes") or {}, data):
        language = place.get("Language") or place.get("language") or place.get("locale")
        if isinstance(language, str) and language.isascii() and 2 <= len(language) <= 8:  # noqa: PLR2004  a tag
            return language
    return None


def _fin(data: Json) -> Fin | None:
    agent = data.get("ai_agent") or {}
    if not data.get("ai_agent_participated") and not agent:
        return None
    sources = (agent.get("content_sources") or {}).get("content_sources") or []
    return Fin(
        str(agent.get("resolution_state") or ""),
        tuple(str(s.get("url")) for s in sources if isinstance(s, dict) and s.get("url")),
    )


def _people(data: Json) -> tuple[str, ...]:
    """Return the exact strings the record carries about people and companies, longest first."""
    authors = [(data.get("source") or {}).get("author") or {}]
    authors += [
        p.get("author") or {} for p in (data.get("conversation_parts") or {}).get("conversation_parts") or []
    ]
    authors += [c for c in (data.get("contacts") or {}).get("contacts") or [] if isinstance(c, dict)]
    company = data.get("company")
    authors += [company] if isinstance(company, dict) else []
    found = {
        str(a[key]).strip()
        for a in authors
        if a.get("type") != "bot"
        for key in ("name", "email", "phone")
        if a.get(key)
    }
    return tuple(sorted((p for p in found if len(p) > 1), key=lambda p: (-len(p), p)))
