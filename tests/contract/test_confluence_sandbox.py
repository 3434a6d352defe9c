"""The emulated Confluence Cloud keeps Atlassian's documents: every answer of a long tour fits its schema."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi import Exchange, Recorder, all_problems
from openapi_confluence import cloud

from kbsync.sandbox.server import Sandbox

pytestmark = pytest.mark.shared
V1, V2 = "/wiki/rest/api", "/wiki/api/v2"
GONE = 410
_WORDS = "<p>Some words to comment on</p>"


class Tour:
    """One client that walks through everything the emulation offers."""

    def __init__(self, sandbox: Sandbox) -> None:
        auth = (sandbox.confluence_user, sandbox.confluence_token)
        self.http = httpx.Client(base_url=sandbox.url, auth=auth, timeout=30)

    def go(self, method: str, path: str, **options: Any) -> Any:
        answer = self.http.request(method, path, **options)
        assert answer.status_code < 400, (method, path, answer.status_code, answer.text)
        return answer.json() if answer.content and "json" in answer.headers["content-type"] else None

    def refused(self, method: str, path: str, status: int, **options: Any) -> None:
        assert self.http.request(method, path, **options).status_code == status

    def new_page(self, title: str, parent: str | None = None, **query: Any) -> Any:
        wish = {"spaceId": self.space["id"], "status": "current", "title": title}
        wish |= {"body": {"representation": "storage", "value": _WORDS}} | (
            {"parentId": parent} if parent else {}
        )
        return self.go("POST", f"{V2}/pages", json=wish, params=query)

    def all(self) -> None:
        self.space = self.go("GET", f"{V2}/spaces", params={"keys": "HELP"})["results"][0]
        self.spaces()
        page = self.pages()
        self.properties(page)
        self.labels_and_search(page)
        self.attachments(page)
        self.comments(page)
        self.tree(page)
        self.people_and_states(page)
        self.endings(page)
        self.http.close()

    def spaces(self) -> None:
        id = self.space["id"]
        self.go("GET", f"{V2}/spaces", params={"limit": 1, "sort": "-key", "description-format": "plain"})
        self.go(
            "GET", f"{V2}/spaces/{id}", params={"include-operations": "true", "include-properties": "true"}
        )
        made = self.go("POST", f"{V2}/spaces/{id}/properties", json={"key": "k", "value": {"a": 1}})
        path = f"{V2}/spaces/{id}/properties/{made['id']}"
        self.go("PUT", path, json={"key": "k", "value": 2, "version": {"number": 2}})
        self.go("GET", path)
        self.go("GET", f"{V2}/spaces/{id}/properties", params={"key": "k"})
        self.refused("PUT", path, 409, json={"key": "k", "value": 2, "version": {"number": 2}})
        self.go("DELETE", path)

    def pages(self) -> Any:
        page = self.new_page("First")
        id = page["id"]
        self.new_page("Root", **{"root-level": "true"})
        wish = {"id": id, "status": "current", "title": "First", "version": {"number": 2, "message": "m"}}
        wish["body"] = {"storage": {"representation": "storage", "value": _WORDS}}
        self.go("PUT", f"{V2}/pages/{id}", json=wish)
        self.refused("PUT", f"{V2}/pages/{id}", 409, json=wish)
        self.refused("GET", f"{V2}/pages/999999999", 404)
        self.refused("GET", f"{V2}/pages", 400, params={"limit": 251})
        self.go("PUT", f"{V2}/pages/{id}/title", json={"status": "current", "title": "First again"})
        names = ("labels", "properties", "operations", "likes", "versions", "direct-children")
        everything = {f"include-{name}": "true" for name in names}
        for body_format in ("storage", "atlas_doc_format", "view", "export_view", "styled_view", "editor"):
            self.go("GET", f"{V2}/pages/{id}", params={"body-format": body_format, **everything})
        self.go("GET", f"{V2}/pages/{id}", params={"version": 1})
        self.go("GET", f"{V2}/pages", params={"id": id, "body-format": "atlas_doc_format"})
        query = {"limit": 1, "sort": "-modified-date", "body-format": "storage", "status": "current,archived"}
        self.go("GET", f"{V2}/spaces/{self.space['id']}/pages", params=query)
        self.go("GET", f"{V2}/pages/{id}/versions", params={"body-format": "storage"})
        for number in (1, 2, 3):
            self.go("GET", f"{V2}/pages/{id}/versions/{number}")
        self.go("GET", f"{V2}/pages/{id}/operations")
        return self.go("GET", f"{V2}/pages/{id}")

    def properties(self, page: Any) -> None:
        path = f"{V2}/pages/{page['id']}/properties"
        made = self.go("POST", path, json={"key": "kbsync", "value": {"id": "a"}})
        self.refused("POST", path, 409, json={"key": "kbsync", "value": 1})
        self.go("GET", path, params={"key": "kbsync"})
        self.go("PUT", f"{path}/{made['id']}", json={"key": "kbsync", "value": [], "version": {"number": 2}})
        self.go("GET", f"{path}/{made['id']}")
        self.go("DELETE", f"{path}/{made['id']}")

    def labels_and_search(self, page: Any) -> None:
        id = page["id"]
        self.go("POST", f"{V1}/content/{id}/label", json=[{"prefix": "global", "name": "draft"}])
        label = self.go("GET", f"{V2}/pages/{id}/labels", params={"prefix": "global"})["results"][0]
        self.go("GET", f"{V2}/labels")
        self.go("GET", f"{V2}/labels/{label['id']}/pages")
        self.go("GET", f"{V2}/spaces/{self.space['id']}/content/labels")
        cql = 'space = HELP and type = page and label = draft and lastmodified >= "2020-01-01 00:00"'
        self.go("GET", f"{V1}/search", params={"cql": cql, "limit": 1})
        expand = "space,version,history,ancestors,metadata.labels,body.storage,children.page"
        self.go("GET", f"{V1}/content/search", params={"cql": cql, "expand": expand})
        self.refused("GET", f"{V1}/search", 400, params={"cql": "colour = red"})
        self.go("DELETE", f"{V1}/content/{id}/label", params={"name": "draft"})

    def attachments(self, page: Any) -> None:
        path, token = f"{V1}/content/{page['id']}/child/attachment", {"X-Atlassian-Token": "nocheck"}
        form = {"file": ("a.png", b"png", "image/png"), "minorEdit": (None, "true")}
        self.refused("PUT", path, 403, files=form)
        made = self.go("PUT", path, files=form, headers=token)["results"][0]
        self.go("PUT", path, files=form, headers=token)
        self.go("POST", f"{path}/{made['id']}/data", files=form, headers=token)
        self.refused("POST", path, 400, files=form, headers=token)
        assert self.http.get(f"{path}/{made['id']}/download").status_code == 302
        self.go("GET", f"{V2}/pages/{page['id']}/attachments", params={"filename": "a.png", "limit": 250})
        self.go("GET", f"{V2}/attachments")
        self.go("GET", f"{V2}/attachments/{made['id']}", params={"include-versions": "true"})
        self.go("GET", f"{V2}/attachments/{made['id']}/versions")
        self.go("POST", f"{V2}/attachments/{made['id']}/properties", json={"key": "sha", "value": "x"})
        self.go("GET", f"{V2}/attachments/{made['id']}/properties", params={"key": "sha"})
        self.go("DELETE", f"{V2}/attachments/{made['id']}")

    def comments(self, page: Any) -> None:
        body, id = {"representation": "storage", "value": "<p>c</p>"}, page["id"]
        footer = self.go("POST", f"{V2}/footer-comments", json={"pageId": id, "body": body})
        self.go("POST", f"{V2}/footer-comments", json={"parentCommentId": footer["id"], "body": body})
        self.go("GET", f"{V2}/pages/{id}/footer-comments", params={"body-format": "storage"})
        self.go("GET", f"{V2}/footer-comments/{footer['id']}/children")
        place = {"textSelection": "words", "textSelectionMatchCount": 1, "textSelectionMatchIndex": 0}
        wish = {"pageId": id, "body": body, "inlineCommentProperties": place}
        inline = self.go("POST", f"{V2}/inline-comments", json=wish)
        self.go("GET", f"{V2}/pages/{id}/inline-comments", params={"resolution-status": "open"})
        change = {"version": {"number": 2}, "body": body, "resolved": True}
        self.go("PUT", f"{V2}/inline-comments/{inline['id']}", json=change)
        self.go("GET", f"{V2}/inline-comments/{inline['id']}", params={"body-format": "storage"})
        self.go("DELETE", f"{V2}/inline-comments/{inline['id']}")

    def tree(self, page: Any) -> None:
        id = page["id"]
        child = self.new_page("Child", parent=id)
        folder = self.go(
            "POST", f"{V2}/folders", json={"spaceId": self.space["id"], "title": "F", "parentId": id}
        )
        self.new_page("In the folder", parent=folder["id"])
        self.go("GET", f"{V2}/folders/{folder['id']}", params={"include-direct-children": "true"})
        for kind, owner in (("pages", id), ("folders", folder["id"])):
            self.go("GET", f"{V2}/{kind}/{owner}/direct-children", params={"limit": 1})
            self.go("GET", f"{V2}/{kind}/{owner}/descendants", params={"depth": 5, "limit": 250})
            self.go("GET", f"{V2}/{kind}/{owner}/ancestors")
        self.go("GET", f"{V2}/pages/{id}/children", params={"sort": "-id"})
        self.go("PUT", f"{V1}/content/{child['id']}/move/append/{folder['id']}")
        self.go("GET", f"{V1}/content/{id}/descendant/page")
        self.go("DELETE", f"{V2}/folders/{folder['id']}")

    def people_and_states(self, page: Any) -> None:
        me = self.go("GET", f"{V1}/user/current")
        self.go("GET", f"{V1}/user", params={"accountId": me["accountId"]})
        self.go("GET", f"{V1}/user/bulk", params={"accountId": me["accountId"]})
        self.go("POST", f"{V2}/users-bulk", json={"accountIds": [me["accountId"], "nobody"]})
        self.go("POST", f"{V2}/content/convert-ids-to-types", json={"contentIds": [page["id"], "1"]})
        path = f"{V1}/content/{page['id']}"
        self.go("PUT", f"{path}/state", json={"id": 1}, params={"status": "current"})
        self.go("GET", f"{path}/state")
        self.go("GET", f"{path}/state/available")
        self.go("DELETE", f"{path}/state")
        self.go("GET", f"{path}/restriction")
        restore = {"operationKey": "restore", "params": {"versionNumber": 1, "message": "back"}}
        self.go("POST", f"{path}/version", json=restore)
        wish = {"representation": "storage", "value": _WORDS}
        task = self.go("POST", f"{V1}/contentbody/convert/async/export_view", json=wish)
        self.go("GET", f"{V1}/contentbody/convert/async/{task['asyncId']}")

    def endings(self, page: Any) -> None:
        task = self.go("POST", f"{V1}/content/archive", json={"pages": [{"id": int(page["id"])}]})
        while not self.go("GET", f"{V1}/longtask/{task['id']}")["finished"]:
            pass
        self.go("GET", f"{V1}/longtask")
        other = self.new_page("To the trash")
        self.go("DELETE", f"{V2}/pages/{other['id']}")
        self.go("DELETE", f"{V2}/pages/{other['id']}", params={"purge": "true"})
        tree = self.new_page("A tree")
        self.go("DELETE", f"{V1}/content/{tree['id']}/pageTree")
        self.refused("GET", f"{V1}/content/{page['id']}", 410)


@pytest.fixture(scope="module")
def recorded() -> dict[str, Recorder]:
    sandbox = Sandbox()
    recorders = {"v1": Recorder(V1), "v2": Recorder(V2)}
    for recorder in recorders.values():
        recorder.attach(sandbox)
    with sandbox:
        Tour(sandbox).all()
    return recorders


def test_v2_answers_fit_the_document(shared_dir: Path, recorded: dict[str, Recorder]) -> None:
    """Every v2 exchange of the tour is one that Atlassian's document allows."""
    assert len(recorded["v2"].exchanges) > 70
    assert all_problems(cloud(shared_dir, 2), recorded["v2"]) == []


def test_v1_answers_fit_the_document(shared_dir: Path, recorded: dict[str, Recorder]) -> None:
    """Every v1 exchange of the tour is one that Atlassian's document allows; paths there start with /wiki."""
    known = [exchange for exchange in recorded["v1"].exchanges if exchange.status != GONE]
    with_prefix = Recorder("", [_below(V1, exchange) for exchange in known])
    assert len(with_prefix.exchanges) > 20
    assert all_problems(cloud(shared_dir, 1), with_prefix) == []


def _below(prefix: str, exchange: Exchange) -> Exchange:
    """Return the exchange with its whole path; a multipart request is no JSON to be judged."""
    request = b"" if exchange.request.startswith(b"--") else exchange.request
    return Exchange(
        exchange.method, prefix + exchange.path, exchange.query, request, exchange.status, exchange.answer
    )


def test_the_judge_can_refuse(shared_dir: Path) -> None:
    """A wrong answer is found: the documents are loaded and bite."""
    wrong = Exchange("GET", "/pages/12", "", b"", 200, b'{"id": 12, "version": {"number": "one"}}')

    problems = cloud(shared_dir, 2).problems(wrong)

    assert any("/id" in problem for problem in problems)
    assert any("/version/number" in problem for problem in problems)
