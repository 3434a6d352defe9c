"""An article that had to be made anew stands at another address: the old one leads on, where that can be done."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from kbsync.document.formats import Loss
from kbsync.errors import RemoteError
from kbsync.replicas.base import Reading, Replica
from kbsync.state.records import Shadow
from kbsync.sync.observe import reading_of


@runtime_checkable
class Redirecting(Protocol):
    """A replica whose public addresses can lead on to others (Intercom's help center)."""

    def redirect(self, old: Reading, new_handle: str) -> tuple[Loss, ...]:
        """Let the address of a replaced article lead to its successor. Raises RemoteDown."""
        ...


def lead_on(replica: Replica, old: Shadow | None, new: Reading) -> tuple[Loss, ...]:
    """Leave a redirect when an article got another handle; that it could not be left is a loss, not a failure."""
    if old is None or new.kind != "article" or not isinstance(replica, Redirecting):
        return ()
    before = reading_of(old)
    if before.handle == new.handle or not before.alias:
        return ()
    try:
        return replica.redirect(before, new.handle)
    except RemoteError as error:
        return (Loss("redirect-not-set", error.message),)
