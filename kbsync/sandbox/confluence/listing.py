"""Lists of the v2 API: filtered, sorted, cut at a cursor, with the link to the rest.

The cursor names the last item that was seen, so what appears or goes away meanwhile moves no page border.
"""

from __future__ import annotations

import base64
import bisect
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias
from urllib.parse import urlencode

import msgspec

from kbsync.sandbox.confluence.endpoint import MAX_LIMIT, Answer, Call
from kbsync.sandbox.confluence.failure import Json, invalid
from kbsync.sandbox.store import Doc

Order: TypeAlias = Callable[[Doc], Any]
"""The sort key of an item: a number or a tuple, comparable, unique, and JSON."""
Show: TypeAlias = Callable[[Doc], Json]

PAGE_ORDERS: dict[str, Order] = {
    "id": lambda doc: int(doc["id"]),
    "title": lambda doc: (doc["title"].casefold(), int(doc["id"])),
    "created-date": lambda doc: (doc["createdAt"], int(doc["id"])),
    "modified-date": lambda doc: (doc["version"]["createdAt"], int(doc["id"])),
}


def listing(
    call: Call,
    items: Sequence[Doc],
    show: Show,
    orders: dict[str, Order] | None = None,
    *,
    default: str = "id",
    limit: int = 25,
) -> Answer:
    """Return the page of a list that the request's `sort`, `cursor` and `limit` ask for."""
    orders = orders or PAGE_ORDERS
    size = call.number("limit", limit, 1, MAX_LIMIT)
    sort = call.choice("sort", tuple(name for key in orders for name in (key, f"-{key}")), default)
    order = orders[sort.removeprefix("-")]
    ordered = sorted(items, key=order, reverse=sort.startswith("-"))
    start = _start(call, ordered, order, descending=sort.startswith("-"))
    shown = ordered[start : start + size]
    more = start + size < len(ordered)
    return page(call, [show(item) for item in shown], _cursor(order(shown[-1])) if more else "")


def in_order(call: Call, items: Sequence[Doc], show: Show, *, limit: int = 25) -> Answer:
    """Return a page of a list that has its own order; the cursor counts."""
    size = call.number("limit", limit, 1, MAX_LIMIT)
    start = int(_read_cursor(call, int) or 0)
    more = start + size < len(items)
    shown = [show(item) for item in items[start : start + size]]
    return page(call, shown, _cursor(start + size) if more else "")


def page(call: Call, results: list[Json], cursor: str) -> Answer:
    """Return results with `_links.next` and the Link header, relative and with the /wiki prefix."""
    links: Json = {"base": call.base}
    header = [f'<{call.base}>; rel="base"']
    if cursor:
        query = [(key, value) for key, value in call.query.multi_items() if key != "cursor"]
        following = f"{call.route}?{urlencode([*query, ('cursor', cursor)])}"
        links = {"next": following, **links}
        header.insert(0, f'<{following}>; rel="next"')
    return Answer({"results": results, "_links": links}, headers={"Link": ", ".join(header)})


def _start(call: Call, ordered: list[Doc], order: Order, *, descending: bool) -> int:
    seen = _read_cursor(call)
    if seen is None:
        return 0
    try:
        if descending:
            return next((n for n, item in enumerate(ordered) if order(item) < seen), len(ordered))
        return bisect.bisect_right(ordered, seen, key=order)
    except TypeError:
        raise _bad_cursor() from None


def _cursor(key: Any) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode()


def _read_cursor(call: Call, type_: Any = Any) -> Any:
    text = call.query.get("cursor")
    if text is None:
        return None
    try:
        key = msgspec.json.decode(base64.urlsafe_b64decode(text.encode()), type=type_)
    except (ValueError, msgspec.MsgspecError):
        raise _bad_cursor() from None
    return tuple(key) if isinstance(key, list) else key


def _bad_cursor() -> Exception:
    return invalid("Provided cursor is invalid")
