"""A real process is killed in the middle of a real sync; the next one finishes, and nothing is there twice."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec
import pytest
from doomed import Killing, Place, sync
from soaking import soak
from world import World

from kbsync.sandbox.server import Sandbox

ARTICLES = soak(4, 40)
KILLS = 2
"""How many places of each phase a short run tries; a long one tries every tenth effect."""
DOOMED = Path(__file__).with_name("doomed.py")


@dataclass(frozen=True)
class Center:
    """A world over HTTP, and where a process finds it."""

    world: World
    place: Place

    def die(self, at: int, how: str) -> None:
        """Run one process that is killed at an effect."""
        place = Path(self.place.folder) / "place.json"
        place.write_bytes(msgspec.json.encode(self.place))
        done = subprocess.run(
            [sys.executable, str(DOOMED), str(place), str(at), how], capture_output=True, check=False
        )
        assert done.returncode == -signal.SIGKILL, done.stderr.decode()


@contextmanager
def _center() -> Iterator[Center]:
    """A help center that was never synced."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "content").mkdir()
        with Sandbox(public=folder / "content") as box:
            headers = {"Authorization": f"Bearer {box.teammate_token}", "Intercom-Version": "2.16"}
            account = (box.confluence_user, box.confluence_token)
            world = World(
                folder,
                httpx.Client(base_url=box.intercom_url, headers=headers),
                httpx.Client(base_url=box.confluence_url, auth=account),
                box.space,
                ARTICLES,
            )
            yield Center(world, Place.of(name, box))
            world.close()


def _effects_of_each_phase() -> tuple[int, int]:
    with _center() as center:
        first, second = Killing(), Killing()
        sync(center.place, first)
        center.world.edit_everywhere()
        sync(center.place, second)
        return first.count, second.count


def _spots(total: int) -> list[int]:
    """Return the effects to die at, spread over a phase."""
    step = soak(max(1, total // KILLS), 10)
    return list(range(1 + step // 2, total + 1, step))


@pytest.mark.parametrize("phase", ["first sync", "edits everywhere"])
def test_a_killed_process_is_healed_by_the_next(phase: str) -> None:
    """SIGKILL before or after an effect, then one run: all agree, nothing twice, no lost word, silence."""
    edits = phase == "edits everywhere"
    total = _effects_of_each_phase()[edits]
    for number, at in enumerate(_spots(total)):
        with _center() as center:
            if edits:
                sync(center.place)
                center.world.edit_everywhere()
            how = "after" if number % 2 else "before"
            center.die(at, how)
            context = f"{phase}: killed {how} effect {at} of {total}"
            assert sync(center.place).exit_code == 0, context
            assert center.world.duplicates() == [], context
            assert center.world.differences() == [], context
            assert center.world.lost() == set(), context
            assert sync(center.place).applied == (), context
