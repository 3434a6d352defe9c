"""Running text as flat runs: every leaf with the set of wrappers it stands in.

`flatten` and `nest` turn a tree of inlines into runs and back. The way back is a function of the runs
alone, so nesting order, split wrappers and doubled wrappers leave no trace.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, TypeAlias

import msgspec

from kbsync.document.blocks import Inline, Link
from kbsync.document.shape import WRAPPERS

Mark: TypeAlias = Inline
"""A wrapper without its children."""

PLAIN: Final[frozenset[Mark]] = frozenset()
_ORDER: Final = {kind: rank for rank, kind in enumerate(WRAPPERS)}


class Run(NamedTuple):
    """A leaf and the wrappers around it."""

    leaf: Inline
    marks: frozenset[Mark] = PLAIN


def flatten(inlines: Iterable[Inline]) -> list[Run]:
    """Return the leaves in reading order; of nested links the inner one counts."""
    runs: list[Run] = []
    _collect(inlines, PLAIN, runs)
    return runs


def _collect(inlines: Iterable[Inline], marks: frozenset[Mark], runs: list[Run]) -> None:
    for inline in inlines:
        if type(inline) in _ORDER:
            _collect(inline.children, _within(marks, inline), runs)  # type: ignore[union-attr]  # a wrapper
        else:
            runs.append(Run(inline, marks))


def _within(marks: frozenset[Mark], wrapper: Inline) -> frozenset[Mark]:
    mark = msgspec.structs.replace(wrapper, children=())
    if isinstance(mark, Link):
        marks = frozenset(each for each in marks if not isinstance(each, Link))
    return marks | {mark}


def nest(runs: Sequence[Run]) -> tuple[Inline, ...]:
    """Return the tree: the wrapper that reaches furthest stands outermost, ties by a fixed order."""
    out: list[Inline] = []
    at = 0
    while at < len(runs):
        leaf, marks = runs[at]
        if not marks:
            out.append(leaf)
            at += 1
            continue
        end, mark = _furthest(runs, at, marks)
        inner = [Run(run.leaf, run.marks - {mark}) for run in runs[at:end]]
        out.append(msgspec.structs.replace(mark, children=nest(inner)))
        at = end
    return tuple(out)


def _furthest(runs: Sequence[Run], at: int, marks: frozenset[Mark]) -> tuple[int, Mark]:
    reach = {mark: _reach(runs, at, mark) for mark in marks}
    mark = min(marks, key=lambda each: (-reach[each], _ORDER[type(each)], repr(each)))
    return reach[mark], mark


def _reach(runs: Sequence[Run], at: int, mark: Mark) -> int:
    while at < len(runs) and mark in runs[at].marks:
        at += 1
    return at
