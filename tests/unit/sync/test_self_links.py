"""An article that links to itself, and is made anew under another address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import pytest
from small_center import Center

T = TypeVar("T")


class _Killed(BaseException):
    """Ends a run as a kill would."""


class _KilledAfter:
    """Does everything up to and with one commit."""

    def __init__(self, commit: str) -> None:
        self._commit = commit

    def perform(self, kind: str, what: str, act: Callable[[], T]) -> T:
        result = act()
        if (kind, what) == ("state", self._commit):
            raise _Killed
        return result


@pytest.fixture
def linking(center: Center) -> Center:
    """One article that links to itself everywhere."""
    center.write("files", "A", "one\nsee a")
    center.sync()
    center.sync()
    return center


def _points_at_itself(center: Center, name: str) -> bool:
    return center.body(name, "A") == f"one\nsee {center.one(name, 'A').handle}"


def test_it_points_at_its_new_address_though_the_run_that_made_it_died(linking: Center) -> None:
    """Killed between the new article and its links, the next run still writes them."""
    assert all(_points_at_itself(linking, name) for name in linking.names)
    linking.policy = replace(linking.policy, direction={"intercom": "push"}, on_conflict="files")
    linking.delete("intercom", "A")
    effects, linking.state.effects = linking.state.effects, _KilledAfter("done a")
    with pytest.raises(_Killed):
        linking.sync()
    linking.state.effects = effects
    assert not _points_at_itself(linking, "intercom")

    linking.sync()

    assert _points_at_itself(linking, "intercom")
    assert not linking.sync().applied
