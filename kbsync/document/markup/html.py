"""A tolerant tree over HTML as browsers meet it: any text gives a tree, with character offsets.

It follows the HTML standard's tree construction (html.spec.whatwg.org, section 13.2.6) as far as bodies of
articles need it: void elements, implied end tags of p, li, dt, dd and the table parts, raw text elements,
bogus comments, end tags that match nothing.
"""

from __future__ import annotations

import re
from html import unescape
from types import MappingProxyType

from kbsync.document.markup.elements import MAX_DEPTH, ROOT, TEXT, Element, too_deep

_ATTRIBUTES = r"""[^<>=]*+(?:=(?:\s*+(?:"[^"]*"|'[^']*'))?+[^<>=]*+)*+"""
_TOKEN = re.compile(
    rf"""<(?:/([A-Za-z][^\s/<>]*+)(?:>|{_ATTRIBUTES}>)"""
    rf"""|([A-Za-z][^\s/<>]*+)(?:>|({_ATTRIBUTES})>)(?:([^<]*+)</\2>)?"""
    r"""|!--.*?(?:-->|\Z)|[!?/][^>]*(?:>|\Z))""",
    re.DOTALL,
)
"""Markup, and in it: an end tag's name; a start tag's name and attributes, with the characters up to its end
tag where nothing else stands between."""

_REFERENCE = re.compile(r"&(?:#[0-9]+|#[xX][0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);")
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
_RAW_TEXT = frozenset(["iframe", "noembed", "noframes", "script", "style", "textarea", "title", "xmp"])
ENDS_PARAGRAPH = frozenset(
    """address article aside blockquote center details dialog dir div dl fieldset figcaption figure footer form
    h1 h2 h3 h4 h5 h6 header hr main menu nav ol p pre section summary table ul""".split()
)
"""Tags whose start ends an open paragraph."""

_PARAGRAPH = frozenset(["p"])
_SCOPES = frozenset(["table", "td", "th", "caption", "object", "button", "template"])
_PARTS = MappingProxyType(
    {
        "li": (frozenset(["li"]), frozenset(["ul", "ol", "menu", "table", "td", "th"])),
        "dt": (frozenset(["dt", "dd"]), frozenset(["dl", "table"])),
        "dd": (frozenset(["dt", "dd"]), frozenset(["dl", "table"])),
        "td": (frozenset(["td", "th"]), frozenset(["tr", "table"])),
        "th": (frozenset(["td", "th"]), frozenset(["tr", "table"])),
        "tr": (frozenset(["tr"]), frozenset(["table"])),
        "tbody": (frozenset(["tbody", "thead", "tfoot", "colgroup"]), frozenset(["table"])),
        "thead": (frozenset(["tbody", "thead", "tfoot", "colgroup"]), frozenset(["table"])),
        "tfoot": (frozenset(["tbody", "thead", "tfoot", "colgroup"]), frozenset(["table"])),
    }
)
_ENDING = ENDS_PARAGRAPH.union(_PARTS)
"""Tags whose start may end what stands open."""

_INLINE = frozenset("a abbr b code del em font i ins label mark s small span strike strong sub sup u".split())
_NAMES = MappingProxyType({tag: tag for tag in _VOID | _RAW_TEXT | _ENDING | _INLINE})
"""Tags as they are mostly written: one string each, however often they occur."""

_TABLE_PARTS = frozenset(["table", "tbody", "thead", "tfoot", "tr", "td", "th", "caption"])
_WALLS = frozenset(["td", "th", "table"])


def _decode_attribute(text: str) -> str:
    """Decode only complete references: `?a=1&copy=2` in an address is no copyright sign."""
    return _REFERENCE.sub(lambda match: unescape(match[0]), text) if "&" in text else text


def _decode(text: str) -> str:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return unescape(text) if "&" in text else text


class _HtmlElement(Element, gc=False, eq=False):
    @staticmethod
    def decode(text: str) -> str:
        return _decode_attribute(text)


def _leaf(tag: str, attributes: str, inner: str, start: int, end: int) -> Element:
    """Return an element that holds at most text, from its start tag to its end tag."""
    if not inner:
        return _HtmlElement(tag, start, end, attributes)
    behind = end - len(tag) - 3
    text = inner
    if ("&" in inner or "\r" in inner) and tag not in _RAW_TEXT:
        text = _decode(inner)
    child = Element(TEXT, behind - len(inner), behind, "", text)
    return _HtmlElement(tag, start, end, attributes, "", (child,))


def _inside(stack: list[Element]) -> list[Element]:
    return stack[-1].children  # type: ignore[return-value]  # what is open has a list


class Tree:
    """The tree of one body, and whether its tags were balanced as they stood."""

    __slots__ = ("balanced", "paragraphs", "raw", "root", "stack")

    def __init__(self, raw: str) -> None:
        self.raw = raw
        self.root = Element(ROOT, 0, len(raw), "", "", [])
        self.stack = [self.root]
        self.paragraphs = 0
        self.balanced = True

    def build(self) -> Tree:  # noqa: C901, PLR0912  one loop: calls for each tag cost a fifth of its time
        """Read the whole text."""
        raw, stack = self.raw, self.stack
        inside = _inside(stack)
        position = 0
        raw_text = ""
        for token in _TOKEN.finditer(raw):
            closing, name, attributes, inner = token.groups()
            start, end = token.span()
            if raw_text:
                if self._ends(raw_text, token, position):
                    raw_text, position, inside = "", end, _inside(stack)
                continue  # inside script, style or iframe only their own end tag is markup
            if start > position:
                text = raw[position:start]
                if "&" in text or "\r" in text:
                    text = _decode(text)
                inside.append(Element(TEXT, position, start, "", text))
            position = end
            if name:
                tag = _NAMES.get(name) or name.lower()
                if tag in _ENDING and (
                    self.paragraphs or (tag in _PARTS and stack[-1].tag not in _PARTS[tag][1])
                ):
                    self._imply_ends(tag, start)
                    inside = _inside(stack)
                if tag in _VOID:
                    self._void(tag, attributes or "", inner, start, end)
                    continue
                if len(stack) > MAX_DEPTH:
                    raise too_deep(raw, start)
                if inner is not None:
                    inside.append(_leaf(tag, attributes or "", inner, start, end))
                    continue
                children: list[Element] = []
                element = _HtmlElement(tag, start, end, attributes or "", "", children)
                inside.append(element)
                stack.append(element)
                inside = children
                self.paragraphs += tag == "p"
                raw_text = tag if tag in _RAW_TEXT else ""
            elif closing:
                tag = _NAMES.get(closing) or closing.lower()
                if stack[-1].tag == tag:
                    self._pop(end)
                else:
                    self._close(tag, start, end)
                inside = _inside(stack)
        rest = raw[position:]
        self._text(position, len(raw), rest if raw_text else _decode(rest))
        self._pop_to(0, len(raw))
        return self

    def _ends(self, tag: str, token: re.Match[str], position: int) -> bool:
        """Close the element of raw text that stands open, if the token ends it; tell whether it does."""
        closing, name, _, inner = token.groups()
        if (name or closing or "").lower() != tag or (name and inner is None):
            return False
        behind = token.start() if closing else token.end() - len(tag) - 3
        self._text(position, behind, self.raw[position:behind])
        self._close(tag, behind, token.end())
        return True

    def _text(self, start: int, end: int, text: str) -> None:
        if text:
            _inside(self.stack).append(Element(TEXT, start, end, "", text))

    def _void(self, tag: str, attributes: str, inner: str | None, start: int, end: int) -> None:
        """Add an element that holds nothing; in `<br>text</br>` the end tag matches nothing."""
        if inner is None:
            _inside(self.stack).append(_HtmlElement(tag, start, end, attributes))
            return
        behind = end - len(tag) - 3
        _inside(self.stack).append(_HtmlElement(tag, start, behind - len(inner), attributes))
        self._text(behind - len(inner), behind, _decode(inner))
        self.balanced = False

    def _imply_ends(self, tag: str, start: int) -> None:
        """Close what the start tag closes unsaid."""
        if self.paragraphs and tag in ENDS_PARAGRAPH:
            self._imply(_PARAGRAPH, _SCOPES, start)
        if tag in _PARTS:
            self._imply(*_PARTS[tag], start)

    def _imply(self, ends: frozenset[str], scopes: frozenset[str], start: int) -> None:
        for depth in range(len(self.stack) - 1, 0, -1):
            tag = self.stack[depth].tag
            if tag in ends:
                self._pop_to(depth - 1, start)
                return
            if tag in scopes:
                return

    def _close(self, tag: str, start: int, end: int) -> None:
        if self.stack[-1].tag == tag:
            self._pop(end)
            return
        for depth in range(len(self.stack) - 1, 0, -1):
            element = self.stack[depth]
            if element.tag == tag:
                self._pop_to(depth, start)
                self._pop(end)
                return
            if element.tag in _WALLS and tag not in _TABLE_PARTS:
                break
        self.balanced = False

    def _pop(self, end: int) -> None:
        element = self.stack.pop()
        element.end = end
        if element.tag == "p":
            self.paragraphs -= 1

    def _pop_to(self, depth: int, end: int) -> None:
        """Close what stands open above `depth`, as if its end tag stood at `end`."""
        while len(self.stack) > depth + 1:
            self.balanced = False
            self._pop(end)


def parse(raw: str) -> Tree:
    """Return the tree of any text. Raises DocumentError when it nests deeper than MAX_DEPTH."""
    return Tree(raw).build()
