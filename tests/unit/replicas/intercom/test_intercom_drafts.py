"""`publish = "draft"` against the emulated Intercom: staged, never published, never over a teammate's."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from kbsync.article import Article, Text
from kbsync.document import blocks as b
from kbsync.errors import Moved, Waiting
from kbsync.replicas.base import Reading
from kbsync.replicas.intercom import IntercomReplica, IntercomSettings
from kbsync.replicas.limits import Patience
from kbsync.sandbox.server import Sandbox
from kbsync.sync.names import Book

PATIENCE = Patience(sleep=lambda seconds: None)


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    httpx.post(f"{running.url}/_sandbox/reset").raise_for_status()
    return running


def replica(sandbox: Sandbox, publish: str = "draft") -> IntercomReplica:
    settings = IntercomSettings(sandbox.intercom_url, sandbox.workspace, publish=publish)  # type: ignore[arg-type]
    return IntercomReplica(settings, sandbox.intercom_token, patience=PATIENCE)


@pytest.fixture
def teammate(sandbox: Sandbox) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {sandbox.teammate_token}", "Intercom-Version": "2.16"}
    with httpx.Client(base_url=sandbox.intercom_url, headers=headers) as client:
        yield client


def saying(words: str, title: str = "Refunds") -> Article:
    return Article("refunds", {"en": Text(title, b.Document((b.Paragraph((b.Text(words),)),)))})


def brought(intercom: IntercomReplica, entry: Article, old: Reading | None = None) -> Reading:
    raw = intercom.render(entry, old, Book("en")).raw
    if old is None:
        return intercom.create("article", entry.id, raw).reading
    return intercom.update(old, raw, entry.id).reading


def live(teammate: httpx.Client, reading: Reading) -> str:
    """Return what readers see."""
    return str(teammate.get(f"/articles/{reading.handle}").json()["body"])


def shown(intercom: IntercomReplica, reading: Reading) -> Article:
    entry = intercom.parse(reading, Book("en"))
    assert isinstance(entry, Article)
    return entry


@pytest.fixture
def published(sandbox: Sandbox) -> Reading:
    """An article that readers see."""
    return brought(replica(sandbox, "live"), saying("Old words."))


def test_a_new_article_is_a_draft(sandbox: Sandbox) -> None:
    """What is published in files is created as a draft."""
    intercom = replica(sandbox)

    assert shown(intercom, brought(intercom, saying("Words."))).texts["en"].state == "draft"


def test_an_edit_is_staged(sandbox: Sandbox, published: Reading, teammate: httpx.Client) -> None:
    """Readers see the old words until a person publishes; kbsync sees the new ones."""
    intercom = replica(sandbox)
    now = brought(intercom, saying("New words."), published)

    assert "Old words." in live(teammate, now)
    assert shown(intercom, now).texts == saying("New words.").texts


def test_a_staged_draft_is_remembered_by_its_reading(sandbox: Sandbox, published: Reading) -> None:
    """The next run, which remembers nothing but the reading, sees the same, and may edit it again."""
    now = brought(replica(sandbox), saying("New words."), published)
    later = replica(sandbox)

    (seen,) = later.observe({now.key: now}).readings

    assert seen.raw == now.raw
    assert shown(later, brought(later, saying("Newer words."), seen)).texts == saying("Newer words.").texts


def test_a_published_draft_is_no_edit(sandbox: Sandbox, published: Reading, teammate: httpx.Client) -> None:
    """When a person publishes what kbsync staged, the text is what it was."""
    now = brought(replica(sandbox), saying("New words."), published)
    body = {"locales": ["en"]}
    teammate.post(f"/articles/{now.handle}/draft/publish", json=body).raise_for_status()
    later = replica(sandbox)

    (seen,) = later.observe({now.key: now}).readings

    assert "New words." in live(teammate, seen)
    assert shown(later, seen) == shown(later, now)


def test_a_teammate_may_improve_the_staged_draft(
    sandbox: Sandbox, published: Reading, teammate: httpx.Client
) -> None:
    """What a person makes of the staged draft is seen as an edit, and not written over."""
    now = brought(replica(sandbox), saying("New words."), published)
    body = {"body": "<p>Better words.</p>"}
    teammate.put(f"/articles/{now.handle}/draft", json=body).raise_for_status()
    later = replica(sandbox)

    with pytest.raises(Moved):
        brought(later, saying("Newer words."), now)
    (seen,) = replica(sandbox).observe({now.key: now}).readings

    assert shown(later, seen).texts == saying("Better words.").texts


@pytest.mark.parametrize("publish", ["live", "draft"])
def test_a_teammates_own_draft_is_left_alone(
    sandbox: Sandbox, published: Reading, teammate: httpx.Client, publish: str
) -> None:
    """In every mode a teammate's pending draft is neither overwritten nor published nor taken for content."""
    body = {"body": "<p>Half a thought.</p>"}
    teammate.put(f"/articles/{published.handle}/draft", json=body).raise_for_status()
    intercom = replica(sandbox, publish)
    (seen,) = intercom.observe({published.key: published}).readings

    with pytest.raises(Waiting):
        brought(intercom, saying("New words."), seen)

    draft = teammate.get(f"/articles/{published.handle}/draft").json()
    assert shown(intercom, seen).texts == saying("Old words.").texts
    assert "Half a thought." in draft["body"]
    assert "Old words." in live(teammate, published)


def test_an_interleaved_edit_is_brought_back(
    sandbox: Sandbox, published: Reading, teammate: httpx.Client
) -> None:
    """A person who saves between our look and our write loses nothing: the version comes back."""

    class Interfering:
        def perform(self, kind: str, what: str, act):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202  the port is generic
            body = {"body": "<p>A person was here.</p>"}
            teammate.put(f"/articles/{published.handle}", json=body).raise_for_status()
            return act()

    settings = IntercomSettings(sandbox.intercom_url, sandbox.workspace)
    intercom = IntercomReplica(settings, sandbox.intercom_token, Interfering(), patience=PATIENCE)
    raw = intercom.render(saying("Mine."), published, Book("en")).raw

    written = intercom.update(published, raw, "refunds")

    (lost,) = written.overwritten
    assert shown(intercom, lost).texts == saying("A person was here.").texts
    assert shown(intercom, written.reading).texts == saying("Mine.").texts
