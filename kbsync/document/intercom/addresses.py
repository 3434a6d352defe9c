"""Addresses on Intercom's own hosts: signed anew at every read, so the signature is no content."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

_HOST: Final = re.compile(r"(?:[a-z0-9-]+\.)*(?:intercomcdn\.(?:com|eu)|intercom-attachments-\d+\.com)")
_SIGNING: Final = frozenset(["expires", "signature", "req"])


def unsigned(url: str) -> str:
    """Return the address without `expires`, `signature` and `req`, where Intercom's hosts serve it.

    Intercom accepts the bare path on save and signs it again.
    """
    if "intercom" not in url or "?" not in url:
        return url
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
    except ValueError:
        return url
    if not _HOST.fullmatch(host):
        return url
    kept = [pair for pair in parts.query.split("&") if pair.partition("=")[0] not in _SIGNING]
    return parts._replace(query="&".join(kept)).geturl()
