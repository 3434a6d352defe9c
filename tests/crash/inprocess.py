"""The sandbox without a network: its application answers in the caller's own thread, so it can be forked."""

from __future__ import annotations

import asyncio
from io import BytesIO
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import requests
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter
from starlette.types import ASGIApp, Message

Headers = list[tuple[bytes, bytes]]


def answer(app: ASGIApp, method: str, url: str, headers: Headers, body: bytes) -> tuple[int, Headers, bytes]:
    """Return status, headers and body of one request."""
    parts = urlsplit(url)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": parts.scheme,
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "root_path": "",
        "query_string": parts.query.encode(),
        "headers": headers,
        "server": (parts.hostname, parts.port or 80),
        "client": None,
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    async def serve() -> None:
        await app(scope, receive, send)

    asyncio.run(serve())
    return sent[0]["status"], list(sent[0]["headers"]), b"".join(m.get("body", b"") for m in sent[1:])


class Transport(httpx.BaseTransport):
    """What httpx sends through."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        headers = [(name.lower(), value) for name, value in request.headers.raw]
        status, given, body = answer(self.app, request.method, str(request.url), headers, request.read())
        return httpx.Response(status, headers=given, content=body)


class Adapter(BaseAdapter):
    """What requests sends through."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__()
        self.app = app

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        headers = [(k.lower().encode(), _bytes(v)) for k, v in request.headers.items()]
        headers.append((b"host", urlsplit(request.url or "").netloc.encode()))
        status, given, content = answer(self.app, request.method or "", request.url or "", headers, body)
        fields = {name.decode(): value.decode("latin-1") for name, value in given}
        raw = urllib3.HTTPResponse(BytesIO(content), headers=fields, status=status, preload_content=False)
        return HTTPAdapter().build_response(request, raw)

    def close(self) -> None:
        """Close nothing."""


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode()
