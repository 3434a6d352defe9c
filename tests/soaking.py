"""How long a sweep is: short in CI, long under `make soak`."""

from __future__ import annotations

import os


def soak(count_ci: int, count_soak: int) -> int:
    """Return the count of a sweep: the second under KBSYNC_SOAK=1, KBSYNC_SOAK itself when it is larger."""
    wanted = int(os.environ.get("KBSYNC_SOAK") or 0)
    return wanted if wanted > 1 else count_soak if wanted else count_ci
