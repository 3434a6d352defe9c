"""One request, carried until it is answered or given up: retries, effects, counts, errors.

Which HTTP client sends it is the caller's business: an attempt is a function without arguments that
returns a `Reply` or raises `Lost`.
"""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import msgspec
from tenacity import RetryCallState, Retrying, retry_if_exception_type

from kbsync.effects import Effects
from kbsync.errors import AccessRefused, Missing, Rejected, RemoteDown, RemoteError
from kbsync.replicas.limits import Pace, Patience, retry_after

_REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_ABSENT = (
    HTTPStatus.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.GONE,
    HTTPStatus.NOT_IMPLEMENTED,
)
_TRANSIENT = 500
_LONGEST_MESSAGE = 240


@dataclass(frozen=True)
class Reply:
    """An answer: its status, its headers (without regard to case), its bytes."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def data(self) -> Any:
        """Return the JSON value, None for an empty body; it is shared. Raises msgspec.DecodeError.

        Half a surrogate pair, which a cut emoji leaves and JSON allows, reads as a question mark.
        """
        return self._data

    @cached_property
    def _data(self) -> Any:
        if not self.content.strip():
            return None
        try:
            return msgspec.json.decode(self.content)
        except msgspec.DecodeError as error:
            try:
                loose = json.dumps(json.loads(self.content), ensure_ascii=False)
            except (ValueError, RecursionError):
                raise error from None
            return msgspec.json.decode(loose.encode("utf-8", "replace"))


class Lost(Exception):
    """An attempt without a usable answer; `sent` is False when the request never left."""

    def __init__(self, reason: str, *, sent: bool = True) -> None:
        super().__init__(reason)
        self.sent = sent


class Unclear(RemoteDown):
    """A write was sent and no answer came: it may or may not have happened."""


Attempt: TypeAlias = Callable[[], Reply]


class _Again(Exception):
    def __init__(self, error: RemoteError, after: float | None = None, *, unreached: bool = False) -> None:
        super().__init__(error.message)
        self.error = error
        self.after = after
        self.unreached = unreached


@dataclass(frozen=True, slots=True)
class Remote:
    """Who is spoken to: the effect kind, the name in messages, how to mend a refused token, secrets."""

    kind: str
    name: str
    access_hint: str
    secrets: tuple[str, ...] = ()


class Courier:
    """Carries requests to one remote; safe to share between threads."""

    def __init__(self, remote: Remote, effects: Effects, patience: Patience) -> None:
        self.remote = remote
        self.patience = patience
        self._effects = effects
        self._pace = Pace(patience)
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._silent = False

    def read(self, what: str, attempt: Attempt, *, json: bool = True) -> Reply:
        """Carry a request that changes nothing, e.g. `GET /articles`, until it is answered.

        Without `json` the reply may hold any bytes, and a redirect is handed back.
        Raises AccessRefused, Missing, Rejected, RemoteDown.
        """
        return self._carry(what, attempt, repeatable=True, json=json)

    def write(self, what: str, attempt: Attempt, *, repeatable: bool = False) -> Reply:
        """Carry a write as one effect. One that is not `repeatable` is sent again only if it surely failed.

        Raises Unclear when it may have happened, and what `read` raises.
        """
        act = self._effects.perform
        return act(self.remote.kind, what, lambda: self._carry(what, attempt, repeatable=repeatable))

    def counts(self) -> dict[str, int]:
        """Return how many requests were sent so far, by HTTP method."""
        with self._lock:
            return dict(sorted(self._counts.items()))

    def _carry(self, what: str, attempt: Attempt, *, repeatable: bool, json: bool = True) -> Reply:
        started = self.patience.clock()
        attempts = 1 if self._silent else self.patience.attempts

        def enough(state: RetryCallState) -> bool:
            spent = self.patience.clock() - started
            return state.attempt_number >= attempts or spent + state.upcoming_sleep > self.patience.longest

        retrying = Retrying(
            retry=retry_if_exception_type(_Again),
            stop=enough,
            wait=self._pause,
            sleep=self.patience.sleep,
            reraise=True,
        )
        try:
            return retrying(self._once, what, attempt, repeatable, json)
        except _Again as again:
            self._silent = again.unreached
            raise again.error from None

    def _pause(self, state: RetryCallState) -> float:
        backoff = self.patience.backoff(state.attempt_number)
        failure = state.outcome.exception() if state.outcome else None
        after = failure.after if isinstance(failure, _Again) else None
        return backoff if after is None else after + backoff / 4

    def _once(self, what: str, attempt: Attempt, repeatable: bool, json: bool) -> Reply:
        self._pace.wait()
        with self._lock:
            self._counts[what.split(" ", 1)[0]] += 1
        try:
            reply = attempt()
        except Lost as lost:
            raise self._failure(what, str(lost), again=repeatable, unreached=not lost.sent) from None
        self._silent = False
        self._pace.learn(reply.headers)
        return self._judge(what, reply, repeatable, json)

    def _judge(self, what: str, reply: Reply, repeatable: bool, json: bool) -> Reply:
        if reply.status == HTTPStatus.TOO_MANY_REQUESTS:
            after = retry_after(reply.headers, self.patience.now())
            self._pace.hold(after or 0.0)
            asks = "" if after is None else f" and asks to wait {after:.0f} s"
            raise _Again(
                RemoteDown(f"{self.remote.name} limits the rate{asks}", where=what, status=429), after
            )
        if reply.status >= _TRANSIENT and reply.status not in _ABSENT:
            reason = f"answered {reply.status}{self._said(reply)}"
            after = retry_after({k: v for k, v in reply.headers.items() if k.lower() == "retry-after"}, 0)
            raise self._failure(what, reason, again=repeatable, status=reply.status, after=after)
        if reply.status >= HTTPStatus.BAD_REQUEST:
            raise self._refusal(what, reply)
        if reply.status >= HTTPStatus.MULTIPLE_CHOICES and json:
            raise RemoteError(f"{self.remote.name} redirects elsewhere", where=what, status=reply.status)
        if json:
            self._insist_on_json(what, reply, repeatable)
        return reply

    def _insist_on_json(self, what: str, reply: Reply, repeatable: bool) -> None:
        """Refuse a page of HTML, and a 200 without a body, as a gateway gives: nobody knows what was done."""
        try:
            empty = reply.data() is None
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise self._failure(what, "answered with something that is not JSON", again=repeatable) from None
        if empty and reply.status == HTTPStatus.OK and not what.startswith("DELETE"):
            raise self._failure(what, "answered 200 without a body", again=repeatable)

    def _failure(
        self,
        what: str,
        reason: str,
        *,
        again: bool,
        status: int = 0,
        after: float | None = None,
        unreached: bool = False,
    ) -> Exception:
        message = self._scrub(f"{self.remote.name} {reason}")
        if again or unreached:
            return _Again(RemoteDown(message, where=what, status=status), after, unreached=unreached)
        return Unclear(message, where=what, status=status)

    def _refusal(self, what: str, reply: Reply) -> RemoteError:
        message = f"{self.remote.name} answered {reply.status}{self._said(reply)}"
        if reply.status in _REFUSED:
            hint = self.remote.access_hint
            return AccessRefused(message, where=what, hint=hint, status=reply.status)
        if reply.status in _ABSENT:
            return Missing(message, where=what, status=reply.status)
        return Rejected(message, where=what, status=reply.status)

    def _said(self, reply: Reply) -> str:
        said = self._scrub(explain(reply))
        return f": {said}" if said else ""

    def _scrub(self, text: str) -> str:
        for secret in filter(None, self.remote.secrets):
            text = text.replace(secret, "***")
        return text


def unreached(base_url: str, error: Exception) -> str:
    """Return why nobody answered at an address: what the system said, which clients bury in their own errors."""
    pending: list[object] = [error]
    seen: set[int] = set()
    while pending:
        each = pending.pop(0)
        if not isinstance(each, BaseException) or id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, OSError) and each.strerror:
            return f"could not be reached at {urlsplit(base_url).netloc}: {each.strerror}"
        pending += [each.__cause__, each.__context__, getattr(each, "reason", None), *each.args]
    return f"could not be reached at {urlsplit(base_url).netloc} ({type(error).__name__})"


def explain(reply: Reply) -> str:
    """Return what an error body says, in one short line.

    Both envelopes are read defensively, for some errors come without a body: Intercom's `error.list`, and
    Confluence's `errors[].title` (v2) or `message` (v1).
    """
    try:
        data = reply.data()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    if not isinstance(data, dict):
        return ""
    errors = data.get("errors")
    found = [_sentence(item) for item in errors] if isinstance(errors, list) else []
    found.append(_sentence(data))
    text = re.sub(r"[\s\x00-\x1f\x7f]+", " ", "; ".join(filter(None, found))).strip()
    return text if len(text) <= _LONGEST_MESSAGE else text[: _LONGEST_MESSAGE - 1] + "…"


def _sentence(item: object) -> str:
    if isinstance(item, str):
        return item
    if not isinstance(item, dict):
        return ""
    parts = (item.get(name) for name in ("message", "title", "detail"))
    return ": ".join(dict.fromkeys(part for part in parts if isinstance(part, str) and part))
