"""Whether a collection is empty is known without listing every article for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kbsync.replicas.intercom.shelves import Shelves

Item = dict[str, Any]
MANY = 600


class _Client:
    """Lists articles newest first, in pages."""

    base_url = "https://api.intercom.test"

    def __init__(self, items: list[Item]) -> None:
        self.items = items
        self.pages = 0

    def get(self, path: str, params: Mapping[str, Any]) -> Item:
        self.pages += 1
        newest = sorted(self.items, key=lambda item: -item["updated_at"])
        start = (params["page"] - 1) * params["per_page"]
        data = newest[start : start + params["per_page"]]
        return {"data": data, "total_count": len(newest), "pages": None}


def _article(number: int, collection: int, at: int, state: str = "published") -> Item:
    return {
        "id": str(number),
        "title": f"Article {number}",
        "body": "",
        "author_id": 7,
        "state": state,
        "parent_ids": [collection],
        "updated_at": at,
    }


def test_the_whole_listing_is_read_once() -> None:
    """The first question reads all pages, each further one only what is newer."""
    client = _Client([_article(number, number % 20, 1000 + number) for number in range(MANY)])
    shelves = Shelves(client, "en")  # type: ignore[arg-type]  # a fake of the one method
    assert shelves.published("3") == MANY // 20
    whole = client.pages
    for collection in range(20):
        shelves.published(str(collection))
    assert client.pages == whole + 20


def test_what_moved_since_is_seen() -> None:
    """Articles that were moved or unpublished between two questions count where they stand now."""
    client = _Client([_article(number, 1 + number % 2, 1000) for number in range(10)])
    shelves = Shelves(client, "en")  # type: ignore[arg-type]
    assert (shelves.published("1"), shelves.published("2"), shelves.published("7")) == (5, 5, 0)
    client.items[0] = _article(0, 7, 1000)
    client.items[1] = _article(1, 2, 1001, "draft")
    assert (shelves.published("1"), shelves.published("2"), shelves.published("7")) == (4, 4, 1)
