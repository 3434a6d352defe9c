"""Merge running text sentence by sentence or word by word, and code line by line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import msgspec

from kbsync.document import tokens
from kbsync.document.blocks import Inline, Link
from kbsync.document.canon_inline import settle, tidy
from kbsync.document.hunks import Hunk, Kept, weave
from kbsync.document.runs import PLAIN, Mark, Run, nest
from kbsync.document.sequence import common
from kbsync.document.tokens import Atom

Inlines: TypeAlias = tuple[Inline, ...]
Places: TypeAlias = Sequence[Mapping[int, int]]
"""For each version, where it has which unit of the base."""


@dataclass(frozen=True, slots=True)
class Text:
    """Merged text; `several` says that more than one version is in it."""

    inlines: Inlines
    several: bool = False


def merge_sentences(base: Inlines, versions: Sequence[Inlines]) -> Text | None:
    """Merge whole sentences; None when two versions change the same one."""
    sides = [_sentences(each) for each in (base, *versions)]
    keys = [[_key(unit) for unit in side] for side in sides]
    woven = weave(keys[0], sides[1:], keys[1:])
    if woven is None:
        return None
    out: list[Atom] = []
    for piece in woven.pieces:
        if isinstance(piece, Kept):
            out.extend(_respaced(sides[0][piece.at], _unit_spacing(piece, sides)))
        else:
            out.extend(atom for unit in piece.units for atom in unit)
    return Text(_text(out), woven.several)


def merge_words(base: Inlines, versions: Sequence[Inlines], winner: int) -> Text:
    """Merge words, and bold, links and the like of each word by themselves; the winner's words win."""
    sides = [[(atom,) for atom in tokens.atoms(tidy(each))] for each in (base, *versions)]
    keys = [[_key((Atom(unit[0].leaf, PLAIN, None),)) for unit in side] for side in sides]
    woven = weave(keys[0], sides[1:], keys[1:], winner)
    assert woven is not None
    places = [dict(common(keys[0], key)) for key in keys[1:]]
    out: list[Atom] = []
    for piece in woven.pieces:
        out.extend(_word(piece, sides, places, winner))
    return Text(_text(out), woven.several)


def merge_lines(base: str, versions: Sequence[str]) -> str | None:
    """Merge whole lines; None when two versions change the same one."""
    sides = [each.split("\n") for each in (base, *versions)]
    woven = weave(sides[0], sides[1:], sides[1:])
    if woven is None:
        return None
    out: list[str] = []
    for piece in woven.pieces:
        out.extend([sides[0][piece.at]] if isinstance(piece, Kept) else piece.units)
    return "\n".join(out)


def _sentences(inlines: Inlines) -> list[tuple[Atom, ...]]:
    return tokens.sentences(tokens.atoms(tidy(inlines)))


def _key(unit: Sequence[Atom]) -> bytes:
    return msgspec.json.encode(nest(settle(_runs(_respaced(unit, None)))))


def _runs(atoms: Iterable[Atom]) -> list[Run]:
    return tidy(nest(tokens.joined(list(atoms))))


def _text(atoms: Sequence[Atom]) -> Inlines:
    return nest(tidy(nest(tokens.joined(atoms))))


def _respaced(unit: Sequence[Atom], spaced: bool | None) -> tuple[Atom, ...]:
    return (unit[0]._replace(spaced=spaced), *unit[1:])


def _unit_spacing(kept: Kept, sides: Sequence[Sequence[Sequence[Atom]]]) -> bool | None:
    """Return the one spacing that a version gave a kept unit, else the base's."""
    mine = sides[0][kept.at][0].spaced
    theirs = [
        side[place][0].spaced for side, place in zip(sides[1:], kept.places, strict=True) if place is not None
    ]
    changed = [spaced for spaced in theirs if spaced is not None and spaced != mine]
    return max(changed) if changed else mine


def _word(
    piece: Kept | Hunk[tuple[Atom]], sides: Sequence[Sequence[tuple[Atom]]], places: Places, winner: int
) -> Iterable[Atom]:
    if isinstance(piece, Kept):
        (atom,) = sides[0][piece.at]
        marks = [
            side[place][0].marks if place is not None else None
            for side, place in zip(sides[1:], piece.places, strict=True)
        ]
        return [Atom(atom.leaf, _marks(atom.marks, marks, winner), _unit_spacing(piece, sides))]
    words = [atom for unit in piece.units for atom in unit]
    if piece.version != winner:
        return words
    shown, hidden = _hidden_marks(piece, sides, places)
    return [
        atom._replace(marks=_marks(shown, [atom.marks, (atom.marks - shown) | hidden], 0)) for atom in words
    ]


def _hidden_marks(
    hunk: Hunk[tuple[Atom]], sides: Sequence[Sequence[tuple[Atom]]], places: Places
) -> tuple[frozenset[Mark], frozenset[Mark]]:
    """Return the marks that all words under or around a hunk have in the base alone, and elsewhere alone.

    A link whose title a replica does not show is one of each.

    Words added before or behind all others have a neighbour on one side only, which a mark may end at:
    they take the marks that the whole text has.
    """
    words = range(len(sides[0]))
    between = words if hunk.start in {0, len(words)} else words[hunk.start - 1 : hunk.start + 1]
    around = words[hunk.start : hunk.end] or between
    shown = hidden = PLAIN
    for version, there in enumerate(places):
        if version == hunk.version or not around or not all(at in there for at in around):
            continue
        pairs = [(sides[0][at][0].marks, sides[version + 1][there[at]][0].marks) for at in around]
        shown |= frozenset[Mark].intersection(*(mine - theirs for mine, theirs in pairs))
        hidden |= frozenset[Mark].intersection(*(theirs - mine for mine, theirs in pairs))
    return shown, hidden


def _marks(base: frozenset[Mark], versions: Sequence[frozenset[Mark] | None], winner: int) -> frozenset[Mark]:
    present = [marks for marks in versions if marks is not None]
    added = frozenset[Mark]().union(*(marks - base for marks in present))
    merged = base.intersection(*present) | added
    links = sorted((mark for mark in merged if isinstance(mark, Link)), key=repr)
    favoured = versions[winner] or PLAIN
    if len(links) > 1:
        chosen = next((link for link in links if link in favoured), links[0])
        merged = frozenset(mark for mark in merged if not isinstance(mark, Link) or mark == chosen)
    return merged
