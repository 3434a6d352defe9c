"""Complete listings, or none: a listing that broke off proves nothing absent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from kbsync.errors import Incomplete, Missing, RemoteError
from kbsync.replicas.intercom.client import IntercomClient, Json

PER_PAGE: Final = 250
"""The most a page may hold (developers.intercom.com, List all articles)."""

_WALKS: Final = 3


@dataclass(slots=True)
class _Walk:
    items: dict[str, Json] = field(default_factory=dict)
    totals: set[int] = field(default_factory=set)

    def whole(self) -> bool:
        return not self.totals or self.totals == {len(self.items)}


def every(client: IntercomClient, path: str, params: Mapping[str, str | int] | None = None) -> list[Json]:
    """Return every item of a page-numbered listing, each once.

    Listings run by `updated_at`, newest first, so an edit during the walk shows an item twice and a deletion
    hides one: the ids are counted against `total_count`, and the walk is repeated when they disagree.
    Raises Incomplete, and what the client raises.
    """
    walk = _Walk()
    for _ in range(_WALKS):
        walk = _walked(client, path, dict(params or {}))
        if walk.whole():
            return list(walk.items.values())
    said = "/".join(map(str, sorted(walk.totals)))
    message = f"the listing shows {len(walk.items)} items and speaks of {said}"
    raise Incomplete(message, where=f"GET {path}")


def _walked(client: IntercomClient, path: str, params: dict[str, str | int]) -> _Walk:
    walk, page = _Walk(), 0
    while True:
        page += 1
        reply = _page(client, path, params | {"page": page, "per_page": PER_PAGE})
        data = reply.get("data")
        if not isinstance(data, list):
            raise Incomplete("the listing has no data", where=f"GET {path}")
        _collect(walk, data, path)
        total = reply.get("total_count")
        if isinstance(total, int):
            walk.totals.add(total)
        more = isinstance(total, int) and total > len(walk.items)
        if not data or _last(reply.get("pages"), page, more=more):
            return walk


def _page(client: IntercomClient, path: str, params: dict[str, str | int]) -> Json:
    try:
        return client.get(path, params)
    except Missing as error:
        hint = f"is {client.base_url} the API's address? check [intercom] base_url"
        raise RemoteError(error.message, where=error.where, hint=hint, status=error.status) from None


def _collect(walk: _Walk, data: list[Any], path: str) -> None:
    for item in data:
        if not isinstance(item, dict) or not item.get("id"):
            raise Incomplete("the listing holds something without an id", where=f"GET {path}")
        walk.items.setdefault(str(item["id"]), item)


def _last(pages: object, page: int, *, more: bool) -> bool:
    """Tell whether this was the last page; `pages` may be null, and then the count decides."""
    if not isinstance(pages, dict):
        return not more
    total = str(pages.get("total_pages", ""))
    return page >= int(total) if total.isdigit() else not pages.get("next")
