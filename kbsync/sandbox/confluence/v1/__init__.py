"""REST API v1 under /wiki/rest/api: on Cloud what v2 lacks, on Data Center everything."""

from __future__ import annotations

from starlette.routing import Route

from kbsync.sandbox.confluence.endpoint import routes as make_routes
from kbsync.sandbox.confluence.site import Site
from kbsync.sandbox.confluence.v1 import attachments, bodies, content, labels, retired, search, states, users
from kbsync.sandbox.confluence.v1.datacenter import pages as datacenter_pages
from kbsync.sandbox.confluence.v1.datacenter import properties as datacenter_properties
from kbsync.sandbox.confluence.v1.datacenter import spaces as datacenter_spaces

_BOTH = (labels.TABLE, attachments.TABLE, search.TABLE, users.TABLE, bodies.TABLE)
_CLOUD = (content.TABLE, states.TABLE, attachments.CLOUD_TABLE, retired.TABLE)
_DATACENTER = (
    labels.DATACENTER_TABLE,
    attachments.DATACENTER_TABLE,
    datacenter_spaces.TABLE,
    datacenter_properties.TABLE,
    datacenter_pages.TABLE,
)


def routes(site: Site) -> list[Route]:
    """Return the routes of the v1 API as this deployment has them."""
    tables = (*_BOTH, *(_CLOUD if site.cloud else _DATACENTER))
    merged = {key: handler for table in tables for key, handler in table.items()}
    return [
        *make_routes(site, "v1", "/rest/api", merged),
        *make_routes(site, "v1", "", attachments.DOWNLOADS),
        *make_routes(site, "v1", "", attachments.MEDIA, public=True),
    ]
