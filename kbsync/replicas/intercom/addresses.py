"""How Intercom bodies spell links and images, and which hosts are Intercom's own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from kbsync.document.blocks import ArticleRef, AssetRef, Target, Url
from kbsync.document.markup.escape import is_file_path
from kbsync.replicas.base import Names
from kbsync.replicas.intercom.signing import bare_address

_ARTICLE: Final = re.compile(r"/articles/(\d+)(?:[-/.][^/]*)?/?$")
_LOCALE: Final = re.compile(r"/(?P<locale>[a-z]{2}(?:-[A-Za-z]{2,4})?)/articles/")
_CDN: Final = re.compile(
    r"^(?:[a-z0-9-]+\.)*(?:intercomcdn\.(?:com|eu)|intercomcdn-[a-z0-9-]+\.com|intercom-attachments-\d+\.com)$"
)
_SHARED_CENTER: Final = "intercom.help"


@dataclass(frozen=True, slots=True)
class Center:
    """A help center: its public address, and the locales it is available in (empty: unknown)."""

    url: str = ""
    locales: frozenset[str] = frozenset()

    def article(self, handle: str, locale: str) -> str:
        """Return the public address of an article that has none yet, "" without a help center."""
        return f"{self.url.rstrip('/')}/{locale}/articles/{handle}" if self.url else ""


@dataclass(frozen=True, slots=True)
class Hosts:
    """From where files may be fetched: Intercom's CDN and the host of the API itself."""

    base_url: str

    def own(self, address: str) -> bool:
        """Tell whether an address is Intercom's own, so that what it shows can come home."""
        try:
            parts = urlsplit(address)
            host, base = parts.hostname or "", urlsplit(self.base_url)
            same = (host, parts.port) == (base.hostname, base.port)
        except ValueError:
            return False
        if _CDN.match(host):
            return parts.scheme == "https" or same
        return same and parts.scheme == base.scheme


@dataclass(frozen=True, slots=True)
class IntercomLinks:
    """Links of one body: articles by their help-center address, files by CDN or public address."""

    names: Names
    center: Center
    public_base_url: str
    locale: str

    def read(self, address: str) -> Target:
        """Return the article or file behind an address, else the address without its signature."""
        path = self.names.asset(_bare(address)) or self._public(address)
        if path:
            return AssetRef(path)
        match = _ARTICLE.search(_path(address))
        if match and self._ours(address, match[1]):
            found = self.names.id(match[1])
            if found:
                return ArticleRef(found, unquote(urlsplit(address).fragment))
        return Url(bare_address(address))

    def write(self, target: Target) -> str | None:
        """Return the address of the target, None while it has none."""
        match target:
            case Url(href):
                return None if is_file_path(href) else href
            case ArticleRef(article, anchor):
                address = self._article(article)
                return address and address + (f"#{quote(anchor)}" if anchor else "")
            case AssetRef(path):
                return self.names.address(path) or public_address(self.public_base_url, path)

    def _article(self, id: str) -> str | None:
        handle = self.names.handle(id)
        if handle is None:
            return None
        address = self.names.alias(id) or self.center.article(handle, self.names.default_locale)
        return self._localised(address) or None

    def _localised(self, address: str) -> str:
        found = _LOCALE.search(address)
        if found is None or found["locale"] != self.names.default_locale:
            return address
        return address[: found.start("locale")] + self.locale + address[found.end("locale") :]

    def _ours(self, address: str, handle: str) -> bool:
        host = _host(address)
        id = self.names.id(handle)
        known = {_host(self.center.url), _host((self.names.alias(id) if id else "") or ""), _SHARED_CENTER}
        return bool(host) and host in known

    def _public(self, address: str) -> str | None:
        prefix = f"{self.public_base_url.rstrip('/')}/"
        if not self.public_base_url or not address.startswith(prefix):
            return None
        path = unquote(_bare(address).removeprefix(prefix).partition("#")[0])
        return path if path and all(part not in {"", ".", ".."} for part in path.split("/")) else None


def public_address(base: str, path: str) -> str | None:
    """Return where a file of the content root is published, None without a public address."""
    return f"{base.rstrip('/')}/{quote(path)}" if base else None


def _bare(address: str) -> str:
    return address.partition("?")[0]


def _path(address: str) -> str:
    try:
        return urlsplit(address).path
    except ValueError:
        return ""


def _host(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").casefold()
    except ValueError:
        return ""
