"""The 10,042 one-line issues of ABCD, from their words to verdicts: seconds by stage and the memory at its highest.

    python -m tests.benchmarks.gaps_pace [--encoder tfidf semantic]

Each encoder runs in a process of its own. CPU seconds are those of all its processes; where the machine has other
work they tell more than the seconds that went by. Beside them what the last hundredth of the issues costs when the
others are known, and the adjusted mutual information of its topics with those of the run over all.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kbsync.conversations.model import Conversation, Message
from kbsync.conversations.store import Store
from kbsync.gaps.kept import Kept
from kbsync.gaps.model import HelpText
from kbsync.gaps.settings import GapSettings

from .gaps_report import ROOT, load_rules
from .gaps_scale import STAGES, WEEK_SHARE, Meter, agreement, run, whole

SECONDS_AIM = MappingProxyType({"tfidf": 10, "semantic": 40})
MEMORY_AIM = 1_000
#: Every fourth article is not there.
HIDDEN = 4
COLUMNS = ("CPU s", "passed s", "aim s", "peak MB", "aim MB", "topics", "1 % more", "its share", "AMI")


def issues() -> list[Conversation]:
    """Return what the customers of ABCD wanted, a line each."""
    data = Path(os.environ.get("KBSYNC_SHARED", ROOT.parent / "shared")) / "data" / "abcd"
    lines = gzip.decompress((data / "issues.jsonl.gz").read_bytes()).splitlines()
    return [_conversation(number, json.loads(line)) for number, line in enumerate(lines)]


def _conversation(number: int, row: dict[str, Any]) -> Conversation:
    said = Message("customer", row["issue_gpt4"] or "")
    return Conversation(row["convo_id"], 1.76e9 + 60.0 * number, (said,))


def shelf() -> list[HelpText]:
    """Return the articles that are there."""
    _, articles = load_rules().SETS["abcd"]()
    return [
        HelpText(f"{topic}.md", topic, "en", articles[topic][0], tuple(articles[topic][1]))
        for number, topic in enumerate(sorted(articles))
        if number % HIDDEN
    ]


def measure(encoder: str) -> dict[str, Any]:
    """Analyse the issues from a store: all but the last, what the last week adds to that, and all anew."""
    asked, articles, settings = issues(), shelf(), GapSettings(encoder=encoder)
    old = len(asked) - round(WEEK_SHARE * len(asked))
    with (
        tempfile.TemporaryDirectory() as name,
        Store(Path(name) / "store.duckdb") as store,
        Meter() as meter,
    ):
        folder = Path(name)
        store.put(asked[:old])
        run(store, articles, settings, folder, "old")
        store.put(asked[old:])
        week, caught_up = run(store, articles, settings, folder, "week")
        start = time.monotonic()
        stages, anew = run(store, articles, settings, folder, "anew", Kept(folder / "other"))
        passed = time.monotonic() - start
    return {
        "stages": stages,
        "passed": passed,
        "peak": meter.peak,
        "week": sum(week.values()),
        "same": agreement(caught_up, anew),
        "topics": len(anew.topics),
    }


def measured(encoder: str) -> dict[str, Any]:
    """Measure in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.gaps_pace", "--one", encoder]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def show(encoders: Sequence[str]) -> None:
    """Print a row for each encoder."""
    print(f"{'encoder':9} " + " ".join(f"{column:>9}" for column in (*STAGES, *COLUMNS)))
    for encoder in encoders:
        cells = cells_of(encoder, measured(encoder))
        print(f"{encoder:9} " + " ".join(f"{cell:>9}" for cell in cells), flush=True)


def cells_of(encoder: str, found: dict[str, Any]) -> list[str]:
    cost = whole(found)
    return [
        *(f"{found['stages'].get(stage, 0.0):.1f}" for stage in STAGES),
        f"{cost:.1f}",
        f"{found['passed']:.1f}",
        str(SECONDS_AIM[encoder]),
        f"{found['peak']:.0f}",
        str(MEMORY_AIM),
        str(found["topics"]),
        f"{found['week']:.1f}",
        f"{found['week'] / cost:.1%}",
        f"{found['same']:.3f}",
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoder", nargs="+", default=list(SECONDS_AIM), choices=list(SECONDS_AIM))
    parser.add_argument("--one", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        print(json.dumps(measure(chosen.one)))
        return
    show(chosen.encoder)


if __name__ == "__main__":
    main()
