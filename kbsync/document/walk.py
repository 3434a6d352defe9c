"""Walking a document: every node, in reading order."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kbsync.document.blocks import (
    Button,
    Code,
    Document,
    Figure,
    Heading,
    Image,
    Link,
    Node,
    OpaqueInline,
    Target,
    Text,
)

_NOT_IN_SLUGS = re.compile(r"[^\w\- ]")


def nodes(node: Node) -> Iterator[Node]:
    """Yield a node and everything below it, in reading order."""
    yield node
    for name in node.__struct_fields__:
        value = getattr(node, name)
        if isinstance(value, Node):
            yield from nodes(value)
        elif isinstance(value, tuple):
            for child in value:
                if isinstance(child, Node):
                    yield from nodes(child)


def targets(document: Document) -> Iterator[tuple[Target, bool]]:
    """Yield what links and images name, and whether it is an image."""
    for node in nodes(document):
        match node:
            case Image(target=target):
                yield target, True
            case Link(target=target) | Button(target=target):
                yield target, False
            case Figure(link=link) if link is not None:
                yield link, False


def text(node: Node) -> str:
    """Return the characters a reader sees."""
    return "".join(n.text for n in nodes(node) if isinstance(n, Text | Code | OpaqueInline))


def anchors(document: Document) -> tuple[str, ...]:
    """Return the slugs of all headings as GitHub makes them, repeated ones numbered."""
    seen: dict[str, int] = {}
    slugs = list[str]()
    for node in nodes(document):
        if isinstance(node, Heading):
            slug = _NOT_IN_SLUGS.sub("", text(node).strip().lower()).replace(" ", "-")
            count = seen.get(slug, 0)
            seen[slug] = count + 1
            slugs.append(f"{slug}-{count}" if count else slug)
    return tuple(slugs)
