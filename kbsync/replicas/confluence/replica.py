"""A Confluence space as a replica."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from requests.adapters import BaseAdapter

from kbsync.article import Entry
from kbsync.document.blocks import Target
from kbsync.effects import DIRECT, Effects
from kbsync.errors import Missing, Rejected, RemoteError
from kbsync.replicas.base import (
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
from kbsync.replicas.confluence.client import ConfluenceClient
from kbsync.replicas.confluence.cloud import CloudSite
from kbsync.replicas.confluence.datacenter import DataCenterSite
from kbsync.replicas.confluence.form import decode
from kbsync.replicas.confluence.links import file_of
from kbsync.replicas.confluence.observing import Look
from kbsync.replicas.confluence.pages import Assets, Pages
from kbsync.replicas.confluence.settings import ConfluenceSettings
from kbsync.replicas.confluence.site import Site
from kbsync.replicas.confluence.translate import Translator
from kbsync.replicas.limits import Patience

LARGEST = 50 * 1024 * 1024
"""Bytes of the largest file that is fetched."""


def _no_file(path: str) -> bytes | None:  # noqa: ARG001  the signature of Assets
    return None


class ConfluenceReplica:
    """Keeps the replica contract for one space; safe to share between threads.

    `user` is "" on Data Center, where `token` is sent as a Bearer token. `assets` returns the bytes of a path
    under the content root, None when there is no such file. `adapter` and `patience` are injectable.
    """

    name: ReplicaName = "confluence"

    def __init__(
        self,
        settings: ConfluenceSettings,
        user: str,
        token: str,
        effects: Effects = DIRECT,
        *,
        assets: Assets = _no_file,
        patience: Patience | None = None,
        adapter: BaseAdapter | None = None,
    ) -> None:
        self.settings = settings
        patience = patience or Patience()
        self._client = ConfluenceClient(settings.base_url, user, token, effects, patience, adapter)
        self._site: Site = (
            CloudSite(self._client, settings.space, patience)
            if settings.deployment == "cloud"
            else DataCenterSite(self._client, settings.space)
        )
        self._pages = Pages(self._site, settings, patience, assets)
        self._translator = Translator(settings, self._client.base_url)
        self._kids: dict[str, dict[str, str]] = {}

    # --- looking ----------------------------------------------------------------------------------

    def probe(self) -> Standing:
        """Check the token, the space, and what can be read."""
        space = self._site.space()
        checks = [("token", True, f"accepted by {self._client.base_url}")]
        checks.append(("space", True, f"{space.key}, id {space.id}"))
        if self.settings.root_page:
            found = any(page.status == "current" for page in self._site.titled(self.settings.root_page))
            told = "found" if found else "will be made by the first sync"
            checks.append(("root page", True, f"{self.settings.root_page}: {told}"))
        try:
            checks.append(("pages", True, f"{len(self._site.pages())} can be read"))
        except RemoteError as error:
            checks.append(("pages", False, error.line()))
        return Standing(tuple(checks))

    def observe(self, known: Mapping[Key, Reading], *, full: bool = False) -> Observation:
        """List the versions of all pages, and read those that moved; with `full` all of them."""
        look = Look(self._site, self.settings, self._pages, known, full)
        observation = look.taken()
        self._kids |= look.kids
        return observation

    def read(self, key: Key) -> Reading | None:
        """Read one page afresh, with its other locales."""
        return self._pages.fetch(key[1], self._kids.get(key[1], {}))

    # --- translating ------------------------------------------------------------------------------

    def parse(self, reading: Reading, names: Names) -> Entry:
        """Return the entry a reading shows."""
        return self._translator.parse(reading, names)

    def render(self, entry: Entry, old: Reading | None, names: Names) -> Raw:
        """Return the raw form that shows the entry."""
        return self._translator.render(entry, old, names)

    # --- writing ----------------------------------------------------------------------------------

    def create(self, kind: Kind, id: str, raw: str) -> Written:
        """Create a page, and mark it with a content property."""
        return self._remembered(self._pages.create(kind, id, raw))

    def update(self, old: Reading, raw: str, id: str) -> Written:  # noqa: ARG002  the mark in the raw form holds it
        """Bring a page from `old` to the raw form, by compare-and-swap on its version."""
        return self._remembered(self._pages.update(old, raw))

    def retire(self, old: Reading) -> Written:
        """Archive a page; on Data Center, and where there is no archive, move it to the trash."""
        return self._pages.retire(old)

    def find(self, kind: Kind, id: str, raw: str, *, edited: bool = False) -> Reading | None:  # noqa: ARG002  the mark in the form holds both
        """Search for the page an interrupted `create` may have made: by title, then among the newest."""
        return self._pages.find(raw, edited=edited)

    def named(self, handle: str, address: str, names: Names) -> Target:
        """Return what a link on a page leads to."""
        return self._translator.links(handle, names).read(address)

    def discard(self, reading: Reading) -> None:
        """Move a page to the trash: what the probe of `kbsync doctor` made, and nothing else."""
        with suppress(Missing):
            self._site.trash(reading.handle)

    def _remembered(self, written: Written) -> Written:
        kids = decode(written.reading.raw).translations
        self._kids[written.reading.handle] = {locale: leaf.id for locale, leaf in kids.items()}
        return written

    # --- the rest ---------------------------------------------------------------------------------

    def owns(self, address: str) -> bool:
        """Tell whether an address is a file of this site, so that `download` will fetch it."""
        return file_of(self._client.base_url, address) is not None

    def download(self, address: str) -> bytes:
        """Fetch a file that a person attached. Raises Rejected, Missing, RemoteDown."""
        found = file_of(self._client.base_url, address)
        if found is None:
            raise Rejected("this address is no file of this site, so it is not fetched", where=address)
        page, name = found
        attachment = next((each for each in self._site.attachments(page) if each.name == name), None)
        if attachment is None:
            raise Missing("the file is not on its page", where=address)
        if attachment.size > LARGEST:
            raise Rejected(f"the file is larger than {LARGEST // 2**20} MB", where=address)
        return self._site.download(page, attachment)

    def requests(self) -> Mapping[str, int]:
        """Return how many requests were sent so far, by HTTP method."""
        return self._client.requests()
