"""Intercom's two ways of paging: numbers with addresses, and cursors."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec

from kbsync.sandbox.intercom.calls import Call
from kbsync.sandbox.intercom.problems import Refusal, invalid
from kbsync.sandbox.store import Doc


def number(call: Call, name: str, default: int, maximum: int | None = None) -> int:
    """Return a numeric query parameter; raises Refusal outside 1 to `maximum`."""
    text = call.query(name, str(default))
    if not (text.isascii() and text.isdigit()) or int(text) < 1 or (maximum and int(text) > maximum):
        limit = f" and {maximum}" if maximum else ""
        raise invalid(f"{name} must be between 1{limit}" if limit else f"{name} must be at least 1", name)
    return int(text)


def numbered(
    call: Call, items: Sequence[Doc], show: Callable[[Doc], Any], *, default: int, maximum: int
) -> dict[str, Any]:
    """Return a `list` by `page` and `per_page`.

    `pages` is null when everything is on one page, `next` an address or null, and the numbers come back as
    strings where they were sent (intercom-node issue 496; Intercom changelog 2.17).
    """
    page, per_page = number(call, "page", 1), number(call, "per_page", default, maximum)
    total_pages = -(-len(items) // per_page)
    shown = items[(page - 1) * per_page : page * per_page]
    pages = {
        "type": "pages",
        "next": _address(call, page + 1) if page < total_pages else None,
        "page": call.query("page") or page,
        "per_page": call.query("per_page") or per_page,
        "total_pages": total_pages,
    }
    return {
        "type": "list",
        "pages": pages if total_pages > 1 else None,
        "total_count": len(items),
        "data": [show(item) for item in shown],
    }


def _address(call: Call, page: int) -> str:
    path = call.request.url.path.removeprefix("/intercom")
    query = {**dict(call.request.query_params), "page": str(page)}
    return f"{call.base}{path}?{urlencode(query)}"


def cursored(
    items: Sequence[Doc], key: Callable[[Doc], list[Any]], *, per_page: int, after: str | None
) -> tuple[list[Doc], dict[str, Any]]:
    """Return one page of sorted items and its `pages`; the cursor names the last item, not a position.

    Raises Refusal for a cursor that is none of ours.
    """
    page, last = _read_cursor(after) if after else (1, None)
    start = 0 if last is None else next((n for n, item in enumerate(items) if key(item) > last), len(items))
    shown = list(items[start : start + per_page])
    pages: dict[str, Any] = {"type": "pages", "page": page, "per_page": per_page}
    pages["total_pages"] = -(-len(items) // per_page)
    if start + per_page < len(items):
        cursor = base64.b64encode(msgspec.json.encode([page + 1, key(shown[-1])])).decode()
        pages["next"] = {"per_page": per_page, "starting_after": cursor}
    return shown, pages


def _read_cursor(after: str) -> tuple[int, list[Any]]:
    try:
        return msgspec.json.decode(base64.b64decode(after, validate=True), type=tuple[int, list[Any]])
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise Refusal(400, "client_error", "Pagination cursor is invalid") from error
