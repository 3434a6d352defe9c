"""What the middlewares know of the wire: which service is meant, its refusals, its open connections."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias

import msgspec
from starlette.types import Message, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

Service: TypeAlias = Literal["intercom", "confluence", ""]
PREFIXES: Final[dict[str, Service]] = {"/intercom": "intercom", "/wiki": "confluence"}
SERVER_ERROR: Final = 500

_REASONS: Final = {
    429: ("rate_limit_exceeded", "Exceeded rate limit"),
    500: ("server_error", "Internal Server Error"),
    503: ("service_unavailable", "Service Unavailable"),
}
_transports: dict[tuple[str, int], asyncio.Transport] = {}


class Protocol(H11Protocol):
    """HTTP/1.1 that remembers its sockets, so that a fault can drop one without an answer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Remember the socket by the client's address."""
        super().connection_made(transport)
        _transports[transport.get_extra_info("peername")[:2]] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the socket."""
        if self.client is not None:
            _transports.pop(self.client, None)
        super().connection_lost(exc)


def transport_of(scope: Scope) -> asyncio.Transport | None:
    """Return the socket a request came in on, None for an in-process client."""
    return _transports.get(tuple(scope.get("client") or ()))


def service_of(scope: Scope) -> Service:
    """Return the service a request is meant for, "" for the sandbox's own routes and its images."""
    if scope["type"] != "http":
        return ""
    head, _, rest = scope["path"].lstrip("/").partition("/")
    if rest.startswith("_sandbox") or (head == "intercom" and rest.startswith("i/o/")):
        return ""
    return PREFIXES.get(f"/{head}", "")


def with_length(start: Message, length: int) -> Message:
    """Return the response start with this Content-Length."""
    headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
    return {**start, "headers": [*headers, (b"content-length", str(length).encode())]}


def with_headers(start: Message, extra: dict[str, str]) -> Message:
    """Return the response start with more headers; those already there stand."""
    present = {name.lower() for name, _ in start["headers"]}
    more = [(k.encode(), v.encode()) for k, v in extra.items() if k.lower().encode() not in present]
    return {**start, "headers": [*start["headers"], *more]}


async def refuse(send: Send, service: str, status: int, headers: dict[str, str], *, wait: float) -> None:
    """Answer for a service that does not: its own error form, and when its limit starts anew."""
    body = msgspec.json.encode(_refusal(service, status))
    limit = {} if status != 429 else _exhausted(service, wait)  # noqa: PLR2004  Too Many Requests
    full = {"Content-Type": "application/json", "Content-Length": str(len(body)), **limit, **headers}
    raw = [(name.encode(), value.encode()) for name, value in full.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


def _refusal(service: str, status: int) -> dict[str, Any]:
    code, message = _REASONS[status]
    if service == "intercom":
        return {"type": "error.list", "request_id": None, "errors": [{"code": code, "message": message}]}
    return {"code": status, "message": message, "statusCode": status}


def _exhausted(service: str, wait: float) -> dict[str, str]:
    return {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset_stamp(service, time.time() + wait)}


def reset_stamp(service: str, at: float) -> str:
    """Return when a limit starts anew: epoch seconds at Intercom, an ISO time without seconds at Confluence."""
    if service == "intercom":
        return str(int(at + 0.999))
    return datetime.fromtimestamp(at + 59, UTC).strftime("%Y-%m-%dT%H:%MZ")
