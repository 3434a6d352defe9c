"""The emulated image host: takes copies on save, signs addresses anew at every read."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import re
import secrets
from collections.abc import Iterable
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
from starlette.requests import Request
from starlette.responses import Response

from kbsync.sandbox.intercom.problems import Refusal
from kbsync.sandbox.intercom.workspace import Workspace
from kbsync.sandbox.store import Store

MEDIA_TYPES: Final = {"image/png", "image/jpeg", "image/gif", "image/svg+xml"}
MAX_BYTES: Final = 10 * 1024 * 1024
_LIFETIME: Final = 30 * 60
_TIMEOUT: Final = 5.0
_KEY: Final = b"sandbox-image-key"
_STORED = re.compile(r'(?<= src=")/i/o/[^"?]+')
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_NO_SCRIPTS: Final = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}


def rehost(space: Workspace, sources: Iterable[str]) -> dict[str, str]:
    """Copy images to this host; return the stored path of each address.

    An address of this host is kept, with or without its signature. Raises Refusal (400, for the whole
    request) when one cannot be had: anything else is fetched from loopback only.
    """
    return {source: _own(space.store, source) or _copy(space, source) for source in sources}


def _own(store: Store, source: str) -> str | None:
    path = unquote(urlsplit(source).path).removeprefix("/intercom") if _is_loopback(source) else ""
    return path if path.startswith("/i/o/") and store.blob(path) is not None else None


def _copy(space: Workspace, source: str) -> str:
    media_type, data = _fetch(source)
    name = _UNSAFE.sub("-", unquote(urlsplit(source).path).rsplit("/", 1)[-1]).strip("-.") or "image"
    digest = hashlib.sha256(data).hexdigest()[:16]
    path = f"/i/o/{space.code}/{space.next_id('image', 1001)}/{digest}/{name}"
    space.store.put_blob(path, media_type, data)
    return path


def _is_loopback(source: str) -> bool:
    try:
        parts = urlsplit(source)
        host = parts.hostname or ""
        return parts.scheme in {"http", "https"} and (
            host == "localhost" or ipaddress.ip_address(host).is_loopback
        )
    except ValueError:
        return False


def _fetch(source: str) -> tuple[str, bytes]:
    if not _is_loopback(source):
        raise _dead(source)
    try:
        with (
            httpx.Client(timeout=_TIMEOUT, trust_env=False) as client,
            client.stream("GET", source) as response,
        ):
            media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            if response.status_code != httpx.codes.OK or media_type not in MEDIA_TYPES:
                raise _dead(source)
            return media_type, _capped(response, source)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _dead(source) from error


def _capped(response: httpx.Response, source: str) -> bytes:
    data = bytearray()
    for chunk in response.iter_bytes():
        data += chunk
        if len(data) > MAX_BYTES:
            raise _dead(source)
    return bytes(data)


def _dead(source: str) -> Refusal:
    return Refusal(400, "parameter_invalid", f"Image could not be uploaded: {source[:200]}", "body")


def signed(body: str, base: str, now: float) -> str:
    """Return a stored body with its images' addresses, signed for the next half hour."""
    return _STORED.sub(lambda match: base + _signed_path(match[0], now), body) if "/i/o/" in body else body


def _signed_path(path: str, now: float) -> str:
    expires, req = str(int(now) + _LIFETIME), base64.urlsafe_b64encode(secrets.token_bytes(12)).decode()
    return f"{path}?expires={expires}&amp;signature={_signature(path, expires, req)}&amp;req={req}"


def _signature(path: str, expires: str, req: str) -> str:
    return hmac.new(_KEY, f"{path}\n{expires}\n{req}".encode(), hashlib.sha256).hexdigest()


def serve(request: Request) -> Response:
    """Answer with an image whose address is signed and not yet expired."""
    store: Store = request.app.state.store
    path = f"/i/o/{request.path_params['path']}"
    query = {name: values[0] for name, values in parse_qs(request.url.query).items()}
    expires, req = query.get("expires", "0"), query.get("req", "")
    genuine = hmac.compare_digest(_signature(path, expires, req), query.get("signature", ""))
    if not genuine or int(expires) < store.now():
        return Response("Request has expired", 403, media_type="text/plain")
    blob = store.blob(path)
    if blob is None:
        return Response(status_code=404)
    return Response(blob[1], media_type=blob[0], headers=_NO_SCRIPTS)
