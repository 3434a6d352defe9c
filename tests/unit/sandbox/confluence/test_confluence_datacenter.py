"""Data Center: the v1 API alone."""

from __future__ import annotations

from typing import Any

import pytest
from confluence_wiki import Wiki


def _new(wiki: Wiki, title: str, expect: int = 200, **fields: Any) -> Any:
    content = {"storage": {"representation": "storage", "value": "<p>x\n y</p>"}}
    wish = {"type": "page", "title": title, "space": {"key": "HELP"}, "body": content, **fields}
    return wiki.call("POST", "/rest/api/content", expect, json=wish)


def _update(wiki: Wiki, page: Any, number: int, expect: int = 200, **fields: Any) -> Any:
    wish = {
        "type": "page",
        "title": page["title"],
        "version": {"number": number, "minorEdit": True},
        **fields,
    }
    return wiki.call("PUT", f"/rest/api/content/{page['id']}", expect, json=wish)


@pytest.mark.parametrize("path", ["/api/v2/spaces", "/rest/api/content/1/state", "/rest/api/longtask"])
def test_has_no_cloud_routes(datacenter: Wiki, path: str) -> None:
    """There is no v2 API, no folder, no archive, no task."""
    datacenter.get(path, 404)
    datacenter.call("POST", "/rest/api/content/archive", 405, json={"pages": []})


def test_pages_live_by_v1(datacenter: Wiki) -> None:
    """A page is made, read, updated with the next number only, trashed, purged."""
    page = _new(datacenter, "A")
    path = f"/rest/api/content/{page['id']}"
    _update(datacenter, page, 2)
    error = _update(datacenter, page, 2, 409)
    assert "Version must be incremented on update. Current version is: 2" in error["message"]

    shown = datacenter.get(path, expand="body.storage,version,space,ancestors")

    assert shown["body"]["storage"]["value"] == "<p>x\n y</p>"
    assert (shown["version"]["number"], shown["version"]["minorEdit"]) == (2, True)
    assert shown["space"]["key"] == "HELP"
    assert "by" in shown["version"]
    assert "username" in shown["version"]["by"]
    datacenter.call("DELETE", path, 204)
    datacenter.get(path, 404)
    assert datacenter.get(path, status="trashed")["status"] == "trashed"
    datacenter.call("DELETE", path, 204, params={"status": "trashed"})
    datacenter.get(path, 404, status="any")


def test_trashed_pages_come_back(datacenter: Wiki) -> None:
    """An update with the state current restores a trashed page."""
    page = _new(datacenter, "A")
    datacenter.call("DELETE", f"/rest/api/content/{page['id']}", 204)
    _update(datacenter, page, 2, 404)

    assert _update(datacenter, page, 2, status="current")["status"] == "current"


def test_titles_are_unique(datacenter: Wiki) -> None:
    """A taken title is a 400 in v1's envelope."""
    _new(datacenter, "A")

    error = _new(datacenter, "a", 400)

    assert error["statusCode"] == 400
    assert "already exists with the same TITLE" in error["message"]


def test_lists_by_start_and_limit(datacenter: Wiki) -> None:
    """The list comes in pages by start and limit; the next link has no /wiki in front."""
    for name in "ABC":
        _new(datacenter, name)
    path, titles = "/rest/api/content?spaceKey=HELP&limit=2&expand=version", []
    while path:
        answer = datacenter.call("GET", path)
        titles += [one["title"] for one in answer["results"]]
        path = answer["_links"].get("next", "")
        assert not path or path.startswith("/rest/api/content?")

    assert titles == ["Help Center", "A", "B", "C"]


def test_listing_may_be_switched_off(datacenter: Wiki) -> None:
    """Where an administrator has switched the list off, search still finds the pages."""
    _new(datacenter, "A")
    datacenter.settings(content_list=False)

    datacenter.get("/rest/api/content", 404, spaceKey="HELP")
    assert datacenter.get("/rest/api/content/search", cql="space = HELP and title = A")["size"] == 1


def test_properties_by_key(datacenter: Wiki) -> None:
    """Properties are written and read by key, with a version that must be the next."""
    path = f"/rest/api/content/{_new(datacenter, 'A')['id']}/property"
    datacenter.call("POST", path, json={"key": "kbsync", "value": 1})
    datacenter.call("PUT", f"{path}/kbsync", json={"value": 2, "version": {"number": 2}})
    datacenter.call("PUT", f"{path}/kbsync", 409, json={"value": 3, "version": {"number": 2}})

    assert datacenter.get(f"{path}/kbsync")["value"] == 2
    datacenter.call("DELETE", f"{path}/kbsync", 204)
    datacenter.get(f"{path}/kbsync", 404)


def test_one_request_writes_labels_and_properties(datacenter: Wiki) -> None:
    """An update can bring labels, properties and a new parent along."""
    parent, page = _new(datacenter, "P"), _new(datacenter, "A")
    metadata = {"labels": [{"prefix": "global", "name": "a"}], "properties": {"k": {"value": 1}}}
    _update(datacenter, page, 2, metadata=metadata, ancestors=[{"id": parent["id"]}])

    shown = datacenter.get(f"/rest/api/content/{page['id']}", expand="metadata.labels,ancestors")

    assert [label["name"] for label in shown["metadata"]["labels"]["results"]] == ["a"]
    assert [above["title"] for above in shown["ancestors"]] == ["P"]
    assert datacenter.get(f"/rest/api/content/{page['id']}/property/k")["value"] == 1


def test_attachments_are_replaced_by_id(datacenter: Wiki) -> None:
    """There is no PUT by file name: new data goes to the attachment's own address."""
    path = f"/rest/api/content/{_new(datacenter, 'A')['id']}/child/attachment"
    form, headers = {"file": ("a.png", b"1", "image/png")}, {"X-Atlassian-Token": "nocheck"}
    made = datacenter.call("POST", path, files=form, headers=headers)["results"][0]

    datacenter.call("PUT", path, 405, files=form, headers=headers)
    replaced = datacenter.call("POST", f"{path}/{made['id']}/data", files=form, headers=headers)
    assert replaced["version"]["number"] == 2
