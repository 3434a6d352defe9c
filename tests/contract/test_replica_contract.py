"""What the engine may rely on, whichever replica it speaks to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from kbsync.article import Article, Collection, CollectionText, Entry, Text
from kbsync.document import blocks as b
from kbsync.errors import Missing, Moved
from kbsync.replicas.base import Reading, Replica
from kbsync.replicas.confluence import ConfluenceReplica, ConfluenceSettings
from kbsync.replicas.confluence.page import PROPERTY
from kbsync.replicas.files.replica import FilesReplica
from kbsync.replicas.intercom import IntercomReplica, IntercomSettings
from kbsync.replicas.limits import Patience
from kbsync.sandbox.server import Sandbox
from kbsync.sync.accept import dangling
from kbsync.sync.names import Book, Unaware

PATIENCE = Patience(sleep=lambda seconds: None)


@dataclass
class Stand:
    """A replica, its book of names, and a person who works in it."""

    replica: Replica
    edit: Callable[[Reading, str], None]
    names: Book
    unmark: Callable[[Reading], None] = lambda reading: None

    def create(self, entry: Entry) -> Reading:
        """Create an entry and learn its names, as the engine does."""
        kind = "article" if isinstance(entry, Article) else "collection"
        raw = self.replica.render(entry, None, self.names).raw
        written = self.replica.create(kind, entry.id, raw)
        self.names.bind(entry.id, written.reading)
        return written.reading

    def update(self, old: Reading, entry: Entry) -> Reading:
        """Bring a thing to an entry."""
        raw = self.replica.render(entry, old, self.names).raw
        return self.replica.update(old, raw, entry.id).reading

    def held(self, entry: Entry, old: Reading | None = None) -> Entry:
        """Return what the replica can hold of an entry."""
        raw = self.replica.render(entry, old, self.names).raw
        blank = Reading(
            "article" if isinstance(entry, Article) else "collection", "new", "", raw, id=entry.id
        )
        return self.replica.parse(msgspec.structs.replace(old or blank, raw=raw), self.names)

    def shown(self, reading: Reading) -> Entry:
        """Return what a reading shows."""
        return self.replica.parse(reading, self.names)


def paragraphs(*texts: str) -> b.Document:
    return b.Document(tuple(b.Paragraph((b.Text(text),)) for text in texts))


def article(id: str = "refunds", title: str = "Refunds", *texts: str, **fields: Any) -> Article:
    words = {"en": Text(title, paragraphs(*(texts or ("Money comes back.",))), "All about refunds")}
    return Article(id, words | fields.pop("locales", {}), **fields)


def collection(id: str = "billing", title: str = "Billing", parent: str = "") -> Collection:
    return Collection(id, {"en": CollectionText(title, "Money matters")}, parent)


# --- the replicas ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cloud() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def datacenter() -> Iterator[Sandbox]:
    with Sandbox(deployment="datacenter") as sandbox:
        yield sandbox


def intercom(sandbox: Sandbox) -> Stand:
    settings = IntercomSettings(sandbox.intercom_url, sandbox.workspace)
    replica = IntercomReplica(settings, sandbox.intercom_token, patience=PATIENCE)
    headers = {"Authorization": f"Bearer {sandbox.teammate_token}", "Intercom-Version": "2.16"}

    def edit(reading: Reading, words: str) -> None:
        with httpx.Client(base_url=sandbox.intercom_url, headers=headers) as person:
            body = {"body": f"<p>{words}</p>"}
            person.put(f"/articles/{reading.handle}", json=body).raise_for_status()

    return Stand(replica, edit, Book("en"))


def confluence(sandbox: Sandbox, **settings: Any) -> Stand:
    options = ConfluenceSettings(sandbox.confluence_url, sandbox.space, sandbox.deployment, **settings)
    access = (sandbox.confluence_user, sandbox.confluence_token)
    user = access[0] if sandbox.deployment == "cloud" else ""
    replica = ConfluenceReplica(options, user, access[1], patience=PATIENCE)

    def edit(reading: Reading, words: str) -> None:
        with httpx.Client(base_url=sandbox.confluence_url, auth=access) as person:
            path = f"/rest/api/content/{reading.handle}"
            if sandbox.deployment == "cloud":
                _edit_v2(person, reading.handle, words)
                return
            page = person.get(path, params={"expand": "version"}).raise_for_status().json()
            body = {"storage": {"value": f"<p>{words}</p>", "representation": "storage"}}
            wish = {"type": "page", "title": page["title"], "body": body}
            wish["version"] = {"number": page["version"]["number"] + 1}
            person.put(path, json=wish).raise_for_status()

    def unmark(reading: Reading) -> None:
        with httpx.Client(base_url=sandbox.confluence_url, auth=access) as person:
            v1 = f"/rest/api/content/{reading.handle}/property/{PROPERTY}"
            path = _property_v2(person, reading.handle) if sandbox.deployment == "cloud" else v1
            person.delete(path).raise_for_status()

    return Stand(replica, edit, Book("en"), unmark)


def _property_v2(person: httpx.Client, id: str) -> str:
    path = f"/api/v2/pages/{id}/properties"
    (found,) = person.get(path, params={"key": PROPERTY}).raise_for_status().json()["results"]
    return f"{path}/{found['id']}"


def _edit_v2(person: httpx.Client, id: str, words: str) -> None:
    page = person.get(f"/api/v2/pages/{id}").raise_for_status().json()
    wish = {"id": id, "status": "current", "title": page["title"]}
    wish["body"] = {"representation": "storage", "value": f"<p>{words}</p>"}
    wish["version"] = {"number": page["version"]["number"] + 1}
    person.put(f"/api/v2/pages/{id}", json=wish).raise_for_status()


def files(root: Path) -> Stand:
    content = root / "content"
    content.mkdir()

    def edit(reading: Reading, words: str) -> None:
        path = content / f"{reading.handle}.md"
        path.write_text(path.read_text() + f"\n{words}\n")

    return Stand(FilesReplica(content, root / "trash", "en"), edit, Book("en"))


@pytest.fixture(params=["intercom", "confluence", "pages", "rooted", "datacenter", "files"])
def stand(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stand]:
    if request.param == "files":
        yield files(tmp_path)
        return
    name = "datacenter" if request.param == "datacenter" else "cloud"
    sandbox: Sandbox = request.getfixturevalue(name)
    httpx.post(f"{sandbox.url}/_sandbox/reset").raise_for_status()
    makers: dict[str, Callable[[], Stand]] = {
        "intercom": lambda: intercom(sandbox),
        "confluence": lambda: confluence(sandbox),
        "pages": lambda: confluence(sandbox, locales="pages"),
        "rooted": lambda: confluence(sandbox, root_page="Our articles"),
        "datacenter": lambda: confluence(sandbox),
    }
    yield makers[request.param]()


# --- the promises ---------------------------------------------------------------------------------


class TestReplica:
    def test_everything_is_well_at_first(self, stand: Stand) -> None:
        """A replica that can be used says so."""
        assert all(ok for _, ok, _ in stand.replica.probe().checks)

    def test_it_starts_empty(self, stand: Stand) -> None:
        """A fresh replica shows nothing, and says that this is all."""
        seen = stand.replica.observe({})

        assert (seen.readings, seen.complete, seen.broken) == ((), True, ())

    def test_what_is_created_reads_back(self, stand: Stand) -> None:
        """An article shows after its creation what the replica can hold of it."""
        stand.create(collection())
        wanted = article(
            place="billing", labels=("money", "vip"), locales={"fr": Text("Retours", paragraphs("Oui."))}
        )

        reading = stand.create(wanted)

        assert stand.shown(reading) == stand.held(wanted, reading)
        assert stand.shown(reading).texts["en"].body == wanted.texts["en"].body

    def test_a_draft_stays_a_draft(self, stand: Stand) -> None:
        """A draft is created as one."""
        words = Text("Secret", paragraphs("Soon."), state="draft")

        reading = stand.create(Article("secret", {"en": words}))

        assert stand.shown(reading).texts["en"].state == "draft"

    def test_collections_nest(self, stand: Stand) -> None:
        """A collection knows the one it lies in."""
        stand.create(collection())

        inner = stand.create(collection("invoices", "Invoices", "billing"))

        assert inner.kind == "collection"
        assert stand.shown(inner).parent == "billing"

    def test_looking_twice_shows_the_same(self, stand: Stand) -> None:
        """Two observations of an untouched replica are equal, byte for byte, and so is a single read."""
        made = [stand.create(collection()), stand.create(article(place="billing"))]
        first = stand.replica.observe({}).readings

        again = stand.replica.observe({reading.key: reading for reading in first}).readings

        assert {reading.key: reading for reading in again} == {reading.key: reading for reading in first}
        assert {reading.raw for reading in made} == {reading.raw for reading in first}
        assert all(stand.replica.read(reading.key) == reading for reading in first)

    def test_an_edit_arrives(self, stand: Stand) -> None:
        """An update brings the thing to the entry, and the token moves."""
        old = stand.create(article())
        wanted = article("refunds", "Money back", "Money comes back.", "After a week.")

        now = stand.update(old, wanted)

        assert stand.shown(now) == stand.held(wanted, now)
        assert now.token != old.token
        assert now.handle == old.handle or stand.replica.name == "files"

    def test_no_edit_changes_nothing(self, stand: Stand) -> None:
        """What is rendered from its own reading is the very same text."""
        old = stand.create(article(labels=("money",)))

        raw = stand.replica.render(stand.shown(old), old, stand.names).raw

        assert raw == old.raw

    def test_a_move_arrives(self, stand: Stand) -> None:
        """An article moves between collections, and out of them."""
        stand.create(collection())
        stand.create(collection("shipping", "Shipping"))
        reading = stand.create(article(place="billing"))

        moved = stand.update(reading, article(place="shipping"))
        freed = stand.update(moved, article())

        assert stand.shown(moved).place == "shipping"
        assert stand.shown(freed).place == ""

    def test_labels_come_and_go(self, stand: Stand) -> None:
        """Labels are brought to exactly those of the entry."""
        old = stand.create(article(labels=("money", "old news")))

        now = stand.update(old, article(labels=("money", "Fresh")))

        assert stand.shown(now).labels == ("Fresh", "money")

    def test_a_person_is_never_overwritten(self, stand: Stand) -> None:
        """What changed since it was read is refused, and the person's words stay."""
        old = stand.create(article())
        stand.edit(old, "A person was here.")

        with pytest.raises(Moved):
            stand.update(old, article("refunds", "Mine"))
        with pytest.raises(Moved):
            stand.replica.retire(old)

        assert "A person was here." in (stand.replica.read(old.key) or old).raw

    def test_an_edit_is_seen(self, stand: Stand) -> None:
        """A person's edit shows in the next look, with another token."""
        old = stand.create(article())
        stand.edit(old, "A person was here.")

        seen = {reading.key: reading for reading in stand.replica.observe({old.key: old}).readings}

        assert seen[old.key].token != old.token
        assert "A person was here." in seen[old.key].raw

    def test_what_is_retired_comes_back(self, stand: Stand) -> None:
        """A retired article is out of sight, and an update restores it."""
        old = stand.create(article())
        gone = stand.replica.retire(old).reading
        seen = {reading.key: reading for reading in stand.replica.observe({gone.key: gone}).readings}
        wanted = article("refunds", "Refunds", "Money comes back again.")

        back = stand.update(gone, wanted)

        assert gone.retired
        assert all(reading.retired for reading in seen.values())
        assert not back.retired
        assert stand.shown(back) == stand.held(wanted, back)

    def test_an_empty_collection_retires(self, stand: Stand) -> None:
        """A retired collection is gone or out of sight, and can be had again."""
        old = stand.create(collection())

        gone = stand.replica.retire(old).reading
        seen = stand.replica.observe({gone.key: gone}).readings

        assert all(reading.retired for reading in seen)
        try:
            back = stand.update(gone, collection())
        except Missing:
            back = stand.create(collection())
        assert stand.shown(back).texts["en"].title == "Billing"

    def test_an_interrupted_creation_is_found(self, stand: Stand) -> None:
        """What `create` made is found again by its arguments; what nobody made is not."""
        wanted = article()
        raw = stand.replica.render(wanted, None, stand.names).raw
        made = stand.replica.create("article", wanted.id, raw).reading
        other = article("other", "Something else", "Entirely.")

        heirs = _after_a_crash(stand.replica)

        assert heirs.find("article", wanted.id, raw) == made
        assert heirs.find("article", "other", stand.replica.render(other, None, stand.names).raw) is None

    def test_an_interrupted_creation_is_found_after_an_edit(self, stand: Stand) -> None:
        """What `create` made is found although it never got its mark and a person has written to it."""
        stand.create(article("other", "Something else", "Entirely."))
        raw = stand.replica.render(article(), None, stand.names).raw
        made = stand.replica.create("article", "refunds", raw).reading
        stand.unmark(made)
        stand.edit(made, "Money comes back. Soon.")

        found = _after_a_crash(stand.replica).find("article", "refunds", raw, edited=True)

        assert found is not None
        assert found.handle == made.handle

    def test_links_lead_to_articles(self, stand: Stand) -> None:
        """A link to an article comes back as a link to that article."""
        stand.create(article())
        link = b.Link(b.ArticleRef("refunds"), (b.Text("see refunds"),))
        wanted = Article("more", {"en": Text("More", b.Document((b.Paragraph((link,)),)))})

        reading = stand.create(wanted)

        assert stand.shown(reading).texts["en"].body == wanted.texts["en"].body

    def test_a_link_comes_to_life(self, stand: Stand) -> None:
        """A link to what is no article yet is remembered, and named once it is one."""
        stand.create(article())
        link = b.Link(b.ArticleRef("refunds"), (b.Text("see refunds"),))
        reading = stand.create(Article("more", {"en": Text("More", b.Document((b.Paragraph((link,)),)))}))
        before = stand.replica.parse(reading, Unaware(stand.names, frozenset({"refunds"})))

        (address,) = dangling(before)

        assert stand.replica.named(reading.handle, address, stand.names) == b.ArticleRef("refunds")

    def test_a_link_to_nothing_waits(self, stand: Stand) -> None:
        """A link to an article that is not there yet becomes its text, and says so."""
        link = b.Link(b.ArticleRef("nowhere"), (b.Text("see there"),))
        wanted = Article("more", {"en": Text("More", b.Document((b.Paragraph((link,)),)))})

        raw = stand.replica.render(wanted, None, stand.names)

        assert "link-pending" in {loss.code for loss in raw.losses} or stand.replica.name == "files"
        assert "see there" in raw.raw

    def test_nothing_is_nothing(self, stand: Stand) -> None:
        """What is not there reads as None."""
        assert stand.replica.read(("article", "404404")) is None

    def test_a_quiet_look_writes_nothing(self, stand: Stand) -> None:
        """A look at what is known sends few requests, all of them GETs."""
        stand.create(collection())
        stand.create(article(place="billing"))
        known = {reading.key: reading for reading in stand.replica.observe({}).readings}
        before = dict(stand.replica.requests())

        stand.replica.observe(known)

        spent = {
            k: n - before.get(k, 0) for k, n in stand.replica.requests().items() if n != before.get(k, 0)
        }
        assert set(spent) <= {"GET"}
        assert sum(spent.values()) <= 4


def _after_a_crash(replica: Replica) -> Replica:
    """Return a replica of the next run: it remembers nothing."""
    if isinstance(replica, IntercomReplica):
        token = replica._client._http.headers["Authorization"].removeprefix("Bearer ")
        return IntercomReplica(replica.settings, token, patience=PATIENCE)
    return replica


@pytest.mark.parametrize("make", [intercom, confluence])
def test_a_faulty_remote_gets_no_twins(cloud: Sandbox, make: Callable[[Sandbox], Stand]) -> None:
    """At 30 % random refusals, errors, lost and truncated replies every article is made once, and whole."""
    httpx.post(f"{cloud.url}/_sandbox/reset").raise_for_status()
    stand = make(cloud)
    faults = {"faults": "429:0.1,500:0.07,503:0.04,lost:0.05,truncate:0.04", "seed": 7}
    httpx.post(f"{cloud.url}/_sandbox/faults", json=faults).raise_for_status()
    try:
        for number in range(4):
            old = stand.create(article(f"a{number}", f"Title {number}", "First."))
            stand.update(old, article(f"a{number}", f"Title {number}", "Second."))
    finally:
        httpx.delete(f"{cloud.url}/_sandbox/faults").raise_for_status()

    seen = [stand.shown(reading) for reading in stand.replica.observe({}).readings]

    assert sorted(each.texts["en"].title for each in seen) == [f"Title {number}" for number in range(4)]
    assert all(each.texts["en"].body == paragraphs("Second.") for each in seen)
