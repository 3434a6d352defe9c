"""The gap analysis: every `gaps_*` module here prints its own tables, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def run() -> None:
    """Run all modules of the gap analysis; they need the folder of public data sets."""
    data = Path(os.environ.get("KBSYNC_SHARED", ROOT.parent / "shared"))
    if not data.is_dir():
        print("\nGaps: the public data sets are not there; name their folder with KBSYNC_SHARED")
        return
    for path in sorted(HERE.glob("gaps_*.py")):
        print(f"\nGaps: {path.stem}", flush=True)
        done = subprocess.run([sys.executable, "-m", f"tests.benchmarks.{path.stem}"], cwd=ROOT, check=False)
        if done.returncode:
            print(f"{path.stem} ended with {done.returncode}")
