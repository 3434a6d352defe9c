"""The middleware that makes faults happen to both emulated services."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kbsync.sandbox import wire
from kbsync.sandbox.faults import Fault, Faults

LIST_KEYS: Final = ("data", "results", "conversations", "articles")
"""Where the two services keep the items of a listing."""


class ReplyLost(ConnectionError):
    """Stands for the dropped connection where there is no socket to drop (an in-process client)."""


class Mishaps:
    """ASGI middleware: lets a request fail as the rules in force say."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self.app = app
        self.faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or a mishap in its place."""
        service = wire.service_of(scope)
        fault = self.faults.choose(scope["method"], scope["path"]) if service else None
        if fault is None:
            await self.app(scope, receive, send)
            return
        scope["kbsync.fault"] = fault.kind
        if fault.kind[:3].isdigit():
            await _refuse(fault, service, send)
        elif fault.kind == "slow":
            await asyncio.sleep(fault.delay)
            await self.app(scope, receive, send)
        else:
            await self._spoil(fault.kind, scope, receive, send)

    async def _spoil(self, kind: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry the request out, then keep, cut or thin its answer."""
        start, body = await _answer_of(self.app, scope, receive)
        if kind == "lost":
            await _drop(scope)
        elif kind == "truncate":
            await send(start)
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
            await _drop(scope, flush=True)
        else:
            body = _thinned(body, self.faults)
            await send(wire.with_length(start, len(body)))
            await send({"type": "http.response.body", "body": body})


async def _answer_of(app: ASGIApp, scope: Scope, receive: Receive) -> tuple[Message, bytes]:
    """Run the app; return its response start and its whole body."""
    start: Message = {}
    chunks: list[bytes] = []

    async def keep(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            chunks.append(message.get("body", b""))

    await app(scope, receive, keep)
    return start, b"".join(chunks)


async def _drop(scope: Scope, *, flush: bool = False) -> None:
    """Close the client's connection; with `flush` after what was sent has left."""
    transport = wire.transport_of(scope)
    if transport is None:
        raise ReplyLost(scope["path"])
    if flush:
        transport.close()
    else:
        transport.abort()
    await asyncio.sleep(0.01)


async def _refuse(fault: Fault, service: str, send: Send) -> None:
    status = int(fault.kind[:3])
    headers = {} if fault.kind.endswith("-bare") or status == wire.SERVER_ERROR else _retry_after(fault)
    await wire.refuse(send, service, status, headers, wait=fault.retry_after)


def _retry_after(fault: Fault) -> dict[str, str]:
    return {"Retry-After": f"{fault.retry_after:g}"}


def _thinned(body: bytes, faults: Faults) -> bytes:
    """Leave items out of a listing, as a service under load does, without saying so."""
    try:
        answer = json.loads(body)
    except ValueError:
        return body
    for key in LIST_KEYS if isinstance(answer, dict) else ():
        if isinstance(answer.get(key), list) and answer[key]:
            answer[key] = _some(answer[key], faults)
            return json.dumps(answer).encode()
    return body


def _some(items: list[Any], faults: Faults) -> list[Any]:
    """Return nothing at all, or all but a third of the items."""
    if faults.random.random() < 0.25:  # noqa: PLR2004  a quarter of short listings lose the whole page
        return []
    return [item for item in items[:-1] if faults.random.random() >= 1 / 3]
