"""Between readings and entries: pure, with the book of names as the only context."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kbsync.article import Article, Collection, CollectionText, Entry, Text
from kbsync.document import intercom
from kbsync.document.blocks import Document
from kbsync.document.formats import Loss
from kbsync.document.lens import put
from kbsync.document.remember import remembered
from kbsync.replicas.base import Names, Raw, Reading
from kbsync.replicas.intercom.addresses import Center, IntercomLinks
from kbsync.replicas.intercom.form import (
    ArticleForm,
    CollectionForm,
    Content,
    Name,
    article_form,
    collection_form,
    encode,
)
from kbsync.replicas.intercom.settings import IntercomSettings

INTERCOM = remembered(intercom.INTERCOM)


@dataclass(frozen=True, slots=True)
class Translator:
    """Reads and renders for one help center; `author` is the byline of articles that name none."""

    settings: IntercomSettings
    center: Center
    author: int | None

    # --- reading ----------------------------------------------------------------------------------

    def parse(self, reading: Reading, names: Names) -> Entry:
        """Return the entry that a reading shows. Raises DocumentError."""
        id = reading.id or names.id(reading.handle, reading.kind) or ""
        if reading.kind == "collection":
            return _collection(collection_form(reading.raw), id, names)
        form = article_form(reading.raw)
        author = form.texts[form.default].author
        return Article(
            id=id,
            texts={locale: self._text(form, locale, names) for locale in form.texts},
            place=_place(form, names),
            labels=form.tags,
            author=None if author == self.author else author,
        )

    def _text(self, form: ArticleForm, locale: str, names: Names) -> Text:
        shown = form.shown(locale)
        return Text(
            title=shown.title,
            body=INTERCOM.read(shown.body, self.links(locale, names)),
            description=shown.description,
            state=form.texts[locale].state,
        )

    # --- rendering --------------------------------------------------------------------------------

    def render(self, entry: Entry, old: Reading | None, names: Names) -> Raw:
        """Return the form that shows the entry, keeping what `old` holds beyond it."""
        if isinstance(entry, Collection):
            return self._render_collection(entry, old, names)
        base = article_form(old.raw) if old else None
        losses: list[Loss] = []
        default = base.default if base else names.default_locale
        wanted = self._held(entry.texts, default, losses)
        author = entry.author or self.author
        texts = {
            locale: self._content(locale, text, base, author, names, losses)
            for locale, text in wanted.items()
        }
        form = ArticleForm(
            default=default,
            texts=dict(sorted(texts.items())),
            parents=_parents(entry, base, names, losses),
            tags=tuple(sorted(entry.labels)),
            url=base.url if base else "",
            pending=base.pending if base else False,
        )
        if base and self.settings.publish == "draft":
            form = _staged(base, form)
        return Raw(encode(form), tuple(losses))

    def _content(
        self,
        locale: str,
        text: Text,
        base: ArticleForm | None,
        author: int | None,
        names: Names,
        losses: list[Loss],
    ) -> Content:
        old = base.texts.get(locale) if base else None
        shown = base.shown(locale) if base and old else None
        body = self._body(text.body, shown.body if shown else None, self.links(locale, names), losses)
        state = text.state
        if self.settings.publish == "draft" and state == "published":
            state = old.state if old else "draft"
        default = base is None or locale == base.default
        byline = author if default or old is None or old.author is None else old.author
        return Content(text.title, text.description, body, state, byline)

    def _body(self, document: Document, old: str | None, links: IntercomLinks, losses: list[Loss]) -> str:
        rendered = INTERCOM.write(document, links) if old is None else put(INTERCOM, document, old, links)
        losses.extend(map(_advised, rendered.losses))
        return rendered.raw

    def _held(self, texts: Mapping[str, Text], default: str, losses: list[Loss]) -> dict[str, Text]:
        held = {}
        for locale, text in texts.items():
            if locale == default or not self.center.locales or locale in self.center.locales:
                held[locale] = text
            else:
                message = f"the help center is not available in {locale}; add the language in Intercom"
                losses.append(Loss("locale-unavailable", message))
        if default not in held and held:
            losses.append(Loss("locale-missing", f"there is no text in the default locale {default}"))
        return held

    def _render_collection(self, entry: Collection, old: Reading | None, names: Names) -> Raw:
        base = collection_form(old.raw) if old else None
        default = base.default if base else names.default_locale
        texts = {
            locale: Name(text.title, text.description)
            for locale, text in sorted(entry.texts.items())
            if locale == default or not self.center.locales or locale in self.center.locales
        }
        losses: list[Loss] = []
        parent = _wanted_parent(entry.parent, base.parent if base else "", names, losses)
        url = base.url if base else ""
        return Raw(encode(CollectionForm(default, texts, parent, url)), tuple(losses))

    def links(self, locale: str, names: Names) -> IntercomLinks:
        """Return how links of a body in this locale are spelled."""
        return IntercomLinks(names, self.center, self.settings.public_base_url, locale)


def _collection(form: CollectionForm, id: str, names: Names) -> Collection:
    return Collection(
        id=id,
        texts={locale: CollectionText(name.name, name.description) for locale, name in form.texts.items()},
        parent=(names.id(form.parent, "collection") or "") if form.parent else "",
    )


def _place(form: ArticleForm, names: Names) -> str:
    known = (names.id(parent, "collection") for parent in form.parents)
    return next(filter(None, known), "")


def _advised(loss: Loss) -> Loss:
    """Say what brings a picture into Intercom, which fetches pictures and takes none."""
    if loss.code != "asset-pending":
        return loss
    advice = "Intercom shows its text until [assets] public_base_url says where it can be fetched"
    return Loss(loss.code, f"{loss.message}; {advice}")


def _parents(entry: Article, base: ArticleForm | None, names: Names, losses: list[Loss]) -> tuple[str, ...]:
    """Return the parents; an article may stand in one collection of each of several help centers."""
    old = base.parents if base else ()
    ours = next((parent for parent in old if names.id(parent, "collection")), "")
    wanted = _wanted_parent(entry.place, ours, names, losses)
    if wanted == ours:
        return old
    return ((wanted,) if wanted else ()) + tuple(parent for parent in old if parent not in {ours, wanted})


def _wanted_parent(place: str, old: str, names: Names, losses: list[Loss]) -> str:
    if place == ((names.id(old, "collection") or "") if old else ""):
        return old
    if not place:
        return ""
    handle = names.handle(place, "collection")
    if handle is None:
        losses.append(Loss("place-pending", f"the collection {place} does not exist in Intercom yet"))
    return handle or ""


def _staged(base: ArticleForm, form: ArticleForm) -> ArticleForm:
    """Lay changed text of published content over it as a draft, and leave what readers see as it is."""
    texts, staged = dict(form.texts), dict(base.staged)
    for locale, content in form.texts.items():
        old = base.texts.get(locale)
        if old is None or old.state != "published" or content.state != "published":
            continue
        texts[locale] = old
        if content.text != base.shown(locale).text:
            staged[locale] = content
    return ArticleForm(
        default=form.default,
        texts=texts,
        parents=form.parents,
        tags=form.tags,
        url=form.url,
        pending=bool(staged) or form.pending,
        staged=staged,
    )
