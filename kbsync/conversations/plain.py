"""The words of a message body: HTML to plain text, without what was quoted."""

from __future__ import annotations

import re

from lxml import html
from lxml.etree import ParserError

_BLOCKS = frozenset("p div br li tr h1 h2 h3 h4 h5 h6 ul ol table blockquote pre".split())
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
    body = body[:MAX_CHARACTERS]
    if not _MARKUP.search(body):
        return html.fromstring(f"<p>{body}</p>").text_content().strip() if "&" in body else body.strip()
    try:
        tree = html.document_fromstring(body.replace("\0", ""))
    except (ParserError, ValueError):
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
            edge = "\n" if tag in _BLOCKS else ""
            stack.append("" if tag == "br" else edge)
            for child in reversed(node):
                stack += [child.tail or "", child]
            parts.append(edge + (node.text or ""))
