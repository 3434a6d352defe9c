"""Inline comments live in the body: a marker element around the words they are about."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator

from kbsync.sandbox.confluence.failure import invalid
from kbsync.sandbox.confluence.markup import Element, ac, parse, serialise

_UNMARKED = frozenset(
    {ac("parameter"), ac("plain-text-body"), ac("plain-text-link-body"), ac("inline-comment-marker")}
)


def mark(body: str, selection: str, index: int, reference: str) -> str:
    """Return the body with a marker around the `index`-th place (from 0) where the words stand.

    Raises:
        Refusal: 400 when the words do not stand there in one piece of text.
    """
    root = parse(body)
    places = list(_places(root, selection)) if selection else []
    if not 0 <= index < len(places):
        raise invalid("The text selection for the inline comment could not be found in the content")
    _wrap(*places[index], len(selection), reference)
    return serialise(root)


def markers(body: str) -> dict[str, str]:
    """Return the marked words by the comment's reference."""
    if "ac:inline-comment-marker" not in body:
        return {}
    found: dict[str, str] = {}
    for node in parse(body).iter(ac("inline-comment-marker")):
        reference = node.get(ac("ref"), "")
        found[reference] = found.get(reference, "") + "".join(node.itertext())
    return found


def unmark(body: str, reference: str) -> str:
    """Return the body without the markers of one comment."""
    root = parse(body)
    for node in [n for n in root.iter(ac("inline-comment-marker")) if n.get(ac("ref")) == reference]:
        _dissolve(node)
    return serialise(root)


def _places(root: Element, words: str) -> Iterator[tuple[Element, bool, int]]:
    """Yield (element, whether in its tail, offset) of each place in reading order."""
    for element in root.iter():
        hidden = any(up.tag in _UNMARKED for up in (element, *element.iterancestors()))
        for tail, text in _texts(root, element, hidden=hidden):
            yield from ((element, tail, match.start()) for match in re.finditer(re.escape(words), text))


def _texts(root: Element, element: Element, *, hidden: bool) -> Iterator[tuple[bool, str]]:
    if not hidden and element.text:
        yield False, element.text
    if element is not root and element.tail and not (hidden and element.tag not in _UNMARKED):
        yield True, element.tail


def _wrap(element: Element, tail: bool, start: int, length: int, reference: str) -> None:
    marker = element.makeelement(ac("inline-comment-marker"), {ac("ref"): reference})
    text = element.tail if tail else element.text
    marker.text, marker.tail = text[start : start + length], text[start + length :] or None
    if tail:
        rest = copy.copy(marker.tail)
        element.tail = text[:start] or None
        element.addnext(marker)
        marker.tail = rest
    else:
        element.text = text[:start] or None
        element.insert(0, marker)


def _dissolve(node: Element) -> None:
    parent, before = node.getparent(), node.getprevious()
    inside = (node.text or "") if len(node) == 0 else ""
    if len(node):
        raise invalid("An inline comment marker holds markup")
    text = inside + (node.tail or "")
    if before is not None:
        before.tail = (before.tail or "") + text
    else:
        parent.text = (parent.text or "") + text
    node.tail = None
    parent.remove(node)
