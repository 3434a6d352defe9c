"""The ground under both emulated services: store, faults, limits, server."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from kbsync.errors import UsageError
from kbsync.sandbox import wire
from kbsync.sandbox.faults import Fault, Faults, duration
from kbsync.sandbox.limits import Limits, Window
from kbsync.sandbox.server import Sandbox
from kbsync.sandbox.store import Store


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {sandbox.intercom_token}"}
    with httpx.Client(base_url=sandbox.url, headers=headers, timeout=10) as http:
        yield http


class TestStore:
    def test_survives_a_restart(self, tmp_path: Path) -> None:
        """Documents, blobs and counters are there when the file is opened again."""
        first = Store(tmp_path / "s.db")
        first.put("page", "1", {"title": "Ä"})
        first.put_blob("a.png", "image/png", b"\x00\x01")
        first.next_id("page", 10)
        first.close()
        second = Store(tmp_path / "s.db")
        assert second.get("page", "1") == {"title": "Ä"}
        assert second.blob("a.png") == ("image/png", b"\x00\x01")
        assert second.next_id("page", 10) == 11
        second.close()

    def test_transaction_is_atomic(self) -> None:
        """What an aborted transaction wrote was never there, in memory or on disk."""
        store = Store()
        store.put("page", "1", {"v": 1})

        def abort() -> None:
            with store.transaction():
                store.put("page", "1", {"v": 2})
                store.put("page", "2", {"v": 1})
                raise RuntimeError

        with pytest.raises(RuntimeError):
            abort()
        assert store.all("page") == [{"v": 1}]

    @given(st.lists(st.tuples(st.integers(0, 5), st.one_of(st.none(), st.sampled_from("abc")))))
    def test_index_finds_what_a_scan_finds(self, writes: list[tuple[int, str | None]]) -> None:
        """An index agrees with a scan after any sequence of writes and deletions."""
        store = Store()
        store.index("page", "title", lambda doc: [doc["title"]])
        store.find("page", "title", "a")
        for id, title in writes:
            if title is None:
                store.delete("page", str(id))
            else:
                store.put("page", str(id), {"id": id, "title": title})
        for title in "abc":
            found = {doc["id"] for doc in store.find("page", "title", title)}
            assert found == {doc["id"] for doc in store.all("page") if doc["title"] == title}

    def test_lagged_view_shows_the_past(self) -> None:
        """A late index knows neither the newest page nor the newest text, and still the deleted one."""
        store = Store()
        store.clock.freeze(1000)
        store.put("page", "1", {"v": 1})
        store.put("page", "2", {"v": 1})
        store.clock.advance(10)
        store.put("page", "1", {"v": 2})
        store.put("page", "3", {"v": 1})
        store.delete("page", "2")
        assert store.lagged("page", 5) == [{"v": 1}, {"v": 1}]
        assert store.lagged("page", 0) == [{"v": 2}, {"v": 1}]

    def test_ten_thousand_documents_list_fast(self) -> None:
        """Listing 10,000 documents takes well under a tenth of a second."""
        store = Store()
        with store.transaction():
            for number in range(10_000):
                store.put("page", str(number), {"body": "x" * 500})
        started = time.perf_counter()
        assert len(store.all("page")) == 10_000
        assert time.perf_counter() - started < 0.1


class TestFaults:
    def test_specification_is_read(self) -> None:
        """The command line's form gives rules and the lag of the indexes."""
        faults = Faults.parse("429:0.1, 503-bare, lag:200ms")
        assert [(rule.kind, rule.rate) for rule in faults.rules] == [("429", 0.1), ("503-bare", 1.0)]
        assert faults.lag == 0.2

    @pytest.mark.parametrize("text", ["418:0.1", "429:2", "429:often", "lag:soon", "lag"])
    def test_nonsense_is_refused(self, text: str) -> None:
        """A misspelt fault is a usage error, not a service that never fails."""
        with pytest.raises(UsageError):
            Faults.parse(text)

    def test_same_seed_same_faults(self) -> None:
        """Two runs with one seed fail at the same requests."""
        runs = [Faults.parse("500:0.3,lost:0.2", seed=5) for _ in range(2)]
        hits = [[faults.choose("GET", "/wiki/x") for _ in range(50)] for faults in runs]
        assert hits[0] == hits[1]
        assert {hit.kind for hit in hits[0] if hit} == {"500", "lost"}

    def test_rule_hits_the_named_requests_only(self) -> None:
        """A rule for the next two PUTs after the first leaves all others alone."""
        faults = Faults([Fault("500", count=2, skip=1, method="put", path="/intercom/articles/*")])
        asked = [("PUT", "/intercom/articles/1")] * 4 + [("GET", "/intercom/articles/1"), ("PUT", "/wiki/x")]
        assert [faults.choose(*request) is not None for request in asked] == [
            False,
            True,
            True,
            False,
            False,
            False,
        ]

    def test_durations(self) -> None:
        """Milliseconds, seconds and minutes are understood."""
        assert [duration(text) for text in ("200ms", "1.5", "2s", "1m")] == [0.2, 1.5, 2.0, 60.0]


def _counting_app(hits: list[str]) -> Starlette:
    async def things(request: Request) -> Response:
        hits.append(request.method)
        return JSONResponse({"data": list(range(40)), "total_count": 40})

    return Starlette(routes=[Route("/{path:path}", things, methods=["GET", "PUT"])])


class TestFaultsOnTheWire:
    @pytest.fixture
    def hits(self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """What arrives behind the faults: every request to `/intercom` is answered by a stand-in."""
        hits: list[str] = []
        app = sandbox.app.middleware_stack = sandbox.app.build_middleware_stack()
        while not hasattr(app, "faults"):
            app = app.app
        controls, service = app.app, _counting_app(hits)

        async def either(scope: Scope, receive: Receive, send: Send) -> None:
            await (service if wire.service_of(scope) else controls)(scope, receive, send)

        monkeypatch.setattr(app, "app", either)
        return hits

    def _fail(self, client: httpx.Client, **rule: object) -> None:
        client.post("/_sandbox/faults", json={"count": 1, "path": "/intercom/*", **rule}).raise_for_status()

    @pytest.mark.parametrize(
        ("kind", "status", "header"), [("429", 429, "1"), ("429-bare", 429, None), ("503", 503, "1")]
    )
    def test_refusals(
        self, client: httpx.Client, hits: list[str], kind: str, status: int, header: str | None
    ) -> None:
        """A refusal comes with or without Retry-After, is not carried out, and hits once."""
        self._fail(client, kind=kind)
        refused = client.get("/intercom/x")
        assert (refused.status_code, refused.headers.get("Retry-After")) == (status, header)
        assert refused.json()["type"] == "error.list"
        assert client.get("/intercom/x").status_code == 200
        assert hits == ["GET"]

    def test_429_says_when_to_come_back(self, client: httpx.Client, hits: list[str]) -> None:
        """Intercom's 429 has no Retry-After, but the epoch second at which the window ends."""
        self._fail(client, kind="429-bare", retry_after=2)
        headers = client.get("/intercom/x").headers
        assert 0 < int(headers["X-RateLimit-Reset"]) - time.time() <= 3
        assert headers["X-RateLimit-Remaining"] == "0"

    def test_lost_reply(self, client: httpx.Client, hits: list[str]) -> None:
        """A lost reply was carried out; the client sees a dropped connection and no status."""
        self._fail(client, kind="lost", method="PUT")
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            client.put("/intercom/x", json={})
        assert hits == ["PUT"]
        assert client.get("/intercom/x").status_code == 200

    def test_truncated_body(self, client: httpx.Client, hits: list[str]) -> None:
        """A truncated answer announces more bytes than come."""
        self._fail(client, kind="truncate")
        with pytest.raises(httpx.RemoteProtocolError):
            client.get("/intercom/x")
        assert hits == ["GET"]

    def test_slow_answer(self, client: httpx.Client, hits: list[str]) -> None:
        """A slow answer comes whole after its delay."""
        self._fail(client, kind="slow", delay=0.2)
        started = time.perf_counter()
        assert client.get("/intercom/x").json()["total_count"] == 40
        assert time.perf_counter() - started >= 0.2

    def test_short_listing(self, client: httpx.Client, hits: list[str]) -> None:
        """A short listing lacks items and does not say so."""
        self._fail(client, kind="short")
        listing = client.get("/intercom/x").json()
        assert len(listing["data"]) < 40
        assert listing["total_count"] == 40

    def test_faults_end(self, client: httpx.Client, hits: list[str]) -> None:
        """After DELETE nothing fails any more."""
        client.post("/_sandbox/faults", json={"faults": "500:1,lag:3s"})
        assert client.get("/intercom/x").status_code == 500
        assert client.delete("/_sandbox/faults").json() == {"rules": [], "lag": 0.0}
        assert client.get("/intercom/x").status_code == 200

    def test_requests_are_counted(self, client: httpx.Client, hits: list[str]) -> None:
        """Counts stand by service and method, by route without ids, and by status; controls do not count."""
        client.get("/intercom/articles/12")
        client.put("/intercom/articles/13", json={})
        counts = client.get("/_sandbox/requests").json()
        assert counts["requests"]["intercom"] == {"GET": 1, "PUT": 1}
        assert counts["routes"] == {"GET /intercom/articles/{id}": 1, "PUT /intercom/articles/{id}": 1}
        assert counts["total"] == 2

    def test_limit_is_announced_and_enforced(self, client: httpx.Client, hits: list[str]) -> None:
        """Above the limit of a window comes 429 with the window's end."""
        client.post("/_sandbox/limits", json={"intercom": 2})
        answers = [client.get("/intercom/x") for _ in range(4)]
        assert answers[0].headers["X-RateLimit-Limit"] == "2"
        assert answers[-1].status_code == 429
        assert 0 <= int(answers[-1].headers["X-RateLimit-Reset"]) - time.time() <= 11


class TestLimits:
    def test_window_starts_anew(self) -> None:
        """Ten seconds later there is room again."""
        window = Window(1, 10.0)
        assert [window.take(at) for at in (100.0, 109.9, 110.0)] == [True, False, True]

    def test_confluence_resets_as_iso_time(self) -> None:
        """Confluence names the reset as an ISO time, Data Center an interval and a fill rate."""
        assert Limits().headers("confluence")["X-RateLimit-Reset"].endswith("Z")
        assert "X-RateLimit-FillRate" in Limits(deployment="datacenter").headers("confluence")


class TestServer:
    @pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.4", "example.com"])
    def test_binds_loopback_only(self, host: str) -> None:
        """An address that others could reach is refused."""
        with pytest.raises(UsageError, match="loopback"):
            Sandbox(host=host)

    def test_taken_port_is_one_clear_line(self) -> None:
        """A taken port names the option to change."""
        with Sandbox() as first, pytest.raises(UsageError, match="--port"), Sandbox(port=first.port):
            pass

    def test_port_is_free_afterwards(self) -> None:
        """After the block nobody listens."""
        with Sandbox() as sandbox:
            port = sandbox.port
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0

    def test_public_folder_is_served_and_nothing_beside_it(self, tmp_path: Path) -> None:
        """Files of the public folder are served; a path out of it is not."""
        (tmp_path / "public").mkdir()
        (tmp_path / "public" / "a.png").write_bytes(b"png")
        (tmp_path / "secret").write_text("secret")
        with Sandbox(public=tmp_path / "public") as sandbox:
            assert httpx.get(f"{sandbox.public_url}/a.png").content == b"png"
            for path in ("/public/../secret", "/public/%2e%2e/secret", "/public//etc/passwd"):
                assert httpx.get(f"{sandbox.url}{path}").status_code == 404

    def test_foreign_host_header_is_refused(self, client: httpx.Client) -> None:
        """A page on another site cannot reach the sandbox by rebinding its own name."""
        assert client.get("/_sandbox/requests", headers={"Host": "evil.example"}).status_code == 400

    def test_clock_is_ours(self, client: httpx.Client, sandbox: Sandbox) -> None:
        """The clock freezes, advances, and runs again."""
        client.post("/_sandbox/clock", json={"freeze": 5000, "advance": 60})
        assert sandbox.store.now() == 5060
        assert client.post("/_sandbox/clock", json={"run": True}).json()["now"] > 1e9

    def test_unknown_seed(self) -> None:
        """A seed that does not exist is named."""
        with pytest.raises(UsageError, match="nope"), Sandbox(seed="nope"):
            pass

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_foreground_ends_on_a_signal(self, number: signal.Signals) -> None:
        """`serve` tells its address, and ends with 0 when asked to."""
        code = "from kbsync.sandbox.server import serve; serve(lambda s: print(s.url, flush=True))"
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert httpx.get(f"{url}/_sandbox/requests").status_code == 200
            process.send_signal(number)
            assert process.wait(10) == 0


def test_reset_forgets_everything(client: httpx.Client, sandbox: Sandbox) -> None:
    """After a reset there is no content, no fault and no count."""
    sandbox.store.put("page", "1", {})
    client.post("/_sandbox/faults", json={"faults": "500"})
    client.post("/_sandbox/reset")
    assert sandbox.store.all("page") == []
    assert client.get("/_sandbox/faults").json()["rules"] == []


def test_images_and_controls_are_no_requests_to_a_service() -> None:
    """An image of the emulated CDN and a control are neither counted nor spoilt."""
    assert wire.service_of({"type": "http", "path": "/wiki/_sandbox/anything"}) == ""
    assert wire.service_of({"type": "http", "path": "/intercom/i/o/1/a.png"}) == ""
    assert wire.service_of({"type": "http", "path": "/intercom/articles"}) == "intercom"
