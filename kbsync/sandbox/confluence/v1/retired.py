"""Routes of the v1 API that Cloud has taken away: 410, as newer sites answer since 2026.

Source: github.com/veryfront/veryfront-code/pull/1787, and the operations missing from the v1 document.
"""

from __future__ import annotations

from typing import Final

from kbsync.sandbox.confluence.endpoint import Answer, Call, Table
from kbsync.sandbox.confluence.failure import Refusal


def gone(call: Call) -> Answer:
    """Refuse with 410."""
    raise Refusal(410, f"This deprecated endpoint has been removed: {call.route}. Use the v2 API")


_GONE: Final = {
    "/content": "GET POST",
    "/content/{id}": "GET PUT DELETE",
    "/content/{id}/child/page": "GET",
    "/content/{id}/child/attachment": "GET",
    "/content/{id}/label": "GET",
    "/content/{id}/history": "GET",
    "/content/{id}/property": "GET POST",
    "/content/{id}/property/{key}": "GET PUT POST DELETE",
    "/space": "GET",
    "/space/{key}": "GET",
    "/space/{key}/content": "GET",
}

TABLE: Table = {(method, path): gone for path, methods in _GONE.items() for method in methods.split()}
