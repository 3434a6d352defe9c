"""The life of a page: created, published, updated, renamed, moved, archived, trashed, purged, restored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from kbsync.sandbox.confluence import saving, tree
from kbsync.sandbox.confluence.failure import Json, Refusal, conflict, invalid, missing
from kbsync.sandbox.confluence.references import follow_rename, linked_titles
from kbsync.sandbox.confluence.site import ATTACHMENT, CONTENT, DRAFT, VERSION, Site, new_content
from kbsync.sandbox.store import Doc

MAX_BODY: Final = 5_242_880
"""Bytes; larger bodies are refused with 413 (CONFCLOUD-73881)."""
MAX_TITLE: Final = 255
_TITLE_TAKEN: Final = (
    "A page with this title already exists: A page already exists with the same TITLE in this space"
)
_RACE: Final = (
    "javax.persistence.OptimisticLockException: Batch update returned unexpected row count from update [0]; "
    "actual row count: 0; expected: 1"
)


@dataclass(frozen=True, slots=True)
class Change:
    """One wished write: who, the number the new version shall have (None: the next one), and what about it."""

    author: str
    number: int | None = None
    message: str = ""
    minor: bool = False


def create(
    site: Site, space: Doc, title: str, body: str, parent: Doc | None, change: Change, *, draft: bool = False
) -> Doc:
    """Create a page and return it; as a draft it is seen by nobody who does not ask for drafts.

    Raises:
        Refusal: 400 for a taken or missing title or a malformed body, 413 for a body that is too large.
    """
    title = _usable_title(title, draft=draft)
    if not draft:
        _refuse_taken(site, space["id"], title, "")
    stored = store_form(site, space["id"], "", body)
    id, version = site.next_id(), _version(site, 1, change)
    page = {
        **new_content(id, space["id"], title, parent, version),
        "status": "draft" if draft else "current",
        "position": tree.next_position(site),
        "links": linked_titles(site, space["id"], stored),
    }
    _write_version(site, id, title, stored, version)
    return site.store.put(CONTENT, id, page)


def update(
    site: Site,
    page: Doc,
    title: str,
    body: str,
    change: Change,
    *,
    parent: Doc | None = None,
    **fields: object,
) -> Doc:
    """Write a new version of a page; a pending draft gives way to it. `fields` are set as they are.

    Raises:
        Refusal: 409 unless the version number is the next one, 400 and 413 as for `create`.
    """
    number = _next_number(site, page, change)
    title = _usable_title(title)
    _refuse_taken(site, page["spaceId"], title, page["id"])
    stored = store_form(site, page["spaceId"], page["id"], body)
    version = _version(site, number, change)
    moved = tree.place_under(site, page, parent) if parent else {}
    _write_version(site, page["id"], title, stored, version)
    site.store.delete(DRAFT, page["id"])
    links = linked_titles(site, page["spaceId"], stored)
    changed = site.put(
        page, title=title, version=version, status="current", links=links, state=None, **moved, **fields
    )
    follow_rename(site, changed, page["title"])
    return changed


def rename(site: Site, page: Doc, title: str, change: Change) -> Doc:
    """Give a page another title without sending its body; makes a version."""
    return update(site, page, title, site.body(page), change)


def save_draft(site: Site, page: Doc, title: str, body: str) -> Doc:
    """Keep an unpublished edit beside a published page."""
    stored = store_form(site, page["spaceId"], page["id"], body)
    site.store.put(
        DRAFT, page["id"], {"id": page["id"], "title": title, "body": stored, "createdAt": site.now()}
    )
    return page


def publish(site: Site, page: Doc, title: str, body: str, change: Change) -> Doc:
    """Publish a page that was only a draft; its first version keeps the number 1."""
    title = _usable_title(title)
    _refuse_taken(site, page["spaceId"], title, page["id"])
    stored = store_form(site, page["spaceId"], page["id"], body)
    version = _version(site, 1, change)
    _write_version(site, page["id"], title, stored, version)
    links = linked_titles(site, page["spaceId"], stored)
    return site.put(page, title=title, version=version, status="current", links=links)


def restore(site: Site, page: Doc, change: Change) -> Doc:
    """Bring a trashed or archived page back; "page contents will not be updated and only the page status".

    Raises:
        Refusal: 400 when its title has been taken meanwhile, 409 for a wrong version number.
    """
    number = _next_number(site, page, change)
    _refuse_taken(site, page["spaceId"], page["title"], page["id"])
    version, body = _version(site, number, change), site.body(page)
    _write_version(site, page["id"], page["title"], body, version)
    parent = site.store.get(CONTENT, page["parentId"] or "")
    home = site.space(page["spaceId"])["homepageId"]
    adrift = parent is None or parent["status"] not in {"current", "archived"}
    place: Json = {"parentId": home, "parentType": "page"} if adrift and home != page["id"] else {}
    return site.put(page, status="current", version=version, **place)


def trash(site: Site, page: Doc) -> None:
    """Move a page to the trash; its children move up to its parent."""
    if page["status"] == "trashed":
        raise missing()
    tree.hand_up(site, page)
    site.put(page, status="trashed")


def archive(site: Site, page: Doc) -> None:
    """Archive a page; its title stays taken, its children move up."""
    tree.hand_up(site, page)
    site.put(page, status="archived")


def purge(site: Site, page: Doc) -> None:
    """Remove a trashed page for good.

    Raises:
        Refusal: 400 when the page is not in the trash.
    """
    if page["status"] != "trashed":
        raise invalid("Only trashed content can be purged")
    forget(site, page)


def forget(site: Site, page: Doc) -> None:
    """Remove a page with everything that hangs on it."""
    for version in site.versions(page["id"]):
        site.store.delete(VERSION, f"{page['id']}/{version['number']}")
    for attachment in site.store.find(ATTACHMENT, "page", page["id"]):
        site.store.delete(ATTACHMENT, attachment["id"])
    for property_ in site.store.find("confluence.property", "owner", page["id"]):
        site.store.delete("confluence.property", property_["id"])
    for comment in site.store.find("confluence.comment", "page", page["id"]):
        site.store.delete("confluence.comment", comment["id"])
    site.store.delete(DRAFT, page["id"])
    site.store.delete(CONTENT, page["id"])


def touch_body(site: Site, page: Doc, body: str) -> Doc:
    """Change the newest version's body without a new version, as an inline comment through the API does."""
    number = page["version"]["number"]
    version = site.version(page["id"], number)
    site.store.put(VERSION, f"{page['id']}/{number}", {**version, "body": body})
    return page


def store_form(site: Site, space_id: str, page_id: str, body: str) -> str:
    """Return what is stored of a body; raises 413 and 400."""
    if len(body.encode("utf-8", "surrogatepass")) > MAX_BODY:
        raise Refusal(413, "Request body is too large", f"The body is limited to {MAX_BODY} bytes")

    def page_version(key: str, title: str) -> int | None:
        space = (
            site.space_by_key(key)["id"]
            if key and site.store.find("confluence.space", "key", key.upper())
            else space_id
        )
        found = site.titled(space, title)
        return int(found[0]["version"]["number"]) if found else None

    def attachment_version(name: str) -> int | None:
        found = [a for a in site.store.find(ATTACHMENT, "page", page_id) if a["title"] == name]
        return int(found[0]["version"]["number"]) if found else None

    return saving.save(body, saving.Context(site.cloud, page_version, attachment_version))


def _usable_title(title: str, *, draft: bool = False) -> str:
    title = " ".join(title.split())
    if not title and not draft:
        raise invalid("Title is required for published pages")
    if len(title) > MAX_TITLE:
        raise invalid(f"Title cannot be longer than {MAX_TITLE} characters.")
    return title


def _refuse_taken(site: Site, space_id: str, title: str, own_id: str) -> None:
    if any(page["id"] != own_id for page in site.titled(space_id, title)):
        raise invalid(_TITLE_TAKEN)


def _next_number(site: Site, page: Doc, change: Change) -> int:
    races = int(site.setting("optimistic_lock", 0))
    if races > 0:
        raise Race(races - 1)
    current = int(page["version"]["number"])
    if change.number not in {None, current + 1}:
        raise conflict(_stale(site, current, change.number))
    return current + 1


class Race(Refusal):
    """The transient 409 of two writes at once; the same request succeeds when it is sent again."""

    def __init__(self, left: int) -> None:
        super().__init__(409, _RACE)
        self.left = left


def _stale(site: Site, current: int, given: int | None) -> str:
    if site.cloud:
        return (
            f"Version must be incremented when updating a page. Current Version: [{current}]. "
            f"Provided version: [{given}]"
        )
    return f"Version must be incremented on update. Current version is: {current}"


def _version(site: Site, number: int, change: Change) -> Json:
    return {
        "number": number,
        "message": change.message,
        "minorEdit": change.minor,
        "authorId": change.author,
        "createdAt": site.now(),
    }


def _write_version(site: Site, id: str, title: str, body: str, version: Json) -> None:
    site.store.put(
        VERSION, f"{id}/{version['number']}", {"contentId": id, "title": title, "body": body, **version}
    )
