"""The one small port through which kbsync changes the world.

Every remote write, state commit, file write and git commit is one numbered effect, so that a test can
count them, stop before or after any of them, or lose the answer of one that did happen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Effects(Protocol):
    """Runs one effect; `kind` is `intercom`, `confluence`, `files`, `state` or `git`."""

    def perform(self, kind: str, what: str, act: Callable[[], T]) -> T:
        """Do `act` and return its result; `what` names it for logs and tests, e.g. `PUT /articles/7`."""
        ...


class Direct:
    """The effects of every day: each is simply done."""

    def perform(self, kind: str, what: str, act: Callable[[], T]) -> T:  # noqa: ARG002  the port's signature
        """Do it."""
        return act()


DIRECT = Direct()
