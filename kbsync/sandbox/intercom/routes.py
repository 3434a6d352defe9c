"""The routes of the emulated Intercom."""

from __future__ import annotations

from starlette.routing import BaseRoute

from kbsync.sandbox.store import Store


def routes(store: Store, deployment: str) -> list[BaseRoute]:  # noqa: ARG001  both services take the same
    """Return the routes under `/intercom`."""
    return []
