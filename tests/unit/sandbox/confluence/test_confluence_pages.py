"""Pages of the emulated Confluence: versions, titles, states, the tree."""

from __future__ import annotations

import re

import pytest
from confluence_wiki import Wiki

from kbsync.sandbox.confluence import people
from kbsync.sandbox.store import Store


def _titles(answer: dict) -> list[str]:
    return [page["title"] for page in answer["results"]]


class TestVersions:
    def test_only_the_next_number_is_taken(self, wiki: Wiki) -> None:
        """A stale and a premature version number are both a 409 that names the current one."""
        page = wiki.new_page("A")
        wiki.put_page(page)

        for number in (1, 2, 4):
            error = wiki.put_page(page, expect=409, version={"number": number})["errors"][0]
            assert error["code"] == "CONFLICT"
            assert "Current Version: [2]" in error["title"]

    def test_old_versions_stay(self, wiki: Wiki) -> None:
        """An old version is shown with its title and body, as historical."""
        page = wiki.new_page("A", "<p>one</p>")
        wiki.put_page(page, "<p>two</p>", title="B")

        old = wiki.get(f"/api/v2/pages/{page['id']}", version=1, body_format="storage")

        assert (old["title"], old["status"], old["version"]["number"]) == ("A", "historical", 1)
        assert old["body"]["storage"]["value"] == "<p>one</p>"
        wiki.get(f"/api/v2/pages/{page['id']}", 404, version=3)

    def test_race_passes(self, wiki: Wiki) -> None:
        """The transient conflict of two writes at once goes away when the request is sent again."""
        page = wiki.new_page("A")
        wiki.settings(optimistic_lock=1)

        assert "OptimisticLockException" in wiki.put_page(page, expect=409)["errors"][0]["title"]
        wiki.put_page(page)

    @pytest.mark.parametrize("missing", ["id", "status", "title", "body", "version"])
    def test_update_needs_everything(self, wiki: Wiki, missing: str) -> None:
        """An update without one of its five fields is a 400 that names it, and changes nothing."""
        page = wiki.new_page("A")

        error = wiki.put_page(page, expect=400, **{missing: None})["errors"][0]

        assert missing in error["title"]
        assert wiki.get(f"/api/v2/pages/{page['id']}")["version"]["number"] == 1

    def test_survives_a_restart(self, store: Store) -> None:
        """Another application on the same store shows the same page, and goes on with its numbers."""
        page = Wiki(store).new_page("A", "<p>one</p>")

        again = Wiki(store)

        assert again.body(page["id"]) == "<p>one</p>"
        assert again.new_page("B")["id"] != page["id"]


class TestTitles:
    @pytest.mark.parametrize("title", ["Refunds", "refunds", "  REFUNDS "])
    def test_unique_in_a_space(self, wiki: Wiki, title: str) -> None:
        """A title is taken in any case and spacing, and the message is the real one."""
        wiki.new_page("Refunds")

        error = wiki.new_page(title, expect=400)["errors"][0]

        assert "already exists with the same TITLE in this space" in error["title"]

    def test_archived_pages_keep_theirs(self, wiki: Wiki) -> None:
        """An archived page still occupies its title; a trashed one does not."""
        page = wiki.new_page("Refunds")
        wiki.settings(task_seconds=0)
        wiki.call("POST", "/rest/api/content/archive", 202, json={"pages": [{"id": page["id"]}]})
        wiki.new_page("Refunds", expect=400)
        other = wiki.new_page("Billing")
        wiki.call("DELETE", f"/api/v2/pages/{other['id']}", 204)

        wiki.new_page("Billing")

    def test_rename_follows_into_links(self, wiki: Wiki) -> None:
        """Renaming a page rewrites the pages that link to it, and makes no version of them."""
        target = wiki.new_page("Old")
        link = '<p><ac:link><ri:page ri:content-title="old" /></ac:link></p>'
        referrer = wiki.new_page("Referrer", link)

        wiki.call("PUT", f"/api/v2/pages/{target['id']}/title", json={"status": "current", "title": "New"})

        assert 'ri:content-title="New"' in wiki.body(referrer["id"])
        assert wiki.get(f"/api/v2/pages/{referrer['id']}")["version"]["number"] == 1

    def test_same_title_in_another_space(self, wiki: Wiki) -> None:
        """Each space has its own titles."""
        wiki.new_page("Refunds")
        team = wiki.get("/api/v2/spaces", keys="TEAM")["results"][0]

        assert wiki.new_page("Refunds", spaceId=team["id"])["spaceId"] == team["id"]


class TestRefusals:
    def test_bodies_over_five_megabytes(self, wiki: Wiki) -> None:
        """A body of the limit is taken, one byte more is a 413."""
        body = f"<p>{'x' * (5_242_880 - 7)}</p>"

        wiki.new_page("Big", body, 200)
        wiki.new_page("Bigger", body.replace("</p>", "x</p>"), 413)

    def test_representation_is_required(self, wiki: Wiki) -> None:
        """A body that does not say what it is is refused, in both of its forms."""
        wiki.new_page("A", body={"value": "<p/>"}, expect=400)
        wiki.new_page("A", body={"storage": {"value": "<p/>"}}, expect=400)

    def test_malformed_storage(self, wiki: Wiki) -> None:
        """A body that is not XML is a 400, and no page is made."""
        error = wiki.new_page("A", "<p>x<br></p>", 400)["errors"][0]

        assert error["title"].startswith("Error parsing xhtml")
        assert "A" not in _titles(wiki.get("/api/v2/pages"))

    @pytest.mark.parametrize("path", ["/api/v2/pages/999999", "/api/v2/nothing", "/rest/api/nothing"])
    def test_unknown(self, wiki: Wiki, path: str) -> None:
        """What is not there is a 404 in the API's own envelope."""
        body = wiki.get(path, 404)

        assert body.get("errors", [{}])[0].get("status", body.get("statusCode")) == 404

    def test_forbidden_looks_unknown(self, wiki: Wiki, store: Store) -> None:
        """A page that the account may not see is a 404 and in no list."""
        page = wiki.new_page("Secret")
        people.hide(store, page["id"])

        wiki.get(f"/api/v2/pages/{page['id']}", 404)
        assert "Secret" not in _titles(wiki.get("/api/v2/pages"))

    @pytest.mark.parametrize("scheme", ["Bearer wrong", "Basic c2FtOndyb25n", "Basic %", ""])
    def test_wrong_token(self, wiki: Wiki, scheme: str) -> None:
        """No token and a wrong one are both a 401."""
        wiki.http.headers["Authorization"] = scheme

        assert wiki.get("/api/v2/spaces", 401)["errors"][0]["status"] == 401

    def test_retired_routes(self, wiki: Wiki) -> None:
        """The v1 content routes are gone on Cloud, and an undeclared method is a 405."""
        wiki.get("/rest/api/content", 410)
        wiki.call("PUT", "/rest/api/content/1", 410, json={})
        wiki.call("PATCH", "/api/v2/pages/1", 405)


class TestStates:
    def test_trash_and_purge(self, wiki: Wiki) -> None:
        """A page goes to the trash first, is still shown there, and only then can be purged."""
        page = wiki.new_page("A")
        path = f"/api/v2/pages/{page['id']}"
        wiki.call("DELETE", f"{path}?purge=true", 400)
        wiki.call("DELETE", path, 204)

        assert wiki.get(path)["status"] == "trashed"
        assert "A" not in _titles(wiki.get("/api/v2/pages"))
        assert _titles(wiki.get("/api/v2/pages", status="trashed")) == ["A"]
        wiki.call("DELETE", path, 404)
        wiki.call("DELETE", f"{path}?purge=true", 204)
        wiki.get(path, 404)

    def test_restore_brings_back_the_page_alone(self, wiki: Wiki) -> None:
        """Restoring from the trash changes the state; the body that came along is not written."""
        page = wiki.new_page("A", "<p>kept</p>")
        wiki.call("DELETE", f"/api/v2/pages/{page['id']}", 204)

        assert wiki.put_page(page, "<p>other</p>")["status"] == "current"
        assert wiki.body(page["id"]) == "<p>kept</p>"

    def test_restore_needs_the_title(self, wiki: Wiki) -> None:
        """A page whose title was taken meanwhile stays in the trash."""
        page = wiki.new_page("A")
        wiki.call("DELETE", f"/api/v2/pages/{page['id']}", 204)
        wiki.new_page("A")

        wiki.put_page(page, expect=400)

    def test_drafts_are_for_who_asks(self, wiki: Wiki) -> None:
        """A draft is in no list and is a 404 unless drafts are asked for; publishing keeps number 1."""
        draft = wiki.new_page("A", status="draft")
        path = f"/api/v2/pages/{draft['id']}"
        wiki.get(path, 404)
        assert wiki.get(path, get_draft="true")["status"] == "draft"

        published = wiki.put_page(draft, version={"number": 1})

        assert (published["status"], published["version"]["number"]) == ("current", 1)

    def test_edit_beside_a_published_page(self, wiki: Wiki) -> None:
        """A draft of a published page leaves it as it is, and gives way to the next update."""
        page = wiki.new_page("A", "<p>one</p>")
        path = f"/api/v2/pages/{page['id']}"
        wiki.put_page(page, "<p>draft</p>", status="draft", version={"number": 1})
        assert wiki.body(page["id"]) == "<p>one</p>"
        draft = wiki.get(path, get_draft="true", body_format="storage")
        assert draft["body"]["storage"]["value"] == "<p>draft</p>"

        wiki.put_page(page, "<p>two</p>")

        after = wiki.get(path, get_draft="true", body_format="storage")
        assert after["body"]["storage"]["value"] == "<p>two</p>"

    def test_archive_is_a_task(self, wiki: Wiki) -> None:
        """Archiving is accepted, done later, one job at a time, and refuses what is archived."""
        one, two = wiki.new_page("A"), wiki.new_page("B")
        task = wiki.call("POST", "/rest/api/content/archive", 202, json={"pages": [{"id": int(one["id"])}]})
        wiki.call("POST", "/rest/api/content/archive", 400, json={"pages": [{"id": int(two["id"])}]})
        path = f"/rest/api/longtask/{task['id']}"

        assert wiki.get(path)["finished"] is False
        assert wiki.get(path)["successful"] is True
        assert wiki.get(f"/api/v2/pages/{one['id']}")["status"] == "archived"
        wiki.call("POST", "/rest/api/content/archive", 400, json={"pages": [{"id": int(one["id"])}]})
        wiki.call("POST", "/rest/api/content/archive", 400, json={"pages": [{"id": 1}] * 301})

    def test_archived_pages_may_refuse_updates(self, wiki: Wiki, store: Store) -> None:
        """Whether an update brings an archived page back is unknown; both answers can be had."""
        page = wiki.new_page("A")
        wiki.settings(task_seconds=0, unarchive="refuse")
        wiki.call("POST", "/rest/api/content/archive", 202, json={"pages": [{"id": page["id"]}]})

        wiki.put_page(page, expect=400)
        wiki.settings(unarchive="allow")
        assert wiki.put_page(page)["status"] == "current"


class TestTree:
    def test_children_move_up(self, wiki: Wiki) -> None:
        """The children of a trashed page go to its parent."""
        parent = wiki.new_page("Parent")
        child = wiki.new_page("Child", parentId=parent["id"])
        wiki.call("DELETE", f"/api/v2/pages/{parent['id']}", 204)

        assert wiki.get(f"/api/v2/pages/{child['id']}")["parentId"] == parent["parentId"]

    def test_new_pages_stand_below_home(self, wiki: Wiki) -> None:
        """Without a parent a page goes below the home page, at the root level only when asked."""
        assert wiki.new_page("A")["parentId"] == wiki.space["homepageId"]
        root = wiki.call(
            "POST",
            "/api/v2/pages?root-level=true",
            json={"spaceId": wiki.space["id"], "title": "R", "body": None},
        )
        assert root["parentId"] is None
        assert "R" in _titles(wiki.get(f"/api/v2/spaces/{wiki.space['id']}/pages", depth="root"))

    def test_reparent_and_loops(self, wiki: Wiki) -> None:
        """An update can move a page below another one, never below itself."""
        one, two = wiki.new_page("A"), wiki.new_page("B")
        moved = wiki.put_page(two, parentId=one["id"])

        assert moved["parentId"] == one["id"]
        wiki.put_page(one, expect=400, parentId=two["id"])
        wiki.put_page(one, expect=400, parentId=one["id"])
        wiki.put_page(one, expect=400, parentId="999999")

    def test_order_of_siblings(self, wiki: Wiki) -> None:
        """Before, after and append put a page where they say, without a version."""
        parent = wiki.new_page("P")
        a, b, c = (wiki.new_page(name, parentId=parent["id"]) for name in "ABC")
        wiki.call("PUT", f"/rest/api/content/{c['id']}/move/before/{a['id']}")
        wiki.call("PUT", f"/rest/api/content/{a['id']}/move/after/{b['id']}")

        children = wiki.get(f"/api/v2/pages/{parent['id']}/direct-children")

        assert _titles(children) == ["C", "B", "A"]
        assert wiki.get(f"/api/v2/pages/{c['id']}")["version"]["number"] == 1

    def test_folders_are_no_pages(self, wiki: Wiki) -> None:
        """A folder is among the direct children, not among the pages; its title is taken under its parent."""
        wish = {"spaceId": wiki.space["id"], "title": "F", "parentId": wiki.space["homepageId"]}
        folder = wiki.call("POST", "/api/v2/folders", json=wish)
        wiki.call("POST", "/api/v2/folders", 400, json=wish)
        inside = wiki.new_page("In", parentId=folder["id"])

        home = wiki.space["homepageId"]
        assert _titles(wiki.get(f"/api/v2/pages/{home}/direct-children")) == ["F"]
        assert _titles(wiki.get(f"/api/v2/pages/{home}/children")) == []
        assert inside["parentType"] == "folder"
        ancestors = wiki.get(f"/api/v2/pages/{inside['id']}/ancestors")["results"]
        assert [one["type"] for one in ancestors] == ["page", "folder"]
        wiki.get(f"/api/v2/pages/{folder['id']}", 404)

    def test_descendants_by_depth(self, wiki: Wiki) -> None:
        """Descendants come level by level, as deep as asked."""
        a = wiki.new_page("A")
        b = wiki.new_page("B", parentId=a["id"])
        wiki.new_page("C", parentId=b["id"])

        assert _titles(wiki.get(f"/api/v2/pages/{a['id']}/descendants", depth=1)) == ["B"]
        assert _titles(wiki.get(f"/api/v2/pages/{a['id']}/descendants", depth=10)) == ["B", "C"]
        wiki.get(f"/api/v2/pages/{a['id']}/descendants", 400, depth=11)


class TestLists:
    def test_cursor_walks_once_over_everything(self, wiki: Wiki) -> None:
        """Following `_links.next` meets each page once, whatever comes in between; the Link header agrees."""
        for number in range(7):
            wiki.new_page(f"P{number}")
        path, seen = f"/api/v2/spaces/{wiki.space['id']}/pages?limit=3", []
        while path:
            answer = wiki.http.get(f"http://testserver/wiki{path}")
            following = answer.json()["_links"].get("next", "")
            assert (f'<{following}>; rel="next"' in answer.headers["Link"]) == bool(following)
            assert following == "" or following.startswith("/wiki/api/v2/spaces/")
            seen += _titles(answer.json())
            if len(seen) == 3:
                wiki.new_page("Late 3")
            path = following.removeprefix("/wiki")

        assert seen == ["Help Center", *(f"P{n}" for n in range(7)), "Late 3"]

    def test_thousand_pages_in_four_requests(self, wiki: Wiki, store: Store) -> None:
        """A listing of versions costs a request per 250 pages, and no body is read for it."""
        for number in range(999):
            people.write(store, "HELP", f"Page {number}", "")
        path, titles, requests = f"/api/v2/spaces/{wiki.space['id']}/pages?limit=250", [], 0
        while path:
            answer = wiki.call("GET", path)
            titles, requests = titles + _titles(answer), requests + 1
            path = answer["_links"].get("next", "").removeprefix("/wiki")

        assert (len(set(titles)), requests) == (1_000, 4)

    @pytest.mark.parametrize("limit", ["0", "251", "many"])
    def test_limits_are_checked(self, wiki: Wiki, limit: str) -> None:
        """A limit outside 1 to 250 is a 400."""
        wiki.get(f"/api/v2/spaces/{wiki.space['id']}/pages", 400, limit=limit)

    def test_bulk_bodies(self, wiki: Wiki) -> None:
        """Lists give bodies in two formats only, and none unasked."""
        wiki.new_page("A", "<h1>T</h1><p>x</p>")
        path = "/api/v2/pages"

        wiki.get(path, 400, body_format="view")
        assert wiki.get(path)["results"][-1]["body"] == {}
        storage = wiki.get(path, body_format="storage")["results"][-1]["body"]["storage"]["value"]
        assert storage == "<h1>T</h1><p>x</p>"
        assert (
            '"heading"'
            in wiki.get(path, body_format="atlas_doc_format")["results"][-1]["body"]["atlas_doc_format"][
                "value"
            ]
        )

    def test_newest_first(self, wiki: Wiki, store: Store) -> None:
        """`-modified-date` puts the page that changed last in front, across cursors too."""
        store.clock.freeze(1_700_000_000)
        first = wiki.new_page("First")
        store.clock.advance(60)
        wiki.new_page("Second")
        store.clock.advance(60)
        wiki.put_page(first)

        path, titles = "/api/v2/pages?sort=-modified-date&limit=1", []
        while path:
            answer = wiki.call("GET", path)
            titles += _titles(answer)
            path = answer["_links"].get("next", "").removeprefix("/wiki")

        assert titles[:2] == ["First", "Second"]
        assert len(titles) == len(set(titles)) == 4

    def test_filters(self, wiki: Wiki) -> None:
        """Ids, titles and spaces narrow the list of pages; a bad id is a 400."""
        a, b = wiki.new_page("A"), wiki.new_page("B")

        assert _titles(wiki.get("/api/v2/pages", id=f"{a['id']},{b['id']},99")) == ["A", "B"]
        assert _titles(wiki.get("/api/v2/pages", title="b", space_id=wiki.space["id"])) == ["B"]
        wiki.get("/api/v2/pages", 400, id="x")
        wiki.get("/api/v2/pages", 400, cursor="x")


def test_view_lets_nothing_act(wiki: Wiki) -> None:
    """The rendered view escapes what a body says and drops scripts, handlers and script links."""
    hostile = (
        '<p onclick="x()">&lt;script&gt;alert(1)&lt;/script&gt;</p><script>alert(2)</script>'
        '<ac:structured-macro ac:name="&quot;&gt;&lt;img&gt;"><ac:plain-text-body><![CDATA[<img src=x>]]>'
        "</ac:plain-text-body></ac:structured-macro>"
    )
    page = wiki.new_page("A", hostile)

    view = wiki.get(f"/api/v2/pages/{page['id']}", body_format="view")["body"]["view"]["value"]

    assert not re.search(r"<script|onclick|<img|javascript:", view)
    assert "&lt;script&gt;" in view
