"""CQL as far as the emulation speaks it, and the index that runs late."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from confluence_wiki import HOST, Wiki

from kbsync.sandbox.store import Store

NEW_YORK_NOON = datetime(2026, 3, 2, 17, 0, 40, tzinfo=UTC).timestamp()
"""12:00:40 in New York, the account's time zone."""


def _found(wiki: Wiki, cql: str) -> list[str]:
    return [one["title"] for one in wiki.get("/rest/api/search", cql=cql)["results"]]


@pytest.fixture
def stocked(wiki: Wiki, store: Store) -> Wiki:
    store.clock.freeze(NEW_YORK_NOON)
    refunds = wiki.new_page("Refund times", "<p>Money comes back within days</p>")
    wiki.new_page("Billing", "<p>Invoices</p>", parentId=refunds["id"])
    path = f"/rest/api/content/{refunds['id']}/label"
    wiki.call("POST", path, json=[{"prefix": "global", "name": "draft"}])
    team = wiki.get("/api/v2/spaces", keys="TEAM")["results"][0]
    wiki.new_page("Refund policy", spaceId=team["id"])
    return wiki


@pytest.mark.parametrize(
    ("cql", "titles"),
    [
        ("space = HELP and type = page order by title", ["Billing", "Help Center", "Refund times"]),
        ('title = "refund TIMES"', ["Refund times"]),
        ("title ~ refund order by title", ["Refund policy", "Refund times"]),
        ("title ~ 'refu*' and space != TEAM", ["Refund times"]),
        ("text ~ 'invoices'", ["Billing"]),
        ("label = draft", ["Refund times"]),
        ("label in (draft, other) and not title ~ billing", ["Refund times"]),
        ("space in (HELP) and label not in (draft) and title != 'Help Center'", ["Billing"]),
        (
            "(title = Billing or title = 'Refund times') and space = HELP order by title desc",
            ["Refund times", "Billing"],
        ),
        ("type = folder", []),
    ],
)
def test_queries(stocked: Wiki, cql: str, titles: list[str]) -> None:
    """Each query finds what it says, in the order it says."""
    assert _found(stocked, cql) == titles


@pytest.mark.parametrize(
    "cql",
    [
        "",
        "title",
        "title = ",
        "colour = red",
        "title = a or",
        "(title = a",
        "lastmodified > soon",
        "space > A",
        "a = b)",
    ],
)
def test_refuses_what_it_cannot_read(stocked: Wiki, cql: str) -> None:
    """A query outside the subset is a 400, never a wrong answer."""
    stocked.get("/rest/api/search", 400, cql=cql)


@pytest.mark.parametrize(
    ("clause", "found"),
    [
        ('>= "2026-03-02 12:00"', True),
        ('> "2026-03-02 12:00"', False),
        ('= "2026-03-02 12:00"', True),
        ('>= "2026-03-02 12:01"', False),
        ('> "2026/03/02 11:59"', True),
        ('>= "2026-03-02 17:00"', False),
        ('>= "2026-03-02"', True),
        ('>= now("-1h")', True),
        ('< now("-1h")', False),
    ],
)
def test_dates_have_minutes_of_the_account(stocked: Wiki, clause: str, found: bool) -> None:
    """Dates are read in the account's time zone, and seconds do not count."""
    assert ("Billing" in _found(stocked, f"title = Billing and lastmodified {clause}")) == found


def test_index_runs_late(stocked: Wiki, store: Store) -> None:
    """With a lag, a new page is not found and a changed one is found with its old version."""
    store.clock.advance(600)
    page = stocked.get("/api/v2/pages", title="Billing")["results"][0]
    stocked.put_page(page)
    stocked.new_page("Brand new")
    stocked.http.post(f"{HOST}/_sandbox/faults", json={"lag": "60s"})

    assert _found(stocked, 'title = "Brand new"') == []
    result = stocked.get("/rest/api/content/search", cql="title = Billing", expand="version")["results"][0]
    assert result["version"]["number"] == 1
    store.clock.advance(61)
    assert _found(stocked, 'title = "Brand new"') == ["Brand new"]


def test_pages_by_cursor(stocked: Wiki) -> None:
    """Search results come in pages whose next link starts at /rest, as v1 links do."""
    answer = stocked.get("/rest/api/search", cql="type = page order by title", limit=2)
    titles, following = [one["title"] for one in answer["results"]], answer["_links"]["next"]
    while following:
        assert following.startswith("/rest/api/search?")
        answer = stocked.call("GET", following)
        titles += [one["title"] for one in answer["results"]]
        following = answer["_links"].get("next", "")

    assert titles == ["Billing", "Help Center", "Refund policy", "Refund times", "Team Notes"]
    assert answer["totalSize"] == 5
