"""Words and sentences of running text, and the words of a whole block."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec

from kbsync.document.blocks import Inline, LineBreak, Text
from kbsync.document.runs import Mark, Run, flatten
from kbsync.document.shape import Part, running_text, value_fields, walk

_WORD: Final = re.compile(r"\w+", re.UNICODE)
_PIECES: Final = re.compile(r" |[^ 。！？]+[。！？]*|[。！？]+")  # noqa: RUF001  # full-width ends of sentences
_END: Final = re.compile(r"(?:[.!?…][)\]\"'»”’]*|[。！？][」』）”]*)$")  # noqa: RUF001  # as above
_WIDE_END: Final = re.compile(r"[。！？][」』）”]*$")  # noqa: RUF001  # as above


class Atom(NamedTuple):
    """A word or another leaf; `spaced` says whether a space stands before it, None at the start."""

    leaf: Inline
    marks: frozenset[Mark]
    spaced: bool | None


def atoms(runs: Iterable[Run]) -> list[Atom]:
    """Return tidy runs word by word."""
    out: list[Atom] = []
    spaced: bool | None = None
    for leaf, marks in runs:
        for piece in _pieces(leaf):
            if piece is None:
                spaced = True
                continue
            out.append(Atom(piece, marks, spaced))
            spaced = False
    return out


def _pieces(leaf: Inline) -> Iterator[Inline | None]:
    if not isinstance(leaf, Text):
        yield leaf
        return
    for piece in _PIECES.findall(leaf.text):
        yield None if piece == " " else Text(piece)


def sentences(words: Sequence[Atom]) -> list[tuple[Atom, ...]]:
    """Return the atoms sentence by sentence; a line break is a sentence of its own."""
    out: list[tuple[Atom, ...]] = []
    start = 0
    for at, atom in enumerate(words):
        after = words[at + 1] if at + 1 < len(words) else None
        if after is None or _ends(atom, after):
            out.append(tuple(words[start : at + 1]))
            start = at + 1
    return out


def _ends(atom: Atom, after: Atom) -> bool:
    if isinstance(atom.leaf, LineBreak) or isinstance(after.leaf, LineBreak):
        return True
    if not isinstance(atom.leaf, Text):
        return False
    return bool((_END if after.spaced else _WIDE_END).search(atom.leaf.text))


def joined(words: Sequence[Atom]) -> list[Run]:
    """Return runs of the atoms; an atom that once stood first is set off by a space."""
    out: list[Run] = []
    wide = False
    for atom in words:
        spaced = not wide if atom.spaced is None else atom.spaced
        if spaced and out:
            out.append(Run(Text(" "), atom.marks))
        out.append(Run(atom.leaf, atom.marks))
        wide = isinstance(atom.leaf, Text) and bool(_WIDE_END.search(atom.leaf.text))
    return out


# --- the words of a block -------------------------------------------------------------------------


def words(text: str) -> list[str]:
    """Return the words of a text, without regard to case."""
    return _WORD.findall(text.casefold())


@lru_cache(maxsize=1 << 14)
def bag(part: Part) -> Counter[str]:
    """Return every word that stands anywhere in a part, with its count."""
    counts: Counter[str] = Counter()
    for each in walk((part,)):
        for leaf, marks in flatten(running_text(each)):
            _count(leaf, counts)
            for mark in marks:
                _count(mark, counts)
        _count(each, counts)
    return counts


def _count(node: msgspec.Struct, counts: Counter[str]) -> None:
    for name in value_fields(type(node)):
        value = getattr(node, name)
        if isinstance(value, str):
            counts.update(words(value))
        elif isinstance(value, msgspec.Struct):
            _count(value, counts)


def overlap(one: Part, other: Part) -> float:
    """Return how much two parts say the same: twice the shared words over all words (Dice, 1945), 0..1."""
    mine, theirs = bag(one), bag(other)
    total = mine.total() + theirs.total()
    if not total:
        return 1.0 if type(one) is type(other) else 0.0
    if len(mine) > len(theirs):
        mine, theirs = theirs, mine
    shared = sum(min(count, theirs[word]) for word, count in mine.items() if word in theirs)
    return 2 * shared / total
