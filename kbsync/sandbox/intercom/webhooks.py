"""Notifications to addresses on this machine, signed as Intercom signs them."""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
import uuid
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from kbsync.sandbox import accounts
from kbsync.sandbox.intercom.calls import Call
from kbsync.sandbox.store import Store

RETRY_SECONDS: Final = 1.0
"""Intercom waits a minute before its one retry; the sandbox is in more of a hurry."""
_TIMEOUT: Final = 5.0
_LOOPBACK: Final = {"127.0.0.1", "localhost", "::1"}
_GONE: Final = 410


def emit(call: Call, topic: str, item: dict[str, Any]) -> None:
    """Notify every subscriber of the topic, in the background; delivery is tried twice."""
    for hook in call.space.all("webhook"):
        if topic in hook["topics"] or not hook["topics"]:
            notification = _notification(topic, call.space.code, call.space.now(), item)
            _deliver(call.space.store, hook["id"], notification)


def _notification(topic: str, code: str, now: int, item: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "notification_event",
        "app_id": code,
        "id": f"notif_{uuid.uuid4()}",
        "topic": topic,
        "created_at": now,
        "first_sent_at": now,
        "delivery_attempts": 1,
        "data": {"type": "notification_event_data", "item": item},
    }


def _deliver(store: Store, url: str, notification: dict[str, Any]) -> None:
    threading.Thread(target=_attempts, args=(store, url, notification), daemon=True).start()


def _attempts(store: Store, url: str, notification: dict[str, Any]) -> None:
    for attempt in (1, 2):
        status = _post(url, {**notification, "delivery_attempts": attempt})
        if status == _GONE:
            store.delete("webhook", url)
        if status is not None and (200 <= status < 300 or status == _GONE):  # noqa: PLR2004  taken, or given up
            return
        time.sleep(RETRY_SECONDS)


def _post(url: str, notification: dict[str, Any]) -> int | None:
    body = msgspec.json.encode(notification)
    headers = {"Content-Type": "application/json", "X-Hub-Signature": signature(body)}
    try:
        with httpx.Client(timeout=_TIMEOUT, trust_env=False) as client:
            return client.post(url, content=body, headers=headers).status_code
    except httpx.HTTPError:
        return None


def signature(body: bytes, secret: str = accounts.CLIENT_SECRET) -> str:
    """Return the X-Hub-Signature of a raw body: `sha1=` and 40 hexadecimal digits."""
    return f"sha1={hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()}"


async def subscriptions(request: Request) -> Response:
    """`POST {"url": "http://127.0.0.1:…", "topics": ["article.updated"]}`: subscribe, all topics without any.

    Addresses on this machine only. A `ping` follows at once; DELETE ends all subscriptions.
    """
    store: Store = request.app.state.store
    if request.method == "DELETE":
        for hook in store.all("webhook"):
            store.delete("webhook", hook["id"])
    if request.method == "POST":
        wish = await request.json()
        url = str(wish.get("url", ""))
        if urlsplit(url).scheme not in {"http", "https"} or urlsplit(url).hostname not in _LOOPBACK:
            return JSONResponse({"error": "webhooks go to loopback addresses only"}, 400)
        store.put("webhook", url, {"id": url, "topics": list(wish.get("topics", []))})
        _deliver(store, url, _notification("ping", accounts.WORKSPACE, int(store.now()), {"type": "ping"}))
    return JSONResponse({"webhooks": store.all("webhook")})
