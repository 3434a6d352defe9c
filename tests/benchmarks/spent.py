"""Run a command and note what it took (python spent.py NOTE COMMAND).

The peak memory of a process counts what it shared with its parent before it became what it is (getrusage(2)).
So the parent of what is measured is this small one, and not a benchmark that holds a help center.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(pid, 0)
# ru_maxrss is in KiB on Linux and in bytes on macOS.
peak = usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
Path(sys.argv[1]).write_text(f"{usage.ru_utime + usage.ru_stime} {peak}", encoding="utf-8")
sys.exit(os.waitstatus_to_exitcode(status))
