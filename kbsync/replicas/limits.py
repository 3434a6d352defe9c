"""How long to wait: between retries, and before a remote's rate limit runs out."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_SCARCE = 0.05
_LONGEST_PAUSE = 10.0
_LONGEST_STRETCH = 2.0


def _jitter() -> float:
    return random.uniform(0.7, 1.3)  # noqa: S311  spreads retries, guards nothing


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long one request is tried. Times are seconds; the clocks are injectable.

    A remote that never answers ends as RemoteDown after `longest` seconds plus one `timeout` at most.
    """

    attempts: int = 7
    longest: float = 40.0
    first: float = 0.4
    cap: float = 8.0
    timeout: float = 20.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    jitter: Callable[[], float] = _jitter

    def backoff(self, attempt: int) -> float:
        """Return the pause after the given attempt, counted from 1: exponential, with jitter."""
        return min(self.cap, self.first * 2.0 ** (attempt - 1)) * self.jitter()


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return how many seconds a reply asks to wait, None when it does not say.

    `Retry-After` is a number or an HTTP date; some gateways send only `X-RateLimit-Reset`, which is an
    epoch in Intercom and an ISO time in Confluence.
    """
    asked = headers.get("Retry-After")
    if asked is not None:
        seconds = _seconds(asked, now)
        if seconds is not None:
            return seconds
    reset = _moment(headers.get("X-RateLimit-Reset"))
    return None if reset is None else max(0.0, reset - now)


def _seconds(text: str, now: float) -> float | None:
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (TypeError, ValueError):
        return None


def _moment(text: str | None) -> float | None:
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


class Pace:
    """Slows all threads down before the announced limit is used up, and holds them back after a 429."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._lock = threading.Lock()
        self._not_before = 0.0

    def wait(self) -> None:
        """Sleep until the next request may go."""
        with self._lock:
            pause = self._not_before - self._patience.clock()
        if pause > 0:
            self._patience.sleep(min(pause, _LONGEST_PAUSE))

    def hold(self, seconds: float) -> None:
        """Let no request go for so long."""
        with self._lock:
            self._not_before = max(self._not_before, self._patience.clock() + min(seconds, _LONGEST_PAUSE))

    def learn(self, headers: Mapping[str, str]) -> None:
        """Read what a reply announces, and spread the last requests over what is left of the window."""
        try:
            limit = float(headers.get("X-RateLimit-Limit", ""))
            remaining = float(headers.get("X-RateLimit-Remaining", ""))
        except ValueError:
            return
        reset = _moment(headers.get("X-RateLimit-Reset"))
        if reset is None or limit <= 0 or remaining > limit * _SCARCE:
            return
        left = reset - self._patience.now()
        if left > 0:
            self.hold(min(left / (remaining + 1), _LONGEST_STRETCH))
