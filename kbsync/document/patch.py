"""Build a raw body out of pieces of the old one and pieces written afresh.

Three readings of one body take part: `old` (what stands there), `plain` (what the writer makes of the old
document) and `fresh` (what it makes of the new one). An unchanged block is the old text byte for byte, an
edited container is rebuilt part by part, an edited leaf is spliced, and a new block is fresh text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias

from kbsync.document import canon, lens_confluence
from kbsync.document.align import align
from kbsync.document.blocks import Span
from kbsync.document.canon_inline import canon_inlines
from kbsync.document.lens_markdown import list_markers, with_markers
from kbsync.document.sequence import cuts
from kbsync.document.shape import Part, children, running_text, value_fields
from kbsync.document.splice import splice

Parts: TypeAlias = Sequence[Part]

NESTED: Final = 0
"""Rebuild a container part by part, splice its leaves."""
SPLICED: Final = 1
"""Splice the whole block."""
WRITTEN: Final = 2
"""Take the block as the writer made it."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One block of the result: its text, the old block it is, and whether it is that block unchanged."""

    text: str
    old: int | None
    same: bool


@dataclass(frozen=True, slots=True)
class Patch:
    """The three raw bodies, and how their format is cut up."""

    old: str
    plain: str
    fresh: str
    tokens: re.Pattern[str]
    nests: bool
    glue: str

    # --- a sequence of parts ----------------------------------------------------------------------

    def pieces(
        self, old: Parts, plain: Mapping[int, Part], fresh: Parts, levels: Sequence[int] = ()
    ) -> list[Piece]:
        """Return one piece for each fresh part.

        `plain` is the writer's form of old parts by their place; `levels` say how each is rebuilt.
        """
        origin = {match.new: match for match in align(old, fresh) if match.new is not None}
        out: list[Piece] = []
        for at, part in enumerate(fresh):
            match = origin[at]
            i = match.old
            level = levels[at] if levels else NESTED
            if i is None or (match.same and level == WRITTEN):
                out.append(Piece(_text(self.fresh, part), i, same=False))
            elif match.same:
                out.append(Piece(_text(self.old, old[i]), i, same=True))
            else:
                text = self._edited(old[i], plain.get(i), part, level)
                out.append(Piece(text, i, same=False))
        return out

    def joined(self, pieces: Sequence[Piece], old: Parts, fresh: Parts) -> str:
        """Return the pieces with what stands between them: old glue between old neighbours.

        Glue that holds more than white space, such as the tags of a layout's cells, is kept in its order,
        each where it parts the fewest blocks from their side.
        """
        glues = [self.old[one.source.end : other.source.start] for one, other in pairwise(old)]
        seams = cuts([piece.old for piece in pieces], (at for at, glue in enumerate(glues) if glue.strip()))
        out = [self._seam(glues, seams.get(0, []), "", self.glue)]
        for at, (piece, part) in enumerate(zip(pieces, fresh, strict=True)):
            out.append(piece.text)
            here = seams.get(at + 1, [])
            if at + 1 == len(pieces):
                out.append(self._seam(glues, here, self.glue, ""))
            elif piece.old is not None and pieces[at + 1].old == piece.old + 1 and here in ([], [piece.old]):
                out.append(glues[piece.old] if here or not glues[piece.old].strip() else self.glue)
            else:
                out.append(self._seam(glues, here, self.glue, self.glue) or self._glue(part, fresh[at + 1]))
        return "".join(out)

    def _seam(self, glues: Sequence[str], here: Sequence[int], before: str, after: str) -> str:
        return f"{before}{self.glue.join([glues[at].strip() for at in here])}{after}" if here else ""

    def _glue(self, left: Part, right: Part) -> str:
        between = self.fresh[left.source.end : right.source.start]
        return between if right.source.start >= left.source.end else self.glue

    # --- one edited part --------------------------------------------------------------------------

    def _edited(self, old: Part, plain: Part | None, fresh: Part, level: int) -> str:
        if plain is None or level == WRITTEN:
            return _text(self.fresh, fresh)
        if self.nests and level == NESTED and _can_nest(old, plain, fresh):
            return self._rebuilt(old, plain, fresh)
        return self._spliced(old, plain, fresh)

    def _spliced(self, old: Part, plain: Part, fresh: Part) -> str:
        texts = _text(self.old, old), _text(self.plain, plain), _text(self.fresh, fresh)
        if self.nests:
            return _with_floats(*texts, self.tokens)
        markers = list_markers(self.old, old)
        plain_text = with_markers(self.plain, plain, markers)
        return splice(texts[0], plain_text, with_markers(self.fresh, fresh, markers), self.tokens)

    def _rebuilt(self, old: Part, plain: Part, fresh: Part) -> str:
        mine, theirs, ours = children(old), children(plain), children(fresh)
        head, tail = _frame(self.old, old)
        if not _same_frame(old, fresh):
            head_plain, tail_plain = _frame(self.plain, plain)
            head_fresh, tail_fresh = _frame(self.fresh, fresh)
            head = splice(head, head_plain, head_fresh, self.tokens)
            tail = splice(tail, tail_plain, tail_fresh, self.tokens)
        return head + self.joined(self.pieces(mine, counterparts(mine, theirs), ours), mine, ours) + tail


def _with_floats(old: str, plain: str, fresh: str, tokens: re.Pattern[str]) -> str:
    """Splice; where only one end of a comment marker would be left, splice without the markers."""
    made = splice(old, plain, fresh, tokens)
    if lens_confluence.is_whole(made):
        return made
    return splice(lens_confluence.without_markers(old), plain, fresh, tokens)


def _text(raw: str, part: Part) -> str:
    return raw[part.source.start : part.source.end]


def _frame(raw: str, part: Part) -> tuple[str, str]:
    """Return what stands before the first child and behind the last."""
    inner = children(part)
    return (
        raw[part.source.start : inner[0].source.start],
        raw[inner[-1].source.end : part.source.end],
    )


def counterparts(old: Parts, plain: Parts) -> dict[int, Part]:
    """Return what the writer made of each old part."""
    if [type(part) for part in old] == [type(part) for part in plain]:
        return dict(enumerate(plain))
    pairs = ((match.old, match.new) for match in align(old, plain))
    return {
        i: plain[j] for i, j in pairs if i is not None and j is not None and type(old[i]) is type(plain[j])
    }


def _can_nest(*parts: Part) -> bool:
    kinds = {type(part) for part in parts}
    return len(kinds) == 1 and all(children(part) and in_order(children(part), part.source) for part in parts)


def in_order(parts: Parts, inside: Span) -> bool:
    """Return whether each part has a place of its own inside, one behind the other."""
    at = inside.start
    for part in parts:
        if part.source.start < at or part.source.end <= part.source.start:
            return False
        at = part.source.end
    return at <= inside.end


def _same_frame(one: Part, other: Part) -> bool:
    if canon_inlines(running_text(one)) != canon_inlines(running_text(other)):
        return False
    left, right = canon.part(one), canon.part(other)
    return all(getattr(left, name) == getattr(right, name) for name in value_fields(type(left)))
