"""The compare-and-swap: one page from the version that was seen to the next one."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Final

from kbsync.errors import Moved, Rejected, RemoteError
from kbsync.replicas.confluence import titles
from kbsync.replicas.confluence.page import Page
from kbsync.replicas.confluence.site import Site
from kbsync.replicas.confluence.words import words
from kbsync.replicas.limits import Patience
from kbsync.replicas.transport import Unclear

_TRIES: Final = 4
_CONFLICT: Final = 409


class Swap:
    """Writes versions to one space."""

    def __init__(self, site: Site, patience: Patience) -> None:
        self._site = site
        self._patience = patience

    def to(self, page: Page, wanted: Iterator[str], parent: str, body: str) -> str:
        """Write the version after `page`, under the first title that is free, and return that title.

        A 409 is either a person who was faster, or a race inside the server that leaves the version as it
        was (javax.persistence.OptimisticLockException); a lost answer is either of both. The version's own
        message, which nobody else writes, tells whether it was this write. Raises Moved, Rejected, RemoteDown.
        """
        message = f"kbsync {secrets.token_hex(4)}"
        title, tries = next(wanted), 0
        while True:
            failure: RemoteError
            try:
                self._site.update(page, title, parent, body, message)
            except Unclear as unclear:
                failure = unclear
            except Rejected as refusal:
                if titles.taken(refusal):
                    title = _next(wanted, refusal)
                    continue
                if not _conflict(refusal):
                    raise
                failure = refusal
            else:
                return title
            tries += 1
            if self._happened(page, title, body, message):
                return title
            if tries == _TRIES:
                raise failure
            self._patience.sleep(self._patience.backoff(tries))

    def _happened(self, page: Page, title: str, body: str, message: str) -> bool:
        """Tell whether the write happened; False while nothing did. Raises Moved when another write did."""
        now = self._site.page(page.id)
        if now is None:
            raise Moved("the page was deleted while it was written", where=page.title)
        if now.version == page.version:
            return False
        same = not now.message and now.title == title and words(now.body) == words(body)
        if now.message != message and not same:
            raise Moved("someone saved the page while it was written", where=page.title)
        return True


def _conflict(refusal: Rejected) -> bool:
    return refusal.status == _CONFLICT or "version must be incremented" in refusal.message.casefold()


def _next(wanted: Iterator[str], refusal: Rejected) -> str:
    title = next(wanted, "")
    if not title:
        raise refusal
    return title
