"""How storage bodies name pages and attachments."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from kbsync.document.blocks import ArticleRef, AssetRef, Target, Url
from kbsync.document.confluence.addresses import (
    PageName,
    attachment_address,
    attachment_of,
    page_address,
    page_of,
)
from kbsync.document.markup.escape import is_file_path
from kbsync.replicas.base import Names
from kbsync.replicas.confluence.files import file_name, path_of

_PAGE_ID: Final = re.compile(r"/pages/(?:viewpage\.action\?pageId=)?(\d+)(?:[/?#]|$)")
_FILE: Final = re.compile(r"/download/attachments/(\d+)/([^/?#]+)(?:[?#]|$)")


@dataclass(frozen=True, slots=True)
class ConfluenceLinks:
    """Links of one page of a space; `page` is its id, "" while it does not exist."""

    names: Names
    base_url: str
    space: str
    page: str

    def read(self, address: str) -> Target:
        """Return the article or file behind an address, else the address itself."""
        name = attachment_of(address)
        if name is not None:
            return self._file(name)
        page = page_of(address)
        if page is not None:
            return self._titled(page) or Url(address)
        known = self.names.asset(address)
        return AssetRef(known) if known else self._addressed(address) or Url(address)

    def write(self, target: Target) -> str | None:
        """Return the address of the target, None while it has none."""
        match target:
            case Url(href):
                return None if is_file_path(href) else self._attached(href) or href
            case ArticleRef(article, anchor):
                title = self.names.alias(article)
                return page_address(PageName("", title, anchor)) if title else None
            case AssetRef(path):
                own = self.names.address(path)
                return (own and self._attached(own)) or attachment_address(file_name(path))

    def _file(self, name: str) -> Target:
        path = path_of(name)
        if path is not None:
            return AssetRef(path)
        address = file_address(self.base_url, self.page, name)
        known = self.names.asset(address)
        return AssetRef(known) if known else Url(address)

    def _titled(self, page: PageName) -> Target | None:
        if page.space and page.space.casefold() != self.space.casefold():
            return None
        id = self.names.by_alias(page.title)
        return ArticleRef(id, page.anchor) if id else None

    def _addressed(self, address: str) -> Target | None:
        if not address.startswith(f"{self.base_url}/"):
            return None
        match = _PAGE_ID.search(address)
        id = self.names.id(match[1]) if match else None
        return ArticleRef(id, unquote(urlsplit(address).fragment)) if id else None

    def _attached(self, href: str) -> str | None:
        """A file that a person attached to this very page is named as before."""
        found = file_of(self.base_url, href)
        return attachment_address(found[1]) if found and found[0] == self.page else None


def file_address(base_url: str, page: str, name: str) -> str:
    """Return the web address of a file on a page."""
    return f"{base_url}/download/attachments/{page}/{quote(name, safe='')}"


def file_of(base_url: str, address: str) -> tuple[str, str] | None:
    """Return page id and file name behind a web address of this site, None for any other address."""
    if not address.startswith(f"{base_url}/"):
        return None
    match = _FILE.match(address.removeprefix(base_url))
    return (match[1], unquote(match[2])) if match else None
