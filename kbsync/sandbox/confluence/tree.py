"""The page tree: children in order, ancestors, descendants, and moves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

from kbsync.sandbox.confluence.failure import Json, invalid
from kbsync.sandbox.confluence.site import CONTENT, Site
from kbsync.sandbox.store import Doc

Position: TypeAlias = Literal["before", "after", "append"]
_VISIBLE: Final = ("current", "archived")
_FIRST_POSITION: Final = 1_000


def children(site: Site, parent_id: str | None, space_id: str = "") -> list[Doc]:
    """Return pages and folders below a parent in their order; None: the top level of a space."""
    found = site.store.find(CONTENT, "parent", parent_id or "")
    if parent_id is None:
        found = [doc for doc in found if doc["spaceId"] == space_id]
    return sorted((doc for doc in found if doc["status"] in _VISIBLE and not doc["hidden"]), key=_order)


def _order(doc: Doc) -> tuple[int, int]:
    return int(doc["position"]), int(doc["id"])


def next_position(site: Site) -> int:
    """Return a position behind every child there is."""
    return site.store.next_id("confluence.position", _FIRST_POSITION)


def ancestors(site: Site, content: Doc) -> list[Doc]:
    """Return what stands above, the topmost first."""
    above: list[Doc] = []
    parent = site.store.get(CONTENT, content["parentId"] or "")
    while parent is not None:
        above.append(parent)
        parent = site.store.get(CONTENT, parent["parentId"] or "")
    return above[::-1]


def descendants(site: Site, content_id: str, depth: int) -> Iterator[tuple[int, Doc]]:
    """Yield (depth, content) below a page, level by level."""
    level = [content_id]
    for number in range(1, depth + 1):
        below = [child for parent in level for child in children(site, parent)]
        yield from ((number, child) for child in below)
        level = [child["id"] for child in below]


def place_under(site: Site, content: Doc, parent: Doc) -> Json:
    """Return the fields of a page that goes below another parent.

    Raises:
        Refusal: 400 for a parent in another space, or below the page itself.
    """
    if parent["id"] == content["parentId"]:
        return {}
    if parent["spaceId"] != content["spaceId"]:
        raise invalid("The parent must be in the same space as the page")
    refuse_loop(site, content, parent)
    position = next_position(site)
    return {"parentId": parent["id"], "parentType": parent["type"], "position": position}


def refuse_loop(site: Site, content: Doc, target: Doc) -> None:
    """Raise 400 when the target is the page itself or stands below it."""
    if content["id"] in {target["id"], *(doc["id"] for doc in ancestors(site, target))}:
        raise invalid("A page cannot be moved below itself or one of its descendants")


def move(site: Site, content: Doc, position: Position, target: Doc) -> Doc:
    """Move a page beside or below a target, across spaces too; makes no version."""
    refuse_loop(site, content, target)
    parent = target if position == "append" else site.store.get(CONTENT, target["parentId"] or "")
    if target["spaceId"] != content["spaceId"]:
        _change_space(site, content, target["spaceId"])
    where = {
        "parentId": parent["id"] if parent else None,
        "parentType": parent["type"] if parent else None,
        "spaceId": target["spaceId"],
    }
    at = next_position(site)
    moved = site.put(site.content(content["id"]), **where, position=at)
    if position != "append":
        _reorder(site, moved, position, target)
    return site.content(content["id"])


def _change_space(site: Site, content: Doc, space_id: str) -> None:
    everything = [content, *(doc for _, doc in descendants(site, content["id"], 10))]
    for doc in everything:
        if doc["type"] == "page" and site.titled(space_id, doc["title"]):
            raise invalid("A page with this title already exists in the target space")
    for doc in everything:
        site.put(doc, spaceId=space_id)


def _reorder(site: Site, moved: Doc, position: Position, target: Doc) -> None:
    row = [doc for doc in children(site, moved["parentId"], moved["spaceId"]) if doc["id"] != moved["id"]]
    at = next(n for n, doc in enumerate(row) if doc["id"] == target["id"]) + (position == "after")
    row.insert(at, moved)
    for number, doc in enumerate(row):
        if doc["position"] != number:
            site.put(doc, position=number)


def hand_up(site: Site, content: Doc) -> None:
    """Let the children of a page that goes away move up to its parent."""
    parent = site.store.get(CONTENT, content["parentId"] or "")
    for child in children(site, content["id"]):
        site.put(
            child, parentId=parent["id"] if parent else None, parentType=parent["type"] if parent else None
        )
