"""Confluence Cloud: REST v2 for pages and properties, v1 for labels, archiving and uploads."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property
from typing import Final

import msgspec

from kbsync.document.formats import Loss
from kbsync.errors import Incomplete, Missing, Rejected, RemoteDown
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
from kbsync.replicas.limits import Patience

V2: Final = "api/v2"
V1: Final = "rest/api"

_LIMIT: Final = 250
_POLLS: Final = 40
_BUSY: Final = ("already running", "archival job", "archive job")
_WHOLE: Final = {"body-format": "storage", "include-labels": "true", "include-properties": "true"}


class CloudSite:
    """One space on Cloud."""

    def __init__(self, client: ConfluenceClient, key: str, patience: Patience) -> None:
        self._client = client
        self._key = key
        self._patience = patience
        self._archiving = threading.Lock()

    # --- reading ----------------------------------------------------------------------------------

    def space(self) -> Space:
        """Return the space."""
        return self._space

    @cached_property
    def _space(self) -> Space:
        try:
            listed = items(self._client.get(f"{V2}/spaces", {"keys": self._key}))
        except Missing as missing:
            hint = "check [confluence] base_url, which ends in /wiki on Cloud, and deployment"
            raise Missing("there is no Confluence Cloud", where=self._client.base_url, hint=hint) from missing
        found = [item for item in listed if text(item.get("key")).casefold() == self._key.casefold()]
        if not found:
            hint = "check [confluence] space, and that the account may see it"
            raise Missing(f"there is no space {self._key}", where=self._client.base_url, hint=hint)
        space = found[0]
        return Space(text(space.get("id")), text(space.get("key")), text(space.get("homepageId")))

    def pages(self) -> list[Page]:
        """List current and archived pages: 4 requests a 1,000 (operation getPagesInSpace)."""
        found = self._client.every(f"{V2}/spaces/{self._space.id}/pages", {"limit": _LIMIT})
        return [page for page in map(_page, found) if not page.gone]

    def page(self, id: str) -> Page | None:
        """Read one page whole."""
        try:
            item = self._client.get(f"{V2}/pages/{id}", _WHOLE)
        except Missing:
            return None
        if not item.get("id"):
            raise Incomplete("the page has no id", where=f"GET /{V2}/pages/{id}")
        page = _page(item)
        return None if page.gone else self._completed(page, item)

    def _completed(self, page: Page, item: Json) -> Page:
        """Add labels and mark; each list that comes inline is cut off after 50."""
        labels, properties = item.get("labels"), item.get("properties")
        if not isinstance(labels, dict) or _more(labels):
            labels = {"results": self._client.every(f"{V2}/pages/{page.id}/labels", {"limit": _LIMIT})}
        found = _marked(properties)
        if found is None and (not isinstance(properties, dict) or _more(properties)):
            found = _marked(self._client.get(f"{V2}/pages/{page.id}/properties", {"key": PROPERTY}))
        return msgspec.structs.replace(
            page,
            whole=True,
            body=_stored(item),
            labels=_labels(labels),
            mark=mark_of(found.get("value")) if found else None,
            mark_id=text(found.get("id")) if found else "",
            mark_version=number(_version(found).get("number")) if found else 0,
        )

    def titled(self, title: str) -> list[Page]:
        """Return the pages of this title."""
        found = self._client.every(f"{V2}/spaces/{self._space.id}/pages", {"title": title, "limit": _LIMIT})
        return [page for page in map(_page, found) if page.title.casefold() == title.casefold()]

    def newest(self) -> list[Page]:
        """Return the newest pages, in one request (operation getPagesInSpace)."""
        query: dict[str, str | int] = {"status": "current", "sort": "-created-date"}
        query |= {"limit": NEWEST, "body-format": "storage"}
        found = items(self._client.get(f"{V2}/spaces/{self._space.id}/pages", query))
        return [msgspec.structs.replace(_page(item), body=_stored(item)) for item in found]

    def folder_parent(self, id: str) -> str:
        """Return what a folder lies in."""
        return text(self._client.get(f"{V2}/folders/{id}").get("parentId"))

    # --- writing ----------------------------------------------------------------------------------

    def create(self, title: str, parent: str, body: str) -> str:
        """Create a page."""
        wish: Json = {"spaceId": self._space.id, "status": "current", "title": title, "body": _storage(body)}
        if parent:
            wish["parentId"] = parent
        made = self._client.write("POST", f"{V2}/pages", wish)
        if not made.get("id"):
            raise Incomplete("the created page has no id", where=f"POST /{V2}/pages")
        return text(made["id"])

    def update(self, page: Page, title: str, parent: str, body: str, message: str) -> None:
        """Write the next version."""
        self._client.write("PUT", f"{V2}/pages/{page.id}", _update(page, title, parent, body, message))

    def set_mark(self, page: Page, mark: Mark) -> None:
        """Create the property, or write its next version; v2 knows properties by number."""
        path = f"{V2}/pages/{page.id}/properties"
        wish: Json = {"key": PROPERTY, "value": msgspec.to_builtins(mark)}
        if page.mark_id:
            wish["version"] = {"number": page.mark_version + 1, "message": "kbsync"}
            self._client.write("PUT", f"{path}/{page.mark_id}", wish)
        else:
            self._client.write("POST", path, wish)

    def add_labels(self, id: str, labels: Sequence[str]) -> None:
        """Add labels (v1: v2 only reads them)."""
        wish = [{"prefix": "global", "name": name} for name in labels]
        self._client.write("POST", f"{V1}/content/{id}/label", wish, repeatable=True)

    def drop_label(self, id: str, label: str) -> None:
        """Remove a label; by query, because a name may hold a slash."""
        try:
            self._client.write("DELETE", f"{V1}/content/{id}/label", params={"name": label}, repeatable=True)
        except Missing:
            return

    # --- archiving --------------------------------------------------------------------------------

    def put_away(self, page: Page) -> tuple[Loss, ...]:
        """Archive a page; where the plan has no archive, move it to the trash, from which it comes back.

        One archive job runs at a time in a tenant, and the free edition has none (operation archivePages).
        """
        with self._archiving:
            refusal = self._archive(page)
        if refusal is None:
            return ()
        self.trash(page.id)
        message = f"the page went to the trash, because the site does not archive: {refusal.message}"
        return (Loss("archive-refused", message),)

    def _archive(self, page: Page) -> Rejected | Missing | None:
        for attempt in range(1, _POLLS + 1):
            try:
                wish = {"pages": [{"id": int(page.id)}]}
                task = self._client.write("POST", f"{V1}/content/archive", wish, repeatable=True)
            except (Rejected, Missing) as refusal:
                fresh = self.page(page.id)
                if fresh is not None and fresh.archived:
                    return None
                if not any(word in refusal.message.casefold() for word in _BUSY):
                    return refusal
                self._patience.sleep(self._patience.backoff(min(attempt, 3)))
            else:
                return self._archived(page, text(task.get("id")))
        raise RemoteDown("another archive job keeps running", where=f"POST /{V1}/content/archive")

    def _archived(self, page: Page, task: str) -> Rejected | None:
        """Wait for the long task by looking at the page itself, which is what matters."""
        for attempt in range(1, _POLLS + 1):
            fresh = self.page(page.id)
            if fresh is None or fresh.archived:
                return None
            if self._failed(task):
                return Rejected("the archive task failed")
            self._patience.sleep(min(1.0, self._patience.backoff(min(attempt, 3))))
        raise RemoteDown("the page is still not archived", where=f"/{V2}/pages/{page.id}")

    def _failed(self, task: str) -> bool:
        try:
            status = self._client.get(f"{V1}/longtask/{task}") if task else {}
        except Missing:
            return False
        return status.get("finished") is True and status.get("successful") is False

    def trash(self, id: str) -> None:
        """Move a page to the trash."""
        self._client.write("DELETE", f"{V2}/pages/{id}", repeatable=True)

    def bring_back(self, page: Page, message: str) -> Page | None:
        """Make a page current again.

        Updating a trashed page restores it (operation updatePage). No route is documented for archived ones:
        the same update is tried, and where it is refused the page takes the way through the trash.
        """
        try:
            self._restore(page, message)
        except (Missing, Rejected):
            if not page.archived:
                return None
            try:
                self.trash(page.id)
                self._restore(msgspec.structs.replace(page, status="trashed"), message)
            except (Missing, Rejected):
                return None
        fresh = self.page(page.id)
        return fresh if fresh is not None and fresh.status == "current" else None

    def _restore(self, page: Page, message: str) -> None:
        wish = _update(page, page.title, "", page.body, message)
        self._client.write("PUT", f"{V2}/pages/{page.id}", wish, repeatable=True)

    # --- files ------------------------------------------------------------------------------------

    def attachments(self, id: str) -> list[Attachment]:
        """List the files on a page."""
        found = self._client.every(f"{V2}/pages/{id}/attachments", {"limit": _LIMIT})
        return [
            Attachment(
                text(item.get("id")),
                text(item.get("title")),
                text(item.get("comment")),
                number(item.get("fileSize")),
                text(item.get("downloadLink")),
            )
            for item in found
        ]

    def upload(self, id: str, name: str, data: bytes, comment: str, old: Attachment | None) -> None:  # noqa: ARG002  PUT finds the old one by name
        """Put a file on a page; the same name makes a new version (operation createOrUpdateAttachments)."""
        self._client.upload("PUT", f"{V1}/content/{id}/child/attachment", name, data, comment)

    def download(self, id: str, attachment: Attachment) -> bytes:
        """Fetch a file."""
        path = f"{V1}/content/{id}/child/attachment/{attachment.id}/download"
        return self._client.download(path)


def _page(item: Json) -> Page:
    version = _version(item)
    return Page(
        id=text(item.get("id")),
        title=text(item.get("title")),
        status=text(item.get("status")) or "current",
        version=number(version.get("number")),
        parent=text(item.get("parentId")),
        parent_type=text(item.get("parentType")) or "page",
        message=text(version.get("message")),
    )


def _stored(item: Json) -> str:
    body = item.get("body")
    storage = body.get("storage") if isinstance(body, dict) else None
    return text(storage.get("value")) if isinstance(storage, dict) else ""


def _version(item: Json) -> Json:
    version = item.get("version")
    return version if isinstance(version, dict) else {}


def _marked(properties: object) -> Json | None:
    return next((item for item in items(properties) if item.get("key") == PROPERTY), None)


def _labels(found: object) -> tuple[str, ...]:
    return tuple(
        sorted(text(item.get("name")) for item in items(found) if item.get("prefix", "global") == "global")
    )


def _more(found: Json) -> bool:
    meta, links = found.get("meta"), found.get("_links")
    more = isinstance(meta, dict) and bool(meta.get("hasMore"))
    return more or (isinstance(links, dict) and bool(links.get("next")))


def _storage(body: str) -> Json:
    return {"representation": "storage", "value": body}


def _update(page: Page, title: str, parent: str, body: str, message: str) -> Json:
    wish: Json = {"id": page.id, "status": "current", "title": title, "body": _storage(body)}
    wish["version"] = {"number": page.version + 1, "message": message}
    if parent:
        wish["parentId"] = parent
    return wish
