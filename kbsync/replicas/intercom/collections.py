"""Collections: three levels of them, with names in every locale."""

from __future__ import annotations

from kbsync.errors import Incomplete, Missing, Moved, Rejected
from kbsync.replicas.base import Reading, Written
from kbsync.replicas.intercom import form as forms
from kbsync.replicas.intercom import payload
from kbsync.replicas.intercom.articles import Memory
from kbsync.replicas.intercom.client import IntercomClient, Json
from kbsync.replicas.intercom.form import CollectionForm, Name, collection_form, encode
from kbsync.replicas.intercom.listing import every
from kbsync.replicas.intercom.settings import IntercomSettings
from kbsync.replicas.intercom.shelves import Shelves
from kbsync.replicas.transport import Unclear

PATH = "/help_center/collections"
_TRIES = 5
_DEPTH_HINT = "Intercom holds three levels of collections; move it one level up"


class Collections:
    """The collections of one help center."""

    def __init__(self, client: IntercomClient, settings: IntercomSettings) -> None:
        self._client = client
        self._settings = settings
        self.memory = Memory()
        self._shelves = Shelves(client, settings.default_locale)

    def observe(self) -> list[Reading]:
        """List all collections of the help center. Raises Incomplete."""
        return [self.reading(item) for item in self._items()]

    def _items(self) -> list[Json]:
        center = self._settings.help_center_id
        found = every(self._client, PATH, {} if center is None else {"help_center_id": center})
        return [
            item
            for item in found
            if center is None or str(item.get("help_center_id") or center) == str(center)
        ]

    def reading(self, item: Json) -> Reading:
        """Return what a collection shows."""
        form = forms.collection(item, self._settings.default_locale)
        raw = encode(form)
        return Reading("collection", str(item["id"]), forms.stamp(item, raw), raw, alias=form.url)

    def fetch(self, handle: str) -> Reading | None:
        """Read one collection, None when it is not there."""
        try:
            item = self._client.get(f"{PATH}/{handle}")
        except Missing:
            return None
        if not item.get("id"):
            raise Incomplete("the collection has no id", where=f"GET {PATH}/{handle}")
        return self.reading(item)

    def create(self, raw: str) -> Written:
        """Create a collection and read it back. Raises Rejected below the third level."""
        body = payload.naming(None, collection_form(raw))
        if self._settings.help_center_id is not None:
            body["help_center_id"] = self._settings.help_center_id
        return Written(self._settled(self._created(body, raw)))

    def _created(self, body: Json, raw: str) -> str:
        for attempt in range(_TRIES):
            try:
                made = self._client.write("POST", PATH, body)
            except Unclear:
                found = self.find(raw)
                if found:
                    return found.handle
                if attempt == _TRIES - 1:
                    raise
                patience = self._client.courier.patience
                patience.sleep(patience.backoff(attempt + 1))
            except Rejected as error:
                raise Rejected(
                    error.message, where=error.where, hint=_DEPTH_HINT, status=error.status
                ) from None
            else:
                handle = str(made.get("id") or "")
                if not handle:
                    raise Incomplete("the created collection has no id", where=f"POST {PATH}")
                self.memory.claim(handle)
                return handle
        raise AssertionError

    def find(self, raw: str, *, edited: bool = False) -> Reading | None:
        """Search for a collection of this name and parent that belongs to no id yet.

        With `edited` also for one of this name elsewhere, or one that kept its description.
        """
        wanted, items = collection_form(raw), self._items()
        for same in (_twin, _kin) if edited else (_twin,):
            for item in items:
                form = forms.collection(item, wanted.default)
                if same(form, wanted) and self.memory.claim(str(item["id"])):
                    return self.reading(item)
        return None

    def update(self, old: Reading, raw: str) -> Written:
        """Bring a collection from `old` to the form. Raises Moved, Rejected."""
        self._unmoved(old)
        body = payload.naming(collection_form(old.raw), collection_form(raw))
        if body:
            self._client.write("PUT", f"{PATH}/{old.handle}", body, repeatable=True)
        return Written(self._settled(old.handle))

    def retire(self, old: Reading) -> Written:
        """Delete an empty collection; its names come back with `create`. Raises Moved, Rejected.

        Readers never see an empty collection, and Intercom knows no other way to put one aside.
        """
        self._unmoved(old)
        children = [item for item in self._items() if str(item.get("parent_id") or "") == old.handle]
        inside = self._shelves.published(old.handle)
        if children or inside:
            message = (
                f"the collection still holds {len(children)} collections and {inside} published articles"
            )
            raise Rejected(
                message, where=f"{PATH}/{old.handle}", hint="move them first, then run kbsync sync again"
            )
        self._client.write("DELETE", f"{PATH}/{old.handle}", repeatable=True)
        return Written(Reading("collection", old.handle, "", old.raw, alias=old.alias, retired=True))

    def _unmoved(self, old: Reading) -> None:
        fresh = self.fetch(old.handle)
        if fresh is None or fresh.raw != old.raw:
            raise Moved("the collection changed in Intercom since it was read", where=f"{PATH}/{old.handle}")

    def _settled(self, handle: str) -> Reading:
        reading = self.fetch(handle)
        if reading is None:
            raise Moved("the collection was deleted while it was written", where=f"{PATH}/{handle}")
        return reading


def _twin(form: CollectionForm, wanted: CollectionForm) -> bool:
    """Tell whether a collection has this name and description and stands in the same place."""
    return form.parent == wanted.parent and _text(form) == _text(wanted)


def _kin(form: CollectionForm, wanted: CollectionForm) -> bool:
    """Tell whether a collection could be this one after a person renamed, described or moved it."""
    here, meant = _text(form), _text(wanted)
    if here is None or meant is None:
        return False
    described = bool(meant.description) and here.description == meant.description
    return here.name == meant.name or (described and form.parent == wanted.parent)


def _text(form: CollectionForm) -> Name | None:
    return form.texts.get(form.default)
