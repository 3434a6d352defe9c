"""How one request is carried, and what becomes of it when the remote misbehaves."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbsync.effects import DIRECT
from kbsync.errors import AccessRefused, Missing, Rejected, RemoteDown, RemoteError
from kbsync.replicas.limits import Pace, Patience, retry_after
from kbsync.replicas.transport import Courier, Lost, Remote, Reply, Unclear, unreached

SECRET = "dG9rZW4tb2YtYS13b3Jrc3BhY2U"
REMOTE = Remote("intercom", "Intercom", "check KBSYNC_INTERCOM_TOKEN", secrets=(SECRET,))


@dataclass
class Sleeper:
    """A clock that only sleeping moves."""

    slept: list[float] = field(default_factory=list)
    at: float = 1000.0

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds

    def patience(self, **settings: Any) -> Patience:
        return Patience(
            sleep=self.sleep, clock=lambda: self.at, now=lambda: self.at, jitter=lambda: 1.0, **settings
        )


def reply(status: int = 200, body: object = None, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(status, headers or {}, b"" if body is None else msgspec.json.encode(body))


def script(*answers: Reply | Lost) -> Callable[[], Reply]:
    """Return an attempt that answers with one after the other."""
    left = list(answers)

    def attempt() -> Reply:
        answer = left.pop(0)
        if isinstance(answer, Lost):
            raise answer
        return answer

    return attempt


@pytest.fixture
def sleeper() -> Sleeper:
    return Sleeper()


@pytest.fixture
def courier(sleeper: Sleeper) -> Courier:
    return Courier(REMOTE, DIRECT, sleeper.patience())


@pytest.mark.parametrize(
    "bad",
    [
        reply(429),
        reply(500),
        reply(502),
        reply(503, headers={"Retry-After": "1"}),
        Lost("gone"),
        Lost("refused", sent=False),
        Reply(200, {}, b'{"cut": "of'),
        Reply(200, {}, b""),
    ],
)
def test_a_read_outlives_a_bad_answer(courier: Courier, bad: Reply | Lost) -> None:
    """A GET is asked again after 429, 5xx, silence, half an answer and none at all."""
    assert courier.read("GET /x", script(bad, bad, reply(body={"ok": 1}))).data() == {"ok": 1}
    assert courier.counts() == {"GET": 3}


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "7"},
        {"Retry-After": "Thu, 01 Jan 1970 00:16:47 GMT"},
        {"X-RateLimit-Reset": "1007"},
        {"X-RateLimit-Reset": "1970-01-01T00:16:47Z"},
    ],
)
def test_it_waits_as_long_as_it_is_asked_to(
    courier: Courier, sleeper: Sleeper, headers: dict[str, str]
) -> None:
    """Retry-After as seconds or date, or else the reset of the window, is the least pause."""
    courier.read("GET /x", script(reply(429, headers=headers), reply(body={})))

    assert 7 <= sum(sleeper.slept) < 8


@pytest.mark.parametrize("answer", [reply(500), Lost("did not answer in time"), Lost("refused", sent=False)])
def test_a_dead_remote_is_given_up_in_time(sleeper: Sleeper, answer: Reply | Lost) -> None:
    """A remote that never answers well ends as RemoteDown in well under a minute."""
    courier = Courier(REMOTE, DIRECT, sleeper.patience())

    with pytest.raises(RemoteDown, match="Intercom"):
        courier.read("GET /x", script(*[answer] * 50))

    assert sum(sleeper.slept) <= 40


def test_a_pause_longer_than_patience_is_not_taken(courier: Courier, sleeper: Sleeper) -> None:
    """A remote that asks for an hour is down for now, and says so at once."""
    with pytest.raises(RemoteDown, match="3600 s"):
        courier.read("GET /x", script(reply(429, headers={"Retry-After": "3600"})))

    assert sleeper.slept == []


def test_a_dead_remote_is_not_waited_for_again(courier: Courier, sleeper: Sleeper) -> None:
    """Once nobody was there after all retries, the next request tries once, until somebody answers."""
    with pytest.raises(RemoteDown):
        courier.read("GET /x", script(*[Lost("refused", sent=False)] * 9))
    sleeper.slept.clear()

    with pytest.raises(RemoteDown):
        courier.read("GET /x", script(Lost("refused", sent=False)))

    assert sleeper.slept == []
    courier.read("GET /x", script(reply(body={})))
    courier.read("GET /x", script(reply(500), reply(body={})))


@pytest.mark.parametrize(
    "bad", [reply(500), reply(503), Lost("gone"), Reply(200, {}, b'{"id": '), Reply(200, {}, b"")]
)
def test_a_create_is_never_sent_twice_blindly(courier: Courier, bad: Reply | Lost) -> None:
    """A POST whose fate is unknown is reported as such, after one request."""
    with pytest.raises(Unclear):
        courier.write("POST /x", script(bad))

    assert courier.counts() == {"POST": 1}


@pytest.mark.parametrize("bad", [reply(429), Lost("refused", sent=False)])
def test_a_create_that_surely_failed_is_sent_again(courier: Courier, bad: Reply | Lost) -> None:
    """A POST that was turned away or never left is repeated."""
    assert courier.write("POST /x", script(bad, reply(body={"id": 1}))).data() == {"id": 1}


def test_a_write_is_one_effect(sleeper: Sleeper) -> None:
    """However often it is tried, a write counts as one effect with its own name."""
    seen: list[tuple[str, str]] = []

    class Watching:
        def perform(self, kind: str, what: str, act: Callable[[], Any]) -> Any:
            seen.append((kind, what))
            return act()

    courier = Courier(REMOTE, Watching(), sleeper.patience())
    courier.write("PUT /articles/7", script(reply(429), reply(body={})))
    courier.read("GET /articles", script(reply(body={})))

    assert seen == [("intercom", "PUT /articles/7")]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        *((status, AccessRefused) for status in (401, 403)),
        *((status, Missing) for status in (404, 405, 410, 501)),
        *((status, Rejected) for status in (400, 409, 413, 422)),
        (302, RemoteError),
    ],
)
def test_each_refusal_has_its_name(courier: Courier, status: int, error: type[RemoteError]) -> None:
    """A refusal is told once, with its status and without a retry."""
    with pytest.raises(error) as caught:
        courier.read("GET /x", script(reply(status)))

    assert (type(caught.value), caught.value.status) == (error, status)


@pytest.mark.parametrize(
    "body",
    [
        {"type": "error.list", "errors": [{"code": "x", "message": "title is missing"}]},
        {"errors": [{"status": 400, "title": "title is missing", "detail": None}]},
        {"statusCode": 400, "message": "title is missing"},
    ],
)
def test_it_repeats_what_the_remote_says(courier: Courier, body: object) -> None:
    """The reason in either service's envelope reaches the user."""
    with pytest.raises(Rejected, match="title is missing"):
        courier.read("GET /x", script(reply(400, body)))


def test_secrets_stay_secret(courier: Courier) -> None:
    """A remote that echoes the token does not get it into a message."""
    body = {"message": f"bad header Bearer {SECRET}\nnext"}

    with pytest.raises(AccessRefused) as caught:
        courier.read("GET /x", script(reply(401, body)))

    assert SECRET not in caught.value.line()
    assert "\n" not in caught.value.line()
    assert "KBSYNC_INTERCOM_TOKEN" in caught.value.line()


@given(st.binary(max_size=200), st.sampled_from([400, 401, 404, 422]))
def test_no_error_body_is_too_odd(content: bytes, status: int) -> None:
    """Whatever an error carries, it becomes one short line."""
    courier = Courier(REMOTE, DIRECT, Patience())

    with pytest.raises(RemoteError) as caught:
        courier.read("GET /x", lambda: Reply(status, {}, content))

    assert "\n" not in caught.value.line()
    assert len(caught.value.line()) < 700


def test_the_last_requests_of_a_window_are_spread(sleeper: Sleeper) -> None:
    """Near the end of what a window allows, requests slow down before they are refused."""
    pace = Pace(sleeper.patience())
    pace.learn({"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "80", "X-RateLimit-Reset": "1010"})
    pace.wait()
    assert sleeper.slept == []

    pace.learn({"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "4", "X-RateLimit-Reset": "1010"})
    pace.wait()

    assert sleeper.slept == [2.0]


def test_odd_limits_are_no_limits(sleeper: Sleeper) -> None:
    """Headers that make no sense slow nothing down."""
    pace = Pace(sleeper.patience())
    for reset in ("soon", "", "900"):
        pace.learn({"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset})
    pace.learn({"X-RateLimit-Limit": "many"})
    pace.wait()

    assert sleeper.slept == []
    assert retry_after({"Retry-After": "later"}, time.time()) is None


@pytest.mark.parametrize("half", [r"\ud83d", r"\udc00", r"a\ud83d b"])
def test_half_an_emoji_spoils_no_listing(half: str) -> None:
    """JSON may hold half a surrogate pair; the rest of the answer is read."""
    reply = Reply(200, {}, b'{"title": "' + half.encode() + b'", "id": 7}')

    assert reply.data()["id"] == 7
    assert reply.data()["title"].encode()


def test_a_cut_answer_is_still_an_error() -> None:
    """What breaks off is not guessed at."""
    with pytest.raises(msgspec.DecodeError):
        Reply(200, {}, b'{"title": "a').data()


@pytest.mark.parametrize(
    "buried", [ConnectionRefusedError(111, "Connection refused"), OSError(-2, "Unknown name")]
)
def test_who_did_not_answer_is_named(buried: OSError) -> None:
    """However deep a client buries what the system said, the line names the address and that."""
    wrapped = RuntimeError(ValueError("outer"))
    wrapped.args[0].__cause__ = buried

    said = unreached("https://wiki.example.com:8443/wiki", wrapped)

    assert "wiki.example.com:8443" in said
    assert buried.strerror in said


def test_a_delete_needs_no_answer_in_words(courier: Courier) -> None:
    """What is deleted has nothing to say: an empty 200 is as good as a 204."""
    assert courier.write("DELETE /x", script(Reply(200, {}, b""))).data() is None
