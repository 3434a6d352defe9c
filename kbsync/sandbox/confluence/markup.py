"""Storage format as text and as a tree: XML with Confluence's two prefixes and HTML's named entities.

The format is XML and not HTML: an HTML parser turns CDATA into comments and lets self-closed `ri:*`
elements swallow their siblings ("Confluence Storage Format", confluence.atlassian.com/doc).
"""

from __future__ import annotations

import re
from html.entities import codepoint2name, name2codepoint
from typing import Any, Final, TypeAlias

from lxml import etree

from kbsync.sandbox.confluence.failure import invalid

Element: TypeAlias = Any
"""An `lxml.etree._Element`; lxml ships no types."""

AC: Final = "http://atlassian.com/content"
RI: Final = "http://atlassian.com/resource/identifier"
_OPEN: Final = f'<content xmlns:ac="{AC}" xmlns:ri="{RI}">'
_CLOSE: Final = "</content>"

_XML_ENTITIES: Final = frozenset({"amp", "lt", "gt", "quot", "apos"})
_SOURCE_TOKEN: Final = re.compile(r"<!\[CDATA\[.*?\]\]>|<!--.*?-->|&([A-Za-z][A-Za-z0-9]*);", re.DOTALL)
_OUTPUT_TOKEN: Final = re.compile(r"(<!\[CDATA\[.*?\]\]>|<!--.*?-->|<[^>]*>)", re.DOTALL)
_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_NAMED: Final = re.compile("[" + "".join(re.escape(chr(n)) for n in codepoint2name if n > 0x7F) + "]")  # noqa: PLR2004 - ASCII has its own rules
_POSITION: Final = re.compile(r", line (\d+), column (\d+).*$")


def ac(name: str) -> str:
    """Return the qualified name of an `ac:` element or attribute."""
    return f"{{{AC}}}{name}"


def ri(name: str) -> str:
    """Return the qualified name of an `ri:` element or attribute."""
    return f"{{{RI}}}{name}"


def parse(text: str) -> Element:
    """Return the root element around a storage body.

    Raises:
        Refusal: 400 with the message of the real service when the body is not well-formed.
    """
    if _NOT_XML.search(text):
        raise invalid("Error parsing xhtml: Illegal character")
    source = _OPEN + _SOURCE_TOKEN.sub(_decode_entity, text) + _CLOSE
    parser = etree.XMLParser(resolve_entities=False, strip_cdata=False, no_network=True, load_dtd=False)
    try:
        return etree.fromstring(source, parser)
    except etree.XMLSyntaxError as error:
        raise invalid(f"Error parsing xhtml: {_at(str(error))}") from None


def serialise(root: Element) -> str:
    """Return the text of a tree as Confluence writes it: named entities, `&#39;`, `<br />`."""
    text = etree.tostring(root, encoding="unicode")
    start = text.index(">") + 1
    inner = text[start : -len(_CLOSE)] if text.endswith(_CLOSE) else ""
    pieces = _OUTPUT_TOKEN.split(inner)
    return "".join(_tag(piece) if index % 2 else _text(piece) for index, piece in enumerate(pieces))


def plain_text(root: Element) -> str:
    """Return the words of a tree, one space between them."""
    return " ".join(" ".join(root.itertext()).split())


def _decode_entity(match: re.Match[str]) -> str:
    name = match[1]
    if name is None or name in _XML_ENTITIES or name not in name2codepoint:
        return match[0]
    return chr(name2codepoint[name])


def _at(message: str) -> str:
    found = _POSITION.search(message)
    if not found:
        return message
    column = int(found[2]) - (len(_OPEN) if found[1] == "1" else 0)
    return f"{message[: found.start()]}\n at [row,col {{unknown-source}}]: [{found[1]},{max(column, 1)}]"


def _tag(token: str) -> str:
    if token.startswith("<!"):
        return token
    if token.endswith("/>"):
        token = token[:-2].rstrip() + " />"
    return _NAMED.sub(_name, token)


def _text(token: str) -> str:
    return _NAMED.sub(_name, token).replace("'", "&#39;")


def _name(match: re.Match[str]) -> str:
    return f"&{codepoint2name[ord(match[0])]};"
