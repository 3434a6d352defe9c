"""The analysis at growing sizes: seconds by stage, peak memory, growth, and what a week of one percent costs.

    python -m tests.benchmarks.gaps_scale [--sizes 10000 30000]

`KBSYNC_MILLION=1` measures 10,000, 100,000 and 1,000,000 conversations instead of the quick sizes. The desks are
made here: topics by Zipf's law, each with words of its own, half of them with an article. Every size runs in a
process of its own, from a store to the written analysis; seconds are CPU seconds of all its processes.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import log
from pathlib import Path
from typing import Any, Self

from sklearn.metrics import adjusted_mutual_info_score

from kbsync.conversations.model import Conversation, Message
from kbsync.conversations.store import Store
from kbsync.gaps.analyze import study
from kbsync.gaps.kept import Kept
from kbsync.gaps.model import Analysis, HelpText
from kbsync.gaps.report.write import write_analysis
from kbsync.gaps.settings import GapSettings
from kbsync.gaps.source import Window

QUICK = (5_000, 20_000)
FULL = (10_000, 100_000, 1_000_000)
TOPICS = 120
WEEK_SHARE = 0.01
HEAD = ("conversations", "all", "us each", "peak MB", "1 % more", "its share", "AMI with a full run")
STAGES = ("Reading", "Learning", "Placing", "Judging", "Writing")
GROWTH_AIM, MEMORY_AIM = 1.1, 8_192
SYLLABLES = "ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu bra cle dri flo gru".split()
COMMON = "how can I please my the do not it when after still again cannot where is was today with for".split()


def words(rng: random.Random, count: int) -> list[str]:
    return ["".join(rng.choices(SYLLABLES, k=rng.randint(2, 4))) for _ in range(count)]


class SyntheticDesk:
    """Questions of known topics, the same for one seed, as many as are asked for."""

    def __init__(self, seed: int = 0) -> None:
        rng = random.Random(seed)
        shared = words(rng, 400)
        self.own = [words(rng, 8) + rng.sample(shared, 4) for _ in range(TOPICS)]
        self.shared = shared
        self.weights = [1 / (rank + 10) for rank in range(TOPICS)]

    def articles(self) -> list[HelpText]:
        """Return an article for every other topic."""
        return [
            HelpText(
                f"a{topic}.md",
                f"article-{topic}",
                "en",
                " ".join(own[:3]),
                (" ".join(own), " ".join(own[2:9])),
            )
            for topic, own in enumerate(self.own)
            if topic % 2 == 0
        ]

    def conversations(self, first: int, last: int) -> Iterator[Conversation]:
        """Yield the conversations of these numbers."""
        for number in range(first, last):
            rng = random.Random(number)
            topic = rng.choices(range(TOPICS), self.weights)[0]
            said = rng.sample(self.own[topic], 4) + rng.choices(self.shared, k=2) + rng.choices(COMMON, k=6)
            rng.shuffle(said)
            turn = Message("customer", f"{' '.join(said).capitalize()}?")
            yield Conversation(
                f"c{number}", 1.76e9 + 8.0 * number, (turn,), handling_seconds=300 + number % 600, locale="en"
            )


class Meter:
    """Peak memory of this process and those it started, in MB, by the proportional set size that Linux reports."""

    def __init__(self) -> None:
        self.peak = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.5):
            self.peak = max(self.peak, sum(map(proportional, family(os.getpid()))) / 1024)


def family(process: int) -> Iterator[int]:
    yield process
    try:
        for children in Path(f"/proc/{process}/task").glob("*/children"):
            for child in children.read_text().split():
                yield from family(int(child))
    except OSError:
        return


def proportional(process: int) -> int:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def spent() -> float:
    """Return the CPU seconds of this process and of those that ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


class Clock:
    """CPU seconds by stage; each note ends the stage before it."""

    def __init__(self) -> None:
        self.stages: dict[str, float] = {}
        self._name, self._since = "", 0.0

    def note(self, name: str) -> None:
        end_workers()
        now = spent()
        if self._name:
            self.stages[self._name] = self.stages.get(self._name, 0.0) + now - self._since
        self._name, self._since = name, now


def end_workers() -> None:
    """End joblib's idle workers, so that their time is counted."""
    from joblib.externals.loky import get_reusable_executor  # noqa: PLC0415 - loaded only where it is used

    get_reusable_executor().shutdown(wait=True)


def measure(size: int, folder: Path) -> dict[str, Any]:
    """Analyse a desk of this size from its store, and again with one percent more."""
    desk, settings = SyntheticDesk(), GapSettings(encoder="tfidf")
    articles = desk.articles()
    more = max(int(size * WEEK_SHARE), 1)
    with Store(folder / "store.duckdb") as store, Meter() as meter:
        store.put(desk.conversations(0, size))
        first, _ = run(store, articles, settings, folder, "whole")
        store.put(desk.conversations(size, size + more))
        week, caught_up = run(store, articles, settings, folder, "week")
        peak = meter.peak
        again = Kept(folder / "other")
        _, anew = run(store, articles, settings, folder, "anew", again) if size <= QUICK[-1] else ({}, None)
    same = agreement(caught_up, anew) if anew else None
    return {"size": size, "stages": first, "week": sum(week.values()), "peak": peak, "same": same}


def run(
    store: Store,
    articles: Sequence[HelpText],
    settings: GapSettings,
    folder: Path,
    name: str,
    kept: Kept | None = None,
) -> tuple[dict[str, float], Analysis]:
    """Analyse what the store holds and write it; return CPU seconds by stage, and what was found."""
    clock = Clock()
    with tempfile.TemporaryDirectory(dir=folder) as work:
        found = study(
            Window(store, 0.0),
            Path(work),
            articles,
            settings,
            kept=kept or Kept(folder / "kept"),
            note=clock.note,
        )
    clock.note("Writing")
    write_analysis(found, folder / name)
    clock.note("")
    return clock.stages, found


def agreement(one: Analysis, other: Analysis) -> float:
    """Return the adjusted mutual information of two analyses of the same conversations."""
    first = {c.id: str(c.topic) for c in one.conversations}
    second = {c.id: str(c.topic) for c in other.conversations}
    ids = sorted(first)
    return float(adjusted_mutual_info_score([first[i] for i in ids], [second[i] for i in ids]))


def measured(size: int) -> dict[str, Any]:
    """Measure one size in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.gaps_scale", "--one", str(size)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def show(sizes: Sequence[int]) -> None:
    """Measure and print a size after the other, the growth from each to the next, and the peak."""
    head = (*HEAD[:1], *STAGES, *HEAD[1:])
    print("  ".join(f"{column:>9}" for column in head))
    rows: list[dict[str, Any]] = []
    for size in sizes:
        rows.append(measured(size))
        cells = zip(cells_of(rows[-1]), head, strict=True)
        print("  ".join(f"{cell:>{max(9, len(name))}}" for cell, name in cells), flush=True)
    for one, two in pairwise(rows):
        growth = log(whole(two) / whole(one)) / log(two["size"] / one["size"])
        print(
            f"growth from {one['size']:,} to {two['size']:,}: exponent {growth:.2f} (aim: at most {GROWTH_AIM})"
        )
    print(f"peak memory {max(row['peak'] for row in rows):.0f} MB (aim: at most {MEMORY_AIM})")


def whole(row: dict[str, Any]) -> float:
    return float(sum(row["stages"].values()))


def cells_of(row: dict[str, Any]) -> list[str]:
    cost = whole(row)
    return [
        f"{row['size']:,}",
        *(f"{row['stages'].get(name, 0):.1f}" for name in STAGES),
        f"{cost:.1f}",
        f"{1e6 * cost / row['size']:.0f}",
        f"{row['peak']:.0f}",
        f"{row['week']:.1f}",
        f"{row['week'] / cost:.1%}",
        "" if row["same"] is None else f"{row['same']:.3f}",
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=FULL if os.environ.get("KBSYNC_MILLION") else QUICK
    )
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(measure(chosen.one, Path(folder))))
        return
    show(chosen.sizes)


if __name__ == "__main__":
    main()
