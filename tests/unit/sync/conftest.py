"""A small help center for every test of the engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from small_center import Center


@pytest.fixture
def center(tmp_path: Path) -> Iterator[Center]:
    """An empty help center."""
    made = Center(tmp_path)
    yield made
    made.state.close()
