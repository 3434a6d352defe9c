"""The cheap look at a space: one listing of versions, and single reads only for pages that moved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

import msgspec

from kbsync.article import Locale
from kbsync.errors import Incomplete, RemoteDown, RemoteError
from kbsync.replicas.base import Broken, Key, Observation, Reading
from kbsync.replicas.confluence.form import decode, encode, reading, stamp
from kbsync.replicas.confluence.page import Page
from kbsync.replicas.confluence.pages import Pages
from kbsync.replicas.confluence.scope import Scope, rooted
from kbsync.replicas.confluence.settings import ConfluenceSettings
from kbsync.replicas.confluence.site import Site

_READERS: Final = 4


@dataclass(slots=True)
class Look:
    """One observation in the making. `known` are the readings of last time, by kind and handle."""

    site: Site
    settings: ConfluenceSettings
    editor: Pages
    known: Mapping[Key, Reading]
    full: bool
    kids: dict[str, dict[Locale, str]] = field(default_factory=dict)
    broken: list[Broken] = field(default_factory=list)

    def taken(self) -> Observation:
        """List the space, read what moved, and put it together. Raises Incomplete and what the site raises."""
        stubs = {page.id: page for page in self.site.pages()}
        scope = self._scope(stubs)
        if scope is None:
            return Observation("confluence", tuple(self._retired(stubs)))
        inside = [page for page in stubs.values() if scope.holds(page) and self._concerns(page)]
        before = {handle: known for (_, handle), known in self.known.items()}
        families = {handle: self._family(known) for handle, known in before.items()}
        kin = {id for family in families.values() for id in family.values()}
        still, moved = self._sorted(inside, stubs, before, families, kin)
        readings = [*still, *self._read(moved, scope), *self._retired(stubs)]
        return Observation("confluence", tuple(_distinct(readings, before)), broken=tuple(self.broken))

    def _scope(self, stubs: Mapping[str, Page]) -> Scope | None:
        """Return what takes part, None while the root page is still to be made."""
        space, title = self.site.space(), self.settings.root_page
        if not title:
            return Scope(space, "", stubs, self.site.folder_parent)
        root = rooted(stubs, title)
        if root is not None:
            self.editor.knows_root(root.id)
            return Scope(space, root.id, stubs, self.site.folder_parent)
        if any(not known.retired for known in self.known.values()):
            message = f"the root page “{title}” is not there, so nothing below it was looked at"
            hint = "if it was renamed, put its new title into [confluence] root_page"
            raise Incomplete(message, where=self.settings.space, hint=hint)
        return None

    def _concerns(self, page: Page) -> bool:
        """Leave out what people archived: only a look at each would tell that it never was an article."""
        known = ("article", page.id) in self.known or ("collection", page.id) in self.known
        return known or not page.archived or self.full or not self.known

    def _family(self, known: Reading) -> dict[Locale, str]:
        if self.settings.locales != "pages" or '"translations"' not in known.raw:
            return {}
        return {locale: leaf.id for locale, leaf in decode(known.raw).translations.items()}

    def _sorted(
        self,
        inside: Iterable[Page],
        stubs: Mapping[str, Page],
        before: Mapping[str, Reading],
        families: Mapping[str, Mapping[Locale, str]],
        kin: set[str],
    ) -> tuple[list[Reading], list[Page]]:
        """Return the readings that stand, and the pages to be read."""
        still: list[Reading] = []
        moved: dict[str, Page] = {}
        for page in inside:
            if page.id in kin:
                continue
            known, family = before.get(page.id), families.get(page.id, {})
            kids = {locale: stubs[id] for locale, id in family.items() if id in stubs}
            same = known is not None and len(kids) == len(family) and stamp(page, kids) == known.token
            if known is not None and same and not self.full:
                still.append(msgspec.structs.replace(known, retired=page.archived))
                self.kids[page.id] = dict(family)
            else:
                moved |= {page.id: page} | {kid.id: kid for kid in kids.values()}
        return still, list(moved.values())

    def _read(self, moved: list[Page], scope: Scope) -> list[Reading]:
        if not moved:
            return []
        with ThreadPoolExecutor(max_workers=_READERS) as pool:
            whole = [page for page in pool.map(self._one, moved) if page is not None]
        translations: dict[str, dict[Locale, Page]] = {}
        for page in whole:
            if page.mark is not None and page.mark.kind == "translation":
                translations.setdefault(page.parent, {})[page.mark.locale] = page
        return [self._reading(page, translations, scope) for page in whole if _stands_alone(page)]

    def _reading(
        self, page: Page, translations: Mapping[str, Mapping[Locale, Page]], scope: Scope
    ) -> Reading:
        kids = translations.get(page.id, {}) if self.settings.locales == "pages" else {}
        kids = {locale: kid for locale, kid in kids.items() if not kid.archived}
        self.kids[page.id] = {locale: kid.id for locale, kid in kids.items()}
        return reading(page, kids, scope.top)

    def _one(self, stub: Page) -> Page | None:
        try:
            return self.site.page(stub.id)
        except RemoteDown:
            raise
        except RemoteError as error:
            self.broken.append(Broken(("article", stub.id), error))
            return None

    def _retired(self, stubs: Mapping[str, Page]) -> list[Reading]:
        """What lies in the trash is in no listing, and still can come back."""
        return [known for (_, id), known in self.known.items() if known.retired and id not in stubs]


def _stands_alone(page: Page) -> bool:
    return page.mark is None or page.mark.kind in {"article", "collection"}


def _distinct(readings: list[Reading], before: Mapping[str, Reading]) -> list[Reading]:
    """Let one page keep each id: copying a page copies its properties, and the copy is a page of its own."""

    def rank(reading: Reading) -> tuple[bool, bool, int, str]:
        known = before.get(reading.handle)
        return known is None or known.id != reading.id, reading.retired, len(reading.handle), reading.handle

    owners: dict[tuple[str, str], str] = {}
    for each in sorted(readings, key=rank):
        if each.id:
            owners.setdefault((each.kind, each.id), each.handle)
    return [
        each if owners.get((each.kind, each.id), each.handle) == each.handle else _unmarked(each)
        for each in readings
    ]


def _unmarked(copy: Reading) -> Reading:
    form = decode(copy.raw)
    page = msgspec.structs.replace(form.page, mark=None)
    raw = encode(msgspec.structs.replace(form, page=page))
    return msgspec.structs.replace(copy, raw=raw, id="", kind="article")
