"""Replies of Intercom that the documents leave open, answered by a small fake."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from leftovers import EDITED, REST, WORDS

from kbsync.article import Article, Text
from kbsync.document import blocks as b
from kbsync.errors import AccessRefused, Incomplete, Moved, Rejected, RemoteError, Waiting, WrongWorkspace
from kbsync.replicas.base import Reading
from kbsync.replicas.intercom import IntercomReplica, IntercomSettings
from kbsync.replicas.limits import Patience
from kbsync.sync.names import Book

Item = dict[str, Any]
BASE = "https://api.intercom.test"
PUBLIC = "https://files.acme.test/content"
TOKEN = "dG9rOnNlY3JldA"


def item(id: int = 1, title: str = "Refunds", body: str = "<p>Money comes back.</p>", **fields: Any) -> Item:
    """An article as a list shows it, with nothing but what every reply has."""
    return {"type": "article", "id": str(id), "title": title, "body": body, "author_id": 7} | {
        "state": "published",
        "updated_at": 1000 + id,
        **fields,
    }


class Fake:
    """The least Intercom that works; `before` sees each request first and may answer it."""

    def __init__(self, *items: Item) -> None:
        self.items = {str(each["id"]): each for each in items}
        self.requests: list[httpx.Request] = []
        self.before: Callable[[httpx.Request], httpx.Response | None] = lambda request: None
        self.me: Item = {"type": "admin", "id": "7", "app": {"id_code": "abc123"}}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.before(request)
        return answer if answer is not None else self.answer(request)

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/me":
            return httpx.Response(200, json=self.me)
        if path == "/help_center/collections":
            return httpx.Response(200, json={"data": [], "total_count": 0, "pages": None})
        if path == "/articles" and request.method == "GET":
            data = list(self.items.values())
            return httpx.Response(200, json={"data": data, "total_count": len(data), "pages": None})
        if path == "/articles":
            return self.made(json.loads(request.content))
        if path.startswith("/articles/") and path.removeprefix("/articles/") in self.items:
            return self.one(path.removeprefix("/articles/"), request)
        return httpx.Response(404)

    def made(self, body: Item) -> httpx.Response:
        id = 100 + len(self.items)
        self.items[str(id)] = item(id, **body)
        return httpx.Response(200, json=self.items[str(id)])

    def one(self, id: str, request: httpx.Request) -> httpx.Response:
        if request.method == "PUT":
            self.items[id] |= json.loads(request.content) | {"updated_at": 5000}
        return httpx.Response(200, json=self.items[id])

    def writes(self) -> list[tuple[str, str]]:
        return [(r.method, r.url.path) for r in self.requests if r.method not in {"GET", "HEAD"}]

    def sent(self, method: str) -> list[Item]:
        return [json.loads(r.content) for r in self.requests if r.method == method]


def replica(fake: Fake, **settings: Any) -> IntercomReplica:
    patience = Patience(attempts=3, sleep=lambda seconds: None)
    options = IntercomSettings(**({"base_url": BASE, "workspace": "abc123"} | settings))
    return IntercomReplica(options, TOKEN, patience=patience, transport=httpx.MockTransport(fake))


def only(replica: IntercomReplica) -> Reading:
    (reading,) = replica.observe({}).readings
    return reading


def article(title: str = "Refunds", *blocks: b.Block, **fields: Any) -> Article:
    body = b.Document(blocks or (b.Paragraph((b.Text("Other words."),)),))
    return Article("refunds", {"en": Text(title, body)}, **fields)


def paths(*readings: Reading) -> list[str]:
    return [reading.handle for reading in readings]


# --- who is asked ---------------------------------------------------------------------------------


def test_a_wrong_token_names_the_variable() -> None:
    """401 tells which variable to mend, and never the token."""
    fake = Fake()
    fake.before = lambda request: httpx.Response(401)

    with pytest.raises(AccessRefused) as caught:
        replica(fake).observe({})

    assert "KBSYNC_INTERCOM_TOKEN" in caught.value.line()
    assert TOKEN not in caught.value.line()


def test_another_workspace_is_refused_before_anything_is_read() -> None:
    """A token of another workspace stops at /me."""
    fake = Fake()
    fake.me["app"]["id_code"] = "other99"

    with pytest.raises(WrongWorkspace, match="other99"):
        replica(fake).observe({})

    assert [request.url.path for request in fake.requests] == ["/me"]


def test_every_request_names_the_version() -> None:
    """The shape of replies changes between versions, so each request asks for 2.16."""
    fake = Fake(item())
    replica(fake).observe({})

    assert {request.headers["Intercom-Version"] for request in fake.requests} == {"2.16"}


def test_a_wrong_address_says_so() -> None:
    """A base_url that leads elsewhere is named in the error."""
    fake = Fake()
    fake.before = lambda request: None if request.url.path == "/me" else httpx.Response(404)

    with pytest.raises(RemoteError, match="base_url"):
        replica(fake).observe({})


# --- listings -------------------------------------------------------------------------------------


def test_the_least_reply_is_enough() -> None:
    """No pages, no tags, numeric ids, null bodies: all of it is read."""
    fake = Fake({"id": 5, "title": "Bare", "body": None})

    reading = only(replica(fake))

    assert (reading.handle, reading.kind) == ("5", "article")
    assert replica(fake).parse(reading, Book("en")).texts["en"].state == "draft"


def paged(fake: Fake, pages: list[list[Item]], total: int) -> None:
    def before(request: httpx.Request) -> httpx.Response | None:
        if request.url.path != "/articles":
            return None
        number = int(request.url.params["page"])
        shown = pages[number - 1] if number <= len(pages) else []
        info = {"page": str(number), "per_page": "250", "total_pages": len(pages), "next": None}
        return httpx.Response(200, json={"data": shown, "total_count": total, "pages": info})

    fake.before = before


def test_an_article_that_moves_up_during_the_walk_is_seen_once() -> None:
    """An edit during the walk shows one article twice, and that is no duplicate."""
    fake = Fake()
    paged(fake, [[item(3), item(2)], [item(2), item(1)]], total=3)

    assert paths(*replica(fake).observe({}).readings) == ["3", "2", "1"]


def test_a_listing_that_misses_articles_proves_nothing() -> None:
    """Fewer articles than the service counts is no observation at all."""
    fake = Fake()
    paged(fake, [[item(3)], [item(1)]], total=3)

    with pytest.raises(Incomplete):
        replica(fake).observe({})


def test_a_listing_that_changes_underfoot_is_walked_again() -> None:
    """When the count changes between pages the walk starts over, and the second one counts."""
    fake = Fake(item(1), item(2))
    totals = iter([3])
    original = fake.answer

    def before(request: httpx.Request) -> httpx.Response | None:
        if request.url.path != "/articles":
            return None
        reply = json.loads(original(request).content)
        return httpx.Response(200, json=reply | {"total_count": next(totals, 2)})

    fake.before = before

    assert paths(*replica(fake).observe({}).readings) == ["1", "2"]


@pytest.mark.parametrize("data", [None, "many", [1], [{"title": "no id"}]])
def test_a_listing_of_odd_things_is_refused(data: object) -> None:
    """What is no list of articles is refused in one line."""
    fake = Fake()
    fake.before = lambda r: httpx.Response(200, json={"data": data}) if r.url.path == "/articles" else None

    with pytest.raises(Incomplete):
        replica(fake).observe({})


def test_signatures_are_no_change() -> None:
    """An image address that is signed anew at each read leaves the reading as it is."""
    address = "https://downloads.intercomcdn.com/i/o/1/shot.png?expires={}&amp;signature=ab&amp;req=x%3D"
    fake = Fake()
    replicas = replica(fake)
    readings = []
    for expires in (1, 2):
        fake.items = {"1": item(body=f'<p><img src="{address.format(expires)}" alt="a &amp; b"></p>')}
        readings.append(only(replicas))

    assert readings[0] == readings[1]
    assert 'src=\\"https://downloads.intercomcdn.com/i/o/1/shot.png\\"' in readings[0].raw


# --- writes ---------------------------------------------------------------------------------------


def test_a_lost_reply_makes_no_second_article() -> None:
    """A creation whose answer was lost is looked for, found, and not repeated."""
    fake = Fake(item(1, "Refunds", "<p>Quite another text.</p>"))
    lost = []

    def before(request: httpx.Request) -> httpx.Response | None:
        if request.method == "POST" and not lost:
            lost.append(fake.answer(request))
            raise httpx.ReadTimeout("no answer", request=request)
        return None

    fake.before = before
    intercom = replica(fake)

    made = intercom.create("article", "refunds", intercom.render(article(), None, Book("en")).raw)

    assert made.reading.handle == "101"
    assert fake.writes().count(("POST", "/articles")) == 1


@pytest.mark.parametrize(("title", "body"), EDITED)
def test_what_was_created_is_found_after_an_edit(title: str, body: str) -> None:
    """An article without an answer is told by its words under a new title, and by its title over new words."""
    fake = Fake(item(5, "Something else", f"<p>{REST}</p>"), item(6, title, body))
    known = replica(fake)
    raw = known.render(article("Refunds", b.Paragraph((b.Text(WORDS),))), None, Book("en")).raw

    assert known.find("article", "refunds", raw) is None
    found = known.find("article", "refunds", raw, edited=True)

    assert found is not None
    assert found.handle == "6"
    assert known.find("article", "refunds", raw, edited=True) is None


def test_the_nearest_of_two_is_taken_for_ours() -> None:
    """Of two articles that could be what was created, it is the one with more of its words."""
    fake = Fake(item(5, "Refund", f"<p>{WORDS} {WORDS[:9]}</p>"), item(6, "Refund", f"<p>{WORDS}</p>"))
    known = replica(fake)
    raw = known.render(article("Refunds", b.Paragraph((b.Text(WORDS),))), None, Book("en")).raw

    found = known.find("article", "refunds", raw, edited=True)

    assert found is not None
    assert found.handle == "6"


def test_the_byline_is_always_sent() -> None:
    """Without author_id Intercom would give the article to the token's own teammate."""
    fake = Fake()
    intercom = replica(fake, author_id=42)
    names = Book("en")
    made = intercom.create("article", "refunds", intercom.render(article(), None, names).raw)
    intercom.update(made.reading, intercom.render(article("Money"), made.reading, names).raw, "refunds")

    assert [body["author_id"] for body in fake.sent("POST") + fake.sent("PUT")] == [42, 42, 42]


def test_only_what_differs_is_written() -> None:
    """A new title leaves the body alone, or Intercom would give its headings new ids."""
    fake = Fake(item())
    intercom, names = replica(fake), Book("en")
    old = only(intercom)
    same = intercom.parse(old, names).texts["en"]
    wanted = Article("refunds", {"en": Text("Money", same.body)})

    intercom.update(old, intercom.render(wanted, old, names).raw, "refunds")

    assert fake.sent("PUT") == [{"title": "Money", "author_id": 7}]


def test_a_teammates_draft_is_waited_for() -> None:
    """While a teammate's unpublished changes wait, nothing is written."""
    fake = Fake(item(has_unpublished_changes=True))
    intercom, names = replica(fake), Book("en")
    old = only(intercom)
    raw = intercom.render(article("Money"), old, names).raw

    with pytest.raises(Waiting, match="draft"):
        intercom.update(old, raw, "refunds")
    with pytest.raises(Waiting):
        intercom.retire(old)

    assert fake.writes() == []


def test_an_edit_between_look_and_write_is_brought_back() -> None:
    """What a person saved in between is fetched from the history and handed on."""
    fake = Fake(item())
    versions: list[Item] = [{"id": "10", "created_via": "web", "created_at": 1}]

    def before(request: httpx.Request) -> httpx.Response | None:
        path = request.url.path
        if path == "/articles/1/versions":
            return httpx.Response(200, json={"data": versions})
        if path == "/articles/1/versions/11":
            words = {"title": "Theirs", "body": "<p>Their words.</p>", "description": ""}
            return httpx.Response(200, json={"id": "11"} | words)
        if request.method == "PUT":
            versions[:0] = [{"id": "12", "created_via": "api"}, {"id": "11", "created_via": "web"}]
        return None

    fake.before = before
    intercom, names = replica(fake), Book("en")
    old = only(intercom)

    written = intercom.update(old, intercom.render(article(), old, names).raw, "refunds")

    (lost,) = written.overwritten
    assert "Their words." in lost.raw
    assert "Theirs" in lost.raw
    assert not written.newer


def test_an_edit_right_after_the_write_is_told() -> None:
    """What a person saved after our write stands, and is not taken for ours."""
    fake = Fake(item())
    versions: list[Item] = [{"id": "10", "created_via": "web"}]

    def before(request: httpx.Request) -> httpx.Response | None:
        if request.url.path == "/articles/1/versions":
            return httpx.Response(200, json={"data": versions})
        if request.method == "PUT":
            versions[:0] = [{"id": "12", "created_via": "web"}, {"id": "11", "created_via": "api"}]
        return None

    fake.before = before
    intercom, names = replica(fake), Book("en")
    old = only(intercom)

    written = intercom.update(old, intercom.render(article(), old, names).raw, "refunds")

    assert (written.newer, written.overwritten) == (True, ())


def test_a_lost_put_that_someone_else_overtook_is_refused() -> None:
    """When the answer is lost and other words stand there, they are not taken for ours."""
    fake = Fake(item())

    def before(request: httpx.Request) -> httpx.Response | None:
        if request.method == "PUT":
            fake.items["1"]["body"] = "<p>Theirs.</p>"
            raise httpx.ReadTimeout("no answer", request=request)
        return None

    fake.before = before
    intercom, names = replica(fake), Book("en")
    old = only(intercom)

    with pytest.raises(Moved):
        intercom.update(old, intercom.render(article(), old, names).raw, "refunds")


# --- images ---------------------------------------------------------------------------------------

FIGURE = b.Figure(b.Image(b.AssetRef("assets/a b.png"), "A shot"))


def with_images(fake: Fake, status: int) -> list[str]:
    """Let the public host answer with a status; return the hosts that were asked."""
    asked: list[str] = []

    def before(request: httpx.Request) -> httpx.Response | None:
        asked.append(request.url.host)
        return httpx.Response(status) if request.url.host == "files.acme.test" else None

    fake.before = before
    return asked


def test_an_image_that_is_not_public_yet_waits() -> None:
    """While an image does not answer at its public address, nothing is sent to Intercom."""
    fake = Fake()
    with_images(fake, 404)
    intercom = replica(fake, public_base_url=PUBLIC)
    raw = intercom.render(article("Refunds", FIGURE), None, Book("en")).raw

    with pytest.raises(Waiting, match=r"a%20b\.png"):
        intercom.create("article", "refunds", raw)

    assert fake.writes() == []


def test_an_image_learns_its_new_address() -> None:
    """The address Intercom gives an image is told, by its path under the content root."""
    fake = Fake()
    asked = with_images(fake, 200)
    cdn = "https://downloads.intercomcdn.com/i/o/9/shot.png"
    original = fake.made

    def made(body: Item) -> httpx.Response:
        stored = (
            f'<div class="intercom-container"><img src="{cdn}?expires=1&amp;signature=a&amp;req=b"></div>'
        )
        return original(body | {"body": stored})

    fake.made = made  # type: ignore[method-assign]
    intercom = replica(fake, public_base_url=PUBLIC)

    written = intercom.create(
        "article", "refunds", intercom.render(article("Refunds", FIGURE), None, Book("en")).raw
    )

    assert written.assets == {cdn: "assets/a b.png"}
    assert set(asked) == {"api.intercom.test", "files.acme.test"}


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.test/x.png",
        "http://downloads.intercomcdn.com/x.png",
        "https://downloads.intercomcdn.com.evil.test/x.png",
        "https://api.intercom.test:8443/x.png",
        "file:///etc/passwd",
        "https://[",
    ],
)
def test_only_intercoms_own_images_are_fetched(address: str) -> None:
    """An article cannot make kbsync ask any other host for anything."""
    fake = Fake()

    with pytest.raises(Rejected):
        replica(fake).download(address)

    assert fake.requests == []


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(302, headers={"Location": "https://evil.test/x.png"}),
        httpx.Response(200, headers={"Content-Type": "text/html"}, content=b"<p>"),
        httpx.Response(200, headers={"Content-Type": "image/png"}, content=b"x" * (20 * 2**20 + 1)),
        httpx.Response(403),
    ],
)
def test_what_is_no_image_is_not_taken(answer: httpx.Response) -> None:
    """Redirects, pages, huge files and expired addresses are refused in one line."""
    fake = Fake()
    fake.before = lambda request: answer

    with pytest.raises(RemoteError):
        replica(fake).download("https://downloads.intercomcdn.com/i/o/1/x.png")

    assert {request.url.host for request in fake.requests} == {"downloads.intercomcdn.com"}
    assert all("Authorization" not in request.headers for request in fake.requests)


def test_images_are_fetched_by_the_address_shown_last() -> None:
    """Documents hold bare addresses; the signed one of the last look opens them."""
    signed = "https://downloads.intercomcdn.com/i/o/1/x.png?expires=9&amp;signature=ab&amp;req=c"
    fake = Fake(item(body=f'<p><img src="{signed}"></p>'))
    fake.before = lambda r: (
        httpx.Response(200, headers={"Content-Type": "image/png"}, content=b"PNG")
        if r.url.params.get("signature") == "ab"
        else None
    )
    intercom = replica(fake)
    intercom.observe({})

    assert intercom.download("https://downloads.intercomcdn.com/i/o/1/x.png") == b"PNG"


# --- redirects ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "codes"), [(200, []), (409, []), (404, ["redirect-not-set"])])
def test_a_redirect_is_left_where_it_can_be(status: int, codes: list[str]) -> None:
    """A replaced article's address leads to its successor; where that is impossible it is only a warning."""
    fake = Fake(item())
    fake.before = lambda r: httpx.Response(status, json={}) if "redirects" in r.url.path else None
    intercom = replica(fake, help_center_id=3)
    old = Reading("article", "1", "", "", alias="https://help.acme.test/en/articles/1-refunds")

    losses = intercom.redirect(old, "2")

    assert [loss.code for loss in losses] == codes
    assert fake.sent("POST") == [
        {"from_url": old.alias, "locale": "en", "target_type": "article", "target_id": "2"}
    ]
