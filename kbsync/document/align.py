"""Match the blocks of two documents: equal ones first, then edited ones, moved or not.

Equal blocks are found by their canonical key, as a longest common subsequence; the rest inside each gap
by shared words (Dice coefficient), then by standing alone between the same neighbours. What is left may
have moved: equal blocks anywhere, edited ones that share most of their words.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from kbsync.document import canon, tokens
from kbsync.document.blocks import Divider, Paragraph
from kbsync.document.sequence import Pair, common, rising
from kbsync.document.shape import Part

Gap: TypeAlias = tuple[Sequence[int], Sequence[int]]

_LIKE: Final = 0.34
"""Shared words from which two blocks of one gap are the same block, edited."""
_MOVED_LIKE: Final = 0.6
"""The same for blocks that do not stand in one gap."""
_WINDOW: Final = 2_500
"""Pairs of a gap that are all compared; above it only blocks that share a rare word."""
_RARE: Final = 8
"""Blocks that may hold a word that is called rare."""


@dataclass(frozen=True, slots=True)
class Match:
    """Positions of one block in the old and the new sequence; None where it is not there.

    `score` is the share of words both have, 1.0 for equal blocks, 0.0 for added and removed ones.
    """

    old: int | None
    new: int | None
    same: bool = False
    moved: bool = False
    score: float = 0.0


def align(old: Sequence[Part], new: Sequence[Part]) -> tuple[Match, ...]:
    """Match every block of both: in the new order, removed blocks behind their old neighbour."""
    mine, theirs = [canon.key(part) for part in old], [canon.key(part) for part in new]
    pairs = dict(common(mine, theirs))
    scores = dict.fromkeys(pairs, 1.0)
    _fill_gaps(old, new, _movers(old, new, (mine, theirs), pairs), pairs, scores)
    _find_moved(old, new, (mine, theirs), pairs, scores)
    return _matches(len(old), len(new), pairs, scores, {i for i, j in pairs.items() if mine[i] == theirs[j]})


# --- inside the gaps ------------------------------------------------------------------------------


def _movers(
    old: Sequence[Part],
    new: Sequence[Part],
    keys: tuple[Sequence[bytes], Sequence[bytes]],
    pairs: dict[int, int],
) -> tuple[set[int], set[int]]:
    """Return the blocks that stand unchanged elsewhere: no gap takes one of them for an edit of another."""
    taken = set(pairs.values())
    left = [i for i in range(len(old)) if i not in pairs and _tells(old[i])]
    right = [j for j in range(len(new)) if j not in taken and _tells(new[j])]
    mine, theirs = Counter(keys[0][i] for i in left), Counter(keys[1][j] for j in right)
    moved = {key for key, count in mine.items() if count == theirs[key] == 1}
    return {i for i in left if keys[0][i] in moved}, {j for j in right if keys[1][j] in moved}


def _fill_gaps(
    old: Sequence[Part],
    new: Sequence[Part],
    movers: tuple[set[int], set[int]],
    pairs: dict[int, int],
    scores: dict[int, float],
) -> None:
    for gap in list(_gaps(pairs, len(old), len(new), movers)):
        for i, j in _alike(old, new, gap):
            pairs[i], scores[i] = j, tokens.overlap(old[i], new[j])
    for rows, columns in list(_gaps(pairs, len(old), len(new), movers)):
        if len(rows) == len(columns) == 1:
            i, j = rows[0], columns[0]
            pairs[i], scores[i] = j, tokens.overlap(old[i], new[j])


def _gaps(pairs: dict[int, int], olds: int, news: int, movers: tuple[set[int], set[int]]) -> Iterable[Gap]:
    i = j = 0
    for next_i, next_j in [*sorted(pairs.items()), (olds, news)]:
        rows = [at for at in range(i, next_i) if at not in movers[0]]
        columns = [at for at in range(j, next_j) if at not in movers[1]]
        if rows and columns:
            yield rows, columns
        i, j = next_i + 1, next_j + 1


def _alike(old: Sequence[Part], new: Sequence[Part], gap: Gap) -> list[Pair]:
    rows, columns = gap
    if len(rows) * len(columns) > _WINDOW:
        best = _best_pairs(old, new, rows, columns, _LIKE)
        kept = rising([j for _, j in best])
        return [best[at] for at in kept]
    return _heaviest(old, new, rows, columns)


def _heaviest(
    old: Sequence[Part], new: Sequence[Part], rows: Sequence[int], columns: Sequence[int]
) -> list[Pair]:
    weights = [[_weight(old[i], new[j]) for j in columns] for i in rows]
    sums = [[0.0] * (len(columns) + 1) for _ in range(len(rows) + 1)]
    for i in range(len(rows) - 1, -1, -1):
        for j in range(len(columns) - 1, -1, -1):
            taken = weights[i][j] + sums[i + 1][j + 1] if weights[i][j] else 0.0
            sums[i][j] = max(taken, sums[i + 1][j], sums[i][j + 1])
    pairs: list[Pair] = []
    i = j = 0
    while i < len(rows) and j < len(columns):
        if weights[i][j] and sums[i][j] == weights[i][j] + sums[i + 1][j + 1]:
            pairs.append((rows[i], columns[j]))
            i, j = i + 1, j + 1
        elif sums[i][j] == sums[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs


def _weight(one: Part, other: Part) -> float:
    like = tokens.overlap(one, other)
    if type(one) is not type(other):
        like *= 0.75
    return like if like >= _LIKE else 0.0


# --- across the gaps ------------------------------------------------------------------------------


def _find_moved(
    old: Sequence[Part],
    new: Sequence[Part],
    keys: tuple[Sequence[bytes], Sequence[bytes]],
    pairs: dict[int, int],
    scores: dict[int, float],
) -> None:
    taken = set(pairs.values())
    rows = [i for i in range(len(old)) if i not in pairs and _tells(old[i])]
    columns = [j for j in range(len(new)) if j not in taken and _tells(new[j])]
    places: dict[bytes, list[int]] = defaultdict(list)
    for j in reversed(columns):
        places[keys[1][j]].append(j)
    for i in rows:
        if places[keys[0][i]]:
            pairs[i], scores[i] = places[keys[0][i]].pop(), 1.0
    taken = set(pairs.values())
    rows, columns = [i for i in rows if i not in pairs], [j for j in columns if j not in taken]
    for i, j in _best_pairs(old, new, rows, columns, _MOVED_LIKE):
        if type(old[i]) is type(new[j]):
            pairs[i], scores[i] = j, tokens.overlap(old[i], new[j])


def _tells(part: Part) -> bool:
    """Return whether a block says enough to be known again elsewhere."""
    return not isinstance(part, Divider) and part != Paragraph(()) and bool(tokens.bag(part))


def _best_pairs(
    old: Sequence[Part], new: Sequence[Part], rows: Sequence[int], columns: Sequence[int], least: float
) -> list[Pair]:
    """Return the best match of each, best first where two want one, in order of the old side."""
    scored = sorted((-tokens.overlap(old[i], new[j]), i, j) for i, j in _candidates(old, new, rows, columns))
    mine: set[int] = set()
    theirs: set[int] = set()
    out: list[Pair] = []
    for negative, i, j in scored:
        if -negative >= least and i not in mine and j not in theirs:
            mine.add(i)
            theirs.add(j)
            out.append((i, j))
    return sorted(out)


def _candidates(
    old: Sequence[Part], new: Sequence[Part], rows: Sequence[int], columns: Sequence[int]
) -> set[Pair]:
    if len(rows) * len(columns) <= _WINDOW:
        return {(i, j) for i in rows for j in columns}
    holders: dict[str, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for i in rows:
        for word in tokens.bag(old[i]):
            holders[word][0].append(i)
    for j in columns:
        for word in tokens.bag(new[j]):
            holders[word][1].append(j)
    rare = [held for held in holders.values() if len(held[0]) <= _RARE and len(held[1]) <= _RARE]
    return {(i, j) for left, right in rare for i in left for j in right}


# --- the answer -----------------------------------------------------------------------------------


def _matches(
    olds: int, news: int, pairs: dict[int, int], scores: dict[int, float], same: set[int]
) -> tuple[Match, ...]:
    ordered = sorted(pairs.items())
    staying = {ordered[at][0] for at in rising([j for _, j in ordered])}
    origin = {j: i for i, j in pairs.items()}
    out: list[Match] = []
    removed = [i for i in range(olds) if i not in pairs]
    for j in range(news):
        i = origin.get(j)
        if i is None:
            out.append(Match(None, j))
            continue
        if i in staying:
            while removed and removed[0] < i:
                out.append(Match(removed.pop(0), None))
        out.append(Match(i, j, i in same, i not in staying, scores[i]))
    return (*out, *(Match(i, None) for i in removed))
