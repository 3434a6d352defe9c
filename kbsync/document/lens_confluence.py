"""Inline comments of storage format: the markers in running text that anchor them.

Putting a marker with the same `ac:ref` back anchors its comment again; a marker that is gone leaves the
comment dangling (Confluence storage format, `ac:inline-comment-marker`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape, unescape
from typing import Final

from kbsync.document.sequence import common

_MARKER: Final = re.compile(
    r"""<ac:inline-comment-marker\b(?P<attributes>[^>]*)>(?P<inner>.*?)</ac:inline-comment-marker>""",
    re.DOTALL,
)
_OPEN: Final = re.compile(r"<ac:inline-comment-marker\b([^>]*)>")
_ENDS: Final = re.compile(r"</?ac:inline-comment-marker\b[^>]*>")
_EMPTY: Final = re.compile(r"<ac:inline-comment-marker\b[^>]*>\s*</ac:inline-comment-marker>")
_REF: Final = re.compile(r"""\bac:ref=["']([^"']*)["']""")
_TAG: Final = re.compile(r"<[^>]*>")
_SKIPPED: Final = re.compile(
    r"<!\[CDATA\[.*?\]\]>|<!--.*?-->|<ac:parameter\b.*?</ac:parameter>|<ac:plain-text-(?:link-)?body\b.*?</ac:plain-text-(?:link-)?body>"
    r"|<ac:task-(?:id|uuid|status)>.*?</ac:task-(?:id|uuid|status)>|<ac:inline-comment-marker\b.*?</ac:inline-comment-marker>|<[^>]*>",
    re.DOTALL,
)
_WORD: Final = re.compile(r"&#?\w+;|\w+")


@dataclass(frozen=True, slots=True)
class Comment:
    """One marker: its attributes as written, its reference, where it stood, and the text it marked."""

    attributes: str
    ref: str
    at: int
    text: str


def comments(raw: str) -> list[Comment]:
    """Return the markers of a body in reading order."""
    out: list[Comment] = []
    for found in _MARKER.finditer(raw):
        ref = _REF.search(found["attributes"])
        text = unescape(_TAG.sub("", found["inner"]))
        out.append(Comment(found["attributes"], ref[1] if ref else "", found.start(), text))
    return out


def without_empty(raw: str, old: str) -> str:
    """Return the body without markers that mark nothing, but for those that did so in the old body."""
    there = set(_EMPTY.findall(old))
    return _EMPTY.sub(lambda found: found[0] if found[0] in there else "", raw)


def without_markers(raw: str) -> str:
    """Return the body without any markers; what they mark stays."""
    return _ENDS.sub("", raw)


def is_whole(raw: str) -> bool:
    """Return whether every marker that opens also closes."""
    return raw.count("<ac:inline-comment-marker") == raw.count("</ac:inline-comment-marker")


def words_in(raw: str) -> int:
    """Return how many words stand in a piece of a body."""
    return sum(len(_WORD.findall(run)) for _, run in _texts(without_markers(raw)))


def missing(old: str, new: str) -> list[Comment]:
    """Return the markers of the old body that the new one has no more."""
    there = Counter(ref[1] for tag in _OPEN.findall(new) if (ref := _REF.search(tag)))
    out: list[Comment] = []
    for comment in comments(old):
        if there[comment.ref]:
            there[comment.ref] -= 1
        else:
            out.append(comment)
    return out


def placed(raw: str, comment: Comment, ahead: int) -> str | None:
    """Return the block's text with the marker around what it marked, or around the nearest text.

    `ahead` words stood before it in its block; None when the block has no text to mark.
    """
    runs = list(_texts(raw))
    spot = _exact(runs, comment.text) or _longest(runs, comment.text) or _nearest(runs, ahead)
    if spot is None:
        return None
    start, end = spot
    opening = f"<ac:inline-comment-marker{comment.attributes}>"
    return f"{raw[:start]}{opening}{raw[start:end]}</ac:inline-comment-marker>{raw[end:]}"


def _texts(raw: str) -> Iterator[tuple[int, str]]:
    at = 0
    for found in _SKIPPED.finditer(raw):
        if raw[at : found.start()].strip():
            yield at, raw[at : found.start()]
        at = found.end()
    if raw[at:].strip():
        yield at, raw[at:]


def _exact(runs: list[tuple[int, str]], text: str) -> tuple[int, int] | None:
    wanted = escape(text, quote=False)
    for at, run in runs:
        spot = run.find(wanted) if wanted.strip() else -1
        if spot >= 0:
            return at + spot, at + spot + len(wanted)
    return None


def _longest(runs: list[tuple[int, str]], text: str) -> tuple[int, int] | None:
    wanted = _WORD.findall(escape(text, quote=False))
    best: tuple[int, int, int] | None = None
    for at, run in runs:
        words = list(_WORD.finditer(run))
        pairs = common(wanted, [word[0] for word in words])
        if pairs and (best is None or len(pairs) > best[0]):
            best = (len(pairs), at + words[pairs[0][1]].start(), at + words[pairs[-1][1]].end())
    return best[1:] if best and 2 * best[0] >= len(wanted) else None


def _nearest(runs: list[tuple[int, str]], ahead: int) -> tuple[int, int] | None:
    words = [(at + word.start(), at + word.end()) for at, run in runs for word in _WORD.finditer(run)]
    return words[min(ahead, len(words) - 1)] if words else None
