"""Bodies in other forms: a small HTML view, the editor's document format, and wiki markup read in.

The view is enough to read a page and to search for what is in it; it never lets markup of the body act:
only a short list of elements is written, every attribute but a checked `href` is dropped.
"""

from __future__ import annotations

import re
from html import escape
from typing import Any, Final

import msgspec

from kbsync.sandbox.confluence.failure import Json, invalid
from kbsync.sandbox.confluence.markup import Element, ac, parse, plain_text, ri

_KEPT: Final = frozenset(
    "p h1 h2 h3 h4 h5 h6 ul ol li strong em u s del sub sup code pre blockquote hr br table thead tbody tr th td".split()
)
_EMPTY: Final = frozenset({"hr", "br"})
_SILENT: Final = frozenset(
    {"script", "style", ac("parameter"), ac("task-id"), ac("task-uuid"), ac("task-status")}
)
_SAFE_HREF: Final = re.compile(r"(?i)(https?:|mailto:|/)")
_HEADING: Final = re.compile(r"h([1-6])\.\s+(.*)")
_LEVELS: Final = {f"h{n}": n for n in range(1, 7)}


def in_format(storage: str, body_format: str) -> str:
    """Return a storage body in another of the API's formats; "storage" and "editor" as they are."""
    if body_format in {"storage", "editor"}:
        return storage
    if body_format == "atlas_doc_format":
        return msgspec.json.encode(_document(parse(storage))).decode()
    return _children(parse(storage))


def to_storage(value: str, representation: str) -> str:
    """Return the storage form of a body that was sent in another one.

    Raises:
        Refusal: 400 when it cannot be read.
    """
    if representation == "storage":
        return value
    if representation == "wiki":
        return "".join(_wiki_block(block) for block in re.split(r"\n{2,}", value.strip()) if block)
    try:
        document = msgspec.json.decode(value, type=dict[str, Any])
    except msgspec.MsgspecError:
        raise invalid("Content body cannot be converted to new editor format") from None
    return "".join(_from_node(node) for node in document.get("content", []))


def excerpt(storage: str) -> str:
    """Return the first words of a body."""
    return plain_text(parse(storage))[:300]


def _children(element: Element) -> str:
    inside = escape(element.text or "", quote=False)
    return inside + "".join(_view(child) + escape(child.tail or "", quote=False) for child in element)


def _view(element: Element) -> str:
    tag = element.tag
    if not isinstance(tag, str) or tag in _SILENT:
        return ""
    if tag in _KEPT:
        return f"<{tag}/>" if tag in _EMPTY else f"<{tag}>{_children(element)}</{tag}>"
    special = _SPECIAL.get(tag)
    return special(element) if special else _children(element)


def _anchor(element: Element) -> str:
    href = element.get("href", "")
    return (
        f'<a href="{escape(href)}">{_children(element)}</a>' if _SAFE_HREF.match(href) else _children(element)
    )


def _plain(element: Element) -> str:
    return f"<pre>{escape(element.text or '', quote=False)}</pre>"


def _macro(element: Element) -> str:
    return f'<div class="confluence-{escape(element.get(ac("name"), ""))}-macro">{_children(element)}</div>'


def _link(element: Element) -> str:
    page = element.find(ri("page"))
    title = page.get(ri("content-title"), "") if page is not None else ""
    return f'<a href="#">{_children(element) or escape(title)}</a>'


_SPECIAL: Final = {
    "a": _anchor,
    ac("plain-text-body"): _plain,
    ac("link"): _link,
    ac("structured-macro"): _macro,
}


def _document(root: Element) -> Json:
    """Return the editor's document: headings and paragraphs with their words."""
    blocks = [_block(child) for child in root if isinstance(child.tag, str)]
    return {"type": "doc", "version": 1, "content": [block for block in blocks if block is not None]}


def _block(element: Element) -> Json | None:
    words = plain_text(element)
    content: list[Json] = [{"type": "text", "text": words}] if words else []
    if element.tag in _LEVELS:
        return {"type": "heading", "attrs": {"level": _LEVELS[element.tag]}, "content": content}
    return {"type": "paragraph", "content": content}


def _wiki_block(block: str) -> str:
    heading = _HEADING.fullmatch(block.strip())
    if heading:
        return f"<h{heading[1]}>{escape(heading[2], quote=False)}</h{heading[1]}>"
    return f"<p>{escape(block.strip(), quote=False)}</p>"


def _from_node(node: Any) -> str:
    if not isinstance(node, dict):
        raise invalid("Content body cannot be converted to new editor format")
    if node.get("type") == "text":
        return escape(str(node.get("text", "")), quote=False)
    inside = "".join(_from_node(child) for child in node.get("content", []))
    tag = _NODE_TAGS.get(str(node.get("type")), "")
    if node.get("type") == "heading":
        tag = f"h{int(node.get('attrs', {}).get('level', 1))}"
    return f"<{tag}>{inside}</{tag}>" if tag else inside


_NODE_TAGS: Final = {
    "paragraph": "p",
    "bulletList": "ul",
    "orderedList": "ol",
    "listItem": "li",
    "blockquote": "blockquote",
    "codeBlock": "pre",
}


def words(storage: str) -> str:
    """Return all the words of a body."""
    return plain_text(parse(storage))
