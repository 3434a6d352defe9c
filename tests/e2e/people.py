"""Teammates at work in Intercom and Confluence, through the services' own interfaces, as kbsync never is."""

from __future__ import annotations

from typing import Any

import httpx

from kbsync.sandbox.server import Sandbox

Json = dict[str, Any]


class Teammate:
    """Writes in Intercom."""

    def __init__(self, box: Sandbox) -> None:
        headers = {"Authorization": f"Bearer {box.teammate_token}", "Intercom-Version": "2.16"}
        self._http = httpx.Client(base_url=box.intercom_url, headers=headers)

    def close(self) -> None:
        self._http.close()

    def articles(self) -> dict[str, Json]:
        """All articles by title."""
        return {article["title"]: article for article in self.listed()}

    def listed(self) -> list[Json]:
        """All articles, those with one title too."""
        return list(_json(self._http.get("/articles", params={"per_page": 250}))["data"])

    def published(self) -> set[str]:
        """The titles that readers see."""
        return {title for title, each in self.articles().items() if each["state"] == "published"}

    def body(self, title: str) -> str:
        return str(self.articles()[title]["body"])

    def collections(self) -> dict[str, Json]:
        """All collections by name."""
        listed = _json(self._http.get("/help_center/collections", params={"per_page": 150}))["data"]
        return {collection["name"]: collection for collection in listed}

    def above(self, title: str) -> str:
        """The name of the collection an article stands in."""
        parents = {str(parent) for parent in self.articles()[title]["parent_ids"]}
        return next((name for name, each in self.collections().items() if each["id"] in parents), "")

    def replace(self, title: str, old: str, new: str) -> None:
        """Edit the text of an article."""
        body = self.body(title)
        assert old in body, body
        self.change(title, body=body.replace(old, new))

    def change(self, article: str, **keys: Any) -> Json:
        return _json(self._http.put(f"/articles/{self.articles()[article]['id']}", json=keys))

    def write(self, title: str, body: str, **keys: Any) -> Json:
        """Publish a new article."""
        author = _json(self._http.get("/me"))["id"]
        new = {"title": title, "body": body, "author_id": int(author), "state": "published", **keys}
        return _json(self._http.post("/articles", json=new))

    def collect(self, name: str, parent: str | None = None) -> Json:
        """Make a collection."""
        return _json(self._http.post("/help_center/collections", json={"name": name, "parent_id": parent}))

    def delete(self, title: str) -> None:
        self._http.delete(f"/articles/{self.articles()[title]['id']}").raise_for_status()

    def stage(self, title: str, old: str, new: str) -> None:
        """Begin an edit and leave it unpublished, as people do."""
        article = self.articles()[title]
        draft = {"title": title, "body": article["body"].replace(old, new)}
        self._http.put(f"/articles/{article['id']}/draft", json=draft).raise_for_status()

    def staged(self, title: str) -> str:
        """The body of the pending draft, "" without one."""
        answer = self._http.get(f"/articles/{self.articles()[title]['id']}/draft")
        return str(answer.json().get("body") or "") if answer.is_success else ""

    def tag(self, title: str, name: str) -> None:
        tag = _json(self._http.post("/tags", json={"name": name}))
        me = _json(self._http.get("/me"))["id"]
        path = f"/articles/{self.articles()[title]['id']}/tags"
        self._http.post(path, json={"id": tag["id"], "admin_id": me}).raise_for_status()

    def tags(self, title: str) -> set[str]:
        return {str(tag["name"]) for tag in self.articles()[title]["tags"]["tags"]}


class Colleague:
    """Writes in Confluence."""

    def __init__(self, box: Sandbox) -> None:
        self.space = box.space
        self._http = httpx.Client(
            base_url=box.confluence_url, auth=(box.confluence_user, box.confluence_token)
        )

    def close(self) -> None:
        self._http.close()

    def pages(self, status: str = "current") -> dict[str, Json]:
        """All pages by title, bodies included."""
        space = _json(self._http.get("/api/v2/spaces", params={"keys": self.space}))["results"][0]["id"]
        query = {"limit": 250, "status": status, "body-format": "storage"}
        listed = _json(self._http.get(f"/api/v2/spaces/{space}/pages", params=query))["results"]
        return {page["title"]: page for page in listed}

    def body(self, title: str) -> str:
        return str(self.pages()[title]["body"]["storage"]["value"])

    def parent(self, title: str) -> str:
        """The title of the page above."""
        pages = self.pages()
        above = pages[title]["parentId"]
        return next((name for name, page in pages.items() if page["id"] == above), "")

    def replace(self, title: str, old: str, new: str) -> None:
        """Edit the text of a page."""
        body = self.body(title)
        assert old in body, body
        self.change(title, body=body.replace(old, new))

    def change(self, title: str, *, rename: str = "", body: str = "", parent: str = "") -> None:
        pages = self.pages()
        page = pages[title]
        value = body or page["body"]["storage"]["value"]
        new = {
            "id": page["id"],
            "status": "current",
            "title": rename or title,
            "version": {"number": page["version"]["number"] + 1},
            "body": {"representation": "storage", "value": value},
            "parentId": pages[parent]["id"] if parent else page["parentId"],
        }
        _json(self._http.put(f"/api/v2/pages/{page['id']}", json=new))

    def write(self, title: str, body: str, parent: str) -> Json:
        """Make a page below another."""
        pages = self.pages()
        new = {
            "spaceId": pages[parent]["spaceId"],
            "parentId": pages[parent]["id"],
            "status": "current",
            "title": title,
            "body": {"representation": "storage", "value": body},
        }
        return _json(self._http.post("/api/v2/pages", json=new))

    def trash(self, title: str) -> None:
        self._http.delete(f"/api/v2/pages/{self.pages()[title]['id']}").raise_for_status()

    def labels(self, title: str) -> set[str]:
        page = self.pages()[title]["id"]
        listed = _json(self._http.get(f"/api/v2/pages/{page}/labels"))["results"]
        return {str(label["name"]) for label in listed}


def _json(response: httpx.Response) -> Json:
    assert response.is_success, response.text
    answer: Json = response.json()
    return answer
