"""Links and images of storage format to inlines."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Final

from kbsync.document.blocks import Align, Image, Inline, Link, Target, Text
from kbsync.document.confluence.addresses import PageName, attachment_address, page_address
from kbsync.document.markup.elements import Element, content
from kbsync.document.markup.reading import Inlines, Reader, collapse

_LAYOUTS: Final = MappingProxyType[str, Align](
    {
        "left": "left",
        "center": "center",
        "right": "right",
        "align-start": "left",
        "align-end": "right",
        "wrap-left": "left",
        "wrap-right": "right",
    }
)
_PIXELS: Final = re.compile(r"\s*(\d{1,6})(?:\.\d+)?(?:px)?\s*", re.ASCII)


def anchor(reader: Reader, element: Element) -> Inline | Inlines:
    """Return a plain link; an `a` without address only marks a place."""
    children = reader.inlines(element.children)
    href = element.get("href").strip()
    if not href:
        return children
    return Link(reader.links.read(href), children or (Text(href),), element.get("title"))


def link(reader: Reader, element: Element) -> Inline:
    """Return the link to a page, an attachment or an anchor; other resources are opaque."""
    body = element.find("ac:link-body", "ac:plain-text-link-body")
    children = reader.inlines(body.children) if body else ()
    named = _resource(element)
    if named is None:
        seen = content(body) if body else _mentioned(element)
        return reader.opaque_inline(element, collapse(seen).strip(" "))
    address, name = named
    return Link(reader.links.read(address), children or (Text(name),))


def _resource(element: Element) -> tuple[str, str] | None:
    """Return the address a link or image names and what readers see without a body, None for others."""
    place = element.get("ac:anchor")
    resource = next((child for child in element.children if child.tag.startswith("ri:")), None)
    if resource is None:
        return (f"#{place}", place) if place else None
    if resource.tag == "ri:page" and resource.get("ri:content-title"):
        title = resource.get("ri:content-title")
        return page_address(PageName(resource.get("ri:space-key"), title, place)), title
    if (
        resource.tag == "ri:attachment"
        and resource.find("ri:page", "ri:blog-post", "ri:content-entity") is None
    ):
        name = resource.get("ri:filename")
        return (attachment_address(name), name) if name and not place else None
    if resource.tag == "ri:url" and resource.get("ri:value"):
        return resource.get("ri:value"), resource.get("ri:value")
    return None


def _mentioned(element: Element) -> str:
    user = element.find("ri:user")
    if user is None:
        return content(element)
    name = user.get("ri:username") or user.get("ri:account-id") or user.get("ri:userkey")
    return f"@{name}" if name else ""


def image(reader: Reader, element: Element) -> Image | None:
    """Return the image, None when it lies where no address reaches (another page's attachment)."""
    named = _resource(element)
    if named is None:
        return None
    target: Target = reader.links.read(named[0])
    return Image(
        target,
        element.get("ac:alt"),
        element.get("ac:title"),
        _pixels(element.get("ac:width")),
        _pixels(element.get("ac:height")),
    )


def inline_image(reader: Reader, element: Element) -> Inline:
    """Return an image in running text."""
    return image(reader, element) or reader.opaque_inline(element, element.get("ac:alt"))


def image_align(element: Element) -> Align | None:
    """Return how an image that stands alone is aligned."""
    return _LAYOUTS.get(element.get("ac:align")) or _LAYOUTS.get(element.get("ac:layout"))


def _pixels(value: str) -> int | None:
    found = _PIXELS.fullmatch(value)
    return int(found[1]) or None if found else None
