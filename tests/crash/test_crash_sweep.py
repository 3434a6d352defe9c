"""A run may die at any effect, in three ways; the next one finishes it, and nothing is there twice."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from scenario import NAMES, Crash, Stopping, World

from kbsync.errors import KbsyncError

SOAK = bool(os.environ.get("KBSYNC_SOAK"))
ARTICLES = 40 if SOAK else 6
EVERY = 1 if SOAK else 9
WAYS = ("before", "after", "lost")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A help center that was never synced."""
    return World(ARTICLES, tmp_path)


def _effects_of(world: World) -> int:
    counting = Stopping()
    world.sync(counting)
    world.edit_everywhere()
    world.sync(counting)
    return counting.count


def _die(world: World, at: int, how: str) -> None:
    """Play the scenario; the process dies at one effect, and is started again where it died."""
    effects = Stopping(at, how)
    for edit in (False, True):
        if edit:
            world.edit_everywhere()
        try:
            world.sync(effects)
        except (Crash, KbsyncError):
            world.sync(Stopping())
    world.sync(Stopping())


def test_scenario_is_large_enough(world: World) -> None:
    """The sweep stops at hundreds of places in its long form, and at dozens in the short one."""
    assert _effects_of(world) >= (300 if SOAK else 60)


@pytest.mark.parametrize("how", WAYS)
def test_dying_anywhere_is_healed_by_the_next_run(world: World, how: str) -> None:
    """After a death at any effect and one more run: all agree, no duplicate, no lost word, silence."""
    total = _effects_of(world)
    expected = world.shown("files")
    for at in range(1, total + 1, EVERY):
        with tempfile.TemporaryDirectory() as name:
            survivor = World(ARTICLES, Path(name))
            _die(survivor, at, how)
            context = f"died {how} effect {at} of {total}"
            assert survivor.duplicates() == [], context
            for replica in NAMES:
                assert survivor.shown(replica) == expected, context
            before = survivor.writes()
            report = survivor.sync(Stopping())
            assert survivor.writes() == before, context
            assert report.exit_code == 0, context
