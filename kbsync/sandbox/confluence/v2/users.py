"""People, and what kind of thing an id names."""

from __future__ import annotations

from kbsync.sandbox.confluence.endpoint import Answer, Call, Table
from kbsync.sandbox.confluence.failure import Json, invalid
from kbsync.sandbox.confluence.listing import page
from kbsync.sandbox.confluence.site import ATTACHMENT, COMMENT, CONTENT, USER, Site
from kbsync.sandbox.store import Doc

_MOST_IDS = 100


def users_bulk(call: Call) -> Answer:
    """POST /users-bulk; unknown ids are left out."""
    ids = call.json().get("accountIds")
    if not isinstance(ids, list):
        raise invalid("'accountIds' is required")
    found = [doc for doc in (call.site.store.get(USER, str(id)) for id in ids) if doc is not None]
    return page(call, [_user(doc) for doc in found], "")


def _user(doc: Doc) -> Json:
    return {
        "displayName": doc["displayName"],
        "timeZone": doc["timeZone"],
        "isExternalCollaborator": False,
        "accountStatus": "active",
        "accountId": doc["accountId"],
        "email": doc["email"],
        "accountType": "atlassian",
        "publicName": doc["displayName"],
        "profilePicture": {"path": "/wiki/aa-avatar/sandbox", "isDefault": True},
    }


def ids_to_types(call: Call) -> Answer:
    """POST /content/convert-ids-to-types; unknown ids map to null."""
    ids = call.json().get("contentIds")
    if not isinstance(ids, list) or len(ids) > _MOST_IDS:
        raise invalid(f"'contentIds' must be a list of at most {_MOST_IDS} ids")
    return Answer({"results": {str(id): _type(call.site, str(id)) for id in ids}})


def _type(site: Site, id: str) -> str | None:
    content = site.store.get(CONTENT, id)
    if content is not None and not content["hidden"]:
        return str(content["type"])
    comment = site.store.get(COMMENT, id)
    if comment is not None:
        return f"{comment['kind']}-comment"
    return "attachment" if site.store.get(ATTACHMENT, id) else None


TABLE: Table = {("POST", "/users-bulk"): users_bulk, ("POST", "/content/convert-ids-to-types"): ids_to_types}
