"""Between readings and entries: pure, with the book of names as the only context."""

from __future__ import annotations

import html
from dataclasses import dataclass

import msgspec

from kbsync.article import Article, Collection, CollectionText, Entry, Locale, Text
from kbsync.document import confluence
from kbsync.document.blocks import Document
from kbsync.document.formats import Loss
from kbsync.document.lens import put
from kbsync.document.remember import remembered
from kbsync.errors import ContentError
from kbsync.replicas.base import Names, Raw, Reading
from kbsync.replicas.confluence import labels
from kbsync.replicas.confluence.form import DRAFT, Form, Leaf, decode, encode
from kbsync.replicas.confluence.links import ConfluenceLinks
from kbsync.replicas.confluence.page import Mark
from kbsync.replicas.confluence.settings import ConfluenceSettings

CONFLUENCE = remembered(confluence.CONFLUENCE)


@dataclass(frozen=True, slots=True)
class Translator:
    """Reads and renders the pages of one space; `base_url` is the site's own."""

    settings: ConfluenceSettings
    base_url: str

    # --- reading ----------------------------------------------------------------------------------

    def parse(self, reading: Reading, names: Names) -> Entry:
        """Return the entry that a reading shows. Raises DocumentError."""
        id = reading.id or names.id(reading.handle, reading.kind) or ""
        form = decode(reading.raw)
        place = (names.id(form.parent, "collection") or "") if form.parent else ""
        if reading.kind == "collection":
            title = CollectionText(form.page.plain)
            return Collection(id=id, texts={self.settings.default_locale: title}, parent=place)
        leaves = {self.settings.default_locale: form.page} | self._translations(form)
        texts = {locale: self._text(leaf, form.draft, names) for locale, leaf in leaves.items()}
        spelling = form.page.mark.labels if form.page.mark else {}
        return Article(id=id, texts=texts, place=place, labels=labels.meant(form.labels, spelling))

    def _translations(self, form: Form) -> dict[Locale, Leaf]:
        return form.translations if self.settings.locales == "pages" else {}

    def _text(self, leaf: Leaf, draft: bool, names: Names) -> Text:
        body = CONFLUENCE.read(leaf.body, self.links(leaf.id, names))
        return Text(leaf.plain, body, state="draft" if draft else "published")

    # --- rendering --------------------------------------------------------------------------------

    def render(self, entry: Entry, old: Reading | None, names: Names) -> Raw:
        """Return the form that shows the entry, keeping what `old` holds beyond it. Raises ContentError."""
        base = decode(old.raw) if old else None
        losses: list[Loss] = []
        if isinstance(entry, Collection):
            form = self._collection(entry, base, names, losses)
        else:
            form = self._article(entry, base, names, losses)
        return Raw(encode(form), tuple(losses))

    def _collection(self, entry: Collection, base: Form | None, names: Names, losses: list[Loss]) -> Form:
        text = entry.texts.get(self.settings.default_locale)
        if text is None:
            raise _untitled(entry.id, self.settings.default_locale)
        leaf = base.page if base else Leaf("", _introduction(text.description))
        mark = Mark(entry.id, "collection", self.settings.default_locale)
        parent = _parent(entry.parent, base.parent if base else "", names, losses)
        return Form(_titled(leaf, text.title, mark), parent, base.labels if base else ())

    def _article(self, entry: Article, base: Form | None, names: Names, losses: list[Loss]) -> Form:
        default = self.settings.default_locale
        if default not in entry.texts:
            raise _untitled(entry.id, default)
        written = labels.written(entry.labels)
        spelling = {name: label for name, label in written.items() if name != label}
        draft = (DRAFT,) if entry.texts[default].state == "draft" else ()
        mark = Mark(entry.id, "article", default, labels=spelling)
        page = self._leaf(entry.texts[default], base.page if base else None, mark, names, losses)
        return Form(
            page=page,
            parent=_parent(entry.place, base.parent if base else "", names, losses),
            labels=tuple(sorted({*written, *draft})),
            translations=self._translated(entry, base, names, losses),
        )

    def _translated(
        self, entry: Article, base: Form | None, names: Names, losses: list[Loss]
    ) -> dict[Locale, Leaf]:
        if self.settings.locales != "pages":
            return base.translations if base else {}
        old = base.translations if base else {}
        return {
            locale: self._leaf(text, old.get(locale), Mark(entry.id, "translation", locale), names, losses)
            for locale, text in sorted(entry.texts.items())
            if locale != self.settings.default_locale
        }

    def _leaf(self, text: Text, old: Leaf | None, mark: Mark, names: Names, losses: list[Loss]) -> Leaf:
        body = self._body(text.body, old, names, losses)
        return msgspec.structs.replace(_titled(old or Leaf(""), text.title, mark), body=body)

    def _body(self, document: Document, old: Leaf | None, names: Names, losses: list[Loss]) -> str:
        links = self.links(old.id if old else "", names)
        if old is None:
            rendered = CONFLUENCE.write(document, links)
        else:
            rendered = put(CONFLUENCE, document, old.body, links)
        losses.extend(rendered.losses)
        return rendered.raw

    def links(self, page: str, names: Names) -> ConfluenceLinks:
        """Return how links of a page are spelled."""
        return ConfluenceLinks(names, self.base_url, self.settings.space, page)


def _titled(leaf: Leaf, title: str, mark: Mark) -> Leaf:
    """Give a leaf its title; one that only carries a suffix beside it keeps the suffix."""
    if leaf.plain != title or leaf.mark is None or not leaf.mark.page_title:
        return Leaf(title, leaf.body, leaf.id, leaf.version, mark)
    suffixed = Mark(mark.id, mark.kind, mark.locale, title, leaf.mark.page_title, mark.labels)
    return Leaf(leaf.title, leaf.body, leaf.id, leaf.version, suffixed)


def _parent(place: str, old: str, names: Names, losses: list[Loss]) -> str:
    """Return the parent page; one that is no collection (a folder, a person's page) stays where it is."""
    if place == ((names.id(old, "collection") or "") if old else ""):
        return old
    handle = names.handle(place, "collection") if place else ""
    if handle is None:
        losses.append(Loss("place-pending", f"the collection {place} does not exist in Confluence yet"))
    return handle or ""


def _introduction(description: str) -> str:
    return f"<p>{html.escape(description, quote=False)}</p>" if description.strip() else ""


def _untitled(id: str, locale: str) -> ContentError:
    message = f"there is no text in the default locale {locale}, which Confluence needs for the page"
    return ContentError(message, where=id, hint=f"add the {locale} file, or change [content] default_locale")
