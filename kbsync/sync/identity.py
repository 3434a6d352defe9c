"""Ids that are safe to use in paths and links, made from what a person sees."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Container

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}\Z")
_GAPS = re.compile(r"[^a-z0-9]+")
_LONGEST = 80


def safe(id: str) -> bool:
    """Tell whether an id that a replica carries may be used."""
    return bool(_SAFE.match(id)) and ".." not in id


def fresh(text: str, kind: str, taken: Container[str], numbers: dict[str, int] | None = None) -> str:
    """Return a new id from a title or name: ASCII, unique among `taken`.

    `numbers` remembers where the counting of each stem stood, for a thousand files named `index`.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    stem = _GAPS.sub("-", plain).strip("-")[:_LONGEST].strip("-")
    stem = stem or f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    numbers = {} if numbers is None else numbers
    candidate, number = stem, numbers.get(stem, 2)
    while candidate in taken:
        candidate, number = f"{stem}-{number}", number + 1
    numbers[stem] = number
    return candidate
