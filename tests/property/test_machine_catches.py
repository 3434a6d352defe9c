"""The state machine is worth its time: it catches bugs that somebody could make."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from mutants import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_seeded_bug_can_still_be_seeded(mutant: Mutant) -> None:
    """The code still says what the mutant replaces, so that no bug silently leaves the list."""
    assert mutant.old in (ROOT / "kbsync" / "sync" / mutant.file).read_text(encoding="utf-8")
    assert mutant.old != mutant.new


@pytest.mark.soak
@pytest.mark.skipif(not os.environ.get("KBSYNC_SOAK"), reason="set KBSYNC_SOAK to run the long form")
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_seeded_bug_is_caught(mutant: Mutant, tmp_path: Path) -> None:
    """With the bug in place, the machine or the engine's own tests fail."""
    shutil.copytree(ROOT / "kbsync", tmp_path / "kbsync", ignore=shutil.ignore_patterns("__pycache__"))
    path = tmp_path / "kbsync" / "sync" / mutant.file
    text = path.read_text(encoding="utf-8")
    assert text.count(mutant.old) >= 1, f"{mutant.file} no longer says {mutant.old!r}"
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    tests = [
        str(ROOT / name)
        for name in (
            "tests/unit/sync",
            "tests/property/test_sync_machine.py",
            "tests/crash/test_crash_sweep.py",
        )
    ]
    environment = {
        **os.environ,
        "PYTHONPATH": str(tmp_path),
        "KBSYNC_SOAK": "",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert "from" not in done.stderr or done.returncode != 4, done.stderr
    assert done.returncode == 1, f"nobody noticed: {mutant.name}\n{done.stdout[-2000:]}"
