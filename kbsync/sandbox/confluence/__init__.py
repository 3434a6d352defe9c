"""The emulated Confluence: Cloud (REST v2, and v1 where v2 has nothing) and Data Center (v1 only)."""

from __future__ import annotations

from starlette.routing import BaseRoute

from kbsync.sandbox.confluence import control, endpoint, v1, v2
from kbsync.sandbox.confluence.endpoint import Answer, Call
from kbsync.sandbox.confluence.failure import missing
from kbsync.sandbox.confluence.site import Deployment, Site
from kbsync.sandbox.store import Store


def routes(store: Store, deployment: Deployment = "cloud") -> list[BaseRoute]:
    """Return the routes below /wiki; what no route knows is answered with the API's own 404."""
    site = Site(store, deployment)
    return [
        *(v2.routes(site) if site.cloud else []),
        *v1.routes(site),
        *endpoint.routes(site, "v1", "/_sandbox", control.TABLE, public=True),
        *endpoint.routes(site, "v2", "/api/v2", _UNKNOWN),
        *endpoint.routes(site, "v1", "", _UNKNOWN),
    ]


def _nowhere(_call: Call) -> Answer:
    raise missing()


_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_UNKNOWN = {(method, "/{rest:path}"): _nowhere for method in _METHODS}
