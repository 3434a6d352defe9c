"""What a help center holds: articles and collections, in all their locales."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from kbsync.document.blocks import Document

State: TypeAlias = Literal["published", "draft"]
Locale: TypeAlias = str


class Text(msgspec.Struct, frozen=True, omit_defaults=True):
    """One article in one locale."""

    title: str
    body: Document
    description: str = ""
    state: State = "published"


class Article(msgspec.Struct, frozen=True, omit_defaults=True, tag="article", tag_field="kind"):
    """One help article, known by its id.

    `place` is the id of its collection, "" for the top. `name` is its file name without suffix, which
    only the files replica holds. `author` is an Intercom teammate id. `labels` are sorted.
    """

    id: str
    texts: dict[Locale, Text]
    place: str = ""
    labels: tuple[str, ...] = ()
    name: str = ""
    author: int | None = None


class CollectionText(msgspec.Struct, frozen=True, omit_defaults=True):
    """A collection in one locale."""

    title: str
    description: str = ""


class Collection(msgspec.Struct, frozen=True, omit_defaults=True, tag="collection", tag_field="kind"):
    """A collection, known by its id; `parent` is another's id or "", `name` its directory name."""

    id: str
    texts: dict[Locale, CollectionText]
    parent: str = ""
    name: str = ""


Entry: TypeAlias = Article | Collection
