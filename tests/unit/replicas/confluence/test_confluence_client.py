"""The client below atlassian-python-api: what goes over the wire, and what never does."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
import requests
import urllib3
from requests.adapters import BaseAdapter

from kbsync.errors import AccessRefused, Incomplete, Moved, Rejected, RemoteDown
from kbsync.replicas.confluence.client import ConfluenceClient
from kbsync.replicas.confluence.cloud import CloudSite
from kbsync.replicas.confluence.page import Mark, Page
from kbsync.replicas.confluence.swap import Swap
from kbsync.replicas.confluence.titles import candidates
from kbsync.replicas.limits import Patience
from kbsync.replicas.transport import Unclear

BASE = "https://acme.test/wiki"
TOKEN = "c2VjcmV0LXRva2Vu"
PATIENCE = Patience(attempts=3, sleep=lambda seconds: None)

Answer = tuple[int, Any]


class Wire(BaseAdapter):
    """Answers requests by a function, and keeps them."""

    def __init__(self, answer: Callable[[requests.PreparedRequest], Answer | Exception]) -> None:
        super().__init__()
        self.answer = answer
        self.requests: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        self.requests.append(request)
        answer = self.answer(request)
        if isinstance(answer, Exception):
            raise answer
        response = requests.Response()
        response.status_code, body = answer
        response.raw = io.BytesIO(body if isinstance(body, bytes) else json.dumps(body).encode())
        response.request, response.url = request, str(request.url)
        return response

    def close(self) -> None:
        """Nothing to give back."""


def client(wire: Wire, user: str = "sam@acme.test", base: str = BASE) -> ConfluenceClient:
    return ConfluenceClient(base, user, TOKEN, patience=PATIENCE, adapter=wire)


def sent(request: requests.PreparedRequest) -> Any:
    return json.loads(request.body or "null")


# --- access ---------------------------------------------------------------------------------------


def test_cloud_takes_user_and_token() -> None:
    """With a user the token is a password."""
    wire = Wire(lambda request: (200, {}))
    client(wire).get("api/v2/spaces")

    assert wire.requests[0].headers["Authorization"].startswith("Basic ")
    assert wire.requests[0].url == f"{BASE}/api/v2/spaces"


def test_data_center_takes_the_token_alone() -> None:
    """Without a user the token is a bearer token."""
    wire = Wire(lambda request: (200, {}))
    client(wire, user="").get("rest/api/space")

    assert wire.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"


def test_the_wiki_may_be_left_out_on_cloud() -> None:
    """A bare Cloud address means the wiki on it."""
    wire = Wire(lambda request: (200, {}))
    client(wire, base="https://acme.atlassian.net").get("api/v2/spaces")

    assert wire.requests[0].url == "https://acme.atlassian.net/wiki/api/v2/spaces"


def test_nothing_secret_is_logged_or_told(caplog: pytest.LogCaptureFixture) -> None:
    """The library would log headers and bodies at DEBUG; kbsync's user asks for DEBUG and sees neither."""
    caplog.set_level(logging.DEBUG)
    wire = Wire(lambda request: (401, {"message": f"no: {TOKEN}"}))

    with pytest.raises(AccessRefused) as caught:
        client(wire, user="").write("POST", "api/v2/pages", {"title": "a private title"})

    assert TOKEN not in caplog.text + caught.value.line()
    assert "a private title" not in caplog.text
    assert "KBSYNC_CONFLUENCE_TOKEN" in caught.value.line()


# --- pinned places where the library's own methods lose data ---------------------------------------


def test_the_library_repeats_nothing_by_itself() -> None:
    """Its backoff would repeat a POST on 503, and so create a page twice."""
    wire = Wire(lambda request: (503, {}))

    with pytest.raises(Unclear):
        client(wire).write("POST", "api/v2/pages", {})

    assert len(wire.requests) == 1


def site(wire: Wire) -> CloudSite:
    return CloudSite(client(wire), "HELP", PATIENCE)


SPACES = {"results": [{"id": "1", "key": "OTHER"}, {"id": "5", "key": "HELP", "homepageId": "50"}]}
PAGE = Page("7", "Refunds", "current", 3, parent="50", whole=True, body="<p>old</p>")


def test_a_body_names_its_representation() -> None:
    """`{"storage": {"value": …}}` without a representation is an HTTP 500 on Cloud."""
    wire = Wire(lambda request: (200, SPACES if "spaces" in str(request.url) else {"id": "9"}))
    cloud = site(wire)
    cloud.create("Refunds", "50", "<p>x</p>")
    cloud.update(PAGE, "Refunds", "50", "<p>x</p>", "kbsync")

    for request in wire.requests[1:]:
        assert sent(request)["body"] == {"representation": "storage", "value": "<p>x</p>"}


def test_an_update_names_everything_and_the_next_version() -> None:
    """PUT /pages/{id} needs id, status, title, body, version; the version is the one seen plus one."""
    wire = Wire(lambda request: (200, {}))
    site(wire).update(PAGE, "Money", "51", "<p>x</p>", "kbsync 1234")

    body = sent(wire.requests[0])
    assert {"id", "status", "title", "body", "version"} <= set(body)
    assert body["version"] == {"number": 4, "message": "kbsync 1234"}
    assert (body["title"], body["parentId"]) == ("Money", "51")


def test_properties_go_by_number() -> None:
    """v2 knows a property by its id; its key in the path is refused."""
    wire = Wire(lambda request: (200, {}))
    cloud = site(wire)
    cloud.set_mark(PAGE, Mark("refunds"))
    marked = Page("7", "Refunds", "current", 3, mark=Mark("old"), mark_id="88", mark_version=2)
    cloud.set_mark(marked, Mark("refunds"))

    first, second = wire.requests
    assert (first.method, first.path_url) == ("POST", "/wiki/api/v2/pages/7/properties")
    assert (second.method, second.path_url) == ("PUT", "/wiki/api/v2/pages/7/properties/88")
    assert sent(second)["version"]["number"] == 3


def test_labels_are_written_where_they_can_be() -> None:
    """v2 only reads labels; v1 takes them, the name to remove as a query, for it may hold a slash."""
    wire = Wire(lambda request: (200, {}))
    cloud = site(wire)
    cloud.add_labels("7", ["a"])
    cloud.drop_label("7", "a/b")

    assert [request.path_url for request in wire.requests] == [
        "/wiki/rest/api/content/7/label",
        "/wiki/rest/api/content/7/label?name=a%2Fb",
    ]


def test_files_go_up_with_the_token_that_v1_asks_for() -> None:
    """An upload is multipart, with `X-Atlassian-Token: nocheck` and a minor edit."""
    wire = Wire(lambda request: (200, {"results": []}))
    site(wire).upload("7", "kbsync.a.png", b"PNG", "kbsync sha256:1", None)

    (request,) = wire.requests
    assert (request.method, request.path_url) == ("PUT", "/wiki/rest/api/content/7/child/attachment")
    assert request.headers["X-Atlassian-Token"] == "nocheck"
    assert str(request.headers["Content-Type"]).startswith("multipart/form-data")
    assert all(part in bytes(request.body or b"") for part in (b"PNG", b"kbsync sha256:1", b"minorEdit"))


# --- listings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "prefix", ["/wiki/api/v2/x", "/ex/confluence/123/wiki/api/v2/x", "https://other.test/y"]
)
def test_only_the_query_of_the_next_page_is_followed(prefix: str) -> None:
    """The next address comes with other prefixes behind a gateway, and never leads to another host."""

    def answer(request: requests.PreparedRequest) -> Answer:
        if "cursor=abc" in str(request.url):
            return 200, {"results": [{"id": "2"}]}
        return 200, {"results": [{"id": "1"}], "_links": {"next": f"{prefix}?cursor=abc&limit=1"}}

    wire = Wire(answer)

    assert [item["id"] for item in client(wire).every("api/v2/x", {"limit": 1})] == ["1", "2"]
    assert {request.path_url.partition("?")[0] for request in wire.requests} == {"/wiki/api/v2/x"}


@pytest.mark.parametrize("body", [{"results": None}, {}, {"results": [], "_links": {"next": "?cursor=a"}}])
def test_a_broken_listing_is_no_listing(body: Any) -> None:
    """A listing without results, or one that leads back to itself, proves nothing."""
    with pytest.raises(Incomplete):
        client(Wire(lambda request: (200, body))).every("api/v2/x", {})


def test_a_login_page_is_no_answer() -> None:
    """HTML instead of JSON ends as RemoteDown, in one line."""
    with pytest.raises(RemoteDown, match="JSON"):
        client(Wire(lambda request: (200, b"<html>"))).get("api/v2/x")


def test_a_refused_connection_is_told_apart() -> None:
    """A request that never left may be sent again, even a create."""
    reason = urllib3.exceptions.NewConnectionError(None, "refused")  # type: ignore[arg-type]
    refused = requests.ConnectionError(urllib3.exceptions.MaxRetryError(None, "/", reason))  # type: ignore[arg-type]
    answers: list[Answer | Exception] = [refused, (200, {"id": "1"})]

    assert client(Wire(lambda request: answers.pop(0))).write("POST", "api/v2/pages", {}) == {"id": "1"}


# --- compare and swap -----------------------------------------------------------------------------


class Server:
    """One page that answers PUTs by a script: a status, or "lost" after it happened."""

    def __init__(self, *script: int | str, body: str = "{}") -> None:
        self.script = list(script)
        self.page: dict[str, Any] = {"id": "7", "title": "Refunds", "status": "current", "parentId": "50"}
        self.page |= {"version": {"number": 3, "message": ""}, "labels": {}, "properties": {}}
        self.puts = 0
        self.words = body

    def __call__(self, request: requests.PreparedRequest) -> Answer | Exception:
        if request.method == "GET":
            return 200, self.page
        self.puts += 1
        step = self.script.pop(0) if self.script else 200
        if step in (200, "lost"):
            self.page |= {name: sent(request)[name] for name in ("title", "version")}
        if step == "lost":
            return requests.ReadTimeout("no answer")
        return (int(step), {"message": self.words} if step != 200 else self.page)


def swapped(server: Server) -> str:
    return Swap(site(Wire(server)), PATIENCE).to(PAGE, candidates("Money", "Billing"), "50", "<p>x</p>")


def test_a_race_inside_the_server_is_tried_again() -> None:
    """409 with the version as it was is nobody's edit."""
    server = Server(409, 409, body="javax.persistence.OptimisticLockException")

    assert swapped(server) == "Money"
    assert server.puts == 3


def test_someone_elses_version_is_never_overwritten() -> None:
    """409 with a newer version is a person who was faster."""
    server = Server(409, body="Version must be incremented on update. Current version is: 4")
    server.page["version"] = {"number": 4, "message": "by hand"}

    with pytest.raises(Moved):
        swapped(server)
    assert server.puts == 1


def test_a_lost_answer_is_looked_up() -> None:
    """A write that happened is known by its own version message, and not written again."""
    server = Server("lost")

    assert swapped(server) == "Money"
    assert server.puts == 1


def test_a_taken_title_gets_a_suffix() -> None:
    """The next title is tried; another refusal is passed on."""
    server = Server(400, body="A page already exists with the same TITLE in this space")

    assert swapped(server) == "Money (Billing)"
    with pytest.raises(Rejected):
        swapped(Server(400, body="the body is malformed"))
