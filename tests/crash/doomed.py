"""One real process of kbsync that kills itself at an effect: python doomed.py PLACE.json AT before|after."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from kbsync.effects import DIRECT, Effects
from kbsync.replicas.confluence import ConfluenceReplica, ConfluenceSettings
from kbsync.replicas.files.replica import FilesReplica
from kbsync.replicas.intercom import IntercomReplica, IntercomSettings
from kbsync.state.store import State, open_state
from kbsync.sync.engine import Engine
from kbsync.sync.outcome import Report
from kbsync.sync.policy import Budget, Policy

if TYPE_CHECKING:
    from kbsync.sandbox.server import Sandbox

T = TypeVar("T")


@dataclass(frozen=True)
class Place:
    """Where a help center lives, and how to get in. `folder` may be relative."""

    folder: str
    intercom_url: str
    intercom_token: str
    workspace: str
    confluence_url: str
    confluence_user: str
    confluence_token: str
    space: str
    public_url: str

    @classmethod
    def of(cls, folder: str, box: Sandbox) -> Place:
        """Return a help center in a folder that is bound to a sandbox."""
        return cls(
            folder,
            box.intercom_url,
            box.intercom_token,
            box.workspace,
            box.confluence_url,
            box.confluence_user,
            box.confluence_token,
            box.space,
            box.public_url,
        )


@dataclass(frozen=True)
class Wires:
    """What goes to the remote replicas instead of a network."""

    intercom: dict[str, Any] = field(default_factory=dict)
    confluence: dict[str, Any] = field(default_factory=dict)


class Killing:
    """Effects of which the n-th is the last thing the process does, or the last it does not do; 0 is none."""

    def __init__(self, at: int = 0, how: str = "before") -> None:
        self.at, self.how, self.count = at, how, 0

    def perform(self, kind: str, what: str, act: Callable[[], T]) -> T:
        self.count += 1
        if self.count != self.at:
            return act()
        if self.how == "after":
            act()
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError(kind, what)


def engine(place: Place, state: State, effects: Effects, wires: Wires) -> Engine:
    """Return the engine of one run over the real replicas, made anew as every process makes it."""
    folder = Path(place.folder)
    files = FilesReplica(folder / "content", folder / "retired", "en", effects)
    intercom = IntercomReplica(
        IntercomSettings(place.intercom_url, place.workspace, public_base_url=place.public_url),
        place.intercom_token,
        effects,
        **wires.intercom,
    )
    confluence = ConfluenceReplica(
        ConfluenceSettings(place.confluence_url, place.space),
        place.confluence_user,
        place.confluence_token,
        effects,
        assets=lambda path: files.read_asset(path) if files.has_asset(path) else None,
        **wires.confluence,
    )
    replicas: Any = {"files": files, "intercom": intercom, "confluence": confluence}
    policy = Policy(max_deletes=Budget(number=20, share=None))
    return Engine(replicas, state, policy, effects, home=folder / ".kbsync", workers=1)


def sync(place: Place, effects: Effects = DIRECT) -> Report:
    """Sync once over the real replicas, as `kbsync sync` does."""
    state = open_state(f"sqlite:///{place.folder}/state.db", effects=effects)
    try:
        return engine(place, state, effects, Wires()).sync()
    finally:
        state.close()


if __name__ == "__main__":
    sync(
        msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Place),
        Killing(int(sys.argv[2]), sys.argv[3]),
    )
