"""What becomes of memory that was freed: large arrays go back to the system at once.

glibc does so until the first is freed and then keeps all of that size for later; with a heap for each thread, what
one stage of the analysis freed the next one could not have.
"""

from __future__ import annotations

import ctypes
from contextlib import suppress
from functools import cache
from typing import Final

_MMAP_THRESHOLD: Final = -3
"""glibc's `M_MMAP_THRESHOLD` (malloc.h); setting it ends its rise, mallopt(3)."""
_LARGE: Final = 4_000_000
"""Bytes; what a small batch of sentences needs is less, and would take longer from the system."""


@cache
def give_back() -> None:
    """Have large arrays given back when they are freed; other C libraries are left as they are."""
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, _LARGE)
