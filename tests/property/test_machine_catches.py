"""The state machine is worth its time: by itself it catches bugs that somebody could make.

`pytest -s` prints a table at the end: after how many steps the machine noticed each seeded bug, and by what.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import invariants
import pytest
from mutants import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
EXAMPLES = 400
IN_CI = (
    "trust the sent form",
    "advance the shadow early",
    "take more steps than were planned",
    "write over a held field",
)
TABLE: list[str] = []


@pytest.fixture(scope="module", autouse=True)
def _table() -> Iterator[None]:
    """Print what was caught, once all hunts are over."""
    yield
    if TABLE:
        print("", *sorted(TABLE), f"{len(TABLE)} hunts", sep="\n")


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_seeded_bug_can_still_be_seeded(mutant: Mutant) -> None:
    """The code still says what the mutant replaces, so that no bug silently leaves the list."""
    assert mutant.old in (ROOT / "kbsync" / "sync" / mutant.file).read_text(encoding="utf-8")
    assert mutant.old != mutant.new


def test_there_are_enough_seeded_bugs() -> None:
    """At least thirty, in every step of a sync."""
    assert len(MUTANTS) >= 30
    steps = (
        "observe",
        "adopt",
        "reconcile",
        "tasks",
        "guard",
        "apply",
        "verify",
        "recover",
        "accept",
        "fields",
    )
    files = {mutant.file for mutant in MUTANTS}
    assert {f"{step}.py" for step in steps} <= files


@pytest.mark.parametrize("mutant", [m for m in MUTANTS if m.name in IN_CI], ids=lambda mutant: mutant.name)
def test_a_seeded_bug_is_caught(mutant: Mutant, tmp_path: Path) -> None:
    """With the bug in place the machine finds fault with the engine."""
    _hunt(mutant, tmp_path)


@pytest.mark.soak
@pytest.mark.skipif(not os.environ.get("KBSYNC_SOAK"), reason="set KBSYNC_SOAK to run the long form")
@pytest.mark.parametrize(
    "mutant", [m for m in MUTANTS if m.name not in IN_CI], ids=lambda mutant: mutant.name
)
def test_every_seeded_bug_is_caught(mutant: Mutant, tmp_path: Path) -> None:
    """The same for all others."""
    _hunt(mutant, tmp_path)


@pytest.mark.soak
@pytest.mark.skipif(not os.environ.get("KBSYNC_SOAK"), reason="set KBSYNC_SOAK to run the long form")
def test_without_a_bug_there_is_nothing_to_catch(tmp_path: Path) -> None:
    """The same hunt on the engine as it is finds nothing: what is caught above are the bugs themselves."""
    found = _play(_copied(tmp_path))
    assert not found["reason"], f"after {found['steps']} steps: {found['reason']}"
    TABLE.append(f"{found['steps']:>6} steps  without a bug: nothing")


def _hunt(mutant: Mutant, folder: Path) -> None:
    path = _copied(folder) / "kbsync" / "sync" / mutant.file
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    found = _play(folder)
    assert found["reason"], f"nobody noticed in {found['steps']} steps: {mutant.name}"
    TABLE.append(f"{found['steps']:>6} steps  {mutant.name}: {found['reason'][:90]}")


def _copied(folder: Path) -> Path:
    shutil.copytree(ROOT / "kbsync", folder / "kbsync", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def _play(folder: Path) -> dict[str, Any]:
    """Let the machine loose on the package in a folder; return after how many steps it found what."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(map(str, (folder, HERE.parent, HERE))),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
    }
    command = [sys.executable, str(HERE / "hunt.py"), str(EXAMPLES)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert found["package"].startswith(str(folder)), "the machine played with another kbsync"
    return found


def test_all_18_invariants_have_a_check() -> None:
    """Each number of the list is the first thing that some check says, or is pinned by another test."""
    checks = [each for each in vars(invariants).values() if callable(each) and getattr(each, "__doc__", None)]
    numbers = {int(doc.partition(".")[0]) for each in checks if (doc := str(each.__doc__))[:1].isdigit()}
    for path, name in invariants.PINNED.values():
        assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8")
    assert numbers | invariants.PINNED.keys() == set(range(1, 19))
