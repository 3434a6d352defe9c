"""Titles are unique in a space, without regard to case and archived pages included."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kbsync.errors import Rejected

LONGEST: Final = 255
_MOST: Final = 50
_UNTITLED: Final = "Untitled"
"""For a draft in Intercom that has no title yet, which a page must have (operation createPage)."""


def candidates(title: str, collection: str) -> Iterator[str]:
    """Return the titles a page may have, in order: itself, `Title (Collection)`, `Title (2)` and on."""
    yield _fit(title, "")
    if collection:
        yield _fit(title, f" ({collection})")
    for number in range(2, _MOST):
        yield _fit(title, f" ({number})")


def taken(refusal: Rejected) -> bool:
    """Tell whether a page was refused because its title is taken; there is no code for it, only words."""
    said = refusal.message.casefold()
    return "title" in said and ("already exists" in said or "same title" in said)


def _fit(title: str, suffix: str) -> str:
    room, title = LONGEST - len(suffix), title.strip() or _UNTITLED
    return (title if len(title) <= room else title[: room - 1].rstrip() + "…") + suffix
