"""Which collections hold published articles, without listing them all for every collection that goes."""

from __future__ import annotations

from collections.abc import Iterator

from kbsync.replicas.intercom import form as forms
from kbsync.replicas.intercom.client import IntercomClient, Json
from kbsync.replicas.intercom.listing import every

_PATH = "/articles"
_FEW = 50


class Shelves:
    """Reads the whole listing once; after that only what is newer, for listings run newest first."""

    def __init__(self, client: IntercomClient, default_locale: str) -> None:
        self._client = client
        self._locale = default_locale
        self._holders: dict[str, tuple[str, ...]] | None = None
        self._moment = 0

    def published(self, collection: str) -> int:
        """Return how many published articles stand in a collection. Raises Incomplete."""
        items = every(self._client, _PATH) if self._holders is None else self._newer()
        holders = {} if self._holders is None else self._holders
        for item in items:
            form = forms.article(item, self._locale)
            seen = form.texts[form.default].state == "published"
            holders[str(item["id"])] = tuple(form.parents) if seen else ()
            self._moment = max(self._moment, _moment(item))
        self._holders = holders
        return sum(collection in parents for parents in holders.values())

    def _newer(self) -> Iterator[Json]:
        """Yield what was updated since the last look, and in its very second."""
        since, page = self._moment, 0
        while True:
            page += 1
            data = self._client.get(_PATH, {"page": page, "per_page": _FEW}).get("data")
            items = [item for item in data if isinstance(item, dict)] if isinstance(data, list) else []
            fresh = [item for item in items if _moment(item) >= since]
            yield from fresh
            if len(fresh) < _FEW:
                return


def _moment(item: Json) -> int:
    moment = item.get("updated_at")
    return moment if isinstance(moment, int) else 0
