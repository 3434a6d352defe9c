"""A strict tree over an XML fragment: well-formed or refused, with character offsets.

expat judges well-formedness; the tree itself is built from the same text by one regular expression,
which is exact on well-formed input and keeps character offsets for free. The fragment stands inside a
root element, where XML allows no document type: no entity can be declared, so none can be expanded or
fetched.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html.entities import html5
from xml.parsers import expat

from kbsync.document.markup.elements import MAX_DEPTH, ROOT, TEXT, Element, too_deep
from kbsync.errors import DocumentError

_TOKEN = re.compile(
    r"""(<(?:/([^>]*)>|([^\s/<>!?=]++)((?:[^<>=]++|=\s*"[^"]*"|=\s*'[^']*'|=)*+)(?:(?<!/)>([^<]*+)</\3>|>)"""
    r"""|!--.*?(?:-->|\Z)|!\[CDATA\[(.*?)(?:\]\]>|\Z)|\?.*?(?:\?>|\Z)))""",
    re.DOTALL,
)
"""Markup, and in it: an end tag's name; a start tag's name and attributes, with the characters up to its end
tag where nothing else stands between; CDATA. What never ends reaches to the end, or each would be searched for anew."""

_OPEN = b"<root>"
_CLOSE = b"</root>"
_LITERAL = re.compile(r"<!\[CDATA\[.*?\]\]>|<!--.*?-->|<\?.*?\?>", re.DOTALL)
_NAMED = re.compile(r"&([^\s#&;<>\"']+);")
_REFERENCE = re.compile(r"&(#x?)?([^\s#&;<>\"']+);")
_MACRO_NAME = re.compile(r"""(?:^|\s)ac:name\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_MACROS = ("ac:structured-macro", "ac:macro")


def _resolve(match: re.Match[str]) -> str:
    number, name = match.groups()
    if number:
        return chr(int(name, 16 if len(number) > 1 else 10))
    return html5[f"{name};"]


def decode(text: str) -> str:
    """Return the text with its references resolved; names are those of HTML, as storage format allows."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _REFERENCE.sub(_resolve, text) if "&" in text else text


def check(raw: str) -> None:
    """Raise DocumentError unless the fragment is well-formed and names only entities that HTML knows."""
    parser = expat.ParserCreate("utf-8")
    parser.UseForeignDTD(True)  # names of entities are judged below, not by expat
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    try:
        parser.Parse(_OPEN, False)
        parser.Parse(raw.encode(), False)
        parser.Parse(_CLOSE, True)
    except expat.ExpatError as error:
        raise _refused(error, raw) from None
    except UnicodeEncodeError as error:
        line = raw.count("\n", 0, error.start) + 1
        raise DocumentError(f"line {line}: a lone surrogate is no character", line_number=line) from None
    if "&" in raw:
        _check_entities(raw)


def _refused(error: expat.ExpatError, raw: str) -> DocumentError:
    line, column = error.lineno, error.offset + 1
    if line == 1:
        column -= len(_OPEN)
    reason = expat.errors.messages.get(error.code, "not well-formed")
    lines = raw.split("\n")
    if line == len(lines) and column > len(lines[-1].encode()):
        opened = _still_open(raw)
        at = opened.start() if opened else len(raw)
        line, column = raw.count("\n", 0, at) + 1, at - raw.rfind("\n", 0, at)
        reason = f"<{opened[3]}> is not closed" if opened else "an element is not closed"
    return DocumentError(
        f"line {line}, column {column}: not well-formed XML: {reason}",
        hint="close every tag, quote every attribute, write & as &amp;",
        line_number=line,
    )


def _still_open(raw: str) -> re.Match[str] | None:
    """Return the start tag that nothing closes, the innermost of several."""
    opened: list[re.Match[str]] = []
    for token in _TOKEN.finditer(raw):
        _, end, name, attributes, text, _ = token.groups()
        if end is not None and opened:
            opened.pop()
        elif name and text is None and not attributes.endswith("/"):
            opened.append(token)
    return opened[-1] if opened else None


def _check_entities(raw: str) -> None:
    if all(f"{name};" in html5 for name in _NAMED.findall(raw)):
        return
    for found in _NAMED.finditer(_LITERAL.sub(lambda literal: " " * len(literal[0]), raw)):
        if f"{found[1]};" not in html5:
            line = raw.count("\n", 0, found.start()) + 1
            raise DocumentError(
                f"line {line}: the entity &{found[1]}; is not defined",
                hint="write the character itself",
                line_number=line,
            )


def is_well_formed(raw: str) -> bool:
    """Tell whether `parse` accepts the fragment."""
    try:
        parse(raw)
    except DocumentError:
        return False
    return True


def parse(raw: str) -> Element:
    """Return the root of the fragment; macros carry the tag `macro:<name>`.

    Raises DocumentError with line and reason when the fragment is not well-formed, names an entity HTML
    does not know, or nests deeper than MAX_DEPTH.
    """
    check(raw)
    return _build(raw)


class _XmlElement(Element, gc=False, eq=False):
    @staticmethod
    def decode(text: str) -> str:
        return decode(text)


def _build(raw: str) -> Element:
    children: list[Element] = []
    root = Element(ROOT, 0, len(raw), "", "", children)
    add = children.append
    outer: list[tuple[Element, Callable[[Element], None]]] = []
    end = 0
    pieces = _TOKEN.split(raw)
    for text, markup, closing, name, attributes, inner, cdata in zip(*[iter(pieces)] * 7, strict=False):
        start = end
        if text:
            start += len(text)
            add(_text(text, end))
        end = start + len(markup)
        if name:
            tag = _macro_tag(attributes) if name in _MACROS else name
            if attributes.endswith("/"):
                add(_XmlElement(tag, start, end, attributes))
                continue
            if len(outer) >= MAX_DEPTH:
                raise too_deep(raw, start)
            if inner is not None:
                leaf = (_text(inner, end - len(inner) - len(name) - 3),) if inner else ()
                add(_XmlElement(tag, start, end, attributes, "", leaf))
                continue
            children = []
            element: Element = _XmlElement(tag, start, end, attributes, "", children)
            add(element)
            outer.append((element, add))
            add = children.append
        elif closing:
            element, add = outer.pop()
            element.end = end
        elif cdata is not None:
            add(Element(TEXT, start, end, "", cdata.replace("\r\n", "\n")))
    if pieces[-1]:
        add(_text(pieces[-1], end))
    return root


def _text(text: str, start: int) -> Element:
    decoded = decode(text) if "&" in text or "\r" in text else text
    return Element(TEXT, start, start + len(text), "", decoded)


def _macro_tag(attributes: str) -> str:
    found = _MACRO_NAME.search(attributes)
    return f"macro:{decode(found[1] or found[2] or '')}" if found else "macro:"
