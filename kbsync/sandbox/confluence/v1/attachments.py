"""Uploads and downloads, which only the v1 API has."""

from __future__ import annotations

from collections.abc import Callable
from email.message import Message
from email.policy import compat32
from typing import Final

from kbsync.sandbox.confluence import attachments
from kbsync.sandbox.confluence.attachments import Upload
from kbsync.sandbox.confluence.endpoint import Answer, Call, Table, file_path
from kbsync.sandbox.confluence.failure import Json, Refusal, conflict, invalid, missing
from kbsync.sandbox.confluence.v1 import shapes
from kbsync.sandbox.confluence.v1.labels import refuse_scoped
from kbsync.sandbox.store import Doc

_CHECKED: Final = frozenset({"nocheck", "no-check"})


def list_attachments(call: Call) -> Answer:
    """GET /content/{id}/child/attachment."""
    name = call.query.get("filename")
    found = attachments.on_page(call.site, call.site.page(call.id())["id"])
    return shapes.window(call, [doc for doc in found if name in {None, doc["title"]}], _shower(call))


def create_attachments(call: Call) -> Answer:
    """POST /content/{id}/child/attachment: refused when the page has a file of that name."""
    page = _writable(call)
    created = [attachments.create(call.site, page["id"], upload, call.me) for upload in uploads(call)]
    return shapes.window(call, created, _shower(call))


def put_attachments(call: Call) -> Answer:
    """PUT /content/{id}/child/attachment: creates, or makes a new version by file name."""
    page, written = _writable(call), []
    for upload in uploads(call):
        old = attachments.named(call.site, page["id"], upload.name)
        if old is None:
            written.append(attachments.create(call.site, page["id"], upload, call.me))
        else:
            written.append(attachments.replace(call.site, old, upload, call.me))
    return shapes.window(call, written, _shower(call))


def replace_data(call: Call) -> Answer:
    """POST /content/{id}/child/attachment/{attachment}/data."""
    _writable(call)
    old = _attachment(call)
    return Answer(_shower(call)(attachments.replace(call.site, old, uploads(call)[0], call.me)))


def update_fields(call: Call) -> Answer:
    """PUT /content/{id}/child/attachment/{attachment}: name, media type and comment, without data.

    The document asks for the current version number; the live service also takes the next one, which is
    what md2conf sends.
    """
    old, wish = _attachment(call), call.json()
    number, current = (wish.get("version") or {}).get("number"), old["version"]["number"]
    if number not in {current, current + 1}:
        raise conflict(f"The current version of the attachment is {current}")
    metadata = wish.get("metadata") or {}
    fields: Json = {
        "title": str(wish.get("title") or old["title"]).rpartition("/")[2],
        "comment": str(metadata.get("comment") or old["comment"]),
        "mediaType": str(metadata.get("mediaType") or old["mediaType"]),
    }
    return Answer(_shower(call)(attachments.describe(call.site, old, fields, number)))


def _writable(call: Call) -> Doc:
    """Return the page, if this request may upload to it; raises 403 without the header against forgery."""
    if call.headers.get("x-atlassian-token", "").lower() not in _CHECKED:
        raise Refusal(403, "XSRF check failed")
    refuse_scoped(call)
    page = call.site.page(call.id())
    if page["status"] not in {"current", "draft"}:
        raise missing()
    return page


def _attachment(call: Call) -> Doc:
    doc = attachments.by_id(call.site, call.path["attachment"])
    if doc["pageId"] != call.id():
        raise missing()
    return doc


def uploads(call: Call) -> list[Upload]:
    """Return the files of a multipart form; comments and `minorEdit` go to all in order.

    Raises:
        Refusal: 400 without a file, 415 for a body of another kind.
    """
    parts = _parts(call)
    comments = [data.decode("utf-8", "replace") for name, _, _, data in parts if name == "comment"]
    minor = any(name == "minorEdit" and data.strip(b'" ').lower() == b"true" for name, _, _, data in parts)
    files = [(file, kind, data) for name, file, kind, data in parts if name == "file" and file]
    if not files:
        raise invalid("At least one file is required")
    texts = comments + [""] * (len(files) - len(comments))
    return [
        Upload(file, kind, data, text, minor) for (file, kind, data), text in zip(files, texts, strict=False)
    ]


def _parts(call: Call) -> list[tuple[str, str, str, bytes]]:
    """Return (field, file name, media type, data) of each part."""
    head = Message(compat32)
    head["Content-Type"] = call.headers.get("content-type", "")
    boundary = head.get_param("boundary")
    if head.get_content_type() != "multipart/form-data" or not isinstance(boundary, str):
        raise Refusal(415, "Unsupported Media Type")
    pieces = (b"\r\n" + call.body).split(b"\r\n--" + boundary.encode())
    return [_part(piece) for piece in pieces[1:] if not piece.startswith(b"--")]


def _part(piece: bytes) -> tuple[str, str, str, bytes]:
    head, _, data = piece.lstrip(b"\r\n").partition(b"\r\n\r\n")
    fields = Message(compat32)
    for line in head.decode("utf-8", "replace").split("\r\n"):
        name, _, value = line.partition(":")
        fields[name.strip()] = value.strip()
    field = str(fields.get_param("name", "", "content-disposition"))
    file = (fields.get_filename() or "").replace("\\", "/").rpartition("/")[2]
    return field, file, fields.get_content_type(), data


def _shower(call: Call) -> Callable[[Doc], Json]:
    def show(doc: Doc) -> Json:
        number = doc["version"]["number"]
        return {
            "id": doc["id"],
            "type": "attachment",
            "status": doc["status"],
            "title": doc["title"],
            "version": shapes.version(call.site, doc["version"]),
            "metadata": {"comment": doc["comment"], "mediaType": doc["mediaType"]},
            "extensions": {
                "mediaType": doc["mediaType"],
                "fileSize": doc["fileSize"],
                "comment": doc["comment"],
                "fileId": doc["fileId"],
            },
            "_expandable": {"container": f"/rest/api/content/{doc['pageId']}", "space": "", "body": ""},
            "_links": {
                "webui": f"/pages/viewpageattachments.action?pageId={doc['pageId']}",
                "download": f"/download/attachments/{doc['pageId']}/{file_path(doc['title'])}?version={number}&api=v2",
                "self": call.link(f"/rest/api/content/{doc['id']}"),
            },
        }

    return show


def download(call: Call) -> Answer:
    """GET …/download: a redirect to where the bytes are."""
    doc = _attachment(call)
    number = call.number("version", doc["version"]["number"], 1, doc["version"]["number"])
    return _redirect(call, doc, number)


def download_by_name(call: Call) -> Answer:
    """GET /download/attachments/{id}/{name}: as pages link to it, a redirect too."""
    doc = attachments.named(call.site, call.id(), call.path["name"])
    if doc is None:
        raise missing()
    return _redirect(call, doc, call.number("version", doc["version"]["number"], 1, doc["version"]["number"]))


def _redirect(call: Call, doc: Doc, number: int) -> Answer:
    target = f"/media/{doc['id']}/{number}?token={attachments.signature(doc, doc['version']['number'])}"
    return Answer(status=302, headers={"Location": call.link(target)})


def media(call: Call) -> Answer:
    """GET /media/{id}/{number}: the bytes."""
    doc = attachments.by_id(call.site, call.path["id"])
    blob = call.site.store.blob(attachments.blob_name(doc["id"], int(call.id("number"))))
    if blob is None or call.query.get("token") != attachments.signature(doc, doc["version"]["number"]):
        raise missing()
    safe = {"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"}
    return Answer(blob[1], headers=safe, media_type=doc["mediaType"])


DATACENTER_TABLE: Table = {("GET", "/content/{id}/child/attachment"): list_attachments}
TABLE: Table = {
    ("POST", "/content/{id}/child/attachment"): create_attachments,
    ("PUT", "/content/{id}/child/attachment/{attachment}"): update_fields,
    ("POST", "/content/{id}/child/attachment/{attachment}/data"): replace_data,
}
CLOUD_TABLE: Table = {
    ("PUT", "/content/{id}/child/attachment"): put_attachments,
    ("GET", "/content/{id}/child/attachment/{attachment}/download"): download,
}
DOWNLOADS: Table = {
    ("GET", "/download/attachments/{id}/{name:path}"): download_by_name,
}
MEDIA: Table = {("GET", "/media/{id}/{number}"): media}
"""Open to who has the address, as Cloud's media service is."""
