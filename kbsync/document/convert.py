"""From one form of a body into another: what `kbsync convert` does.

The forms are Markdown, Intercom's HTML, Confluence's storage format, and the document itself as JSON:
`{"blocks": [{"kind": "paragraph", "children": [...]}, ...]}`, every node its fields beside its `kind`,
fields with their default value left out, and no places.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

import msgspec

from kbsync.document.blocks import Document
from kbsync.document.formats import PLAIN, Format, FormatName, Loss
from kbsync.errors import DocumentError, UsageError

Form: TypeAlias = FormatName | Literal["json"]

FORMS: Final[tuple[Form, ...]] = ("markdown", "intercom", "confluence", "json")

_FRONT_MATTER: Final = re.compile(
    r"\A\ufeff?---[ \t]*\r?\n(?:.*?\r?\n)?---[ \t]*(?:\r?\n|\Z)(?:[ \t]*\r?\n)*", re.DOTALL
)
_FRONT_MATTER_KEY: Final = re.compile(r"^[\w-]+[ \t]*:", re.MULTILINE)
_DROPPED: Final = Loss("front-matter", "the front matter is no part of the body and was left out")
_DECODER: Final = msgspec.json.Decoder(Document)


@dataclass(frozen=True, slots=True)
class Converted:
    """The body in its new form, and what that form could not hold."""

    text: str
    losses: tuple[Loss, ...] = ()


def convert(text: str, source: str, target: str) -> Converted:
    """Return a body of the form `source` in the form `target`.

    YAML front matter above a Markdown body is passed over: kept where the target is Markdown, a loss
    elsewhere.

    Raises:
        DocumentError: the text cannot be read as `source`.
        UsageError: there is no such form.

    """
    for form in (source, target):
        if form not in FORMS:
            raise UsageError(f"there is no format {form!r}", hint=f"take one of {', '.join(FORMS)}")
    matter, body = split_front_matter(text) if source == "markdown" else ("", text)
    document = _document(body, source)
    converted = _text(document, target)
    if matter and target == "markdown":
        return Converted(matter + converted.text, converted.losses)
    return Converted(converted.text, (_DROPPED, *converted.losses)) if matter else converted


def split_front_matter(text: str) -> tuple[str, str]:
    """Return the front matter above a Markdown body, with its rules and blank lines, and the body."""
    found = _FRONT_MATTER.match(text)
    if found is None or not _is_front_matter(found[0]):
        return "", text
    return found[0], text[found.end() :]


def _is_front_matter(block: str) -> bool:
    return bool(_FRONT_MATTER_KEY.search(block)) or not block.replace("-", "").strip("\ufeff \t\r\n")


def from_json(text: str) -> Document:
    """Return the document that `to_json` wrote.

    Raises:
        DocumentError: the text is no JSON, or no document; with the place.

    """
    try:
        return _DECODER.decode(text.encode())
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise DocumentError(
            f"this is no document in JSON: {error}", hint="write one with kbsync convert --to json"
        ) from error


def to_json(document: Document) -> str:
    """Return the document as indented JSON without places; equal documents give equal text.

    Raises:
        DocumentError: the document is nested too deep.

    """
    try:
        bare = _without_places(msgspec.to_builtins(document))
    except RecursionError:
        raise DocumentError("the document is nested too deep", hint="nest its blocks less") from None
    return msgspec.json.format(msgspec.json.encode(bare), indent=2).decode() + "\n"


def _without_places(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_places(each) for key, each in value.items() if key != "source"}
    if isinstance(value, list | tuple):
        return [_without_places(each) for each in value]
    return value


def _document(text: str, form: str) -> Document:
    return from_json(text) if form == "json" else format_of(form).read(text, PLAIN)


def _text(document: Document, form: str) -> Converted:
    if form == "json":
        return Converted(to_json(document))
    rendered = format_of(form).write(document, PLAIN)
    return Converted(rendered.raw, rendered.losses)


def format_of(name: str) -> Format:
    """Return a format by its name; its modules are loaded when it is first asked for."""
    return _FORMATS[name]()


def _markdown() -> Format:
    found: Format = import_module("kbsync.document.markdown").MARKDOWN
    return found


def _intercom() -> Format:
    found: Format = import_module("kbsync.document.intercom").INTERCOM
    return found


def _confluence() -> Format:
    found: Format = import_module("kbsync.document.confluence").CONFLUENCE
    return found


_FORMATS: Final[Mapping[str, Callable[[], Format]]] = MappingProxyType(
    {"markdown": _markdown, "intercom": _intercom, "confluence": _confluence}
)
