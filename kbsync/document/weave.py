"""Put the parts of several versions into one order.

The base is the spine. What a version added or moved hangs on the part that stands before it there, so a
chain of additions stays together and follows what it was written after. Where versions disagree, content
decides, never which version came first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from kbsync.document import canon, tokens
from kbsync.document.align import Match, align
from kbsync.document.blocks import Cell
from kbsync.document.shape import Part

Place: TypeAlias = tuple[str, int]
"""`("base", i)`, `("slot", i)` where base part i used to stand, or `("new", n)`."""

START: Final[Place] = ("slot", -1)
_ALIKE: Final = 0.6
_ALIKE_WORDS: Final = 4
"""Two versions that add blocks this alike in one place wrote the same block differently."""


@dataclass(frozen=True, slots=True)
class Strand:
    """One part of the result: the base's part, and each version's, None where it is not there."""

    base: Part | None
    versions: tuple[Part | None, ...]


@dataclass(slots=True)
class _Added:
    """One added part: its key, the base part before it, and how each version that added it wrote it."""

    key: bytes
    spot: int
    parts: dict[int, Part]


class _Weaver:
    """The places of one merge: built once, read once."""

    def __init__(self, base: Sequence[Part], versions: Sequence[Sequence[Part]], winner: int | None) -> None:
        self.base = base
        self.versions = versions
        self.winner = winner
        self.matches = [_columns(base, each) or align(base, each) for each in versions]
        self.added: list[_Added] = []
        self.place_of: list[dict[int, Place]] = [{} for _ in versions]
        self.anchors: dict[Place, dict[int, Place]] = defaultdict(dict)
        self._place()
        self._anchor()

    def _place(self) -> None:
        gaps: dict[int, dict[int, list[int]]] = defaultdict(dict)
        for at, matches in enumerate(self.matches):
            spot = -1
            for match in matches:
                if match.new is None:
                    continue
                if match.old is None:
                    gaps[spot].setdefault(at, []).append(match.new)
                    continue
                self.place_of[at][match.new] = ("base", match.old)
                spot = spot if match.moved else match.old
        for spot, gap in sorted(gaps.items()):
            self._add(spot, gap)

    def _add(self, spot: int, gap: dict[int, list[int]]) -> None:
        """Give one place to what several versions added alike in one gap."""
        owner = {(at, j): (at, j) for at, places in gap.items() for j in places}
        versions = sorted(gap)
        for left, right in ((a, b) for a in versions for b in versions if a < b):
            self._unify(gap, left, right, owner)
        groups: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
        for each in owner:
            groups[_root(owner, each)].append(each)
        for members in groups.values():
            apart = len({at for at, _ in members}) < len(members)
            for group in [[member] for member in members] if apart else [members]:
                self._new(spot, group)

    def _unify(
        self,
        gap: dict[int, list[int]],
        left: int,
        right: int,
        owner: dict[tuple[int, int], tuple[int, int]],
    ) -> None:
        mine = [self.versions[left][j] for j in gap[left]]
        theirs = [self.versions[right][j] for j in gap[right]]
        for match in align(mine, theirs):
            if match.old is None or match.new is None:
                continue
            if match.same or _one_block(match, mine[match.old], theirs[match.new]):
                one, other = (left, gap[left][match.old]), (right, gap[right][match.new])
                owner[_root(owner, other)] = _root(owner, one)

    def _new(self, spot: int, members: list[tuple[int, int]]) -> None:
        parts = {at: self.versions[at][j] for at, j in members}
        for at, j in members:
            self.place_of[at][j] = ("new", len(self.added))
        self.added.append(_Added(min(map(canon.key, parts.values())), spot, parts))

    def _anchor(self) -> None:
        for at, matches in enumerate(self.matches):
            moved = {match.new for match in matches if match.moved}
            for j in range(len(self.versions[at])):
                place = self.place_of[at][j]
                if place[0] == "new" or j in moved:
                    self.anchors[place][at] = self.place_of[at][j - 1] if j else START

    # --- reading it -------------------------------------------------------------------------------

    def strands(self) -> Iterator[Strand]:
        hanging: dict[Place, list[Place]] = defaultdict(list)
        for place, anchor in self._settled().items():
            hanging[anchor].append(place)
        for places in hanging.values():
            places.sort(key=self._rank, reverse=True)
        sources = self._sources()
        stack = [("slot", i) for i in range(len(self.base) - 1, -2, -1)]
        while stack:
            place = stack.pop()
            stack.extend(hanging.get(place, ()))
            kind, at = place
            if kind == "slot":
                if at >= 0 and ("base", at) not in self.anchors:
                    stack.append(("base", at))
            else:
                yield self._strand(place, sources)

    def _strand(self, place: Place, sources: list[dict[int, int]]) -> Strand:
        kind, at = place
        if kind == "new":
            parts = self.added[at].parts
            return Strand(None, tuple(parts.get(version) for version in range(len(self.versions))))
        found = (each.get(at) for each in sources)
        return Strand(
            self.base[at],
            tuple(
                version[j] if j is not None else None for version, j in zip(self.versions, found, strict=True)
            ),
        )

    def _sources(self) -> list[dict[int, int]]:
        return [
            {match.old: match.new for match in matches if match.old is not None and match.new is not None}
            for matches in self.matches
        ]

    def _settled(self) -> dict[Place, Place]:
        """Choose one anchor for each hanging part, and cut the circles that versions make together."""
        chosen = {place: self._choose(wishes) for place, wishes in self.anchors.items()}
        grounded: set[Place] = set()
        for start in sorted(chosen, key=self._rank):
            path: list[Place] = []
            place = start
            while place in chosen and place not in grounded and place not in path:
                path.append(place)
                place = chosen[place]
            if place in path:
                cut = min(path[path.index(place) :], key=self._rank)
                chosen[cut] = self._home(cut)
            grounded.update(path)
        return chosen

    def _choose(self, wishes: dict[int, Place]) -> Place:
        if self.winner in wishes:
            return wishes[self.winner]
        return min(set(wishes.values()), key=lambda place: (place[0] != "new", self._rank(place)))

    def _home(self, place: Place) -> Place:
        kind, at = place
        return ("slot", at if kind == "base" else self.added[at].spot)

    def _rank(self, place: Place) -> tuple[str, int, bytes]:
        kind, at = place
        return (kind, -1, self.added[at].key) if kind == "new" else (kind, at, b"")


def _root(owner: dict[tuple[int, int], tuple[int, int]], each: tuple[int, int]) -> tuple[int, int]:
    while owner[each] != each:
        each = owner[each]
    return each


def _one_block(match: Match, one: Part, other: Part) -> bool:
    words = min(tokens.bag(one).total(), tokens.bag(other).total())
    return type(one) is type(other) and match.score >= _ALIKE and words >= _ALIKE_WORDS


def _columns(base: Sequence[Part], version: Sequence[Part]) -> tuple[Match, ...] | None:
    """Match the cells of two rows of one width by their columns."""
    if len(base) != len(version) or not all(isinstance(part, Cell) for part in (*base, *version)):
        return None
    return tuple(Match(at, at, canon.key(base[at]) == canon.key(version[at])) for at in range(len(base)))


def strands(
    base: Sequence[Part], versions: Sequence[Sequence[Part]], winner: int | None = None
) -> list[Strand]:
    """Return every part of base and versions once, in the merged order, removed ones included."""
    return list(_Weaver(base, versions, winner).strands())
