"""A run may die at any effect, in three ways; the next one finishes it, and nothing is there twice."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from soaking import soak

SWEEP = Path(__file__).with_name("sweep.py")
ARTICLES = {"first": soak(3, 12), "edits": soak(6, 40)}
EVERY = soak(9, 1)
LARGE = 300


@pytest.mark.parametrize("phase", list(ARTICLES))
def test_dying_anywhere_is_healed_by_the_next_run(phase: str) -> None:
    """After a death at any effect and one more run: all agree, no duplicate, no lost word, silence."""
    command = [sys.executable, str(SWEEP), phase, str(ARTICLES[phase]), str(EVERY)]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    effects, deaths, failures = map(int, re.findall(r"\d+", done.stdout.splitlines()[-1]))
    print(f"{phase}: {done.stdout}")
    assert failures == 0
    assert deaths >= 2 * effects // EVERY
    assert effects >= (LARGE if EVERY == 1 and phase == "edits" else 30)
