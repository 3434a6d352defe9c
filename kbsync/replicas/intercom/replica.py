"""The Intercom Help Center as a replica."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property

import httpx
import msgspec

from kbsync.article import Entry
from kbsync.document.blocks import Target
from kbsync.document.formats import Loss
from kbsync.effects import DIRECT, Effects
from kbsync.errors import Missing, RemoteError
from kbsync.replicas.base import (
    Broken,
    Key,
    Kind,
    Names,
    Observation,
    Raw,
    Reading,
    ReplicaName,
    Standing,
    Written,
)
from kbsync.replicas.intercom import redirects
from kbsync.replicas.intercom.addresses import Center, Hosts
from kbsync.replicas.intercom.articles import Articles, Staged
from kbsync.replicas.intercom.client import IntercomClient
from kbsync.replicas.intercom.collections import Collections
from kbsync.replicas.intercom.images import Images
from kbsync.replicas.intercom.listing import every
from kbsync.replicas.intercom.probe import Account, account, center, standing
from kbsync.replicas.intercom.settings import IntercomSettings
from kbsync.replicas.intercom.translate import Translator
from kbsync.replicas.limits import Patience


class IntercomReplica:
    """Keeps the replica contract for one workspace; safe to share between threads.

    `transport` and `patience` are injectable: tests answer requests themselves and never sleep.
    """

    name: ReplicaName = "intercom"

    def __init__(
        self,
        settings: IntercomSettings,
        token: str,
        effects: Effects = DIRECT,
        *,
        patience: Patience | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.settings = settings
        self._client = IntercomClient(settings.base_url, token, effects, patience, transport)
        self._hosts = Hosts(settings.base_url)
        self._images = Images(self._hosts, settings.public_base_url, self._client.courier, transport)
        self._articles = Articles(self._client, settings, self._images, settings.author_id)
        self._collections = Collections(self._client, settings)
        self._lock = threading.Lock()

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()
        self._images.close()

    # --- looking ----------------------------------------------------------------------------------

    def probe(self) -> Standing:
        """Check the token, the workspace, what can be read, and the byline."""
        return standing(self._client, self.settings)

    def observe(self, known: Mapping[Key, Reading], *, full: bool = False) -> Observation:  # noqa: ARG002  bodies come with every listing
        """List all articles and collections, bodies included."""
        self._ready()
        self._remember(known)
        warnings = () if self._account.workspace else (_UNVERIFIED,)
        collections = self._collections.observe()
        items = every(self._client, "/articles")
        readings: list[Reading] = list(collections)
        broken: list[Broken] = []
        for item in items:
            try:
                readings.append(self._again(self._articles.reading(item), known))
            except RemoteError as error:
                broken.append(Broken(("article", str(item["id"])), error))
        return Observation("intercom", tuple(readings), broken=tuple(broken), warnings=warnings)

    def read(self, key: Key) -> Reading | None:
        """Read one article or collection afresh."""
        self._ready()
        kind, handle = key
        return self._articles.fetch(handle) if kind == "article" else self._collections.fetch(handle)

    def _again(self, reading: Reading, known: Mapping[Key, Reading]) -> Reading:
        """An unpublished article that kbsync retired stays retired until someone touches it."""
        before = known.get(reading.key)
        if before is None:
            return reading
        retired = before.retired and before.token == reading.token
        return msgspec.structs.replace(reading, retired=retired)

    def _remember(self, known: Mapping[Key, Reading]) -> None:
        for (kind, handle), reading in known.items():
            memory = self._articles.memory if kind == "article" else self._collections.memory
            memory.claim(handle)
            if kind == "article" and '"staged"' in reading.raw and handle not in memory.staged:
                memory.staged[handle] = Staged.of(reading)

    # --- translating ------------------------------------------------------------------------------

    def parse(self, reading: Reading, names: Names) -> Entry:
        """Return the entry a reading shows."""
        return self._translator.parse(reading, names)

    def render(self, entry: Entry, old: Reading | None, names: Names) -> Raw:
        """Return the raw form that shows the entry."""
        return self._translator.render(entry, old, names)

    @property
    def _translator(self) -> Translator:
        return Translator(self.settings, self._known_center, self._articles.author)

    # --- writing ----------------------------------------------------------------------------------

    def create(self, kind: Kind, id: str, raw: str) -> Written:  # noqa: ARG002  Intercom has no place for an id
        """Create an article as a draft and publish it, or create a collection."""
        self._ready()
        return self._articles.create(raw) if kind == "article" else self._collections.create(raw)

    def update(self, old: Reading, raw: str, id: str) -> Written:  # noqa: ARG002  Intercom has no place for an id
        """Bring an article or a collection from `old` to the raw form.

        Raises Missing for a collection that was retired: it is gone, and has to be created again.
        """
        self._ready()
        self._remember({old.key: old})
        if old.kind == "article":
            return self._articles.update(old, raw)
        if old.retired:
            raise Missing("the collection was deleted, and is created anew", where=old.alias)
        return self._collections.update(old, raw)

    def retire(self, old: Reading) -> Written:
        """Unpublish an article, delete an empty collection."""
        self._ready()
        self._remember({old.key: old})
        return self._articles.retire(old) if old.kind == "article" else self._collections.retire(old)

    def find(self, kind: Kind, id: str, raw: str, *, edited: bool = False) -> Reading | None:  # noqa: ARG002  Intercom has no place for an id
        """Search by title and words for what an interrupted `create` may have made."""
        self._ready()
        things = self._articles if kind == "article" else self._collections
        return things.find(raw, edited=edited)

    def named(self, handle: str, address: str, names: Names) -> Target:  # noqa: ARG002  every article links alike
        """Return what a link in an article leads to."""
        return self._translator.links(self.settings.default_locale, names).read(address)

    def discard(self, reading: Reading) -> None:
        """Delete an article for good: what the probe of `kbsync doctor` made, and nothing else."""
        with suppress(Missing):
            self._client.write("DELETE", f"/articles/{reading.handle}", repeatable=True)

    def redirect(self, old: Reading, new_handle: str) -> tuple[Loss, ...]:
        """Let the address of a replaced article lead to its successor, where that can be done."""
        return redirects.redirect(self._client, self.settings, old.alias, new_handle)

    # --- the rest ---------------------------------------------------------------------------------

    def owns(self, address: str) -> bool:
        """Tell whether an address is Intercom's own, so that `download` will fetch it."""
        return self._hosts.own(address)

    def download(self, address: str) -> bytes:
        """Fetch an image from Intercom's hosts."""
        return self._images.download(address)

    def requests(self) -> Mapping[str, int]:
        """Return how many requests were sent so far, by HTTP method."""
        return self._client.requests()

    # --- once a run -------------------------------------------------------------------------------

    @cached_property
    def _account(self) -> Account:
        return account(self._client, self.settings)

    @cached_property
    def _center(self) -> Center:
        return center(self._client, self.settings)

    @property
    def _known_center(self) -> Center:
        """The help center as far as it was read: translating sends no requests."""
        found: Center = self.__dict__.get("_center", Center())
        return found

    def _ready(self) -> None:
        """Pin the workspace before anything else is read or written."""
        with self._lock:
            if self._articles.author is None:
                self._articles.author = self._account.teammate
            _ = self._account, self._center


_UNVERIFIED = Loss("workspace-unverified", "Intercom does not tell which workspace the token belongs to")
