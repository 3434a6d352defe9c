"""The 10,042 one-line issues of ABCD, from their words to verdicts: seconds by stage and the memory at its highest.

    python -m tests.benchmarks.gaps_pace [--encoder tfidf semantic]

Each encoder runs in a process of its own, nothing remembered from before. CPU seconds are those of all its processes;
where the machine has other work they tell more than the seconds that went by.
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
from kbsync.gaps.analyze import study
from kbsync.gaps.model import HelpText
from kbsync.gaps.report.write import write_analysis
from kbsync.gaps.settings import GapSettings
from kbsync.gaps.source import Listed

from .gaps_report import ROOT, load_rules
from .gaps_scale import STAGES, Clock, Meter, whole

SECONDS_AIM = MappingProxyType({"tfidf": 10, "semantic": 40})
MEMORY_AIM = 1_000
#: Every fourth article is not there.
HIDDEN = 4


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
    """Analyse the issues once."""
    asked, articles, clock = issues(), shelf(), Clock()
    with tempfile.TemporaryDirectory() as folder, Meter() as meter:
        start = time.monotonic()
        found = study(Listed(asked), Path(folder), articles, GapSettings(encoder=encoder), note=clock.note)
        clock.note("Writing")
        write_analysis(found, Path(folder) / "out")
        clock.note("")
        passed = time.monotonic() - start
    return {"stages": clock.stages, "passed": passed, "peak": meter.peak, "topics": len(found.topics)}


def measured(encoder: str) -> dict[str, Any]:
    """Measure in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.gaps_pace", "--one", encoder]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def show(encoders: Sequence[str]) -> None:
    """Print a row for each encoder."""
    columns = (*STAGES, "CPU s", "passed s", "aim s", "peak MB", "aim MB", "topics")
    print(f"{'encoder':9} " + " ".join(f"{column:>9}" for column in columns))
    for encoder in encoders:
        found = measured(encoder)
        seconds = (*(found["stages"].get(stage, 0.0) for stage in STAGES), whole(found), found["passed"])
        rest = (SECONDS_AIM[encoder], round(found["peak"]), MEMORY_AIM, found["topics"])
        print(
            f"{encoder:9} "
            + " ".join(f"{value:9.1f}" for value in seconds)
            + " "
            + " ".join(f"{value:9}" for value in rest),
            flush=True,
        )


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
