"""An entry as text for people: field lines and Markdown, and the difference of two."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from kbsync.document.blocks import Document
from kbsync.document.formats import PLAIN
from kbsync.document.markdown import MARKDOWN
from kbsync.state.records import Value
from kbsync.sync.fields import Field, Fields


def markdown(document: Document) -> str:
    """Return a body as Markdown."""
    return MARKDOWN.write(document, PLAIN).raw


def spell(value: Value) -> str:
    """Return a field's value as text."""
    if isinstance(value, Document):
        return markdown(value)
    return ", ".join(value) if isinstance(value, tuple) else "" if value is None else str(value)


def lines(fields: Fields) -> list[str]:
    """Return the entry line by line, one locale after the other, bodies last."""
    return list(_lines(fields))


def _lines(fields: Fields) -> Iterator[str]:
    ordered = sorted(fields, key=lambda field: (field.locale, field.name == "body", field.name))
    for field in ordered:
        value = fields[field]
        if value in ("", ()):
            continue
        if isinstance(value, Document):
            yield from ("", *markdown(value).splitlines(), "")
        else:
            yield f"{field.spelled()}: {spell(value)}"


def difference(before: Fields, after: Fields, name: str) -> str:
    """Return a unified diff of two entries, "" when they spell the same."""
    old, new = lines(before), lines(after)
    found = difflib.unified_diff(old, new, f"a/{name}", f"b/{name}", lineterm="", n=2)
    return "\n".join(found)


def named(field: Field) -> str:
    """Return a field's name for reports."""
    return field.spelled()
