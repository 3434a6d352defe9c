"""A small client for the emulated Confluence, in process."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient

from kbsync.sandbox import accounts
from kbsync.sandbox.app import Deployment, create_app
from kbsync.sandbox.store import Store

HOST = "http://testserver"


class Wiki:
    """Requests with the sandbox's token; `put_page` and `new_page` fill in what a test does not care for."""

    def __init__(self, store: Store, deployment: Deployment = "cloud") -> None:
        self.store = store
        self.http = TestClient(create_app(store, deployment=deployment), base_url=f"{HOST}/wiki")
        self.http.headers["Authorization"] = f"Bearer {accounts.CONFLUENCE_TOKEN}"

    def call(self, method: str, path: str, expect: int = 200, **options: Any) -> Any:
        """Send a request, insist on its status, and return its JSON (None without a body)."""
        answer = self.http.request(method, f"{HOST}/wiki{path}", follow_redirects=False, **options)
        assert answer.status_code == expect, (method, path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def get(self, path: str, expect: int = 200, **query: Any) -> Any:
        return self.call("GET", path, expect, params={name.replace("_", "-"): v for name, v in query.items()})

    @property
    def space(self) -> Any:
        return self.get("/api/v2/spaces", keys="HELP")["results"][0]

    def new_page(self, title: str, body: str = "<p>x</p>", expect: int = 200, **fields: Any) -> Any:
        content = {"representation": "storage", "value": body}
        wish = {"spaceId": self.space["id"], "status": "current", "title": title, "body": content, **fields}
        return self.call("POST", "/api/v2/pages", expect, json=wish)

    def put_page(self, page: Any, body: str = "<p>y</p>", expect: int = 200, **fields: Any) -> Any:
        wish = {
            "id": page["id"],
            "status": "current",
            "title": page["title"],
            "body": {"representation": "storage", "value": body},
            "version": {"number": page["version"]["number"] + 1},
            **fields,
        }
        return self.call("PUT", f"/api/v2/pages/{page['id']}", expect, json=wish)

    def body(self, page_id: str) -> str:
        shown = self.get(f"/api/v2/pages/{page_id}", body_format="storage")
        return str(shown["body"]["storage"]["value"])

    def settings(self, **values: Any) -> None:
        wish = {f"confluence.{name}": value for name, value in values.items()}
        self.http.post(f"{HOST}/_sandbox/settings", json=wish)
