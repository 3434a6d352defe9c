"""The raw form: what an article or a collection holds that kbsync answers for, as stable JSON.

What changes at every read is left out: URL signatures, counters, timestamps. Nothing of it is lost, for
writes are partial and never mention what is not here.
"""

from __future__ import annotations

import hashlib
from typing import Any, Literal

import msgspec

from kbsync.article import State
from kbsync.errors import RemoteError
from kbsync.replicas.intercom.client import Json
from kbsync.replicas.intercom.signing import bare


class Content(msgspec.Struct, frozen=True, omit_defaults=True):
    """One locale of an article: plain title and description, HTML body without signed queries."""

    title: str = ""
    description: str = ""
    body: str = ""
    state: State = "draft"
    author: int | None = None

    @property
    def text(self) -> tuple[str, str, str]:
        """Return what a staged draft can hold."""
        return self.title, self.description, self.body


class ArticleForm(msgspec.Struct, frozen=True, omit_defaults=True):
    """An article. `parents` are collection ids, `tags` names, `url` the public address of the default locale.

    `pending` tells that an unpublished draft lies over published content; where kbsync laid it there,
    `staged` holds it by locale.
    """

    default: str
    texts: dict[str, Content]
    parents: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    url: str = ""
    pending: bool = False
    staged: dict[str, Content] = {}

    def shown(self, locale: str) -> Content:
        """Return the content of a locale, staged before live."""
        return self.staged.get(locale) or self.texts[locale]


class Name(msgspec.Struct, frozen=True, omit_defaults=True):
    """A collection in one locale."""

    name: str = ""
    description: str = ""


class CollectionForm(msgspec.Struct, frozen=True, omit_defaults=True):
    """A collection; `parent` is another's id or ""."""

    default: str
    texts: dict[str, Name]
    parent: str = ""
    url: str = ""


# made on import: msgspec builds a type when it is first decoded, and two threads that do it at once crash
_ARTICLE = msgspec.json.Decoder(ArticleForm)
_COLLECTION = msgspec.json.Decoder(CollectionForm)


def encode(form: ArticleForm | CollectionForm) -> str:
    """Return the stable text of a form."""
    return msgspec.json.encode(form, order="sorted").decode()


def article_form(raw: str) -> ArticleForm:
    """Return the form of a text that `encode` made. Raises RemoteError."""
    try:
        return _ARTICLE.decode(raw)
    except msgspec.DecodeError as error:
        raise RemoteError(f"this is not an Intercom article as kbsync keeps it: {error}") from None


def collection_form(raw: str) -> CollectionForm:
    """Return the form of a text that `encode` made. Raises RemoteError."""
    try:
        return _COLLECTION.decode(raw)
    except msgspec.DecodeError as error:
        raise RemoteError(f"this is not an Intercom collection as kbsync keeps it: {error}") from None


def stamp(item: Json, raw: str) -> str:
    """Return a token that moves whenever the copy moves.

    `updated_at` counts whole seconds and follows the default language only, so the content joins in.
    """
    digest = hashlib.sha256(raw.encode()).hexdigest()[:16]
    return f"{_number(item.get('updated_at')) or 0}-{digest}"


def article(item: Json, default_locale: str) -> ArticleForm:
    """Return the form of an article as a list or a single reply shows it; every field is optional."""
    default = _text(item.get("default_locale")) or default_locale
    texts = {default: _content(item)}
    for locale, content in _translations(item):
        if locale != default and any(_text(content.get(name)).strip() for name in ("title", "body")):
            texts[locale] = _content(content)
    return ArticleForm(
        default=default,
        texts=dict(sorted(texts.items())),
        parents=_parents(item),
        tags=tuple(sorted({_text(tag.get("name")) for tag in tags(item)} - {""})),
        url=_text(item.get("url")),
        pending=is_pending(item),
    )


def collection(item: Json, default_locale: str) -> CollectionForm:
    """Return the form of a collection."""
    default = _text(item.get("default_locale")) or default_locale
    texts = {default: _name(item)}
    for locale, content in _translations(item):
        if locale != default and _text(content.get("name")).strip():
            texts[locale] = _name(content)
    parent = item.get("parent_id")
    return CollectionForm(
        default=default,
        texts=dict(sorted(texts.items())),
        parent=str(parent) if parent else "",
        url=_text(item.get("url")),
    )


def tags(item: Json) -> list[Json]:
    """Return the tags of an article; the list's key differs between documents and replies."""
    found = item.get("tags")
    if isinstance(found, dict):
        found = found.get("tags") or found.get("data")
    return [tag for tag in found if isinstance(tag, dict)] if isinstance(found, list) else []


def is_pending(item: Json) -> bool:
    """Tell whether any locale of a published article has unpublished changes."""
    translations = (content for _, content in _translations(item))
    return any(bool(content.get("has_unpublished_changes")) for content in (item, *translations))


def draft_moment(item: Json) -> int:
    """Return when a staged draft was last edited in any locale, 0 where nobody says."""
    translations = (content for _, content in _translations(item))
    return max(_number(content.get("draft_updated_at")) or 0 for content in (item, *translations))


def _translations(item: Json) -> list[tuple[str, Json]]:
    found = item.get("translated_content")
    return sorted((k, v) for k, v in found.items() if isinstance(v, dict)) if isinstance(found, dict) else []


def _content(item: Json) -> Content:
    return Content(
        title=_text(item.get("title")),
        description=_text(item.get("description")),
        body=bare(_text(item.get("body"))),
        state=_state(item.get("state")),
        author=_number(item.get("author_id")),
    )


def _name(item: Json) -> Name:
    return Name(_text(item.get("name")), _text(item.get("description")))


def _parents(item: Json) -> tuple[str, ...]:
    found = item.get("parent_ids")
    if found is None and item.get("parent_id"):
        found = [item["parent_id"]]
    return tuple(str(parent) for parent in found if parent) if isinstance(found, list) else ()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.isdigit():
        return int(value)
    return value if isinstance(value, int) else None


def _state(value: Any) -> Literal["published", "draft"]:
    return "published" if value == "published" else "draft"
