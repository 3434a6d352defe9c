"""An entry as a flat map of fields, so that each can be compared, carried over and merged by itself.

A field that is missing is simply not there: a locale is removed when its title is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple, TypeAlias, cast

import msgspec

from kbsync.article import Article, Collection, CollectionText, Entry, State, Text
from kbsync.document import canon
from kbsync.document.blocks import Document
from kbsync.document.lens import lift as lift_body
from kbsync.replicas.base import Kind
from kbsync.state.records import Value


class Field(NamedTuple):
    """A field's name, and its locale where it has one."""

    name: str
    locale: str = ""

    def spelled(self) -> str:
        """Return `title.en` or `place`."""
        return f"{self.name}.{self.locale}" if self.locale else self.name


Fields: TypeAlias = dict[Field, Value]
EMPTY = Document()


def place_of(entry: Entry) -> str:
    """Return the collection an entry stands in, empty at the top."""
    return entry.place if isinstance(entry, Article) else entry.parent


def flatten(entry: Entry) -> Fields:
    """Return the fields of an entry; what it leaves out is not in the map."""
    fields: Fields = {Field("place"): place_of(entry)}
    fields[Field("name")] = entry.name or None
    for locale, text in entry.texts.items():
        fields[Field("title", locale)] = text.title
        fields[Field("description", locale)] = text.description
        if isinstance(text, Text):
            fields[Field("state", locale)] = text.state
            fields[Field("body", locale)] = text.body
    if isinstance(entry, Article):
        fields[Field("labels")] = tuple(sorted(set(entry.labels)))
        fields[Field("author")] = entry.author
    return {field: value for field, value in fields.items() if value is not None}


def assemble(kind: Kind, id: str, fields: Fields) -> Entry:
    """Return the entry that has these fields."""
    place = cast("str", fields.get(Field("place"), ""))
    name = cast("str", fields.get(Field("name"), ""))
    if kind == "collection":
        texts = {locale: _collection_text(fields, locale) for locale in locales(fields)}
        return Collection(id, texts, place, name)
    labels = cast("tuple[str, ...]", fields.get(Field("labels"), ()))
    author = cast("int | None", fields.get(Field("author")))
    return Article(id, {loc: _text(fields, loc) for loc in locales(fields)}, place, labels, name, author)


def _collection_text(fields: Fields, locale: str) -> CollectionText:
    title = cast("str", fields[Field("title", locale)])
    return CollectionText(title, cast("str", fields.get(Field("description", locale), "")))


def _text(fields: Fields, locale: str) -> Text:
    return Text(
        title=cast("str", fields[Field("title", locale)]),
        body=cast("Document", fields.get(Field("body", locale), EMPTY)),
        description=cast("str", fields.get(Field("description", locale), "")),
        state=cast("State", fields.get(Field("state", locale), "published")),
    )


def locales(fields: Iterable[Field]) -> list[str]:
    """Return the locales that have a title, sorted."""
    return sorted(field.locale for field in fields if field.name == "title")


def same(field: Field, one: Value, other: Value) -> bool:
    """Tell whether two values of a field are equal; bodies are compared under canon."""
    if field.name == "body" and isinstance(one, Document) and isinstance(other, Document):
        return one == other or canon.same(one, other)
    return one == other


def differing(one: Fields, other: Fields) -> tuple[Field, ...]:
    """Return the fields in which two entries differ, sorted."""
    return tuple(f for f in sorted(one.keys() | other.keys()) if not same(f, one.get(f), other.get(f)))


def empty(value: Value) -> bool:
    """Tell whether a field says nothing."""
    return value in (None, "", ()) or value == EMPTY


def put(fields: Fields, field: Field, value: Value) -> None:
    """Set a field, or remove it when the value is None."""
    if value is None:
        fields.pop(field, None)
    else:
        fields[field] = value


def whole(fields: Fields, disputed: Iterable[Field] = ()) -> Fields:
    """Return the fields without those of a locale that lost its title; a disputed one is not lost."""
    present = {"", *locales(fields), *locales(disputed)}
    return {field: value for field, value in fields.items() if field.locale in present}


def lift(agreed: Fields, before: Fields, after: Fields) -> Fields:
    """Carry an edit, seen in one replica's own projection, over to the entry in full.

    `before` and `after` are what the replica showed of `agreed` and shows now. What it cannot hold is
    in neither, and stays.
    """
    version = dict(agreed)
    for field in differing(before, after):
        put(version, field, _carried(field, agreed.get(field), before.get(field), after.get(field)))
    return whole(version)


def _carried(field: Field, agreed: Value, before: Value, after: Value) -> Value:
    if field.name == "labels":
        return merge_labels(_labels(agreed), (_labels(before), _labels(after)))
    if isinstance(after, Document):
        old, base = before or EMPTY, agreed or EMPTY
        return lift_body(cast("Document", base), cast("Document", old), after)
    return after


def merge_labels(base: Iterable[str], *edits: tuple[Iterable[str], Iterable[str]]) -> tuple[str, ...]:
    """Return the base with the labels that each edit (before, after) added, without those it removed."""
    added = {label for before, after in edits for label in set(after) - set(before)}
    removed = {label for before, after in edits for label in set(before) - set(after)}
    return tuple(sorted((set(base) - removed) | added))


def _labels(value: Value) -> tuple[str, ...]:
    return cast("tuple[str, ...]", value or ())


def digest(kind: Kind, fields: Fields) -> str:
    """Return a digest that two entries share exactly when they are the same."""
    spelled = {
        field.spelled(): canon.digest(value) if isinstance(value, Document) else value
        for field, value in fields.items()
    }
    data = msgspec.json.encode([kind, spelled], order="deterministic")
    return hashlib.sha256(data).hexdigest()


def raw_digest(raw: str) -> str:
    """Return the digest of a raw form."""
    return hashlib.sha256(raw.encode()).hexdigest()
