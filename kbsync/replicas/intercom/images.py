"""Images: may Intercom fetch the new ones yet, which addresses did it give them, and their bytes."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote, urljoin, urlsplit

import httpx

from kbsync.errors import AccessRefused, Missing, Rejected, Waiting
from kbsync.replicas.intercom.addresses import Hosts
from kbsync.replicas.intercom.signing import bare_address
from kbsync.replicas.transport import Courier, Lost, Reply

LARGEST: Final = 20 * 1024 * 1024
"""Bytes of the largest file that is fetched."""

_IMAGE: Final = re.compile(r"<img\b[^>]*?\ssrc\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
_HOPS: Final = 3
_OK: Final = 200


def sources(body: str) -> list[str]:
    """Return the addresses of a body's images, in order."""
    return [html.unescape(double or single) for double, single in _IMAGE.findall(body)]


def learned(sent: str, stored: str, public_base_url: str) -> dict[str, str]:
    """Align the images of a body as sent and as stored, and return new address -> path under the root.

    Intercom copies every image to its CDN, in order; where the counts differ nothing is concluded.
    """
    before, after = sources(sent), sources(stored)
    prefix = f"{public_base_url.rstrip('/')}/"
    if not public_base_url or len(before) != len(after):
        return {}
    return {
        _bare(bare_address(new)): unquote(_bare(old.removeprefix(prefix)))
        for old, new in zip(before, after, strict=True)
        if old.startswith(prefix) and not new.startswith(prefix)
    }


class Images:
    """Looks at the public address of images, and fetches Intercom's own; no other host is ever asked."""

    def __init__(
        self,
        hosts: Hosts,
        public_base_url: str,
        courier: Courier,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._hosts = hosts
        self._courier = courier
        self._signed: dict[str, str] = {}
        self._prefix = f"{public_base_url.rstrip('/')}/" if public_base_url else ""
        self._public: set[str] = set()
        seconds = courier.patience.timeout
        timeout = httpx.Timeout(seconds, connect=min(5.0, seconds))
        self._http = httpx.Client(timeout=timeout, transport=transport)

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def await_public(self, bodies: Iterable[str]) -> None:
        """Raise Waiting while an image of these bodies does not answer at its public address.

        One dead image makes Intercom refuse the whole article (developers.intercom.com, Supported HTML).
        """
        for body in bodies:
            for source in sources(body):
                if self._prefix and source.startswith(self._prefix) and not self._answers(source):
                    message = f"{source} does not answer yet, and Intercom fetches images from there"
                    hint = "push the image so that it is public, then run kbsync sync again"
                    raise Waiting(message, hint=hint)

    def _answers(self, source: str) -> bool:
        if source not in self._public and any(self._found(method, source) for method in ("HEAD", "GET")):
            self._public.add(source)
        return source in self._public

    def _found(self, method: str, source: str) -> bool:
        host = urlsplit(source).netloc
        for _ in range(_HOPS):
            try:
                with self._http.stream(method, source) as response:
                    if not response.has_redirect_location:
                        return response.status_code == _OK
                    source = urljoin(source, response.headers["Location"])
            except (httpx.HTTPError, httpx.InvalidURL):
                return False
            if urlsplit(source).netloc != host:
                return False
        return False

    def download(self, address: str) -> bytes:
        """Fetch an image from Intercom's hosts. Raises Rejected, Missing, RemoteDown."""
        if not self._hosts.own(address):
            raise Rejected("this address is not Intercom's own, so it is not fetched", where=address)
        signed = self._signed.get(_bare(address), address)
        try:
            reply = self._courier.read("GET image", lambda: self._fetched(signed), json=False)
        except AccessRefused as refused:
            message = "the image's address has expired"
            raise Missing(message, where=_bare(address), status=refused.status) from None
        return _image(reply, _bare(address))

    def remember(self, bodies: Iterable[str]) -> None:
        """Keep the signed addresses that bodies show just now; they expire, and documents hold them bare."""
        for body in bodies:
            for source in sources(body):
                if "?" in source and self._hosts.own(source):
                    self._signed[_bare(source)] = source

    def _fetched(self, address: str) -> Reply:
        chunks, size = [], 0
        try:
            with self._http.stream("GET", address) as response:
                for chunk in response.iter_bytes():
                    size += len(chunk)
                    chunks.append(chunk)
                    if size > LARGEST:
                        break
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Lost(f"did not send the image ({type(error).__name__})") from None
        return Reply(response.status_code, response.headers, b"".join(chunks))


def _image(reply: Reply, address: str) -> bytes:
    if reply.status != _OK:
        raise Missing("the image is not there", where=address, status=reply.status)
    media = reply.headers.get("Content-Type", "").partition(";")[0].strip().casefold()
    if not media.startswith("image/"):
        raise Rejected(f"this is {media or 'of no known type'} and no image", where=address)
    if len(reply.content) > LARGEST:
        raise Rejected(f"the image is larger than {LARGEST // 2**20} MB", where=address)
    return reply.content


def _bare(address: str) -> str:
    return address.partition("?")[0]
