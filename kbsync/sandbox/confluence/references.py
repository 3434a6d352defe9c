"""Links by title: which pages a body names, and what happens to it when one of them is renamed."""

from __future__ import annotations

from kbsync.sandbox.confluence.markup import parse, ri, serialise
from kbsync.sandbox.confluence.site import CONTENT, VERSION, Site, title_key
from kbsync.sandbox.store import Doc


def linked_titles(site: Site, space_id: str, body: str) -> list[str]:
    """Return the title keys that a body links to."""
    if "ri:content-title" not in body:
        return []
    keys = {
        title_key(_space_of(site, node.get(ri("space-key"), ""), space_id), node.get(ri("content-title"), ""))
        for node in parse(body).iter(ri("page"))
    }
    return sorted(keys)


def follow_rename(site: Site, page: Doc, old_title: str) -> None:
    """Let links to a renamed page follow it.

    Confluence rewrites the pages that name it; no new version of them is made, so a listing of versions
    does not show it.
    """
    old, new = title_key(page["spaceId"], old_title), title_key(page["spaceId"], page["title"])
    if old == new and old_title == page["title"]:
        return
    for referrer in site.store.find(CONTENT, "link", old):
        version = site.version(referrer["id"], referrer["version"]["number"])
        body = _renamed(site, referrer["spaceId"], version["body"], old, page["title"])
        site.store.put(VERSION, f"{referrer['id']}/{version['number']}", {**version, "body": body})
        site.put(referrer, links=linked_titles(site, referrer["spaceId"], body))


def _renamed(site: Site, space_id: str, body: str, old: str, title: str) -> str:
    root = parse(body)
    for node in root.iter(ri("page")):
        target = _space_of(site, node.get(ri("space-key"), ""), space_id)
        if title_key(target, node.get(ri("content-title"), "")) == old:
            node.set(ri("content-title"), title)
    return serialise(root)


def _space_of(site: Site, key: str, own: str) -> str:
    if not key:
        return own
    found = site.store.find("confluence.space", "key", key.upper())
    return str(found[0]["id"]) if found else key
