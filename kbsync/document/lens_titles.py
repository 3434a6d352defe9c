"""Titles of links, which a replica does not show: a link whose words were rewritten there keeps its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from kbsync.document.align import align
from kbsync.document.blocks import Document, Inline, Link, Node, Target
from kbsync.document.canon_inline import tidy
from kbsync.document.runs import nest
from kbsync.document.shape import INLINES, PARTS, WRAPPERS, Part, children, running_text
from kbsync.document.walk import nodes

PartT = TypeVar("PartT", bound=Part)


def titled(merged: Document, base: Document, before: Document) -> Document:
    """Return the document with the titles of `base` that `before` does not show, in the blocks they were in.

    Only where all links of a block to one address have one title is it known which title a link has lost.
    """
    if not any(titles - {""} for titles in _titles(base).values()):
        return merged
    shown = {target for target, titles in _titles(before).items() if titles - {""}}
    blocks = list(merged.blocks)
    for match in align(base.blocks, merged.blocks):
        if match.old is not None and match.new is not None and not match.same:
            titles = _titles(base.blocks[match.old])
            hidden = {target: min(found) for target, found in titles.items() if len(found) == 1}
            wanted = {target: title for target, title in hidden.items() if title and target not in shown}
            blocks[match.new] = _with(blocks[match.new], wanted) if wanted else blocks[match.new]
    return Document(tuple(blocks))


def _titles(node: Node) -> Mapping[Target, set[str]]:
    found: dict[Target, set[str]] = defaultdict(set)
    for each in nodes(node):
        if isinstance(each, Link):
            found[each.target].add(each.title)
    return found


def _with(part: PartT, titles: Mapping[Target, str]) -> PartT:
    fields: dict[str, Any] = {}
    if type(part) in INLINES:
        line = running_text(part)
        changed = tuple(_inline(each, titles) for each in line)
        fields[INLINES[type(part)]] = line if changed == line else nest(tidy(changed))
    if type(part) in PARTS:
        fields[PARTS[type(part)]] = tuple(_with(child, titles) for child in children(part))
    return msgspec.structs.replace(part, **fields) if fields else part


def _inline(inline: Any, titles: Mapping[Target, str]) -> Inline:
    fields: dict[str, Any] = {}
    if type(inline) in WRAPPERS:
        fields["children"] = tuple(_inline(each, titles) for each in inline.children)
    if isinstance(inline, Link) and not inline.title:
        fields["title"] = titles.get(inline.target, "")
    changed: Inline = msgspec.structs.replace(inline, **fields) if fields else inline
    return changed
