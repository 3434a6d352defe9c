"""The words of a message body: HTML to plain text, without what was quoted."""

from __future__ import annotations

import re
from html import unescape

from lxml import html
from lxml.etree import ParserError

_BLOCKS = frozenset("p div br li tr h1 h2 h3 h4 h5 h6 ul ol table blockquote pre".split())
_CELLS = frozenset({"td", "th"})
_DROPPED = frozenset("script style head title template blockquote".split())
_QUOTE_CLASSES = frozenset("gmail_quote yahoo_quoted moz-cite-prefix OutlookMessageHeader".split())
_MARKUP = re.compile(r"<[a-zA-Z/!]")
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\n{3,}")
MAX_CHARACTERS = 200_000


def plain(body: str | None) -> str:
    """Return the text of an HTML body; a text without tags is returned as it is."""
    if not body:
        return ""
    body = body[:MAX_CHARACTERS].replace("\0", "").encode("utf-8", "replace").decode()
    if not _MARKUP.search(body):
        return unescape(body).replace("\0", "").strip()
    # Bytes, because lxml refuses a text that declares an encoding; huge_tree, because mail nests deep.
    parser = html.HTMLParser(encoding="utf-8", huge_tree=True)
    try:
        tree = html.document_fromstring(body.encode(), parser=parser)
    except ParserError:
        return ""
    parts = list[str]()
    _collect(tree, parts)
    text = _SPACES.sub(" ", "".join(parts).replace("\xa0", " "))
    return _LINES.sub("\n\n", "\n".join(line.strip() for line in text.split("\n"))).strip()


def _collect(root: html.HtmlElement, parts: list[str]) -> None:
    """Append the text below an element; a stack, because mail nests deeper than Python recurses."""
    stack: list[html.HtmlElement | str] = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            parts.append(node)
            continue
        tag = node.tag if isinstance(node.tag, str) else ""
        if tag and tag not in _DROPPED and not _QUOTE_CLASSES & set((node.get("class") or "").split()):
            edge = "\n" if tag in _BLOCKS else " " if tag in _CELLS else ""
            stack.append("" if tag == "br" else edge)
            for child in reversed(node):
                stack += [child.tail or "", child]
            parts.append(edge + (node.text or ""))
