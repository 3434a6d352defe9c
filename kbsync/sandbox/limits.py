"""Rate limits as the two services announce and enforce them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kbsync.sandbox import wire


@dataclass(slots=True)
class Window:
    """So many requests per `seconds`, counted from whole multiples of `seconds`."""

    limit: int
    seconds: float
    started: float = 0.0
    used: int = 0

    def take(self, now: float) -> bool:
        """Count a request; False when the window is used up."""
        start = now - now % self.seconds
        if start != self.started:
            self.started, self.used = start, 0
        self.used += 1
        return self.used <= self.limit

    @property
    def remaining(self) -> int:
        """Return how many requests are left."""
        return max(0, self.limit - self.used)

    @property
    def resets_at(self) -> float:
        """Return when the next window starts, epoch seconds."""
        return self.started + self.seconds


@dataclass(slots=True)
class Limits:
    """The limits in force: Intercom's 10-second windows, Confluence's bursts a second.

    Intercom's real limit is 10,000 a minute, 1,666 a window
    (developers.intercom.com/docs/references/rest-api/errors/rate-limiting); Atlassian does not publish its
    burst limit. Both are set high, so that only a run that asks for it meets them.
    """

    intercom: Window = field(default_factory=lambda: Window(20_000, 10.0))
    confluence: Window = field(default_factory=lambda: Window(5_000, 1.0))
    deployment: str = "cloud"

    def window(self, service: str) -> Window:
        """Return the limit of a service."""
        return self.intercom if service == "intercom" else self.confluence

    def headers(self, service: str) -> dict[str, str]:
        """Return what an answer announces."""
        window = self.window(service)
        common = {"X-RateLimit-Limit": str(window.limit), "X-RateLimit-Remaining": str(window.remaining)}
        if service == "confluence" and self.deployment == "datacenter":
            interval, rate = f"{window.seconds:g}", str(window.limit)
            more = {"X-RateLimit-Interval-Seconds": interval, "X-RateLimit-FillRate": rate}
            return common | more | {"Retry-After": "0"}
        common["X-RateLimit-Reset"] = wire.reset_stamp(service, window.resets_at)
        if service == "confluence":
            common["X-RateLimit-NearLimit"] = str(window.remaining * 5 < window.limit).lower()
        return common


class RateLimit:
    """ASGI middleware: announces the limits on every answer and refuses what exceeds them."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self.app = app
        self.limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        service = wire.service_of(scope)
        if not service:
            await self.app(scope, receive, send)
            return
        window = self.limits.window(service)
        if window.take(time.time()):
            await self.app(scope, receive, self._announcing(service, send))
            return
        wait = max(1.0, window.resets_at - time.time())
        headers = self.limits.headers(service)
        if service == "confluence":
            headers["Retry-After"] = str(int(wait + 0.999))
        await wire.refuse(send, service, 429, headers, wait=wait)

    def _announcing(self, service: str, send: Send) -> Send:
        async def announce(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = wire.with_headers(message, self.limits.headers(service))
            await send(message)

        return announce
