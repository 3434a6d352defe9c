"""Signatures in image addresses: new at every read, so they are no content."""

from __future__ import annotations

import re
from typing import Final

_ADDRESS: Final = re.compile(r"((?:src|href)\s*=\s*[\"'])([^\"'?]*)\?([^\"']*)", re.IGNORECASE)
_SIGNING: Final = frozenset(["expires", "signature", "req"])
_AND: Final = re.compile(r"&amp;|&")


def bare(body: str) -> str:
    """Return a body whose addresses carry no `expires`, `signature` and `req`; other bytes stay.

    Only addresses that carry all three are Intercom's; it takes them without and signs them again.
    """
    return _ADDRESS.sub(_stripped, body) if "signature=" in body else body


def bare_address(address: str) -> str:
    """Return one address without its signature."""
    path, mark, query = address.partition("?")
    return path + (f"?{_kept(query)}" if mark and _kept(query) else "")


def _stripped(match: re.Match[str]) -> str:
    query = _kept(match[3])
    return match[1] + match[2] + (f"?{query}" if query else "")


def _kept(query: str) -> str:
    pairs = _AND.split(query)
    if not {pair.partition("=")[0] for pair in pairs} >= _SIGNING:
        return query
    and_ = "&amp;" if "&amp;" in query else "&"
    return and_.join(pair for pair in pairs if pair.partition("=")[0] not in _SIGNING)
