"""Conflict markers: a merge that a person finishes in an editor.

The form is git's with `merge.conflictStyle = diff3` (git-merge documentation, "How conflicts are
presented"), drawn around whole blocks, with one section for each version that changed the place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from kbsync.document.blocks import Block, Document
from kbsync.document.merge import Conflict, Merged

OPENING: Final = "<<<<<<<"
BASE: Final = "|||||||"
BETWEEN: Final = "======="
CLOSING: Final = ">>>>>>>"

_MARKER: Final = re.compile(r"(?:<{7}|>{7}|\|{7}) \S")
_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")


def marked(merged: Merged, labels: Sequence[str], write: Callable[[Document], str]) -> str:
    """Return the merged document as text with markers around the disputed blocks only.

    `labels` name the versions in the order in which they were given to `merge`; `write` writes blocks.
    """
    out: list[str] = []
    done = 0
    blocks = merged.document.blocks
    for conflict in merged.conflicts:
        out.append(_text(blocks[done : conflict.index], write))
        out.append(_section(conflict, labels, write))
        done = conflict.index + len(conflict.base)
    out.append(_text(blocks[done:], write))
    return "\n".join(text for text in out if text)


def has_markers(text: str) -> bool:
    """Return whether a line outside of code is a conflict marker that someone still has to settle."""
    fence = ""
    for line in text.splitlines():
        found = _FENCE.match(line)
        if found and not fence:
            fence = found[1]
        elif found and found[1].startswith(fence) and not found[2].strip():
            fence = ""
        elif not fence and _MARKER.match(line):
            return True
    return False


def _section(conflict: Conflict, labels: Sequence[str], write: Callable[[Document], str]) -> str:
    base = _text(conflict.base, write)
    sides = [(label, _text(blocks, write)) for label, blocks in zip(labels, conflict.versions, strict=True)]
    changed = [(label, text) for label, text in sides if text != base]
    if len({text for _, text in changed}) <= 1:  # they differ in what this text does not show
        changed = sides
    (first, text), (last, _) = changed[0], changed[-1]
    lines = [f"{OPENING} {first}\n{text}", f"{BASE} base\n{base}"]
    lines.extend(f"{BETWEEN}{_middle(label, last)}\n{side}" for label, side in changed[1:])
    return "".join(lines) + f"{CLOSING} {last}\n"


def _middle(label: str, last: str) -> str:
    """Return the name of a section that the closing marker does not name."""
    return "" if label == last else f" {label}"


def _text(blocks: Sequence[Block], write: Callable[[Document], str]) -> str:
    """Return the blocks as lines, the last one ended."""
    text = write(Document(tuple(blocks))) if blocks else ""
    return text if not text or text.endswith("\n") else text + "\n"
