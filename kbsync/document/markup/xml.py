"""A strict tree over an XML fragment: well-formed or refused, with character offsets.

expat judges well-formedness; the tree itself is built from the same text by one regular expression,
which is exact on well-formed input and keeps character offsets for free. The fragment stands inside a
root element, where XML allows no document type: no entity can be declared, so none can be expanded or
fetched.
"""

from __future__ import annotations

import re
from html.entities import html5
from xml.parsers import expat

from kbsync.document.markup.elements import MAX_DEPTH, ROOT, TEXT, Element
from kbsync.errors import DocumentError

_TOKEN = re.compile(
    r"""<(?:(/)?([^\s/<>!?=]+)((?:=\s*"[^"]*"|=\s*'[^']*'|[^<>=]++|=)*+)>"""
    r"""|!--.*?-->|!\[CDATA\[(.*?)\]\]>|\?.*?\?>)""",
    re.DOTALL,
)
_REFERENCE = re.compile(r"&(#[xX]?)?(\w+);")
_MACRO_NAME = re.compile(r"""(?:^|\s)ac:name\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_MACROS = ("ac:structured-macro", "ac:macro")


def _resolve(match: re.Match[str]) -> str:
    number, name = match.groups()
    if number:
        return chr(int(name, 16 if len(number) > 1 else 10))
    character = html5.get(f"{name};")
    if character is None:
        raise DocumentError(f"the entity &{name}; is not defined", hint="write the character itself")
    return character


def decode(text: str) -> str:
    """Return the text with its references resolved; names are those of HTML, as storage format allows."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _REFERENCE.sub(_resolve, text) if "&" in text else text


def check(raw: str) -> None:
    """Raise DocumentError unless the fragment is well-formed."""
    parser = expat.ParserCreate("utf-8")
    parser.UseForeignDTD(True)  # names of entities are judged by decode, not by expat
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    try:
        parser.Parse(b"<root>", False)
        parser.Parse(raw.encode(), False)
        parser.Parse(b"</root>", True)
    except expat.ExpatError as error:
        reason = expat.errors.messages.get(error.code, "not well-formed")
        raise _refused(reason, error.lineno, error.offset + 1) from None
    except UnicodeEncodeError as error:
        line = raw.count("\n", 0, error.start) + 1
        raise _refused("a lone surrogate is no character", line, 0) from None


def _refused(reason: str, line: int, column: int) -> DocumentError:
    place = f"line {line}" + (f", column {column}" if column else "")
    return DocumentError(f"not well-formed at {place}: {reason}", line_number=line)


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
    try:
        return _build(raw)
    except DocumentError as error:
        raise _located(error, raw) from None


def _located(error: DocumentError, raw: str) -> DocumentError:
    if error.line_number or "entity" not in error.message:
        return error
    name = error.message.split()[2]
    line = raw.count("\n", 0, max(raw.find(name), 0)) + 1
    return DocumentError(f"line {line}: {error.message}", hint=error.hint, line_number=line)


def _build(raw: str) -> Element:
    root = Element(ROOT, 0, len(raw), "", decode)
    stack = [root]
    siblings = root.children
    position = 0
    for match in _TOKEN.finditer(raw):
        start, end = match.span()
        if start > position:
            siblings.append(_text(decode(raw[position:start]), position, start))
        position = end
        closing, name, attributes, cdata = match.groups()
        if name is None:
            if cdata is not None:
                siblings.append(_text(cdata.replace("\r\n", "\n"), start, end))
        elif closing:
            stack.pop().end = end
            siblings = stack[-1].children
        else:
            element = _element(name, attributes, start, end)
            siblings.append(element)
            if not attributes.endswith("/"):
                _push(stack, element, raw)
                siblings = element.children
    if position < len(raw):
        siblings.append(_text(decode(raw[position:]), position, len(raw)))
    return root


def _push(stack: list[Element], element: Element, raw: str) -> None:
    if len(stack) > MAX_DEPTH:
        line = raw.count("\n", 0, element.start) + 1
        raise DocumentError(
            f"line {line}: elements are nested more than {MAX_DEPTH} deep",
            hint="take some of the nesting away",
            line_number=line,
        )
    stack.append(element)


def _text(text: str, start: int, end: int) -> Element:
    return Element(TEXT, start, end, "", decode, text)


def _element(name: str, attributes: str, start: int, end: int) -> Element:
    if name in _MACROS:
        found = _MACRO_NAME.search(attributes)
        name = f"macro:{decode(found[1] or found[2] or '')}" if found else "macro:"
    return Element(name, start, end, attributes, decode)
