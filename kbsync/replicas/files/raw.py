"""The raw form of an article's files and of a collection's file: text by locale, as stable JSON."""

from __future__ import annotations

import hashlib

import msgspec


class ArticleRaw(msgspec.Struct, frozen=True):
    """The files of one article: path and text by locale (`""` is the default locale)."""

    files: dict[str, FileText]


class FileText(msgspec.Struct, frozen=True):
    """One file below the content root."""

    path: str
    text: str


class CollectionRaw(msgspec.Struct, frozen=True):
    """A directory and the text of its `_collection.md`, None without one."""

    path: str
    text: str | None


# made on import: msgspec builds a type when it is first decoded, and two threads that do it at once crash
_ARTICLE = msgspec.json.Decoder(ArticleRaw)
_COLLECTION = msgspec.json.Decoder(CollectionRaw)


def encode(raw: ArticleRaw | CollectionRaw) -> str:
    """Return the JSON text."""
    return msgspec.json.encode(raw, order="sorted").decode()


def article(text: str) -> ArticleRaw:
    """Return the article's files."""
    return _ARTICLE.decode(text)


def collection(text: str) -> CollectionRaw:
    """Return the collection's file."""
    return _COLLECTION.decode(text)


def token(raw: str) -> str:
    """Return a version token: the digest of the content, never a time."""
    return hashlib.sha256(raw.encode()).hexdigest()[:32]
