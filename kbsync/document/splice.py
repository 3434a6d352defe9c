"""Carry an edit into raw text: a three-way merge of tokens.

`plain` is what the writer makes of the old document, `fresh` what it makes of the new one. What `old` has
beyond `plain` (attributes, line wraps, ids, comment markers) stays; what `fresh` changes is changed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from kbsync.document.formats import FormatName
from kbsync.document.hunks import Kept, weave

_MARKUP: Final = re.compile(
    r"<!\[CDATA\[|\]\]>|<!--|-->|</?[\w:.-]+|/?>|\s[\w:.-]+=(?:\"[^\"]*\"|'[^']*')|&#?\w+;|\w+|\s|.",
    re.DOTALL,
)
_MARKDOWN: Final = re.compile(r"\r?\n[ \t]*|[ \t]+|\w+|.", re.DOTALL)

TOKENS: Final[Mapping[FormatName, re.Pattern[str]]] = MappingProxyType(
    {"markdown": _MARKDOWN, "intercom": _MARKUP, "confluence": _MARKUP}
)
"""What cannot be split: a word, a line end with its indentation, a tag's name, an attribute."""

_MOST: Final = 200_000
"""Characters of one text above which it is not spliced."""


def splice(old: str, plain: str, fresh: str, tokens: re.Pattern[str]) -> str:
    """Return `old` with what changed from `plain` to `fresh`; the change wins where they collide."""
    if old == plain or max(len(old), len(plain), len(fresh)) > _MOST:
        return fresh
    if plain == fresh:
        return old
    base, mine, theirs = tokens.findall(plain), tokens.findall(old), tokens.findall(fresh)
    woven = weave(base, [mine, theirs], [mine, theirs], winner=1)
    assert woven is not None
    out: list[str] = []
    for piece in woven.pieces:
        out.extend([base[piece.at]] if isinstance(piece, Kept) else piece.units)
    return "".join(out)
