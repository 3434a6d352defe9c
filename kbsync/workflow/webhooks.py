"""What the watch serves: webhooks as hints to sync soon, `/healthz`, `/metrics`.

A webhook is never believed, only taken as a reason to look (Intercom retries once and suspends endpoints
that fail, so every delivery may be lost). Intercom signs with HMAC-SHA1 of the raw body and the app's
client secret in `X-Hub-Signature` (developers.intercom.com, "Setting up webhooks"); Confluence Data Center
signs with SHA-256 in the same header when its webhook has a secret.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

MAX_BODY = 1024 * 1024
REMEMBERED = 1024


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the routes need: a hint to give, a state to tell, and the secrets that senders sign with."""

    hint: Callable[[str], None]
    health: Callable[[], tuple[bool, dict[str, object]]]
    registry: CollectorRegistry
    intercom_secret: str = ""
    confluence_secret: str = ""


class Seen:
    """The ids of the last deliveries: a retried one is not a second hint."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()

    def before(self, id: str) -> bool:
        """Tell whether the id was seen, and remember it."""
        known = id in self._ids
        self._ids[id] = None
        while len(self._ids) > REMEMBERED:
            self._ids.popitem(last=False)
        return known


def signed(body: bytes, header: str, secret: str, digest: str) -> bool:
    """Tell whether `header` is `<digest>=<hex HMAC of body>` under the secret."""
    expected = hmac.new(secret.encode(), body, getattr(hashlib, digest)).hexdigest()
    return hmac.compare_digest(header.encode(), f"{digest}={expected}".encode())


def application(hooks: Hooks) -> Starlette:
    """Return the ASGI application."""
    seen = Seen()

    async def intercom(request: Request) -> Response:
        if request.method == "HEAD":
            return Response()
        body = await _body(request)
        header = request.headers.get("x-hub-signature", "")
        if not hooks.intercom_secret or not signed(body, header, hooks.intercom_secret, "sha1"):
            return PlainTextResponse("the signature does not match", 403)
        event = _event(body)
        topic, id = str(event.get("topic", "")), str(event.get("id", ""))
        if topic.startswith("article.") and not (id and seen.before(id)):
            hooks.hint(f"intercom {topic}")
        return Response(status_code=200)

    async def confluence(request: Request) -> Response:
        body = await _body(request)
        header = request.headers.get("x-hub-signature", "")
        if hooks.confluence_secret and not signed(body, header, hooks.confluence_secret, "sha256"):
            return PlainTextResponse("the signature does not match", 403)
        hooks.hint("confluence")
        return Response(status_code=200)

    async def healthz(_: Request) -> Response:
        well, facts = hooks.health()
        return JSONResponse({"ok": well, **facts}, 200 if well else 503)

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(hooks.registry), media_type=CONTENT_TYPE_LATEST)

    return Starlette(
        routes=[
            Route("/webhooks/intercom", intercom, methods=["POST", "HEAD"]),
            Route("/webhooks/confluence", confluence, methods=["POST"]),
            Route("/healthz", healthz),
            Route("/metrics", metrics),
        ]
    )


async def _body(request: Request) -> bytes:
    """Read a body up to the cap; what is larger reads as nothing and so never matches a signature."""
    chunks, size = list[bytes](), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BODY:
            return b""
        chunks.append(chunk)
    return b"".join(chunks)


def _event(body: bytes) -> dict[str, object]:
    try:
        event = json.loads(body)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}
