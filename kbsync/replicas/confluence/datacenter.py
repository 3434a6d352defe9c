"""Confluence Data Center: only REST v1."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final
from urllib.parse import quote

import msgspec

from kbsync.document.formats import Loss
from kbsync.errors import Incomplete, Missing, Rejected
from kbsync.replicas.confluence.client import ConfluenceClient
from kbsync.replicas.confluence.page import (
    NEWEST,
    PROPERTY,
    Attachment,
    Json,
    Mark,
    Page,
    Space,
    items,
    mark_of,
    number,
    text,
)

API: Final = "rest/api"

_LIMIT: Final = 250
_STUB: Final = f"version,ancestors,metadata.properties.{PROPERTY}"
_WHOLE: Final = f"body.storage,version,ancestors,metadata.labels,metadata.properties.{PROPERTY}"


class DataCenterSite:
    """One space on Data Center: no archive, so pages are put into the trash."""

    def __init__(self, client: ConfluenceClient, key: str) -> None:
        self._client = client
        self._key = key

    # --- reading ----------------------------------------------------------------------------------

    def space(self) -> Space:
        """Return the space."""
        return self._space

    @cached_property
    def _space(self) -> Space:
        try:
            space = self._client.get(f"{API}/space/{quote(self._key, safe='')}", {"expand": "homepage"})
        except Missing:
            hint = "check [confluence] space, and that the account may see it"
            message = f"there is no space {self._key}"
            raise Missing(message, where=self._client.base_url, hint=hint) from None
        homepage = space.get("homepage")
        home = text(homepage.get("id")) if isinstance(homepage, dict) else ""
        return Space(text(space.get("id")), text(space.get("key")) or self._key, home)

    def pages(self) -> list[Page]:
        """List the current pages; where `/content` is switched off (CONFSERVER-57639), by `/content/search`."""
        query: dict[str, str | int] = {"expand": _STUB, "limit": _LIMIT}
        plain = {"spaceKey": self._key, "type": "page", "status": "current"}
        try:
            found = self._client.every(f"{API}/content", query | plain)
        except (Missing, Rejected):
            key = self._key.replace('"', "")
            cql = f'space = "{key}" and type = page'
            found = self._client.every(f"{API}/content/search", query | {"cql": cql})
        return [page for page in map(_page, found) if not page.gone]

    def page(self, id: str) -> Page | None:
        """Read one page whole."""
        try:
            item = self._client.get(f"{API}/content/{id}", {"expand": _WHOLE})
        except Missing:
            return None
        if not item.get("id"):
            raise Incomplete("the page has no id", where=f"GET /{API}/content/{id}")
        page = _page(item)
        if page.gone:
            return None
        labels = _at(item, "metadata", "labels")
        body = text(_at(item, "body", "storage", "value"))
        names = tuple(sorted(text(label.get("name")) for label in items(labels)))
        return msgspec.structs.replace(page, whole=True, body=body, labels=names)

    def titled(self, title: str) -> list[Page]:
        """Return the pages of this title."""
        query = {"spaceKey": self._key, "title": title, "type": "page", "expand": _STUB}
        return [_page(item) for item in self._client.every(f"{API}/content", query)]

    def newest(self) -> list[Page]:
        """Return the newest pages that carry no mark: `/content` has no order of creation, but ids grow."""
        bare = sorted((page for page in self.pages() if page.mark is None), key=_age, reverse=True)
        whole = (self.page(page.id) for page in bare[:NEWEST])
        return [page for page in whole if page is not None]

    def folder_parent(self, id: str) -> str:  # noqa: ARG002  Data Center has no folders
        """Return "": there are no folders."""
        return ""

    # --- writing ----------------------------------------------------------------------------------

    def create(self, title: str, parent: str, body: str) -> str:
        """Create a page."""
        wish: Json = {"type": "page", "title": title, "space": {"key": self._key}, "body": _storage(body)}
        if parent or self._space.homepage:
            wish["ancestors"] = [{"id": parent or self._space.homepage}]
        made = self._client.write("POST", f"{API}/content", wish)
        if not made.get("id"):
            raise Incomplete("the created page has no id", where=f"POST /{API}/content")
        return text(made["id"])

    def update(self, page: Page, title: str, parent: str, body: str, message: str) -> None:
        """Write the next version; `minorEdit` spares the watchers nothing but a mail."""
        wish: Json = {
            "id": page.id,
            "type": "page",
            "title": title,
            "body": _storage(body),
            "status": "current",
        }
        wish["version"] = {"number": page.version + 1, "message": message, "minorEdit": False}
        if parent:
            wish["ancestors"] = [{"id": parent}]
        self._client.write("PUT", f"{API}/content/{page.id}", wish)

    def set_mark(self, page: Page, mark: Mark) -> None:
        """Create the property, or write its next version; v1 knows properties by key."""
        path = f"{API}/content/{page.id}/property"
        wish: Json = {"key": PROPERTY, "value": msgspec.to_builtins(mark)}
        if page.mark_id:
            wish["version"] = {"number": page.mark_version + 1}
            self._client.write("PUT", f"{path}/{PROPERTY}", wish)
        else:
            self._client.write("POST", path, wish)

    def add_labels(self, id: str, labels: Sequence[str]) -> None:
        """Add labels."""
        wish = [{"prefix": "global", "name": name} for name in labels]
        self._client.write("POST", f"{API}/content/{id}/label", wish, repeatable=True)

    def drop_label(self, id: str, label: str) -> None:
        """Remove a label."""
        try:
            self._client.write("DELETE", f"{API}/content/{id}/label", params={"name": label}, repeatable=True)
        except Missing:
            return

    def put_away(self, page: Page) -> tuple[Loss, ...]:
        """Move a page to the trash."""
        self.trash(page.id)
        return ()

    def trash(self, id: str) -> None:
        """Move a page to the trash."""
        self._client.write("DELETE", f"{API}/content/{id}", repeatable=True)

    def bring_back(self, page: Page, message: str) -> Page | None:
        """Take a page out of the trash: its status and the next version, nothing else."""
        wish: Json = {"id": page.id, "type": "page", "title": page.title, "status": "current"}
        wish["version"] = {"number": page.version + 1, "message": message}
        try:
            path, trashed = f"{API}/content/{page.id}", {"status": "trashed"}
            self._client.write("PUT", path, wish, params=trashed, repeatable=True)
        except (Missing, Rejected):
            return None
        return self.page(page.id)

    # --- files ------------------------------------------------------------------------------------

    def attachments(self, id: str) -> list[Attachment]:
        """List the files on a page."""
        query: dict[str, str | int] = {"limit": _LIMIT, "expand": "metadata,extensions"}
        return [
            _attachment(item) for item in self._client.every(f"{API}/content/{id}/child/attachment", query)
        ]

    def upload(self, id: str, name: str, data: bytes, comment: str, old: Attachment | None) -> None:
        """Put a file on a page, or a new version of it: Data Center has no PUT by name."""
        path = f"{API}/content/{id}/child/attachment" + (f"/{old.id}/data" if old else "")
        self._client.upload("POST", path, name, data, comment)

    def download(self, id: str, attachment: Attachment) -> bytes:  # noqa: ARG002  the link says it all
        """Fetch a file."""
        return self._client.download(attachment.link.lstrip("/"))


def _page(item: Json) -> Page:
    ancestors = items(item.get("ancestors"))
    marked = _at(item, "metadata", "properties", PROPERTY)
    marked = marked if isinstance(marked, dict) else {}
    return Page(
        id=text(item.get("id")),
        title=text(item.get("title")),
        status=text(item.get("status")) or "current",
        version=number(_at(item, "version", "number")),
        parent=text(ancestors[-1].get("id")) if ancestors else "",
        message=text(_at(item, "version", "message")),
        mark=mark_of(marked.get("value")),
        mark_id=text(marked.get("id")) or (PROPERTY if marked else ""),
        mark_version=number(_at(marked, "version", "number")),
    )


def _attachment(item: Json) -> Attachment:
    comment = text(_at(item, "extensions", "comment")) or text(_at(item, "metadata", "comment"))
    size, link = number(_at(item, "extensions", "fileSize")), text(_at(item, "_links", "download"))
    return Attachment(text(item.get("id")), text(item.get("title")), comment, size, link)


def _at(item: Any, *path: str) -> Any:
    for name in path:
        item = item.get(name) if isinstance(item, dict) else None
    return item


def _age(page: Page) -> tuple[int, str]:
    return len(page.id), page.id


def _storage(body: str) -> Json:
    return {"storage": {"value": body, "representation": "storage"}}
