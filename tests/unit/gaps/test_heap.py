"""Memory that the analysis freed is not kept."""

from __future__ import annotations

import subprocess
import sys

import pytest

AGAIN = """
from concurrent.futures import ThreadPoolExecutor
from kbsync.gaps.heap import give_back

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

def work(_):
    held = [bytearray(b"x") * 8_000_000 for _ in range(8)]
    return bytes(10), len(held)

give_back()
before = resident()
kept = []
for _ in range(3):
    with ThreadPoolExecutor(3) as pool:
        kept += pool.map(work, range(3))
print(resident() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="tells what glibc does")
def test_large_arrays_go_back_to_the_system() -> None:
    """What threads took and freed is with the system again."""
    done = subprocess.run([sys.executable, "-c", AGAIN], check=True, stdout=subprocess.PIPE, text=True)

    assert int(done.stdout) < 8_000_000
