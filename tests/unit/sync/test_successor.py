"""Readers who kept an address still arrive when the article behind it had to be made anew."""

from __future__ import annotations

from small_center import Center

from kbsync.document.formats import Loss
from kbsync.errors import RemoteDown
from kbsync.replicas.base import Reading


def _replaced(center: Center) -> str:
    """Delete an article in Intercom while its file is edited; returns its former handle."""
    center.intercom._alias = lambda thing: f"https://help.test/{thing.handle}"  # type: ignore[method-assign]
    center.write("files", "A", "one")
    center.sync()
    former = center.one("intercom", "A").handle
    center.delete("intercom", "A")
    center.edit("files", "A", body="one\ntwo")
    return former


def test_the_old_address_leads_to_the_new_article(center: Center) -> None:
    """One redirect is left, from the address that is gone to the article that took its place."""
    left: list[tuple[str, str]] = []

    def redirect(old: Reading, new_handle: str) -> tuple[Loss, ...]:
        left.append((old.alias, new_handle))
        return ()

    center.intercom.redirect = redirect  # type: ignore[attr-defined]
    former = _replaced(center)
    center.sync()
    assert left == [(f"https://help.test/{former}", center.one("intercom", "A").handle)]
    center.sync()
    assert len(left) == 1


def test_a_redirect_that_fails_fails_nothing_else(center: Center) -> None:
    """The article is restored, and a warning says that its old address is dead."""

    def redirect(old: Reading, new_handle: str) -> tuple[Loss, ...]:
        raise RemoteDown("no answer", where=f"{old.alias} -> {new_handle}")

    center.intercom.redirect = redirect  # type: ignore[attr-defined]
    _replaced(center)
    report = center.sync()
    assert report.failed == ()
    assert "redirect-not-set" in {warned.code for warned in report.warnings}
    assert center.body("intercom", "A") == "one\ntwo"
