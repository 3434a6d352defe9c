"""REST API v2, as Cloud offers it under /wiki/api/v2."""

from __future__ import annotations

from starlette.routing import Route

from kbsync.sandbox.confluence.endpoint import routes as make_routes
from kbsync.sandbox.confluence.site import Site
from kbsync.sandbox.confluence.v2 import (
    attachments,
    comments,
    folders,
    labels,
    pages,
    properties,
    spaces,
    users,
)

TABLES = (
    pages.TABLE,
    spaces.TABLE,
    folders.TABLE,
    labels.TABLE,
    properties.TABLE,
    attachments.TABLE,
    comments.TABLE,
    users.TABLE,
)


def routes(site: Site) -> list[Route]:
    """Return the routes of the v2 API."""
    merged = {key: handler for table in TABLES for key, handler in table.items()}
    return make_routes(site, "v2", "/api/v2", merged)
