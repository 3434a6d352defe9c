"""What a sync costs in requests, CPU and memory, beside md2conf over the same files.

KBSYNC_BENCH_ARTICLES says how many articles (1,000). md2conf speaks to a sandbox of its own.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from kbsync.sandbox.server import Sandbox

from .measure import Row, absent, installed, show
from .project import KBSYNC, Cost, Project

EDITS = 10
PER_EDIT = 6
CONSTANT = 10
PER_THOUSAND = 4
SYNC = (*KBSYNC, "sync", "--json")


def run() -> None:
    """Print the table."""
    count = int(os.environ.get("KBSYNC_BENCH_ARTICLES", "1000"))
    with tempfile.TemporaryDirectory() as folder:
        show(f"Sync of {count:,} articles with both replicas", list(measured(count, Path(folder))))


def measured(count: int, folder: Path) -> Iterator[Row]:
    """Measure a first sync, one with nothing to do, one with some edits, and md2conf."""
    with Sandbox() as sandbox:
        project = Project(_made(folder / "ours" / "project"), sandbox)
        project.configure()
        files = project.fill(count)
        first, still = project.run(SYNC), project.run(SYNC)
        for path in files[:: max(1, len(files) // EDITS)][:EDITS]:
            path.write_text(path.read_text("utf-8").replace("five", "six"), "utf-8")
        edited = project.run(SYNC)
    limit = CONSTANT + PER_THOUSAND * count / 1000
    yield Row("first sync", _cost(first), "", _requests(first))
    for service, requests in still.requests.items():
        limits = f"{limit:.0f} requests"
        yield Row(f"no-op, {service}", f"{requests} requests", "limit", limits, requests / limit, 1, True)
    bound = 2 * limit + 2 * PER_EDIT * EDITS
    spent = sum(edited.requests.values())
    yield Row(f"{EDITS} edits", f"{spent} requests", "limit", f"{bound:.0f} requests", spent / bound, 1, True)
    yield Row(f"{EDITS} edits", _cost(edited), "no-op", _cost(still), edited.cpu / still.cpu)
    yield from _beside_md2conf(count, folder, still)


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
