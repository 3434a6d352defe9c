"""Reading posted HTML, and writing tags the way Intercom writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import Any, Final, TypeAlias

from lxml import html

from kbsync.sandbox.intercom.problems import Refusal

Node: TypeAlias = Any
"""An lxml element."""

ALIGNMENTS: Final = (
    "intercom-align-center",
    "intercom-align-right",
    "intercom-align-justify",
    "intercom-align-left",
)
HEADINGS: Final = ("h1", "h2", "h3", "h4", "h5", "h6")
REMOVED: Final = frozenset(
    {"script", "style", "noscript", "template", "head", "title", "meta", "link", "input"}
)
INLINE: Final = frozenset(
    "a abbr b bdi bdo big br cite code data del dfn em font i ins kbd label mark q s samp small span strike "
    "strong sub sup time tt u var wbr".split()
)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_SPACE = " \t\r\n\f"


def parse(text: str) -> Node:
    """Return the posted HTML as one element around it all."""
    try:
        return html.fragment_fromstring(_CONTROL.sub("", text), create_parent="div")
    except (ValueError, html.etree.ParserError) as error:
        raise Refusal(400, "parameter_invalid", f"body is not valid HTML: {error}", "body") from error


def tag(node: Node) -> str:
    """Return the element's name, "" for comments and processing instructions."""
    return node.tag if isinstance(node.tag, str) else ""


def children(node: Node) -> Iterator[str | Node]:
    """Yield text and elements in order; what Intercom throws away whole is left out."""
    if node.text:
        yield node.text
    for child in node:
        if tag(child) and tag(child) not in REMOVED:
            yield child
        if child.tail:
            yield child.tail


def classes(node: Node) -> list[str]:
    """Return the element's classes."""
    return (node.get("class") or "").split()


def alignment(node: Node) -> str:
    """Return the alignment class, "" without one that counts."""
    return next((name for name in classes(node) if name in ALIGNMENTS[:3]), "")


def is_blank(text: str) -> bool:
    """Tell whether a text is only HTML whitespace; a non-breaking space is not."""
    return not text.strip(_SPACE)


def is_inline(node: Node) -> bool:
    """Tell whether an element stands in a line of text; a button and an image do not."""
    return tag(node) in INLINE and not is_button(node) and not holds_image(node)


def is_button(node: Node) -> bool:
    """Tell whether a link is a button."""
    return tag(node) == "a" and "intercom-h2b-button" in classes(node)


def holds_image(node: Node) -> bool:
    """Tell whether an element is or contains an image."""
    return tag(node) == "img" or node.find(".//img") is not None


def styles(node: Node, *names: str) -> str:
    """Return the named declarations of a style attribute, as Intercom spells them."""
    found: dict[str, str] = {}
    for declaration in (node.get("style") or "").split(";"):
        name, _, value = declaration.partition(":")
        if name.strip().lower() in names and value.strip():
            found[name.strip().lower()] = value.strip()
    return " ".join(f"{name}: {value};" for name, value in found.items())


def text(value: str) -> str:
    """Return text as Intercom escapes it."""
    return escape(value, quote=False).replace("\xa0", "&nbsp;")


def element(name: str, content: str, **attributes: str | None) -> str:
    """Return an element; attributes that are None or "" are left out, `class_` is `class`."""
    return f"{opening(name, **attributes)}{content}</{name}>"


def opening(name: str, **attributes: str | None) -> str:
    """Return a start tag, also of an element that has no end."""
    given = ((key.rstrip("_"), escape(value)) for key, value in attributes.items() if value)
    return "".join([f"<{name}", *(f' {key}="{value}"' for key, value in given), ">"])
