"""One measured number beside what it is held against, and how both are taken."""

from __future__ import annotations

import math
import resource
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any

ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Row:
    """A measure: ours, what it is compared with, their ratio, and the ratio we aim at.

    `aim` reads "at least" for speeds (ratio 3.1, aim 3) and "at most" for costs, where `less` is set.
    """

    what: str
    ours: str
    against: str
    theirs: str
    ratio: float | None = None
    aim: float | None = None
    less: bool = False

    def cells(self) -> tuple[str, ...]:
        """Return the row's texts."""
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        return self.what, self.ours, self.against, self.theirs, ratio, self._verdict()

    def _verdict(self) -> str:
        if self.ratio is None or self.aim is None:
            return ""
        met = self.ratio <= self.aim if self.less else self.ratio >= self.aim
        return f"{'<=' if self.less else '>='} {self.aim:g} {'met' if met else 'MISSED'}"


def absent(what: str, peer: str) -> Row:
    """Return the row of a peer that is not installed."""
    return Row(what, "-", peer, "not installed: pip install 'kbsync[bench]'")


def installed(module: str) -> bool:
    """Tell whether a peer can be measured here."""
    return find_spec(module) is not None


def show(title: str, rows: Sequence[Row]) -> None:
    """Print the rows under a title, in columns."""
    head = ("measure", "kbsync", "against", "there", "ratio", "aim")
    cells = [head, *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    print(f"\n{title}")
    for line in cells:
        print("  " + "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def cpu(*works: Callable[[], object]) -> list[float]:
    """Return the fewest CPU seconds that each work took; they take turns, so that all meet the same machine."""
    return _best(time.process_time, works)


def apiece(*works: tuple[Callable[[Any], object], Sequence[Any]]) -> list[float]:
    """Return the CPU seconds of each work: (function, things), the fewest that each thing took, in all.

    Works take turns at one thing after the other, so that what else the machine does falls on none or on all,
    and each meets a thing as a stranger would: with caches that the others have just filled with theirs.
    """
    totals = [0.0] * len(works)
    for turn in zip(*(things for _, things in works), strict=True):
        calls = [partial(function, each) for (function, _), each in zip(works, turn, strict=True)]
        for at, least in enumerate(cpu(*calls)):
            totals[at] += least
    return totals


def growth(work: Callable[[Any], object], small: Any, large: Any, times: float) -> float:
    """Return the exponent of growth from an input to one `times` its size: 1 is linear."""
    less, more = cpu(partial(work, small), partial(work, large))
    return math.log(more / less, times)


def started(*commands: Sequence[str]) -> list[float]:
    """Return the fewest CPU seconds that each command took, from its start to its end."""

    def run(command: Sequence[str]) -> None:
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)

    return _best(_of_children, [partial(run, command) for command in commands])


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def wall(*works: Callable[[], object]) -> list[float]:
    """Return the fewest seconds that each work took, in turns."""
    return _best(time.perf_counter, works)


def _best(clock: Callable[[], float], works: Sequence[Callable[[], object]]) -> list[float]:
    rounds = [[_timed(work, clock) for work in works] for _ in range(ROUNDS)]
    return [min(times) for times in zip(*rounds, strict=True)]


def _timed(work: Callable[[], object], clock: Callable[[], float]) -> float:
    start = clock()
    work()
    return clock() - start
