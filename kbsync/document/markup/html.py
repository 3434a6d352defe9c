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

_TOKEN = re.compile(
    r"""(<(?:/([A-Za-z][^\s/<>]*+)(?:[^<>=]++|=\s*"[^"]*"|=\s*'[^']*'|=)*+>"""
    r"""|([A-Za-z][^\s/<>]*+)((?:[^<>=]++|=\s*"[^"]*"|=\s*'[^']*'|=)*+)>(?:([^<]*+)</\3>)?"""
    r"""|!--.*?(?:-->|\Z)|[!?/][^>]*(?:>|\Z)))""",
    re.DOTALL,
)
"""Markup, and in it: an end tag's name; a start tag's name and attributes, with the characters up to its end
tag where nothing else stands between."""

_REFERENCE = re.compile(r"&(?:#[0-9]+|#[xX][0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);")
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
_RAW_TEXT = frozenset(["iframe", "noembed", "noframes", "script", "style", "textarea", "title", "xmp"])
_ENDS_PARAGRAPH = frozenset(
    """address article aside blockquote center details dialog dir div dl fieldset figcaption figure footer form
    h1 h2 h3 h4 h5 h6 header hr main menu nav ol p pre section summary table ul""".split()
)
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
_ENDING = _ENDS_PARAGRAPH.union(_PARTS)
"""Tags whose start may end what stands open."""

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


class Tree:
    """The tree of one body, and whether its tags were balanced as they stood."""

    __slots__ = ("balanced", "inside", "paragraphs", "raw", "root", "stack")

    def __init__(self, raw: str) -> None:
        self.raw = raw
        self.inside: list[Element] = []
        self.root = Element(ROOT, 0, len(raw), "", "", self.inside)
        self.stack = [self.root]
        self.paragraphs = 0
        self.balanced = True

    def build(self) -> Tree:
        """Read the whole text."""
        raw = self.raw
        position = end = 0
        raw_text = ""
        pieces = _TOKEN.split(raw)
        for before, markup, closing, name, attributes, inner in zip(*[iter(pieces)] * 6, strict=False):
            start = end + len(before)
            end = start + len(markup)
            tag = (name or closing or "").lower()
            if raw_text:
                if tag != raw_text or (name and inner is None):
                    continue  # inside script, style or iframe only their own end tag is markup
                raw_text = ""
                behind = start if closing else end - len(tag) - 3
                self._text(position, behind, raw[position:behind])
                self._close(tag, behind, end)
            else:
                if before:
                    text = _decode(before) if "&" in before or "\r" in before else before
                    self.inside.append(Element(TEXT, position, start, "", text))
                if name and inner is not None:
                    self._leaf(tag, attributes, inner, start, end)
                elif name:
                    raw_text = self._open(tag, attributes, start, end)
                elif tag:
                    self._close(tag, start, end)
            position = end
        rest = raw[position:]
        self._text(position, len(raw), rest if raw_text else _decode(rest))
        self._pop_to(0, len(raw))
        return self

    def _text(self, start: int, end: int, text: str) -> None:
        if text:
            self.inside.append(Element(TEXT, start, end, "", text))

    def _leaf(self, tag: str, attributes: str, inner: str, start: int, end: int) -> None:
        """Add an element that holds at most text, from its start tag to its end tag."""
        behind = end - len(tag) - 3
        text: tuple[Element, ...] = ()
        if inner:
            if ("&" in inner or "\r" in inner) and tag not in _RAW_TEXT:
                text = (Element(TEXT, behind - len(inner), behind, "", _decode(inner)),)
            else:
                text = (Element(TEXT, behind - len(inner), behind, "", inner),)
        if tag in _VOID:  # `<br>text</br>`: nothing stands inside, and the end tag matches nothing
            self._open(tag, attributes, start, behind - len(inner))
            self.inside.extend(text)
            self.balanced = False
            return
        if tag in _ENDING:
            self._imply_ends(tag, start)
        if len(self.stack) > MAX_DEPTH:
            raise too_deep(self.raw, start)
        self.inside.append(_HtmlElement(tag, start, end, attributes, "", text))

    def _open(self, tag: str, attributes: str, start: int, end: int) -> str:
        """Add the element; returns its tag if only its own end tag is markup from here on."""
        if tag in _ENDING:
            self._imply_ends(tag, start)
        children: list[Element] = []
        element = _HtmlElement(tag, start, end, attributes, "", children)
        self.inside.append(element)
        if tag in _VOID:
            return ""
        if len(self.stack) > MAX_DEPTH:
            raise too_deep(self.raw, start)
        self.stack.append(element)
        self.inside = children
        if tag == "p":
            self.paragraphs += 1
        return tag if tag in _RAW_TEXT else ""

    def _imply_ends(self, tag: str, start: int) -> None:
        """Close what the start tag closes unsaid."""
        if self.paragraphs and tag in _ENDS_PARAGRAPH:
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
        self.inside = self.stack[-1].children  # type: ignore[assignment]  # what is open has a list
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
