"""A page as both APIs show it, and the mark by which kbsync knows its own."""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

import msgspec

Json: TypeAlias = dict[str, Any]
Role: TypeAlias = Literal["article", "collection", "translation", "root"]

PROPERTY: Final = "kbsync"
"""Key of the content property that holds the mark."""
NEWEST: Final = 50
"""How many of the newest pages are looked through for one that never got its mark."""


class Mark(msgspec.Struct, frozen=True, omit_defaults=True):
    """What kbsync notes on a page, in a content property readers never see.

    Where the page's title carries a suffix because the plain one was taken, `title` is the plain one and
    `page_title` the one kbsync gave. `labels` maps written labels to their original spelling.
    """

    id: str
    kind: Role = "article"
    locale: str = ""
    title: str = ""
    page_title: str = ""
    labels: dict[str, str] = {}


class Page(msgspec.Struct, frozen=True):
    """One page. `body`, `labels` and `mark` are only known when the page was read by itself (`whole`).

    `parent` is the id of a page or a folder, "" at the root of the space.
    """

    id: str
    title: str
    status: str
    version: int
    parent: str = ""
    parent_type: str = "page"
    message: str = ""
    whole: bool = False
    body: str = ""
    labels: tuple[str, ...] = ()
    mark: Mark | None = None
    mark_id: str = ""
    mark_version: int = 0

    @property
    def archived(self) -> bool:
        """Tell whether the page is archived."""
        return self.status == "archived"

    @property
    def gone(self) -> bool:
        """Tell whether the page lies in the trash, or beyond."""
        return self.status in {"trashed", "deleted"}


class Space(msgspec.Struct, frozen=True):
    """A space; `homepage` is "" where there is none."""

    id: str
    key: str
    homepage: str = ""


class Attachment(msgspec.Struct, frozen=True):
    """A file on a page; `size` in bytes, `link` is relative to the site's base address."""

    id: str
    name: str
    comment: str = ""
    size: int = 0
    link: str = ""


def items(value: Any) -> list[Json]:
    """Return the objects of a list of JSON, wherever it stands: plain, or under `results`."""
    found = value.get("results") if isinstance(value, dict) else value
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def text(value: Any) -> str:
    """Return a string or number as text, "" for anything else."""
    if isinstance(value, bool):
        return ""
    return str(value) if isinstance(value, str | int) else ""


def number(value: Any) -> int:
    """Return the whole number, 0 for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def mark_of(value: Any) -> Mark | None:
    """Return the mark of a property's value, None when the value is not ours."""
    try:
        return msgspec.convert(value, Mark)
    except msgspec.ValidationError:
        return None
