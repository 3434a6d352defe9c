"""Articles: read, created, updated, unpublished, found again."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import msgspec

from kbsync.document.formats import Loss
from kbsync.errors import Incomplete, Missing, Moved, Rejected, Waiting
from kbsync.replicas.base import Reading, Written
from kbsync.replicas.intercom import form as forms
from kbsync.replicas.intercom import payload
from kbsync.replicas.intercom.client import IntercomClient, Json
from kbsync.replicas.intercom.form import ArticleForm, Content, article_form, encode
from kbsync.replicas.intercom.history import History, Version
from kbsync.replicas.intercom.images import Images, learned
from kbsync.replicas.intercom.labels import Labels
from kbsync.replicas.intercom.likeness import alike, nearness, took
from kbsync.replicas.intercom.listing import PER_PAGE
from kbsync.replicas.intercom.settings import IntercomSettings
from kbsync.replicas.transport import Unclear

_TRIES = 5
_NEWEST_PAGES = 4
_FRESH = 2.0


@dataclass(frozen=True, slots=True)
class Staged:
    """The draft that kbsync staged, by locale, as last edited at `moment` (0: look again)."""

    texts: Mapping[str, Content]
    moment: int = 0

    @classmethod
    def of(cls, reading: Reading) -> Staged:
        """Return what a reading of another run remembers."""
        moment = reading.token.rpartition("~")[2]
        return cls(article_form(reading.raw).staged, int(moment) if moment.isdigit() else 0)


@dataclass(slots=True)
class Memory:
    """What one run remembers: bound and claimed handles, and the drafts that kbsync staged."""

    bound: set[str] = field(default_factory=set)
    staged: dict[str, Staged] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def claim(self, handle: str) -> bool:
        """Take a handle for one id; False when another id has it."""
        with self.lock:
            if handle in self.bound:
                return False
            self.bound.add(handle)
            return True


class Articles:
    """The articles of one workspace. `author` is the byline of last resort."""

    def __init__(
        self, client: IntercomClient, settings: IntercomSettings, images: Images, author: int | None
    ) -> None:
        self._client = client
        self._settings = settings
        self._images = images
        self.author = author
        self.memory = Memory()
        self._labels = Labels(client)
        self._history = History(client)

    # --- reading ----------------------------------------------------------------------------------

    def reading(self, item: Json, *, retired: bool = False) -> Reading:
        """Return what a list item or a single article shows."""
        handle = str(item["id"])
        self._images.remember(_bodies(item))
        form = self._grafted(item, forms.article(item, self._settings.default_locale))
        raw = encode(form)
        token = forms.stamp(item, raw)
        if form.staged:
            token = f"{token}~{self.memory.staged[handle].moment}"
        return Reading("article", handle, token, raw, alias=form.url, retired=retired)

    def fetch(self, handle: str) -> Reading | None:
        """Read one article, None when it is not there."""
        item = self._item(handle)
        return None if item is None else self.reading(item)

    def _item(self, handle: str) -> Json | None:
        try:
            item = self._client.get(f"/articles/{handle}")
        except Missing:
            return None
        if not item.get("id"):
            raise Incomplete("the article has no id", where=f"GET /articles/{handle}")
        return item

    def _grafted(self, item: Json, form: ArticleForm) -> ArticleForm:
        """Show the draft that kbsync staged as the article's text, as long as it waits."""
        handle = str(item["id"])
        mine = self.memory.staged.get(handle)
        if mine is None or not form.pending:
            self.memory.staged.pop(handle, None)
            return form
        moment = forms.draft_moment(item)
        if not moment or moment != mine.moment:
            mine = self._drafted(handle, form, moment)
            self.memory.staged[handle] = mine
        return msgspec.structs.replace(form, staged=dict(mine.texts))

    def _drafted(self, handle: str, form: ArticleForm, moment: int) -> Staged:
        """Read a draft. Moments are whole seconds, so one that just passed may still bring another edit."""
        try:
            item = self._client.get(f"/articles/{handle}/draft")
        except Missing:
            return Staged({})
        draft = forms.article(item, self._settings.default_locale)
        texts = {k: v for k, v in draft.texts.items() if k in form.texts and v.text != form.texts[k].text}
        settled = self._client.courier.patience.now() - moment > _FRESH
        return Staged(texts, moment if settled else 0)

    # --- creating ---------------------------------------------------------------------------------

    def create(self, raw: str) -> Written:
        """Create a draft, publish it where it is to be published, label it, and read it back."""
        form = article_form(raw)
        if form.default not in form.texts:
            raise Rejected(f"the article has no text in the default locale {form.default}")
        self._images.await_public(content.body for content in form.texts.values())
        handle = self._created(form, raw)
        publication = payload.publication(form, self.author)
        if publication:
            self._client.write("PUT", f"/articles/{handle}", publication, repeatable=True)
        return self._settled(handle, form, ())

    def _created(self, form: ArticleForm, raw: str) -> str:
        body = payload.creation(form, self.author)
        for attempt in range(_TRIES):
            try:
                made = self._client.write("POST", "/articles", body)
            except Unclear:
                found = self.find(raw)
                if found:
                    return found.handle
                if attempt == _TRIES - 1:
                    raise
                self._rest(attempt)
            else:
                handle = str(made.get("id") or "")
                if not handle:
                    raise Incomplete("the created article has no id", where="POST /articles")
                self.memory.claim(handle)
                return handle
        raise AssertionError

    def find(self, raw: str, *, edited: bool = False) -> Reading | None:
        """Search the newest articles for one that an interrupted `create` of this form may have made.

        With `edited` also for what a person has left of it.
        """
        wanted = article_form(raw)
        seen = [(forms.article(item, wanted.default), item) for item in self._newest()]
        like = [(form, item) for form, item in seen if alike(form, wanted)]
        like.sort(key=lambda pair: pair[0].parents != wanted.parents)
        found = self._first_free(item for _, item in like)
        if found is not None or not edited:
            return found
        near = sorted(((nearness(form, wanted), item) for form, item in seen), key=lambda pair: -pair[0])
        return self._first_free(item for share, item in near if share > 0)

    def _first_free(self, items: Iterable[Json]) -> Reading | None:
        free = (item for item in items if self.memory.claim(str(item["id"])))
        chosen = next(free, None)
        return None if chosen is None else self.reading(chosen)

    def _newest(self) -> Iterable[Json]:
        for page in range(1, _NEWEST_PAGES + 1):
            reply = self._client.get("/articles", {"page": page, "per_page": PER_PAGE})
            data = reply.get("data")
            items = [item for item in data if isinstance(item, dict)] if isinstance(data, list) else []
            yield from items
            if len(items) < PER_PAGE:
                return

    # --- updating ---------------------------------------------------------------------------------

    def update(self, old: Reading, raw: str) -> Written:
        """Bring an article from `old` to the form. Raises Moved, Waiting, Rejected, RemoteDown."""
        target = article_form(raw)
        before = article_form(old.raw)
        known = {content.body for content in before.texts.values()}
        known |= {content.body for content in before.staged.values()}
        bodies = [content.body for content in (*target.texts.values(), *target.staged.values())]
        self._images.await_public(body for body in bodies if body not in known)
        locales = self._touched(before, target)
        heads = self._history.heads(old.handle, locales)
        if old.handle in self.memory.staged:
            self.memory.staged[old.handle] = Staged({})
        now = self._unmoved(old)
        change = payload.change(now, target, self.author)
        if change:
            self._put(f"/articles/{old.handle}", change, old, target)
        staging = payload.staging(now, target, self.author)
        if staging:
            self._stage(old, staging, target)
        written = self._settled(old.handle, target, before.tags)
        since = self._history.since(old.handle, heads)
        lost = tuple(_overwritten(old, now, version) for version in since.overwritten)
        return replace(written, overwritten=lost, newer=since.newer)

    def _unmoved(self, old: Reading) -> ArticleForm:
        fresh = self.fetch(old.handle)
        where = f"/articles/{old.handle}"
        if fresh is None:
            raise Moved("the article was deleted in Intercom", where=where)
        now = article_form(fresh.raw)
        if now.pending and not now.staged:
            message = f"a teammate's draft of “{now.texts[now.default].title}” waits in Intercom"
            raise Waiting(
                message, where=where, hint="publish or discard that draft, then run kbsync sync again"
            )
        if _substance(now) != _substance(article_form(old.raw)):
            raise Moved("the article changed in Intercom since it was read", where=where)
        return now

    def _touched(self, before: ArticleForm, target: ArticleForm) -> tuple[str, ...]:
        """Return the locales whose live text a write replaces; "" asks for the default one."""
        touched = [k for k, v in target.texts.items() if k in before.texts and v.text != before.texts[k].text]
        return tuple("" if locale == before.default else locale for locale in touched)

    def _put(self, path: str, body: Json, old: Reading, target: ArticleForm) -> None:
        """PUT, and where no answer came look whether it happened before sending it again."""
        for attempt in range(_TRIES):
            try:
                self._client.write("PUT", path, body)
            except Unclear:
                fresh = self.fetch(old.handle)
                if fresh is not None and took(article_form(fresh.raw), target):
                    return
                if fresh is None or _substance(article_form(fresh.raw)) != _substance(article_form(old.raw)):
                    raise Moved("the article changed while it was written", where=path) from None
                if attempt == _TRIES - 1:
                    raise
                self._rest(attempt)
            else:
                return

    def _rest(self, attempt: int) -> None:
        patience = self._client.courier.patience
        patience.sleep(patience.backoff(attempt + 1))

    def _stage(self, old: Reading, body: Json, target: ArticleForm) -> None:
        path = f"/articles/{old.handle}/draft"
        try:
            self._client.write("PUT", path, body, repeatable=True)
        except Missing as error:
            hint = 'set [intercom] publish = "live", or publish the edit by hand'
            raise Rejected("this workspace cannot stage drafts", where=path, hint=hint) from error
        self.memory.staged[old.handle] = Staged(target.staged)

    # --- retiring ---------------------------------------------------------------------------------

    def retire(self, old: Reading) -> Written:
        """Unpublish every locale; Intercom's DELETE has no undo, so it is never used. Raises Moved, Waiting."""
        now = self._unmoved(old)
        body = payload.unpublication(now, self.author)
        if body:
            target = article_form(old.raw)
            texts = {k: msgspec.structs.replace(v, state="draft") for k, v in target.texts.items()}
            goal = msgspec.structs.replace(target, texts=texts)
            self._put(f"/articles/{old.handle}", body, old, goal)
        fresh = self.fetch(old.handle)
        if fresh is None:
            raise Moved("the article was deleted in Intercom", where=f"/articles/{old.handle}")
        return Written(msgspec.structs.replace(fresh, retired=True))

    def _settled(self, handle: str, target: ArticleForm, tags: tuple[str, ...]) -> Written:
        item = self._item(handle)
        losses: list[Loss] = []
        if item is not None and target.tags != tags:
            losses = self._labels.bring(item, tags, target.tags)
            item = self._item(handle)
        if item is None:
            raise Moved("the article was deleted while it was written", where=f"/articles/{handle}")
        reading = self.reading(item)
        stored = article_form(reading.raw)
        return Written(reading, assets=self._assets(target, stored), losses=tuple(losses))

    def _assets(self, sent: ArticleForm, stored: ArticleForm) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for locale in sent.texts.keys() & stored.texts.keys():
            bodies = sent.shown(locale).body, stored.shown(locale).body
            found |= learned(*bodies, self._settings.public_base_url)
        return found


def _substance(form: ArticleForm) -> ArticleForm:
    """Return what a write could run over; tags are written one by one, and an address is not written."""
    return msgspec.structs.replace(form, tags=(), url="")


def _overwritten(old: Reading, now: ArticleForm, version: Version) -> Reading:
    locale = version.locale or now.default
    content = now.texts.get(locale, now.texts[now.default])
    text = msgspec.structs.replace(
        content, title=version.title, description=version.description, body=version.body
    )
    raw = encode(msgspec.structs.replace(now, texts=now.texts | {locale: text}))
    return msgspec.structs.replace(old, raw=raw, token=f"{old.token}-overwritten")


def _bodies(item: Json) -> list[str]:
    translations = item.get("translated_content")
    contents = list(translations.values()) if isinstance(translations, dict) else []
    found = (content.get("body") for content in (item, *contents) if isinstance(content, dict))
    return [body for body in found if isinstance(body, str)]
