"""Files on pages: uploaded, replaced, trashed, handed out."""

from __future__ import annotations

import hashlib
import mimetypes
import uuid
from dataclasses import dataclass
from typing import Final

from kbsync.sandbox.confluence.failure import Json, invalid, missing
from kbsync.sandbox.confluence.site import ATTACHMENT, Site
from kbsync.sandbox.store import Doc

_UNTOLD: Final = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Upload:
    """One file as it was sent."""

    name: str
    media_type: str
    data: bytes
    comment: str = ""
    minor: bool = False


def on_page(site: Site, page_id: str) -> list[Doc]:
    """Return the attachments of a page that are not in the trash."""
    return [doc for doc in site.store.find(ATTACHMENT, "page", page_id) if doc["status"] == "current"]


def by_id(site: Site, id: str) -> Doc:
    """Return an attachment, its id with or without the `att` in front; raises 404."""
    found = site.store.get(ATTACHMENT, f"att{id.removeprefix('att')}")
    if found is None:
        raise missing()
    return found


def named(site: Site, page_id: str, name: str) -> Doc | None:
    """Return the attachment of a page with this file name."""
    return next((doc for doc in on_page(site, page_id) if doc["title"] == name), None)


def create(site: Site, page_id: str, upload: Upload, author: str) -> Doc:
    """Add a file.

    Raises:
        Refusal: 400 when the page has one of this name.
    """
    if not upload.name:
        raise invalid("The file name is missing")
    if named(site, page_id, upload.name) is not None:
        raise invalid(
            f"Cannot add a new attachment with same file name as an existing attachment: {upload.name}"
        )
    id = f"att{site.next_id()}"
    fields = {"id": id, "pageId": page_id, "title": upload.name, "createdAt": site.now(), "labels": []}
    return _write(site, fields, upload, 1, author)


def replace(site: Site, doc: Doc, upload: Upload, author: str) -> Doc:
    """Give an attachment new data; makes a version of it."""
    return _write(site, doc, upload, doc["version"]["number"] + 1, author)


def _write(site: Site, doc: Doc, upload: Upload, number: int, author: str) -> Doc:
    site.store.put_blob(blob_name(doc["id"], number), upload.media_type, upload.data)
    version: Json = {
        "number": number,
        "message": upload.comment,
        "minorEdit": upload.minor,
        "authorId": author,
        "createdAt": site.now(),
    }
    changed = {
        **doc,
        "status": "current",
        "mediaType": _media_type(upload),
        "comment": upload.comment,
        "fileId": str(uuid.uuid4()),
        "fileSize": len(upload.data),
        "version": version,
        "versions": [*doc.get("versions", []), version],
    }
    return site.store.put(ATTACHMENT, doc["id"], changed)


def _media_type(upload: Upload) -> str:
    if upload.media_type and upload.media_type != _UNTOLD:
        return upload.media_type
    return mimetypes.guess_type(upload.name)[0] or _UNTOLD


def describe(site: Site, doc: Doc, fields: Json, number: int) -> Doc:
    """Change an attachment's name, media type or comment; its data stays, also under a new number."""
    version = {**doc["version"], "number": number}
    kept = site.store.blob(blob_name(doc["id"], doc["version"]["number"]))
    if kept is not None and number != doc["version"]["number"]:
        site.store.put_blob(blob_name(doc["id"], number), *kept)
        fields = {**fields, "versions": [*doc["versions"], version]}
    return site.store.put(ATTACHMENT, doc["id"], {**doc, **fields, "version": version})


def trash(site: Site, doc: Doc) -> None:
    """Move an attachment to the trash; raises 404 when it is there."""
    if doc["status"] != "current":
        raise missing()
    site.store.put(ATTACHMENT, doc["id"], {**doc, "status": "trashed"})


def purge(site: Site, doc: Doc) -> None:
    """Remove a trashed attachment for good; raises 400 for others."""
    if doc["status"] != "trashed":
        raise invalid("Only trashed content can be purged")
    site.store.delete(ATTACHMENT, doc["id"])


def blob_name(id: str, number: int) -> str:
    """Return the name under which the store keeps the bytes of a version."""
    return f"confluence/{id}/{number}"


def signature(doc: Doc, number: int) -> str:
    """Return what a download address carries so that it works without a login."""
    return hashlib.sha256(f"{doc['id']}/{number}/{doc['fileId']}".encode()).hexdigest()[:32]
