"""What the services were asked: counts for the demo and the tests, the last requests for people."""

from __future__ import annotations

import re
from collections import Counter, deque
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kbsync.sandbox import wire

_ID = re.compile(r"(?<=/)(?:\d+|att\d+)(?=/|$)")


class Journal:
    """Counts of requests by service and method, by route and by status, and the last 1,000 of them."""

    def __init__(self) -> None:
        self.methods: dict[str, Counter[str]] = {"intercom": Counter(), "confluence": Counter()}
        self.routes: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.recent: deque[dict[str, Any]] = deque(maxlen=1_000)

    def note(self, service: str, scope: Scope, status: int) -> None:
        """Remember one request; `status` 0 means that no answer was sent."""
        method, path, fault = scope["method"], scope["path"], scope.get("kbsync.fault", "")
        self.methods[service][method] += 1
        self.routes[f"{method} {_ID.sub('{id}', path)}"] += 1
        self.statuses[str(status)] += 1
        if fault:
            self.faults[fault] += 1
        query = scope.get("query_string", b"").decode("latin-1")
        self.recent.append(
            {"method": method, "path": path, "query": query, "status": status, "fault": fault or None}
        )

    def clear(self) -> None:
        """Start counting anew."""
        for counter in (*self.methods.values(), self.routes, self.statuses, self.faults):
            counter.clear()
        self.recent.clear()

    def as_json(self) -> dict[str, Any]:
        """Return everything, for `GET /_sandbox/requests`."""
        return {
            "total": sum(sum(counter.values()) for counter in self.methods.values()),
            "requests": {service: dict(counter) for service, counter in self.methods.items()},
            "routes": dict(self.routes),
            "statuses": dict(self.statuses),
            "faults": dict(self.faults),
            "recent": list(self.recent),
        }


class Journaling:
    """ASGI middleware: notes every request to one of the two services."""

    def __init__(self, app: ASGIApp, journal: Journal) -> None:
        self.app = app
        self.journal = journal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request and note it."""
        service = wire.service_of(scope)
        if not service:
            await self.app(scope, receive, send)
            return
        status = 0

        async def watch(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self.app(scope, receive, watch)
        finally:
            self.journal.note(service, scope, status)
