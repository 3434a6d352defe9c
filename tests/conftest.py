"""What all tests share: the public material beside the checkout, and the promise not to skip it in CI."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from postgresql import postgres

__all__ = ["postgres", "shared_dir", "shared_root"]

ROOT = Path(__file__).resolve().parent.parent


def shared_root() -> Path:
    """Return where the public material would lie."""
    return Path(os.environ.get("KBSYNC_SHARED", ROOT.parent / "shared"))


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of public material; skips where it is absent, fails where CI demands it."""
    folder = shared_root()
    if folder.is_dir():
        return folder
    if os.environ.get("KBSYNC_REQUIRE_SHARED") == "1":
        pytest.fail(f"KBSYNC_REQUIRE_SHARED is set and {folder} is not there")
    pytest.skip(f"public material not found at {folder}")
