"""What people do in the browser, where no public API has a call for it or the effect is another."""

from __future__ import annotations

from kbsync.sandbox.confluence import comments, pages
from kbsync.sandbox.confluence.pages import Change
from kbsync.sandbox.confluence.site import COLLEAGUE, Site, found
from kbsync.sandbox.store import Doc, Store


def site_of(store: Store) -> Site:
    """Return the site in a store, founded as Cloud if it is new."""
    settled = store.get("setting", "confluence") or {}
    site = Site(store, settled.get("deployment", "cloud"))
    found(site)
    return site


def comment_on(store: Store, page_id: str, words: str, text: str) -> Doc:
    """Comment on the first place of these words; in the browser this makes a version, unlike the API.

    Raises:
        Refusal: 400 when the words are not there, 404 without the page.
    """
    site = site_of(store)
    with store.transaction():
        page = site.page(page_id)
        pages.update(site, page, page["title"], site.body(page), Change(COLLEAGUE, message="Commented"))
        return comments.comment_words(site, site.page(page_id), words, 0, f"<p>{text}</p>", COLLEAGUE)


def edit(store: Store, page_id: str, *, body: str | None = None, title: str | None = None) -> Doc:
    """Publish an edit of a page by a colleague."""
    site = site_of(store)
    with store.transaction():
        page = site.page(page_id)
        text = site.body(page) if body is None else body
        return pages.update(site, page, title or page["title"], text, Change(COLLEAGUE))


def write(store: Store, space: str, title: str, body: str, parent_id: str | None = None) -> Doc:
    """Publish a colleague's new page, below the home page unless a parent is named."""
    site = site_of(store)
    with store.transaction():
        where = site.space_by_key(space)
        parent = site.content(parent_id or where["homepageId"])
        return pages.create(site, where, title, body, parent, Change(COLLEAGUE))


def hide(store: Store, page_id: str, *, hidden: bool = True) -> Doc:
    """Restrict a page so that the account of the token no longer sees it: 404, absent from every list."""
    site = site_of(store)
    doc = store.get("confluence.content", page_id)
    assert doc is not None, page_id
    return site.put(doc, hidden=hidden)


def unarchive(store: Store, page_id: str) -> Doc:
    """Bring an archived page back, which people do in the browser."""
    site = site_of(store)
    return site.put(site.page(page_id), status="current")
