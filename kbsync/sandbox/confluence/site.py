"""The emulated site: its documents, its clock, its people, and the ground every sandbox starts with."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias

from kbsync.sandbox import accounts
from kbsync.sandbox.confluence.failure import Json, missing
from kbsync.sandbox.store import Doc, Store

Deployment: TypeAlias = Literal["cloud", "datacenter"]

CONTENT: Final = "confluence.content"
"""Pages and folders; labels and links are part of the document, bodies are not."""
VERSION: Final = "confluence.version"
DRAFT: Final = "confluence.draft"
SPACE: Final = "confluence.space"
USER: Final = "confluence.user"
PROPERTY: Final = "confluence.property"
ATTACHMENT: Final = "confluence.attachment"
COMMENT: Final = "confluence.comment"
TASK: Final = "confluence.task"
RESTRICTION: Final = "confluence.restriction"
RENDERING: Final = "confluence.rendering"

ME: Final = "712020:0a5d2c1e-sandbox-sam"
COLLEAGUE: Final = "712020:7be41f03-sandbox-kim"
_FIRST_ID: Final = 65_601
_TITLED: Final = ("current", "archived")
"""The states in which a page occupies its title (github.com/hunyadi/md2conf/issues/149)."""


def stamp(at: float) -> str:
    """Return epoch seconds as the API writes times."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def title_key(space_id: str, title: str) -> str:
    """Return what two titles in conflict share."""
    return f"{space_id}/{' '.join(title.split()).casefold()}"


class Site:
    """A view on the store in Confluence's words. Documents are values: change by `put`ting a new one."""

    def __init__(self, store: Store, deployment: Deployment = "cloud") -> None:
        self.store = store
        self.deployment = deployment
        if not _declared(store):
            self._declare(store)

    @staticmethod
    def _declare(store: Store) -> None:
        store.index(CONTENT, "space", lambda doc: [doc["spaceId"]])
        store.index(CONTENT, "parent", lambda doc: [doc["parentId"] or ""])
        store.index(CONTENT, "title", _title_keys)
        store.index(CONTENT, "link", lambda doc: doc["links"])
        store.index(VERSION, "content", lambda doc: [doc["contentId"]])
        store.index(PROPERTY, "owner", lambda doc: [doc["owner"]])
        store.index(ATTACHMENT, "page", lambda doc: [doc["pageId"]])
        store.index(COMMENT, "page", lambda doc: [doc["pageId"]])
        store.index(SPACE, "key", lambda doc: [doc["key"].upper()])
        store.index(TASK, "state", lambda doc: [doc["state"]])

    @property
    def cloud(self) -> bool:
        """Tell Cloud from Data Center."""
        return self.deployment == "cloud"

    def now(self) -> str:
        """Return the time as the API writes it."""
        return stamp(self.store.now())

    def next_id(self) -> str:
        """Return a fresh numeric id, one row for all kinds of content."""
        return str(self.store.next_id("confluence", _FIRST_ID))

    def setting(self, name: str, default: Any = None) -> Any:
        """Return a switch of the emulation, set through `/_sandbox/settings` as `confluence.<name>`."""
        return (self.store.get("setting", "all") or {}).get(f"confluence.{name}", default)

    def change_setting(self, name: str, value: object) -> None:
        """Set a switch of the emulation."""
        settings = self.store.get("setting", "all") or {}
        self.store.put("setting", "all", settings | {f"confluence.{name}": value})

    def content(self, id: str, *types: str) -> Doc:
        """Return a page or folder; raises the 404 that unknown and forbidden things share."""
        found = self.store.get(CONTENT, id)
        if found is None or found.get("hidden") or (types and found["type"] not in types):
            raise missing()
        return found

    def page(self, id: str) -> Doc:
        """Return a page."""
        return self.content(id, "page")

    def space(self, id: str) -> Doc:
        """Return a space by its id."""
        found = self.store.get(SPACE, id)
        if found is None:
            raise missing()
        return found

    def space_by_key(self, key: str) -> Doc:
        """Return a space by its key, in any case."""
        found = self.store.find(SPACE, "key", key.upper())
        if not found:
            raise missing()
        return found[0]

    def titled(self, space_id: str, title: str) -> list[Doc]:
        """Return the pages that occupy a title in a space."""
        return self.store.find(CONTENT, "title", title_key(space_id, title))

    def version(self, id: str, number: int) -> Doc:
        """Return one version of a page, with its body."""
        found = self.store.get(VERSION, f"{id}/{number}")
        if found is None:
            raise missing()
        return found

    def versions(self, id: str) -> list[Doc]:
        """Return all versions of a page, newest first."""
        return sorted(self.store.find(VERSION, "content", id), key=lambda doc: -doc["number"])

    def body(self, page: Doc) -> str:
        """Return the storage body of a page at the version its document names; "" when that is gone."""
        found = self.store.get(VERSION, f"{page['id']}/{page['version']['number']}")
        return str(found["body"]) if found else ""

    def put(self, content: Doc, **changes: object) -> Doc:
        """Write a page or folder with these fields changed."""
        return self.store.put(CONTENT, content["id"], {**content, **changes})

    def user(self, account_id: str) -> Doc:
        """Return a person."""
        found = self.store.get(USER, account_id)
        if found is None:
            raise missing()
        return found


def _declared(store: Store) -> bool:
    """Tell whether another view has declared the indexes: to declare them anew would rebuild them."""
    try:
        store.find(TASK, "state", "")
    except KeyError:
        return False
    return True


def _title_keys(doc: Doc) -> Iterable[str]:
    if doc["type"] == "page" and doc["status"] in _TITLED:
        yield title_key(doc["spaceId"], doc["title"])


def found(site: Site) -> None:
    """Lay the ground of an empty site: two people, two spaces with a home page each."""
    if site.store.get(USER, ME) is not None:
        return
    with site.store.transaction():
        site.store.put("setting", "confluence", {"deployment": site.deployment})
        _person(site, ME, "Sam Sandbox", accounts.CONFLUENCE_USER)
        _person(site, COLLEAGUE, "Kim Colleague", "kim@kbsync.test")
        _space(site, accounts.SPACE, "Help Center")
        _space(site, "TEAM", "Team Notes")


def _person(site: Site, account_id: str, name: str, email: str) -> None:
    doc: Json = {"accountId": account_id, "displayName": name, "email": email, "timeZone": "America/New_York"}
    site.store.put(USER, account_id, doc)


def _space(site: Site, key: str, name: str) -> None:
    home, space_id, now = site.next_id(), site.next_id(), site.now()
    version = {"number": 1, "message": "", "minorEdit": False, "authorId": ME, "createdAt": now}
    site.store.put(
        SPACE,
        space_id,
        {
            "id": space_id,
            "key": key,
            "name": name,
            "type": "global",
            "status": "current",
            "authorId": ME,
            "createdAt": now,
            "homepageId": home,
            "description": "",
        },
    )
    site.store.put(CONTENT, home, new_content(home, space_id, name, None, version))
    site.store.put(VERSION, f"{home}/1", {"contentId": home, "title": name, "body": "", **version})


def new_content(
    id: str, space_id: str, title: str, parent: Doc | None, version: Json, *, kind: str = "page"
) -> Doc:
    """Return the document of a new page or folder."""
    return {
        "id": id,
        "type": kind,
        "status": "current",
        "title": title,
        "spaceId": space_id,
        "parentId": parent["id"] if parent else None,
        "parentType": parent["type"] if parent else None,
        "position": 0,
        "authorId": version["authorId"],
        "ownerId": version["authorId"],
        "lastOwnerId": None,
        "createdAt": version["createdAt"],
        "version": version,
        "subtype": None,
        "labels": [],
        "links": [],
        "state": None,
        "hidden": False,
    }
