"""Articles and collections as pages: created, written, archived, found again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Final

import msgspec

from kbsync.article import Locale
from kbsync.document.formats import Loss
from kbsync.errors import Missing, Moved, Rejected
from kbsync.replicas.base import Kind, Reading, Written
from kbsync.replicas.confluence import files, titles
from kbsync.replicas.confluence.comments import carried, only_comments
from kbsync.replicas.confluence.form import Form, Leaf, decode, reading
from kbsync.replicas.confluence.page import Mark, Page
from kbsync.replicas.confluence.settings import ConfluenceSettings
from kbsync.replicas.confluence.site import Site
from kbsync.replicas.confluence.swap import Swap
from kbsync.replicas.confluence.words import words
from kbsync.replicas.likeness import Look, nearness
from kbsync.replicas.limits import Patience
from kbsync.replicas.transport import Unclear

_TRIES: Final = 5
_SEARCHED: Final = 3
_CONFLICT: Final = 409

Assets = Callable[[str], bytes | None]
"""Returns the bytes of a path under the content root, None when there is no such file."""


class Pages:
    """Writes the pages of one space; `assets` gives the files that bodies show."""

    def __init__(self, site: Site, settings: ConfluenceSettings, patience: Patience, assets: Assets) -> None:
        self._site = site
        self._settings = settings
        self._assets = assets
        self._patience = patience
        self._swap = Swap(site, patience)
        self._lock = threading.Lock()
        self._root = ""

    # --- the root ---------------------------------------------------------------------------------

    def top(self) -> frozenset[str]:
        """Return the parents that stand for no collection."""
        if not self._settings.root_page:
            return frozenset({"", self._site.space().homepage})
        self._root = self._root or self._found_root()
        return frozenset({self._root} - {""})

    def root(self) -> str:
        """Return the id of the page everything lives below, "" for the whole space; create it when missing."""
        if not self._settings.root_page:
            return ""
        with self._lock:
            self._root = self._root or self._found_root() or self._made_root()
            return self._root

    def knows_root(self, id: str) -> None:
        """Take over the root from a listing."""
        self._root = id

    def _found_root(self) -> str:
        found = self._site.titled(self._settings.root_page)
        return next((page.id for page in found if page.status == "current"), "")

    def _made_root(self) -> str:
        try:
            return self._site.create(self._settings.root_page, "", "")
        except Unclear:
            found = self._found_root()
            if not found:
                raise
            return found

    # --- reading ----------------------------------------------------------------------------------

    def fetch(self, handle: str, kids: Mapping[Locale, str]) -> Reading | None:
        """Read a page and the pages of its other locales."""
        page = self._site.page(handle)
        return None if page is None else reading(page, self._kids(kids), self.top())

    def _kids(self, kids: Mapping[Locale, str]) -> dict[Locale, Page]:
        found = {locale: self._site.page(id) for locale, id in kids.items()}
        return {k: page for k, page in found.items() if page is not None and not page.archived}

    # --- creating ---------------------------------------------------------------------------------

    def create(self, kind: Kind, id: str, raw: str) -> Written:  # noqa: ARG002  the mark in the form holds the id
        """Create the page, mark it, and bring along files, labels and other locales."""
        form = decode(raw)
        parent = form.parent or self.root()
        page, born = self._made(form.page, parent, self._candidates(form.page, form.parent))
        return self._brought(page, form, parent, [], born=born)

    def _made(self, leaf: Leaf, parent: str, wanted: Iterator[str]) -> tuple[Page, bool]:
        """Return a page under the first free title, and whether it was created just now.

        Where a title is taken by the very page, left by an interrupted run or archived, that page is taken.
        """
        title, tries = next(wanted), 0
        while True:
            try:
                return self._whole(self._site.create(title, parent, leaf.body)), True
            except Unclear:
                own, tries = self._own(title, leaf, parent), tries + 1
                if own is not None:
                    return own, True
                if tries == _TRIES:
                    raise
                self._patience.sleep(self._patience.backoff(tries))
            except Rejected as refusal:
                if not titles.taken(refusal):
                    raise
                own = self._own(title, leaf, parent)
                if own is not None:
                    return own, False
                title = next(wanted, "")
                if not title:
                    raise

    def _own(self, title: str, leaf: Leaf, parent: str) -> Page | None:
        """Return the page of this title that is the leaf's own, current again if it was archived."""
        for stub in self._site.titled(title):
            page = self._site.page(stub.id)
            if page is not None and self._is(page, leaf, parent):
                return self._site.bring_back(page, "kbsync brings the page back") if page.archived else page
        return None

    def _is(self, page: Page, leaf: Leaf, parent: str) -> bool:
        """Tell whether a page carries the leaf's mark, or none but the same words in the same place."""
        if leaf.mark is None:
            return False
        if page.mark is not None:
            return _identity(page.mark) == _identity(leaf.mark)
        same = self._place(page.parent) == self._place(parent)
        return same and not page.archived and words(page.body) == words(leaf.body)

    def _candidates(self, leaf: Leaf, parent: str) -> Iterator[str]:
        if leaf.mark is not None and leaf.mark.page_title:
            yield leaf.title
        yield from titles.candidates(leaf.plain, self._title(parent))

    def _title(self, parent: str) -> str:
        page = self._site.page(parent) if parent else None
        if page is None or page.mark is None or page.mark.kind != "collection":
            return ""
        return Leaf(page.title, mark=page.mark).plain

    def find(self, raw: str, *, edited: bool = False) -> Reading | None:
        """Search by title for the page that carries the mark, or that says the same and carries none.

        The latter was left by a run that stopped before the mark: it gets it now, lest a page that is to be a
        collection be taken for somebody's article. With `edited` also among the newest for what a person has
        left of such a page.
        """
        form, top = decode(raw), self.top()
        parent = form.parent or next(iter(sorted(top)), "")
        found = self._by_title(form, parent) or (self._by_words(form, parent) if edited else None)
        return reading(self._claimed(found, form.page), {}, top) if found is not None else None

    def _by_title(self, form: Form, parent: str) -> Page | None:
        for tried, title in enumerate(self._candidates(form.page, form.parent), 1):
            stubs = self._site.titled(title)
            pages = (self._site.page(stub.id) for stub in stubs)
            found = next((page for page in pages if page and self._is(page, form.page, parent)), None)
            if found is not None or (not stubs and tried >= _SEARCHED):
                return found
        return None

    def _by_words(self, form: Form, parent: str) -> Page | None:
        """Return the unmarked page that is nearest to the form, None where no person could have made it of it."""
        named = set(islice(self._candidates(form.page, form.parent), _SEARCHED))
        sent = Look(form.page.plain, words(form.page.body), self._place(parent))
        near = []
        for page in self._site.newest():
            title = form.page.plain if page.title in named else page.title
            near.append((nearness(Look(title, words(page.body), self._place(page.parent)), sent), page.id))
        whole = (self._site.page(id) for share, id in sorted(near, reverse=True) if share > 0)
        return next((page for page in whole if page and page.mark is None and not page.archived), None)

    def _place(self, parent: str) -> str:
        return "" if parent == self._site.space().homepage else parent

    def _claimed(self, page: Page, leaf: Leaf) -> Page:
        if page.mark is not None:
            return page
        self._mark(page, leaf, page.title)
        return self._whole(page.id)

    # --- updating ---------------------------------------------------------------------------------

    def update(self, old: Reading, raw: str) -> Written:
        """Bring the pages from `old` to the form. Raises Moved, Rejected, RemoteDown."""
        before, target = decode(old.raw), decode(raw)
        losses: list[Loss] = []
        page = self._restored(old, before) if old.retired else self._unmoved(old, before)
        body = target.page.body
        if page.body != before.page.body and not old.retired:
            body, lost = carried(before.page.body, page.body, body)
            losses += lost
        goal = msgspec.structs.replace(target, page=msgspec.structs.replace(target.page, body=body))
        kept = target.parent == before.parent and not old.retired
        parent = page.parent if kept else target.parent or self.root() or self._site.space().homepage
        return self._brought(page, goal, parent, losses, before)

    def _unmoved(self, old: Reading, before: Form) -> Page:
        return self._same(self._site.page(old.handle), before)

    def _same(self, page: Page | None, before: Form) -> Page:
        if page is None or page.archived:
            raise Moved("the page was deleted or archived in Confluence", where=before.page.title)
        now = decode(reading(page, {}, self.top()).raw)
        same = (now.page.title, now.page.version, now.parent) == (
            before.page.title,
            before.page.version,
            before.parent,
        )
        if not same:
            raise Moved("the page changed in Confluence since it was read", where=before.page.title)
        if not only_comments(before.page.body, page.body):
            hint = "run kbsync sync --full to read it again"
            raise Moved("the page's text changed without a new version", where=before.page.title, hint=hint)
        return page

    def _restored(self, old: Reading, before: Form) -> Page:
        there = self._site.page(old.handle)
        if there is not None and there.status == "current":
            return self._unmoved(old, before)
        leaf = before.page
        trashed = Page(leaf.id, leaf.title, "trashed", leaf.version, body=leaf.body, whole=True)
        page = self._site.bring_back(there or trashed, "kbsync brings the page back")
        if page is None:
            raise Missing("the page cannot be brought back, and is created anew", where=leaf.title)
        return page

    def _brought(
        self,
        page: Page,
        form: Form,
        parent: str,
        losses: list[Loss],
        before: Form | None = None,
        *,
        born: bool = False,
    ) -> Written:
        """Bring one page, its labels, its mark and its other locales to the form, and read them back."""
        losses += self._upload(page.id, form.page.body)
        title, version = page.title, 1 if born else page.version
        if not born:
            wanted = self._candidates(form.page, form.parent)
            title, version = self._written(page, form.page, parent, wanted)
        self._label(page, form, before)
        self._mark(page, form.page, title)
        kids = self._translate(page, form, before, losses)
        result = self.fetch(page.id, kids)
        if result is None:
            raise Moved("the page was deleted while it was written", where=title)
        newer = decode(result.raw).page.version > version
        return Written(result, newer=newer, losses=tuple(losses))

    def _written(self, page: Page, leaf: Leaf, parent: str, wanted: Iterator[str]) -> tuple[str, int]:
        """Write title, body and parent where they differ; return the title and version that stand then."""
        if (page.title, page.body, page.parent) == (leaf.title, leaf.body, parent):
            return page.title, page.version
        return self._swap.to(page, wanted, parent, leaf.body), page.version + 1

    def _label(self, page: Page, form: Form, before: Form | None) -> None:
        """Apply what changed; what people did to the labels meanwhile stands."""
        was, wanted = set(before.labels) if before is not None else set(), set(form.labels)
        added = wanted - was - set(page.labels)
        if added:
            self._site.add_labels(page.id, sorted(added))
        for label in sorted((was - wanted) & set(page.labels)):
            self._site.drop_label(page.id, label)

    def _mark(self, page: Page, leaf: Leaf, title: str) -> None:
        if leaf.mark is None:
            return
        plain = leaf.plain
        suffix = {"title": plain, "page_title": title} if title != plain else {"title": "", "page_title": ""}
        mark = msgspec.structs.replace(leaf.mark, **suffix)
        tries = 0
        while mark != page.mark:
            try:
                self._site.set_mark(page, mark)
            except (Unclear, Rejected) as failure:
                tries += 1
                if tries == _TRIES or (isinstance(failure, Rejected) and failure.status != _CONFLICT):
                    raise
                page = self._whole(page.id)
                self._patience.sleep(self._patience.backoff(tries))
            else:
                return

    def _translate(
        self, page: Page, form: Form, before: Form | None, losses: list[Loss]
    ) -> dict[Locale, str]:
        old = before.translations if before is not None else {}
        kids = {
            locale: self._translated(page, locale, leaf, old.get(locale), losses)
            for locale, leaf in form.translations.items()
        }
        for locale, leaf in old.items():
            if locale not in form.translations:
                losses += self._aside(leaf)
        return kids

    def _translated(
        self, page: Page, locale: Locale, leaf: Leaf, old: Leaf | None, losses: list[Loss]
    ) -> str:
        wanted, born = titles.candidates(leaf.plain, locale), False
        kid = self._site.page(old.id) if old is not None and old.id else None
        if kid is None or kid.archived:
            kid, born = self._made(leaf, page.id, wanted)
        elif old is not None and kid.version != old.version:
            raise Moved(f"the {locale} page changed in Confluence since it was read", where=old.title)
        losses += self._upload(kid.id, leaf.body)
        again = titles.candidates(leaf.plain, locale)
        title = kid.title if born else self._written(kid, leaf, page.id, again)[0]
        self._mark(kid, leaf, title)
        return kid.id

    def _aside(self, leaf: Leaf) -> tuple[Loss, ...]:
        kid = self._site.page(leaf.id)
        return () if kid is None or kid.archived else self._site.put_away(kid)

    # --- retiring ---------------------------------------------------------------------------------

    def retire(self, old: Reading) -> Written:
        """Archive the page and its other locales (Data Center: trash). Raises Moved.

        The page may be away already: Confluence archives after it has answered (operation archivePages), so what a
        stopped run asked for can happen once the next run has listed the space.
        """
        before = decode(old.raw)
        found = self._site.page(old.handle)
        page = None if _away(found, before) else self._same(found, before)
        losses = [loss for leaf in before.translations.values() for loss in self._aside(leaf)]
        losses += self._site.put_away(page) if page else ()
        fresh = self._site.page(old.handle)
        if fresh is not None and fresh.archived:
            return Written(reading(fresh, {}, self.top()), losses=tuple(losses))
        gone = msgspec.structs.replace(old, retired=True, token=f"{old.token}!trashed")
        return Written(gone, losses=tuple(losses))

    # --- files ------------------------------------------------------------------------------------

    def _upload(self, page: str, body: str) -> list[Loss]:
        """Put the files a body shows onto its page, each once: the digest stands in the comment."""
        wanted = {name: path for name in files.named(body) if (path := files.path_of(name))}
        if not wanted:
            return []
        there = {attachment.name: attachment for attachment in self._site.attachments(page)}
        losses = []
        for name, path in wanted.items():
            data, old = self._assets(path), there.get(name)
            if data is None:
                losses.append(Loss("asset-missing", f"{path} is not there, so the page shows it broken"))
            elif old is None or old.comment != files.comment(data):
                self._site.upload(page, name, data, files.comment(data), old)
        return losses

    def _whole(self, id: str) -> Page:
        page = self._site.page(id)
        if page is None:
            raise Moved("the page was deleted as soon as it was created", where=id)
        return page


def _identity(mark: Mark) -> tuple[str, str, str]:
    return mark.id, mark.kind, mark.locale


def _away(page: Page | None, before: Form) -> bool:
    """Tell whether nobody touched a page before it was put away."""
    return page is None or (page.archived and page.version == before.page.version)
