"""The emulated Intercom behaves as the real one is documented and seen to behave.

The `sandbox` fixture judges every exchange by Intercom's OpenAPI document.
"""

from __future__ import annotations

import html
import re
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from kbsync.sandbox.server import Sandbox

AUTHOR = 991267
Article = dict[str, Any]


def client_of(sandbox: Sandbox, token: str, version: str = "2.16") -> httpx.Client:
    headers = {"Authorization": f"Bearer {token}", "Intercom-Version": version}
    return httpx.Client(base_url=sandbox.intercom_url, headers=headers, timeout=20)


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["errors"][0]["code"]


class TestAccess:
    def test_token_is_required(self, api: httpx.Client) -> None:
        """Without a token, or with a wrong one, there is an error list and nothing else."""
        for header in ("", "Bearer nope", "Basic x"):
            assert code(api.get("/me", headers={"Authorization": header})) == (401, "unauthorized")

    def test_me_tells_the_workspace(self, api: httpx.Client, sandbox: Sandbox) -> None:
        """A token belongs to one workspace, and `/me` says to which."""
        assert api.get("/me").json()["app"]["id_code"] == sandbox.workspace
        other = {"Authorization": f"Bearer {sandbox.other_intercom_token}"}
        assert api.get("/me", headers=other).json()["app"]["id_code"] != sandbox.workspace

    def test_workspaces_are_apart(
        self, api: httpx.Client, sandbox: Sandbox, make: Callable[..., Article]
    ) -> None:
        """A token of another workspace sees nothing of this one."""
        article = make()
        with client_of(sandbox, sandbox.other_intercom_token) as other:
            assert other.get("/articles").json()["total_count"] == 0
            assert other.get(f"/articles/{article['id']}").status_code == 404

    def test_version_is_checked(self, api: httpx.Client, make: Callable[..., Article]) -> None:
        """An unknown version is refused; an old one has parents as fields and no drafts."""
        id = make()["id"]
        assert code(api.get("/me", headers={"Intercom-Version": "9.9"})) == (400, "intercom_version_invalid")
        old = {"Intercom-Version": "2.14"}
        assert "parent_id" in api.get(f"/articles/{id}", headers=old).json()
        assert "parent_id" not in api.get(f"/articles/{id}").json()
        assert code(api.get(f"/articles/{id}/draft", headers=old)) == (400, "intercom_version_invalid")

    def test_error_bodies_may_be_missing(self, api: httpx.Client, settings: Callable[..., None]) -> None:
        """Some refusals have no body at all, and clients must live with it."""
        settings(bare_errors=True)
        answer = api.get("/articles/1")
        assert (answer.status_code, answer.content) == (404, b"")

    @pytest.mark.parametrize("body", [b"{", b"[1]", b"\xff"])
    def test_broken_json(self, api: httpx.Client, body: bytes) -> None:
        """A body that is no JSON object is a bad request."""
        assert code(api.post("/articles", content=body)) == (400, "bad_request")

    def test_wrong_method_is_not_found(self, api: httpx.Client) -> None:
        """A wrong method answers 404, as a wrong path does."""
        assert api.patch("/articles").status_code == api.get("/nothing").status_code == 404


class TestListing:
    def test_one_page_has_no_pages(self, api: httpx.Client, make: Callable[..., Article]) -> None:
        """A list that fits one page has `pages: null`; ids are strings."""
        make()
        listing = api.get("/articles", params={"per_page": 250}).json()
        assert listing["pages"] is None
        assert isinstance(listing["data"][0]["id"], str)

    def test_pages_follow_addresses(self, api: httpx.Client, make: Callable[..., Article]) -> None:
        """`next` is an address; following it shows every article once; sent numbers return as text."""
        made = {make(title=f"T{n}")["id"] for n in range(5)}
        listing = api.get("/articles", params={"per_page": 2}).json()
        assert listing["pages"]["per_page"] == "2"
        assert listing["pages"]["page"] == 1
        seen = [article["id"] for article in listing["data"]]
        while listing["pages"]["next"]:
            listing = api.get(listing["pages"]["next"]).json()
            seen += [article["id"] for article in listing["data"]]
        assert (len(seen), set(seen)) == (5, made)

    @pytest.mark.parametrize("per_page", ["251", "0", "x"])
    def test_page_size_is_limited(self, api: httpx.Client, per_page: str) -> None:
        """More than 250 a page is refused."""
        assert code(api.get("/articles", params={"per_page": per_page})) == (400, "parameter_invalid")

    def test_last_updated_comes_first(self, api: httpx.Client, make: Callable[..., Article]) -> None:
        """An update brings an article to the top, even within one second."""
        first, second = make()["id"], make()["id"]
        api.put(f"/articles/{first}", json={"title": "New", "author_id": AUTHOR})
        assert [a["id"] for a in api.get("/articles").json()["data"]] == [first, second]

    def test_list_has_bodies_but_no_statistics(self, api: httpx.Client, make: Callable[..., Article]) -> None:
        """Bodies come with the list, statistics with the single article."""
        id = make()["id"]
        listed = api.get("/articles").json()["data"][0]
        assert "statistics" not in listed
        assert listed["body"] == '<p class="no-margin">b</p>'
        assert "statistics" in api.get(f"/articles/{id}").json()

    def test_ten_thousand_articles(
        self, sandbox: Sandbox, api: httpx.Client, make: Callable[..., Article]
    ) -> None:
        """A page of 250 from 10,000 articles is served in well under two seconds."""
        template = sandbox.store.get("article", make()["id"])
        assert template is not None
        with sandbox.store.transaction():
            for number in range(10_000):
                sandbox.store.put("article", f"n{number}", {**template, "id": f"{number}"})
        started = time.perf_counter()
        assert api.get("/articles", params={"per_page": 250, "page": 20}).json()["total_count"] == 10_001
        assert time.perf_counter() - started < 2


class TestWriting:
    def test_author_is_required(self, api: httpx.Client) -> None:
        """An article without a byline is refused, one by a stranger as well."""
        assert code(api.post("/articles", json={"title": "T"})) == (400, "parameter_not_found")
        assert code(api.post("/articles", json={"title": "T", "author_id": 1})) == (401, "unauthorized")

    def test_new_articles_are_drafts(self, make: Callable[..., Article]) -> None:
        """Nothing is public unless the request says so; a draft has no address."""
        assert (make()["state"], make()["url"]) == ("draft", None)

    def test_update_is_partial(self, api: httpx.Client, make: Callable[..., Article]) -> None:
        """What a request leaves out stays, state included."""
        id = make(description="d", state="published")["id"]
        after = api.put(f"/articles/{id}", json={"title": "New", "author_id": AUTHOR}).json()
        assert (after["description"], after["state"], after["body"]) == (
            "d",
            "published",
            '<p class="no-margin">b</p>',
        )
        assert after["url"].endswith(f"/en/articles/{id}-new")

    def test_byline_falls_to_the_token(
        self, api: httpx.Client, teammate: httpx.Client, make: Callable[..., Article]
    ) -> None:
        """An update without an author takes the byline of whoever updates."""
        id = make(author_id=991269)["id"]
        assert (
            api.put(f"/articles/{id}", json={"title": "x", "author_id": 991269}).json()["author_id"] == 991269
        )
        assert teammate.put(f"/articles/{id}", json={"title": "y"}).json()["author_id"] == 991268

    def test_two_bodies_are_refused(self, api: httpx.Client) -> None:
        """HTML and Markdown exclude each other; Markdown alone is rendered."""
        both = {"title": "T", "author_id": AUTHOR, "body": "<p>a</p>", "body_markdown": "a"}
        assert code(api.post("/articles", json=both)) == (400, "parameter_invalid")
        del both["body"]
        assert api.post("/articles", json=both).json()["body"] == '<p class="no-margin">a</p>'

    def test_place(self, api: httpx.Client, make: Callable[..., Article]) -> None:
        """An article goes into a collection that exists, and out of it with null."""
        collection = api.post("/help_center/collections", json={"name": "C"}).json()["id"]
        article = make(parent_id=int(collection), parent_type="collection")
        assert article["parent_ids"] == [int(collection)]
        path = f"/articles/{article['id']}"
        assert api.put(path, json={"parent_id": "404404"}).status_code == 404
        assert api.put(path, json={"parent_id": None}).json()["parent_ids"] == []

    def test_delete_is_for_good(self, api: httpx.Client, make: Callable[..., Article]) -> None:
        """A deleted article is gone, and so is its history."""
        id = make()["id"]
        assert api.delete(f"/articles/{id}").json() == {"id": id, "object": "article", "deleted": True}
        assert (
            api.get(f"/articles/{id}").status_code == api.get(f"/articles/{id}/versions").status_code == 404
        )

    def test_translations(self, api: httpx.Client, make: Callable[..., Article]) -> None:
        """The default locale stands at the root too; unused locales are null; a translation does not move the root."""
        french = {"title": "Bonjour", "body": "<p>c</p>", "author_id": AUTHOR}
        article = make(translated_content={"fr": french})
        contents = article["translated_content"]
        assert contents["en"]["body"] == article["body"]
        assert (contents["fr"]["title"], contents["de"]) == ("Bonjour", None)
        make(title="later")
        update = {"translated_content": {"fr": {"title": "Salut", "author_id": AUTHOR}}}
        after = api.put(f"/articles/{article['id']}", json=update).json()
        assert after["title"] == "T"
        assert after["translated_content"]["fr"]["body"] == '<p class="no-margin">c</p>'
        assert api.get("/articles").json()["data"][0]["title"] == "T"

    def test_translation_moves_only_its_own_timestamp(
        self, api: httpx.Client, sandbox: Sandbox, make: Callable[..., Article]
    ) -> None:
        """A translation-only edit leaves the root's `updated_at` where it was."""
        article = make(translated_content={"fr": {"title": "Bonjour"}})
        sandbox.store.clock.advance(60)
        update = {"translated_content": {"fr": {"title": "Salut"}}}
        after = api.put(f"/articles/{article['id']}", json=update).json()
        assert after["updated_at"] == article["updated_at"]
        assert after["translated_content"]["fr"]["updated_at"] >= article["updated_at"] + 60

    def test_single_language_help_center(
        self, make: Callable[..., Article], settings: Callable[..., None], api: httpx.Client
    ) -> None:
        """With one locale there is no `translated_content`, and another locale is refused."""
        settings(locales=["en"])
        article = make()
        assert "translated_content" not in article
        assert "default_locale" not in article
        foreign = {"translated_content": {"fr": {"title": "x"}}}
        assert code(api.put(f"/articles/{article['id']}", json=foreign)) == (400, "parameter_invalid")

    def test_unknown_audience_commits_nothing(self, api: httpx.Client, make: Callable[..., Article]) -> None:
        """An unknown audience is 404, and nothing else of the request happens."""
        id = make()["id"]
        assert api.put(f"/articles/{id}", json={"title": "New", "audience_ids": [1, 99]}).status_code == 404
        assert api.get(f"/articles/{id}").json()["title"] == "T"
        audiences = api.put(f"/articles/{id}", json={"audience_ids": [1]}).json()["translated_content"]["en"]
        assert audiences["audience_ids"] == [1]

    def test_schedule(self, api: httpx.Client, sandbox: Sandbox, make: Callable[..., Article]) -> None:
        """A scheduled publish happens when its time comes; the past and two schedules are refused."""
        id = make()["id"]
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
        for wrong in ({"scheduled_publish_at": "2001-01-01T00:00:00Z"}, {"scheduled_publish_at": ""}):
            assert code(api.put(f"/articles/{id}", json=wrong)) == (400, "parameter_invalid")
        both = {"scheduled_publish_at": at, "scheduled_unpublish_at": at}
        assert code(api.put(f"/articles/{id}", json=both)) == (400, "parameter_invalid")
        planned = api.put(f"/articles/{id}", json={"scheduled_publish_at": at, "state": "published"}).json()
        assert (planned["state"], planned["scheduled_publish_at"] > time.time()) == ("draft", True)
        sandbox.store.clock.advance(3700)
        assert api.get(f"/articles/{id}").json()["state"] == "published"

    def test_tags(self, api: httpx.Client, make: Callable[..., Article]) -> None:
        """A tag exists once by name, goes on and off articles, and its absence has its own codes."""
        id, tag = make()["id"], api.post("/tags", json={"name": "billing"}).json()["id"]
        assert api.post("/tags", json={"name": "Billing"}).json()["id"] == tag
        assert api.post(f"/articles/{id}/tags", json={"id": tag}).json()["name"] == "billing"
        assert [t["id"] for t in api.get(f"/articles/{id}").json()["tags"]["tags"]] == [tag]
        assert code(api.post(f"/articles/{id}/tags", json={"id": "1"})) == (404, "tag_not_found")
        assert code(api.post("/articles/1/tags", json={"id": tag})) == (404, "article_not_found")
        assert api.delete(f"/articles/{id}/tags/{tag}").json()["applied_at"] is None
        assert api.get(f"/articles/{id}").json()["tags"]["tags"] == []


class TestDrafts:
    def test_draft_leaves_the_live_article(self, api: httpx.Client, make: Callable[..., Article]) -> None:
        """Staged texts are seen in the draft alone until they are published."""
        id = make(state="published")["id"]
        staged = api.put(f"/articles/{id}/draft", json={"title": "Staged", "state": "draft"}).json()
        assert (staged["title"], staged["state"], staged["has_unpublished_changes"]) == (
            "Staged",
            "published",
            True,
        )
        assert api.get(f"/articles/{id}").json()["title"] == "T"
        assert api.get(f"/articles/{id}/draft").json()["title"] == "Staged"
        live = api.post(f"/articles/{id}/draft/publish", json={"locales": ["en"]}).json()
        assert (live["title"], live["has_unpublished_changes"]) == ("Staged", False)
        assert api.get(f"/articles/{id}/draft").status_code == 404

    def test_refusals(self, api: httpx.Client, make: Callable[..., Article]) -> None:
        """Unpublished articles take no draft; publishing needs a draft, locales, and changes in each."""
        assert code(api.put(f"/articles/{make()['id']}/draft", json={"title": "x"})) == (
            422,
            "parameter_invalid",
        )
        path = f"/articles/{make(state='published')['id']}/draft"
        assert code(api.post(f"{path}/publish", json={"locales": ["en"]})) == (422, "parameter_invalid")
        api.put(path, json={"title": "x"})
        assert code(api.post(f"{path}/publish")) == (422, "parameter_not_found")
        assert code(api.post(f"{path}/publish", json={"locales": ["fr"]})) == (422, "parameter_invalid")

    def test_edit_of_an_article_with_a_draft_waits(
        self, api: httpx.Client, make: Callable[..., Article]
    ) -> None:
        """A plain update of an article with a pending draft goes into the draft, not live."""
        id = make(state="published")["id"]
        api.put(f"/articles/{id}/draft", json={"title": "Staged"})
        after = api.put(f"/articles/{id}", json={"description": "new"}).json()
        assert (after["description"], after["has_unpublished_changes"]) == ("", True)
        draft = api.get(f"/articles/{id}/draft").json()
        assert (draft["title"], draft["description"]) == ("Staged", "new")

    def test_single_language_publish_needs_no_body(
        self, api: httpx.Client, make: Callable[..., Article], settings: Callable[..., None]
    ) -> None:
        """With one locale an empty request publishes the draft."""
        settings(locales=["en"])
        id = make(state="published")["id"]
        api.put(f"/articles/{id}/draft", json={"title": "Staged"})
        assert api.post(f"/articles/{id}/draft/publish").json()["title"] == "Staged"


class TestVersions:
    def test_history_is_a_chain(
        self, api: httpx.Client, teammate: httpx.Client, make: Callable[..., Article]
    ) -> None:
        """Every save is a version, newest first, that says who made it, how, and from what."""
        id = make()["id"]
        teammate.put(f"/articles/{id}", json={"body": "<p>by hand</p>"})
        newest, oldest = api.get(f"/articles/{id}/versions").json()["data"]
        assert (newest["created_via"], newest["created_by_id"]) == ("web", "991268")
        assert (oldest["created_via"], oldest["from_version_id"]) == ("api", None)
        assert newest["from_version_id"] == oldest["id"]
        assert "body" not in newest
        assert (
            api.get(f"/articles/{id}/versions/{oldest['id']}").json()["body"] == '<p class="no-margin">b</p>'
        )

    def test_locales(self, api: httpx.Client, make: Callable[..., Article]) -> None:
        """Each locale has its own history; an unknown one is refused."""
        id = make(translated_content={"fr": {"title": "Bonjour"}})["id"]
        french = api.get(f"/articles/{id}/versions", params={"locale": "fr"}).json()
        assert [version["title"] for version in french["data"]] == ["Bonjour"]
        assert code(api.get(f"/articles/{id}/versions", params={"locale": "xx"})) == (
            400,
            "parameter_invalid",
        )


class TestImages:
    def _sources(self, body: str) -> list[str]:
        return [html.unescape(src) for src in re.findall(r'src="([^"]*)"', body)]

    def test_images_are_copied_and_signed_anew(
        self, api: httpx.Client, sandbox: Sandbox, make: Callable[..., Article]
    ) -> None:
        """The stored address is another, its signature differs at every read, and only signed it answers."""
        article = make(body=f'<img src="{sandbox.public_url}/shot.png">')
        first, second = (
            self._sources(api.get(f"/articles/{article['id']}").json()["body"])[0] for _ in range(2)
        )
        assert first != second
        assert first.split("?")[0] == second.split("?")[0]
        assert httpx.get(first).content == b"\x89PNG shot"
        assert httpx.get(first.split("?")[0]).status_code == 403
        assert httpx.get(first.replace("signature=", "signature=0")).status_code == 403
        sandbox.store.clock.advance(3600)
        assert httpx.get(first).status_code == 403

    def test_own_address_is_kept(
        self, api: httpx.Client, sandbox: Sandbox, make: Callable[..., Article]
    ) -> None:
        """Sending a body back keeps its images, with or without their signatures."""
        article = make(body=f'<img src="{sandbox.public_url}/shot.png">')
        own = self._sources(article["body"])[0]
        for address in (own, own.split("?")[0]):
            after = api.put(
                f"/articles/{article['id']}", json={"body": f'<img src="{html.escape(address)}">'}
            ).json()
            assert self._sources(after["body"])[0].split("?")[0] == own.split("?")[0]

    def test_posting_an_image_twice_gives_two_copies(
        self, sandbox: Sandbox, make: Callable[..., Article]
    ) -> None:
        """One source address becomes another copy at each save."""
        copies = {
            self._sources(make(body=f'<img src="{sandbox.public_url}/shot.png">')["body"])[0].split("?")[0]
            for _ in range(2)
        }
        assert len(copies) == 2

    @pytest.mark.parametrize(
        "source",
        [
            "",
            "data:image/png;base64,AA",
            "{public}/missing.png",
            "{public}/page.html",
            "https://example.com/a.png",
            "http://10.0.0.1/a.png",
            "http://127.0.0.1:1/a.png",
            "file:///etc/passwd",
            "http://[bad",
            "/i/o/x/1/y/a.png",
            "{url}/intercom/i/o/sandbox1/1/aa/none.png",
        ],
    )
    def test_one_dead_image_fails_everything(
        self, api: httpx.Client, sandbox: Sandbox, make: Callable[..., Article], source: str
    ) -> None:
        """An image that cannot be had is 400 for the whole request, and nothing outside this machine is asked."""
        id = make()["id"]
        address = source.format(public=sandbox.public_url, url=sandbox.url)
        update = {"title": "New", "body": f'<p>x</p><img src="{address}">'}
        assert code(api.put(f"/articles/{id}", json=update)) == (400, "parameter_invalid")
        assert api.get(f"/articles/{id}").json()["title"] == "T"


class TestCollections:
    def test_three_levels_and_no_more(self, api: httpx.Client) -> None:
        """A fourth level is refused, by making and by moving; moving below itself as well."""
        ids: list[str] = []
        for name in "abc":
            parent = {"parent_id": ids[-1]} if ids else {}
            ids.append(api.post("/help_center/collections", json={"name": name, **parent}).json()["id"])
        fourth = {"name": "d", "parent_id": ids[-1]}
        assert code(api.post("/help_center/collections", json=fourth)) == (400, "parameter_invalid")
        inside = {"parent_id": ids[2]}
        assert code(api.put(f"/help_center/collections/{ids[0]}", json=inside)) == (400, "parameter_invalid")
        top = api.put(f"/help_center/collections/{ids[2]}", json={"parent_id": None}).json()
        assert top["parent_id"] is None

    def test_name_is_required(self, api: httpx.Client) -> None:
        """A collection without a name is refused."""
        assert code(api.post("/help_center/collections", json={"description": "x"})) == (
            400,
            "parameter_not_found",
        )

    def test_order_cannot_be_written(self, api: httpx.Client) -> None:
        """Collections stand in the order they were made, whatever a request says."""
        made = [
            api.post("/help_center/collections", json={"name": n, "order": 9}).json()["order"] for n in "ab"
        ]
        assert made == [0, 1]

    def test_translations(self, api: httpx.Client) -> None:
        """A collection's translations stay when another locale is written."""
        texts = {"fr": {"name": "Facturation"}}
        id = api.post(
            "/help_center/collections", json={"name": "Billing", "translated_content": texts}
        ).json()["id"]
        api.put(f"/help_center/collections/{id}", json={"name": "Payments"})
        shown = api.get(f"/help_center/collections/{id}").json()
        assert (shown["name"], shown["translated_content"]["fr"]["name"]) == ("Payments", "Facturation")

    def test_delete_keeps_the_articles(self, api: httpx.Client, make: Callable[..., Article]) -> None:
        """Deleting a collection deletes those below it, and leaves articles in none."""
        parent = api.post("/help_center/collections", json={"name": "a"}).json()["id"]
        child = api.post("/help_center/collections", json={"name": "b", "parent_id": parent}).json()["id"]
        article = make(parent_id=int(child))
        assert api.delete(f"/help_center/collections/{parent}").json()["deleted"] is True
        assert api.get(f"/help_center/collections/{child}").status_code == 404
        assert api.get(f"/articles/{article['id']}").json()["parent_ids"] == []

    def test_redirects(self, api: httpx.Client, make: Callable[..., Article]) -> None:
        """A redirect leads to a thing that exists, from an address of the help center, once."""
        center = api.get("/help_center/help_centers").json()["data"][0]
        path = f"/help_center/help_centers/{center['id']}/redirects"
        wish = {
            "from_url": f"{center['url']}/old",
            "locale": "en",
            "target_type": "article",
            "target_id": make()["id"],
        }
        redirect = api.post(path, json=wish).json()
        assert api.get(f"{path}/{redirect['id']}").json()["target_id"] == wish["target_id"]
        assert code(api.post(path, json=wish)) == (409, "resource_conflict")
        assert code(api.post(path, json={**wish, "from_url": "https://example.com/x"})) == (
            422,
            "data_invalid",
        )
        assert code(api.post(path, json={"locale": "en"})) == (400, "parameter_not_found")
        assert api.get(path).json()["total_count"] == 1
        assert api.delete(f"{path}/{redirect['id']}").json()["deleted"] is True


class TestSearch:
    def test_articles_by_phrase(self, api: httpx.Client, make: Callable[..., Article]) -> None:
        """A phrase finds titles and bodies; the found words can be highlighted."""
        make(title="Refund timing", state="published")
        make(title="Other")
        found = api.get("/articles/search", params={"phrase": "refund", "highlight": "true"}).json()
        assert [a["title"] for a in found["data"]["articles"]] == ["Refund timing"]
        assert found["data"]["highlights"][0]["highlighted_title"][0] == {
            "type": "highlight",
            "text": "Refund",
        }
        assert api.get("/articles/search", params={"state": "draft"}).json()["total_count"] == 1

    def test_search_comes_ten_at_a_time(self, api: httpx.Client, make: Callable[..., Article]) -> None:
        """Found articles come in tens, with an address for the rest."""
        for _ in range(11):
            make(title="Refund")
        found = api.get("/articles/search", params={"phrase": "refund"}).json()
        assert len(found["data"]["articles"]) == 10
        assert len(api.get(found["pages"]["next"]).json()["data"]["articles"]) == 1

    def test_index_lags(self, api: httpx.Client, sandbox: Sandbox, make: Callable[..., Article]) -> None:
        """What was just made is listed at once and found later."""
        httpx.post(f"{sandbox.url}/_sandbox/faults", json={"lag": "30s"}).raise_for_status()
        make(title="Refund")
        assert api.get("/articles").json()["total_count"] == 1
        for path in ("/articles/search?phrase=refund", "/content/search?query=refund"):
            assert api.get(path).json()["total_count"] == 0
        sandbox.store.clock.advance(31)
        assert api.get("/articles/search?phrase=refund").json()["total_count"] == 1

    def test_content_by_time_and_locale(
        self, api: httpx.Client, sandbox: Sandbox, make: Callable[..., Article]
    ) -> None:
        """Content search has a true time filter, also for translations."""
        id = make(translated_content={"fr": {"title": "Bonjour"}})["id"]
        make(title="untouched")
        sandbox.store.clock.advance(100)
        since = int(sandbox.store.now())
        api.put(f"/articles/{id}", json={"translated_content": {"fr": {"title": "Salut"}}})
        found = api.get(
            "/content/search", params={"content_types": "article", "updated_at_after": since}
        ).json()
        assert [hit["id"] for hit in found["data"]] == [id]
        assert [content["locale"] for content in found["data"][0]["contents"]] == ["fr"]

    def test_bulk_actions(self, api: httpx.Client, make: Callable[..., Article]) -> None:
        """Publishing takes ids of contents; items of another type are dropped without a word."""
        article = make()
        content = api.get("/content/search").json()["data"][0]["contents"][0]["id"]
        items = [{"type": "article_content", "id": content}, {"type": "article", "id": article["id"]}]
        queued = api.post("/content/bulk_actions", json={"action": "publish", "content_ids": items})
        assert (queued.status_code, queued.json()["status"]) == (202, "queued")
        assert api.get(f"/articles/{article['id']}").json()["state"] == "published"
        ignored = {"action": "delete", "content_ids": [{"type": "article", "id": article["id"]}]}
        api.post("/content/bulk_actions", json=ignored)
        assert api.get(f"/articles/{article['id']}").status_code == 200

    def test_internal_articles(self, api: httpx.Client) -> None:
        """Internal articles are made, read, changed and removed."""
        wish = {"title": "SOP", "author_id": AUTHOR, "owner_id": AUTHOR, "body": "<p>x</p>"}
        id = api.post("/internal_articles", json=wish).json()["id"]
        assert (
            api.put(f"/internal_articles/{id}", json={"title": "SOP 2"}).json()["body"]
            == '<p class="no-margin">x</p>'
        )
        assert api.get("/internal_articles").json()["total_count"] == 1
        assert api.get("/content/search?content_types=internal_article").json()["data"][0]["title"] == "SOP 2"
        assert api.delete(f"/internal_articles/{id}").json()["deleted"] is True
