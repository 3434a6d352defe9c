"""What a sync costs in requests, CPU and memory, beside md2conf over the same files.

KBSYNC_BENCH_ARTICLES says how many articles (1,000). md2conf speaks to a sandbox of its own.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from math import log
from pathlib import Path

from kbsync.sandbox.server import Sandbox

from .measure import Row, absent, installed, show
from .project import KBSYNC, Cost, Project

EDITS = 10
PER_EDIT = 6
TARGETS = 2
CONSTANT = 15
PER_THOUSAND = 8
SYNC = (*KBSYNC, "sync", "--json")
LOOKS = 3
"""Runs with nothing to do, of which the cheapest counts: what else the machine does only adds."""
STEP = 10
"""How many times smaller the help center is that growth is measured against."""


@dataclass(frozen=True, slots=True)
class Runs:
    """What three runs took: the first, one with nothing to do, one with some edits."""

    first: Cost
    still: Cost
    edited: Cost


def run() -> None:
    """Print the table."""
    count = int(os.environ.get("KBSYNC_BENCH_ARTICLES", "1000"))
    with tempfile.TemporaryDirectory() as folder:
        show(f"Sync of {count:,} articles with both replicas", list(measured(count, Path(folder))))


def measured(count: int, folder: Path) -> Iterator[Row]:
    """Measure the three runs, how they grow, and md2conf's run with nothing to do."""
    runs = _runs(count, folder / "ours")
    yield Row("first sync", _cost(runs.first), "", _requests(runs.first))
    limit = allowed(count)
    yield from _within("no-op", runs.still, limit)
    yield from _within(f"{EDITS} edits", runs.edited, limit + PER_EDIT * EDITS * TARGETS)
    yield Row(
        f"{EDITS} edits", _cost(runs.edited), "no-op", _cost(runs.still), runs.edited.cpu / runs.still.cpu
    )
    yield from _beside_md2conf(count, folder, runs.still)
    few = max(EDITS, count // STEP)
    yield from _growth(_runs(1, folder / "one"), few, _runs(few, folder / "few"), count, runs)


def allowed(count: int) -> float:
    """Return how many requests a run with nothing to do may send in all: 95 for 10,000 articles."""
    return CONSTANT + PER_THOUSAND * count / 1000


def _runs(count: int, folder: Path) -> Runs:
    with Sandbox() as sandbox:
        project = Project(_made(folder / "project"), sandbox)
        project.configure()
        files = project.fill(count)
        first = project.run(SYNC)
        still = min((project.run(SYNC) for _ in range(LOOKS)), key=lambda cost: cost.cpu)
        for path in files[:: max(1, len(files) // EDITS)][:EDITS]:
            path.write_text(path.read_text("utf-8").replace("five", "six"), "utf-8")
        return Runs(first, still, project.run(SYNC))


def _within(what: str, cost: Cost, limit: float) -> Iterator[Row]:
    spent = sum(cost.requests.values())
    yield Row(what, f"{spent} requests", "limit", f"{limit:.0f} requests", spent / limit, 1, True)


def _growth(one: Runs, few: int, small: Runs, count: int, large: Runs) -> Iterator[Row]:
    """Say with which power of the count a cost grows; what the start of a process takes is left out."""
    for what, least, before, after in (
        ("first sync", one.first, small.first, large.first),
        ("no-op", one.still, small.still, large.still),
    ):
        for unit, name in (("s CPU", "cpu"), ("MB", "memory")):
            start, less, more = (getattr(cost, name) for cost in (least, before, after))
            power = log(max(more - start, 0.01) / max(less - start, 0.01)) / log(count / few)
            mine, theirs = f"{more:.1f} {unit}", f"{less:.1f} {unit} (1: {start:.1f})"
            yield Row(f"growth, {what}", mine, f"{few:,} articles", theirs, power, 1.1, True)


def _beside_md2conf(count: int, folder: Path, ours: Cost) -> Iterator[Row]:
    if not installed("md2conf"):
        yield absent("no-op", "md2conf")
        return
    with Sandbox() as sandbox:
        project = Project(_made(folder / "theirs" / "project"), sandbox)
        project.fill(count)
        command = (sys.executable, "-m", "md2conf", "content", "--keep-hierarchy")
        project.run(command, md2conf_environment(sandbox))
        theirs = project.run(command, md2conf_environment(sandbox))
    spent, other = sum(ours.requests.values()), sum(theirs.requests.values())
    name, peer = "no-op, both replicas", "md2conf, Confluence alone"
    yield Row(name, f"{spent} requests", peer, f"{other} requests", spent / other)
    yield Row(name, f"{ours.cpu:.2f} s CPU", peer, f"{theirs.cpu:.2f} s CPU", ours.cpu / theirs.cpu)
    yield Row(name, f"{ours.memory:.0f} MB", peer, f"{theirs.memory:.0f} MB", ours.memory / theirs.memory)


def md2conf_environment(sandbox: Sandbox) -> dict[str, str]:
    """Return where and as whom md2conf publishes."""
    return {
        "CONFLUENCE_API_URL": f"{sandbox.confluence_url}/",
        "CONFLUENCE_DOMAIN": f"127.0.0.1:{sandbox.port}",
        "CONFLUENCE_PATH": "/wiki/",
        "CONFLUENCE_USER_NAME": sandbox.confluence_user,
        "CONFLUENCE_API_KEY": sandbox.confluence_token,
        "CONFLUENCE_SPACE_KEY": sandbox.space,
    }


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def _cost(cost: Cost) -> str:
    return f"{cost.cpu:.2f} s CPU, {cost.wall:.1f} s, {cost.memory:.0f} MB"


def _requests(cost: Cost) -> str:
    return ", ".join(f"{service} {requests}" for service, requests in cost.requests.items())
