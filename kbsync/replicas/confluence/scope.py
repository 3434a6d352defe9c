"""Which pages of a space take part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from kbsync.errors import RemoteError
from kbsync.replicas.confluence.page import Page, Space


@dataclass(slots=True)
class Scope:
    """Everything below the page `root`, or the whole space when `root` is "".

    Folders are no pages and so are not in the listing; `folder_parent` asks for what one lies in.
    """

    space: Space
    root: str
    pages: Mapping[str, Page]
    folder_parent: Callable[[str], str]
    _inside: dict[str, bool] = field(default_factory=dict)

    @property
    def top(self) -> frozenset[str]:
        """Return the parents that stand for no collection."""
        return frozenset({self.root} if self.root else {"", self.space.homepage})

    def holds(self, page: Page) -> bool:
        """Tell whether a page takes part; the root and the home page themselves do not."""
        if page.id in {self.root, self.space.homepage}:
            return False
        return not self.root or self._below(page.parent, page.parent_type, set())

    def _below(self, id: str, kind: str, seen: set[str]) -> bool:
        if id == self.root:
            return True
        if not id or id in seen:
            return False
        if id not in self._inside:
            self._inside[id] = self._climbed(id, kind, seen | {id})
        return self._inside[id]

    def _climbed(self, id: str, kind: str, seen: set[str]) -> bool:
        page = self.pages.get(id)
        if page is not None:
            return self._below(page.parent, page.parent_type, seen)
        if kind != "folder":
            return False
        try:
            above = self.folder_parent(id)
        except RemoteError:
            return False
        return self._below(above, "page" if above in self.pages else "folder", seen)


def rooted(pages: Mapping[str, Page], title: str) -> Page | None:
    """Return the current page of this title."""
    found = (page for page in pages.values() if page.title.casefold() == title.casefold())
    return next((page for page in found if page.status == "current"), None)
