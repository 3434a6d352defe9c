"""The sandbox as one ASGI application: two services, public files, and the controls."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

from kbsync.sandbox import confluence, control, intercom
from kbsync.sandbox.faults import Faults
from kbsync.sandbox.journal import Journal, Journaling
from kbsync.sandbox.limits import Limits, RateLimit
from kbsync.sandbox.mishaps import Mishaps
from kbsync.sandbox.store import Store

Deployment: TypeAlias = Literal["cloud", "datacenter"]

_HOSTS = ["127.0.0.1", "localhost", "[::1]", "testserver"]


def create_app(
    store: Store,
    *,
    faults: Faults | None = None,
    limits: Limits | None = None,
    public: Path | None = None,
    deployment: Deployment = "cloud",
) -> Starlette:
    """Return the application: `/intercom`, `/wiki`, `/public`, `/_sandbox`.

    `public` is a folder whose files stand under `/public`, so that the emulated Intercom can fetch images.
    Handlers reach the parts through `request.app.state`: store, faults, limits, journal, deployment.
    """
    faults, limits, journal = faults or Faults(), limits or Limits(deployment=deployment), Journal()
    app = Starlette(
        routes=_routes(store, public, deployment),
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=_HOSTS),
            Middleware(Journaling, journal=journal),
            Middleware(RateLimit, limits=limits),
            Middleware(Mishaps, faults=faults),
        ],
    )
    app.state.store, app.state.faults, app.state.limits = store, faults, limits
    app.state.journal, app.state.deployment = journal, deployment
    return app


def _routes(store: Store, public: Path | None, deployment: Deployment) -> list[BaseRoute]:
    routes: list[BaseRoute] = [Mount("/_sandbox", routes=control.routes())]
    if public is not None:
        routes.append(Mount("/public", app=StaticFiles(directory=public)))
    routes.append(Mount("/intercom", routes=intercom.routes(store, deployment)))
    routes.append(Mount("/wiki", routes=confluence.routes(store, deployment)))
    return routes
