"""Work for other processes, in a module that starts nothing else: a worker imports what it is to do."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import NamedTuple


class Errand(NamedTuple):
    """Something for a worker to do; the first that comes to `dies` kills its process."""

    number: int
    dies: Path


def double(errand: Errand) -> int:
    """Return twice the number, or die."""
    if errand.number == 3 and not errand.dies.exists():
        errand.dies.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * errand.number


def hopeless(_: int) -> int:
    """Die, always."""
    os.kill(os.getpid(), signal.SIGKILL)
    return 0
