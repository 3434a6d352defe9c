"""What a sandbox holds when it starts."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Final

from kbsync.errors import UsageError
from kbsync.sandbox.store import Store

SEEDS: Final = ("demo",)
_SEED_NUMBER = 7


def plant(store: Store, seed: str | None, url: str) -> None:
    """Lay the ground both services need, and the named seed on top; a store that has it stays as it is.

    Raises UsageError for a name that is not in `SEEDS`.
    """
    if seed is not None and seed not in SEEDS:
        raise UsageError(f"there is no seed {seed!r}", where="--seed", hint=f"known: {', '.join(SEEDS)}")
    with store.transaction():
        store.put("setting", "url", {"url": url})
        if seed == "demo" and store.get("setting", "seed") is None:
            seed_demo(store)
            store.put("setting", "seed", {"name": seed})


def seed_demo(store: Store) -> int:
    """Load the generated support conversations; return how many."""
    if find_spec("kbsync.sandbox.helpdesk") is None:
        return 0
    conversations = import_module("kbsync.sandbox.intercom.conversations")
    generated = import_module("kbsync.sandbox.helpdesk").generate(_SEED_NUMBER, store.now())
    return int(conversations.load(store, generated))
