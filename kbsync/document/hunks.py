"""N-way merge of flat sequences: words, sentences, lines.

Each version is a set of hunks over the base (Khanna, Kunal and Pierce, "A formal investigation of diff3",
2007), but hunks that merely touch do not conflict: their units are whole words, sentences or lines.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from kbsync.document.sequence import common

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Hunk(Generic[T]):
    """One version wants `units` where base units `[start, end)` stand."""

    version: int
    start: int
    end: int
    units: tuple[T, ...]
    keys: tuple[Hashable, ...]

    @property
    def edit(self) -> tuple[int, int, tuple[Hashable, ...]]:
        """Return what it does, whoever wants it."""
        return self.start, self.end, self.keys


@dataclass(frozen=True, slots=True)
class Kept:
    """Base unit `at` stays; `places` says where each version has it, None inside another's hunk."""

    at: int
    places: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Woven(Generic[T]):
    """What a merge made: kept units and hunks in order, and whether several versions are in it."""

    pieces: tuple[Kept | Hunk[T], ...]
    several: bool


def weave(
    base: Sequence[Hashable],
    versions: Sequence[Sequence[T]],
    keys: Sequence[Sequence[Hashable]],
    winner: int | None = None,
) -> Woven[T] | None:
    """Merge versions over a base by the keys of their units; None when hunks collide.

    With a winner nothing collides: its hunks win, elsewhere content decides.
    """
    pairs = [common(base, key) for key in keys]
    places = [dict(each) for each in pairs]
    hunks = [
        hunk for at, each in enumerate(pairs) for hunk in _hunks(at, each, len(base), versions[at], keys[at])
    ]
    chosen: list[Hunk[T]] = []
    for cluster in _clusters(hunks):
        kept = _settle(cluster, winner)
        if kept is None:
            return None
        chosen.extend(kept)
    edits = {hunk.edit for hunk in chosen}
    several = not any(edits <= {hunk.edit for hunk in hunks if hunk.version == at} for at in range(len(keys)))
    return Woven(tuple(_pieces(len(base), chosen, places)), several)


def _hunks(
    version: int, pairs: list[tuple[int, int]], end: int, units: Sequence[T], keys: Sequence[Hashable]
) -> Iterator[Hunk[T]]:
    i = j = 0
    for next_i, next_j in [*pairs, (end, len(units))]:
        if i < next_i or j < next_j:
            yield Hunk(version, i, next_i, tuple(units[j:next_j]), tuple(keys[j:next_j]))
        i, j = next_i + 1, next_j + 1


def _clusters(hunks: list[Hunk[T]]) -> Iterator[list[Hunk[T]]]:
    """Group hunks that share a base unit, or of which one stands inside the other."""
    cluster: list[Hunk[T]] = []
    end = -1
    for hunk in sorted(hunks, key=lambda each: (each.start, each.end)):
        if cluster and hunk.start < end:
            cluster.append(hunk)
            end = max(end, hunk.end)
            continue
        if cluster:
            yield cluster
        cluster, end = [hunk], hunk.end
    if cluster:
        yield cluster


def _settle(cluster: list[Hunk[T]], winner: int | None) -> list[Hunk[T]] | None:
    if len({hunk.edit for hunk in cluster}) == 1:
        return cluster[:1]
    if winner is None:
        return None
    versions = {hunk.version for hunk in cluster}
    chosen = winner if winner in versions else min(cluster, key=_order).version
    return [hunk for hunk in cluster if hunk.version == chosen]


def _order(hunk: Hunk[T]) -> tuple[int, int, str]:
    return hunk.start, hunk.end, repr(hunk.keys)


def _pieces(end: int, hunks: list[Hunk[T]], places: list[dict[int, int]]) -> Iterator[Kept | Hunk[T]]:
    at = 0
    done: set[tuple[int, int, tuple[Hashable, ...]]] = set()
    for hunk in sorted(hunks, key=_order):
        for unit in range(at, hunk.start):
            yield Kept(unit, tuple(each.get(unit) for each in places))
        at = max(at, hunk.end)
        if hunk.edit not in done:
            done.add(hunk.edit)
            yield hunk
    for unit in range(at, end):
        yield Kept(unit, tuple(each.get(unit) for each in places))
