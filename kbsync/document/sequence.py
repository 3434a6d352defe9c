"""Longest common subsequences of hashable items, fast on long sequences.

Patience matching (Bram Cohen; `git diff --patience`) on items that are unique on both sides, then the
same inside each gap, then an exact longest common subsequence where a gap is small. The result never
depends on hash order.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import Final, TypeAlias, TypeVar

Pair: TypeAlias = tuple[int, int]
T = TypeVar("T", bound=Hashable)

_SMALL: Final = 250_000
"""Cells of a dynamic-programming table that a gap may cost."""


def common(one: Sequence[Hashable], other: Sequence[Hashable]) -> list[Pair]:
    """Return index pairs of equal items, rising on both sides."""
    pairs: list[Pair] = []
    windows = [(0, len(one), 0, len(other))]
    while windows:
        a, b, c, d = windows.pop()
        while a < b and c < d and one[a] == other[c]:
            pairs.append((a, c))
            a, c = a + 1, c + 1
        while a < b and c < d and one[b - 1] == other[d - 1]:
            b, d = b - 1, d - 1
            pairs.append((b, d))
        if a < b and c < d:
            _split(one, other, (a, b, c, d), pairs, windows)
    return sorted(pairs)


def _split(
    one: Sequence[Hashable],
    other: Sequence[Hashable],
    window: tuple[int, int, int, int],
    pairs: list[Pair],
    windows: list[tuple[int, int, int, int]],
) -> None:
    a, b, c, d = window
    anchors = _unique(one, other, window)
    if anchors:
        for i, j in anchors:
            windows.append((a, i, c, j))
            pairs.append((i, j))
            a, c = i + 1, j + 1
        windows.append((a, b, c, d))
    elif (b - a) * (d - c) <= _SMALL:
        pairs.extend(_exact(one, other, window))


def _unique(
    one: Sequence[Hashable], other: Sequence[Hashable], window: tuple[int, int, int, int]
) -> list[Pair]:
    a, b, c, d = window
    left, right = Counter(one[a:b]), Counter(other[c:d])
    places = {other[j]: j for j in range(c, d) if right[other[j]] == 1}
    pairs = [(i, places[one[i]]) for i in range(a, b) if left[one[i]] == 1 and one[i] in places]
    return [pairs[at] for at in rising([j for _, j in pairs])]


def _exact(
    one: Sequence[Hashable], other: Sequence[Hashable], window: tuple[int, int, int, int]
) -> list[Pair]:
    a, b, c, d = window
    lengths = [[0] * (d - c + 1) for _ in range(b - a + 1)]
    for i in range(b - a - 1, -1, -1):
        row, below, item = lengths[i], lengths[i + 1], one[a + i]
        for j in range(d - c - 1, -1, -1):
            row[j] = below[j + 1] + 1 if item == other[c + j] else max(below[j], row[j + 1])
    pairs: list[Pair] = []
    i = j = 0
    while i < b - a and j < d - c:
        if one[a + i] == other[c + j]:
            pairs.append((a + i, c + j))
            i, j = i + 1, j + 1
        elif lengths[i + 1][j] >= lengths[i][j + 1]:
            i += 1
        else:
            j += 1
    return pairs


def rising(values: Sequence[int]) -> list[int]:
    """Return the positions of a longest strictly rising subsequence."""
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for at, value in enumerate(values):
        rank = bisect_left(tails, value)
        before.append(ends[rank - 1] if rank else -1)
        if rank == len(tails):
            tails.append(value)
            ends.append(at)
        else:
            tails[rank], ends[rank] = value, at
    out: list[int] = []
    at = ends[-1] if ends else -1
    while at >= 0:
        out.append(at)
        at = before[at]
    return out[::-1]


def cuts(order: Sequence[int | None], seams: Iterable[int]) -> dict[int, list[int]]:
    """Return which seams go before each place of a new order.

    Seam `i` parted the old places up to `i` from those behind. It goes where the fewest of them, and with
    them what is new behind them, would change sides; seams keep their order.

    >>> cuts([0, 1, None, 2], [1])
    {3: [1]}
    """
    out: dict[int, list[int]] = {}
    least = 0
    for seam in sorted(seams):
        wrong = sum(old is not None and old <= seam for old in order)
        best, place = wrong, 0
        for at, old in enumerate(order, 1):
            wrong += 0 if old is None else 1 if old > seam else -1
            if wrong <= best:
                best, place = wrong, at
        least = max(least, place)
        out.setdefault(least, []).append(seam)
    return out
