"""The raw form: the pages of one article or collection, as stable JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from kbsync.article import Locale
from kbsync.errors import RemoteError
from kbsync.replicas.base import Kind, Reading
from kbsync.replicas.confluence.page import Mark, Page

DRAFT: Final = "draft"
"""The label of an article that is not published."""


class Leaf(msgspec.Struct, frozen=True, omit_defaults=True):
    """One page; `title` is the page's own, `body` storage format. `id` and `version` only where it exists."""

    title: str
    body: str = ""
    id: str = ""
    version: int = 0
    mark: Mark | None = None

    @property
    def plain(self) -> str:
        """Return the title without the suffix that only tells it from its namesakes in Confluence."""
        if self.mark is not None and self.mark.page_title and self.mark.page_title == self.title:
            return self.mark.title
        return self.title


class Form(msgspec.Struct, frozen=True, omit_defaults=True):
    """One article or collection. `parent` is a page or folder id, "" at the top; labels include `draft`."""

    page: Leaf
    parent: str = ""
    labels: tuple[str, ...] = ()
    translations: dict[Locale, Leaf] = {}

    @property
    def draft(self) -> bool:
        """Tell whether it is unpublished: labelled so, or made by a person and never taken over."""
        return self.page.mark is None or DRAFT in self.labels


# made on import: msgspec builds a type when it is first decoded, and two threads that do it at once crash
_FORM = msgspec.json.Decoder(Form)


def encode(form: Form) -> str:
    """Return the stable text of a form."""
    return msgspec.json.encode(form, order="sorted").decode()


def decode(raw: str) -> Form:
    """Return the form of a text that `encode` made. Raises RemoteError."""
    try:
        return _FORM.decode(raw)
    except msgspec.DecodeError as error:
        raise RemoteError(f"this is not a Confluence page as kbsync keeps it: {error}") from None


def stamp(page: Page, translations: Mapping[Locale, Page]) -> str:
    """Return a token that moves whenever the pages move: versions, parents, status.

    Moving a page below another parent makes no version, so the parent is part of it.
    """
    return ";".join([_stamp(page), *(f"{k}={_stamp(v)}" for k, v in sorted(translations.items()))])


def _stamp(page: Page) -> str:
    status = "" if page.status == "current" else f"!{page.status}"
    return f"{page.version}@{page.parent}{status}"


def reading(page: Page, translations: Mapping[Locale, Page], top: frozenset[str]) -> Reading:
    """Return what whole pages show; `top` are the parents that stand for no collection at all."""
    form = Form(
        page=leaf(page),
        parent="" if page.parent in top else page.parent,
        labels=page.labels,
        translations={locale: leaf(kid) for locale, kid in sorted(translations.items())},
    )
    kind: Kind = "collection" if page.mark is not None and page.mark.kind == "collection" else "article"
    return Reading(
        kind=kind,
        handle=page.id,
        token=stamp(page, translations),
        raw=encode(form),
        alias=page.title,
        id=page.mark.id if page.mark is not None else "",
        retired=page.archived,
    )


def leaf(page: Page) -> Leaf:
    """Return the leaf of a whole page."""
    return Leaf(page.title, page.body, page.id, page.version, page.mark)
