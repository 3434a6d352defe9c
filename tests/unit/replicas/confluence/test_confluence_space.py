"""What people do in a space, and what kbsync makes of it; against the emulated Cloud."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest
from leftovers import EDITED, REST, WORDS

from kbsync.article import Article, Collection, CollectionText, Text
from kbsync.document import blocks as b
from kbsync.errors import Incomplete, Missing, Moved, Rejected
from kbsync.replicas.base import Reading
from kbsync.replicas.confluence import ConfluenceReplica, ConfluenceSettings
from kbsync.replicas.limits import Patience
from kbsync.sandbox.server import Sandbox
from kbsync.sync.names import Book

PATIENCE = Patience(sleep=lambda seconds: None)
FILES = {"assets/a b.png": b"PNG one"}


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    httpx.post(f"{running.url}/_sandbox/reset").raise_for_status()
    httpx.delete(f"{running.url}/_sandbox/faults").raise_for_status()
    httpx.post(f"{running.url}/_sandbox/settings", json={"unarchive": "allow"})
    return running


class Desk:
    """A replica with its book of names, and a person with a browser."""

    def __init__(self, sandbox: Sandbox, **settings: Any) -> None:
        self.sandbox = sandbox
        self.options = ConfluenceSettings(sandbox.confluence_url, sandbox.space, **settings)
        self.names = Book("en")
        self.replica = self.fresh()
        access = (sandbox.confluence_user, sandbox.confluence_token)
        self.person = httpx.Client(base_url=sandbox.confluence_url, auth=access)

    def fresh(self) -> ConfluenceReplica:
        """Return the replica of the next run: it remembers nothing."""
        access = (self.sandbox.confluence_user, self.sandbox.confluence_token)
        return ConfluenceReplica(self.options, *access, assets=FILES.get, patience=PATIENCE)

    def bring(self, entry: Article | Collection, old: Reading | None = None) -> Reading:
        raw = self.replica.render(entry, old, self.names).raw
        kind = "article" if isinstance(entry, Article) else "collection"
        made = self.replica.update(old, raw, entry.id) if old else self.replica.create(kind, entry.id, raw)
        self.names.bind(entry.id, made.reading)
        return made.reading

    def look(self, *known: Reading, full: bool = False) -> dict[str, Reading]:
        seen = self.fresh().observe({reading.key: reading for reading in known}, full=full)
        return {reading.handle: reading for reading in seen.readings}

    def shown(self, reading: Reading) -> Article:
        entry = self.replica.parse(reading, self.names)
        assert isinstance(entry, Article)
        return entry

    # --- the person -------------------------------------------------------------------------------

    def page(self, id: str) -> dict[str, Any]:
        params = {"body-format": "storage"}
        found: dict[str, Any] = self.person.get(f"/api/v2/pages/{id}", params=params).json()
        return found

    def make(self, title: str, body: str = "<p>Theirs.</p>", parent: str = "") -> str:
        space = self.person.get("/api/v2/spaces", params={"keys": self.sandbox.space}).json()["results"][0]
        wish = {"spaceId": space["id"], "status": "current", "title": title}
        wish |= {"body": {"representation": "storage", "value": body}} | (
            {"parentId": parent} if parent else {}
        )
        made = self.person.post("/api/v2/pages", json=wish).raise_for_status().json()
        return str(made["id"])

    def save(self, id: str, **fields: Any) -> None:
        page = self.page(id)
        body = {"representation": "storage", "value": fields.pop("body", page["body"]["storage"]["value"])}
        wish = {"id": id, "status": "current", "title": page["title"], "body": body}
        wish["version"] = {"number": page["version"]["number"] + 1}
        self.person.put(f"/api/v2/pages/{id}", json=wish | fields).raise_for_status()

    def requests(self) -> int:
        return sum(self.replica.requests().values())


@pytest.fixture
def desk(sandbox: Sandbox) -> Desk:
    return Desk(sandbox)


def article(
    id: str = "refunds", title: str = "Refunds", words: str = "Money comes back.", **fields: Any
) -> Article:
    return Article(id, {"en": Text(title, b.Document((b.Paragraph((b.Text(words),)),)))}, **fields)


def collection(id: str = "billing", title: str = "Billing") -> Collection:
    return Collection(id, {"en": CollectionText(title)})


# --- looking --------------------------------------------------------------------------------------


def test_a_persons_page_is_a_draft_without_an_id(desk: Desk) -> None:
    """Nothing internal becomes public by itself."""
    id = desk.make("Internal notes")

    reading = desk.look()[id]

    assert (reading.id, reading.kind) == ("", "article")
    assert desk.shown(reading).texts["en"].state == "draft"


def test_a_page_taken_over_is_marked_and_labelled(desk: Desk) -> None:
    """Adoption gives a page its id and the label `draft`, and leaves the text without a new version."""
    id = desk.make("Internal notes")
    seen = desk.look()[id]
    entry = msgspec.structs.replace(desk.shown(seen), id="notes")

    now = desk.bring(entry, seen)

    assert (now.id, now.handle, desk.shown(now)) == ("notes", id, entry)
    assert desk.page(id)["version"]["number"] == 1


def test_only_what_moved_is_read(desk: Desk) -> None:
    """One listing, and one read for each page that has a new version."""
    readings = [desk.bring(article(f"a{n}", f"Title {n}")) for n in range(5)]
    desk.save(readings[2].handle, body="<p>Edited.</p>")
    fresh = desk.fresh()

    seen = fresh.observe({reading.key: reading for reading in readings}).readings

    assert fresh.requests() == {"GET": 3}
    assert [
        r.raw != old.raw for r, old in zip(sorted(seen, key=lambda r: r.handle), readings, strict=True)
    ] == [n == 2 for n in range(5)]


def test_a_page_dragged_elsewhere_moved(desk: Desk) -> None:
    """A new parent is seen, though it makes no new version of the text."""
    desk.bring(collection())
    other = desk.bring(collection("shipping", "Shipping"))
    old = desk.bring(article(place="billing"))
    path = f"/rest/api/content/{old.handle}/move/append/{other.handle}"
    desk.person.put(path).raise_for_status()

    seen = desk.look(old)[old.handle]

    assert seen.token != old.token
    assert desk.shown(seen).place == "shipping"


def test_labels_are_read_on_a_full_look(desk: Desk) -> None:
    """Listing labels costs a request a page, so only `full` asks for those of untouched pages."""
    old = desk.bring(article())
    wish = [{"prefix": "global", "name": "theirs"}]
    desk.person.post(f"/rest/api/content/{old.handle}/label", json=wish).raise_for_status()

    assert desk.shown(desk.look(old)[old.handle]).labels == ()
    assert desk.shown(desk.look(old, full=True)[old.handle]).labels == ("theirs",)


def test_a_copy_is_a_page_of_its_own(desk: Desk) -> None:
    """Copying a page copies its properties; only one of the two keeps the id."""
    old = desk.bring(article())
    copy = desk.make("Copy of Refunds")
    wish = {"key": "kbsync", "value": {"id": "refunds", "kind": "article", "locale": "en"}}
    desk.person.post(f"/api/v2/pages/{copy}/properties", json=wish).raise_for_status()

    seen = desk.look(old)

    assert (seen[old.handle].id, seen[copy].id) == ("refunds", "")
    assert desk.shown(seen[copy]).texts["en"].state == "draft"


def test_what_people_archived_is_none_of_ours(desk: Desk) -> None:
    """An archived page that kbsync never knew costs no request and shows nothing."""
    old, theirs = desk.bring(article()), desk.make("Old notes")
    wish = {"pages": [{"id": int(theirs)}]}
    desk.person.post("/rest/api/content/archive", json=wish).raise_for_status()
    while desk.page(theirs)["status"] != "archived":
        time.sleep(0.02)

    assert list(desk.look(old)) == [old.handle]


# --- below a root page ----------------------------------------------------------------------------


def test_only_what_lies_below_the_root_takes_part(sandbox: Sandbox) -> None:
    """Pages beside the root page are neither seen nor touched; folders in between are climbed."""
    desk = Desk(sandbox, root_page="Articles")
    outside = desk.make("Outside")
    inside = desk.bring(article())
    root = str(desk.page(inside.handle)["parentId"])
    space = desk.page(root)["spaceId"]
    wish = {"spaceId": space, "title": "A folder", "parentId": root}
    folder = desk.person.post("/api/v2/folders", json=wish).raise_for_status().json()["id"]
    deep = desk.make("Deep", parent=folder)

    seen = desk.look()

    assert set(seen) == {inside.handle, deep}
    assert outside not in seen


def test_the_root_is_made_once(sandbox: Sandbox) -> None:
    """The first write makes the root page; a look alone never does."""
    desk = Desk(sandbox, root_page="Articles")
    assert desk.look() == {}
    assert set(desk.replica.requests()) <= {"GET"}

    first, second = desk.bring(article()), desk.bring(article("more", "More"))

    assert desk.page(first.handle)["parentId"] == desk.page(second.handle)["parentId"]


def test_a_root_that_vanished_proves_nothing_absent(sandbox: Sandbox) -> None:
    """When the root page was renamed, nothing below it is taken for deleted."""
    desk = Desk(sandbox, root_page="Articles")
    old = desk.bring(article())
    desk.save(str(desk.page(old.handle)["parentId"]), title="Renamed")

    with pytest.raises(Incomplete, match="root_page"):
        desk.look(old)


# --- titles ---------------------------------------------------------------------------------------


def test_namesakes_get_a_suffix_that_never_comes_back(desk: Desk) -> None:
    """A taken title becomes `Title (Collection)`, then `Title (2)`; entries keep the plain one."""
    desk.bring(collection())
    made = [desk.bring(article(f"a{n}", "Overview", place="billing")) for n in range(3)]

    assert [reading.alias for reading in made] == ["Overview", "Overview (Billing)", "Overview (2)"]
    assert {desk.shown(reading).texts["en"].title for reading in made} == {"Overview"}
    assert (
        desk.bring(article("a1", "Overview", "Other words.", place="billing"), made[1]).alias == made[1].alias
    )


def test_archived_pages_still_hold_their_titles(desk: Desk) -> None:
    """A title that an archived page holds is taken."""
    desk.replica.retire(desk.bring(article()))

    assert desk.bring(article("other", "REFUNDS")).alias == "REFUNDS (2)"


def test_a_rename_by_a_person_is_a_rename(desk: Desk) -> None:
    """A title that is not the one kbsync gave is the person's."""
    desk.bring(article())
    old = desk.bring(article("other", "Refunds"))
    desk.save(old.handle, title="Money back")

    assert desk.shown(desk.look(old)[old.handle]).texts["en"].title == "Money back"


# --- writing --------------------------------------------------------------------------------------


def test_a_comment_added_meanwhile_keeps_its_place(desk: Desk) -> None:
    """An inline comment by API makes no version; its marker is carried into the body that is written."""
    old = desk.bring(article(words="Money comes back soon."))
    wish = {
        "pageId": old.handle,
        "body": {"representation": "storage", "value": "<p>When?</p>"},
        "inlineCommentProperties": {
            "textSelection": "soon",
            "textSelectionMatchCount": 1,
            "textSelectionMatchIndex": 0,
        },
    }
    desk.person.post("/api/v2/inline-comments", json=wish).raise_for_status()

    now = desk.bring(article(words="All money comes back soon."), old)

    assert "inline-comment-marker" in desk.page(now.handle)["body"]["storage"]["value"]
    assert desk.shown(now) == article(words="All money comes back soon.")


def test_a_label_of_a_person_stays(desk: Desk) -> None:
    """Labels are written as differences."""
    old = desk.bring(article(labels=("money",)))
    wish = [{"prefix": "global", "name": "theirs"}]
    desk.person.post(f"/rest/api/content/{old.handle}/label", json=wish).raise_for_status()

    now = desk.bring(article(labels=("vip",)), old)

    assert desk.shown(now).labels == ("theirs", "vip")


def test_files_are_uploaded_once(desk: Desk) -> None:
    """A file goes up with its bytes, and not again while they are the same."""
    figure = b.Figure(b.Image(b.AssetRef("assets/a b.png"), "A shot"))
    with_file = Article("refunds", {"en": Text("Refunds", b.Document((figure,)))})
    old = desk.bring(with_file)
    before = desk.replica.requests().get("PUT", 0)
    now = desk.bring(Article("refunds", {"en": Text("Money", b.Document((figure,)))}), old)
    address = f"{desk.sandbox.confluence_url}/download/attachments/{now.handle}/kbsync.assets_-a_x20b.png"

    assert desk.shown(now).texts["en"].body == with_file.texts["en"].body
    assert desk.replica.requests()["PUT"] == before + 1
    assert desk.replica.download(address) == FILES["assets/a b.png"]


def test_only_files_of_this_site_are_fetched(desk: Desk) -> None:
    """No body makes kbsync ask another host, or another route of this one."""
    before = desk.requests()
    for address in (
        "https://evil.test/download/attachments/1/x.png",
        f"{desk.sandbox.confluence_url}/api/v2/pages",
    ):
        with pytest.raises(Rejected):
            desk.replica.download(address)

    assert desk.requests() == before


@pytest.mark.parametrize("trashed", [False, True], ids=["archived", "trashed"])
def test_a_page_that_is_away_already_is_retired(desk: Desk, trashed: bool) -> None:
    """An archive job of a stopped run may end after the space was listed: the page is where it was to go."""
    old = desk.bring(article())
    if trashed:
        desk.person.delete(f"/api/v2/pages/{old.handle}").raise_for_status()
    else:
        desk.replica.retire(old)

    assert desk.replica.retire(old).reading.retired


def test_a_page_that_was_edited_before_it_was_archived_is_not_retired_unseen(desk: Desk) -> None:
    """Somebody's last words are read before anything is agreed on."""
    old = desk.bring(article())
    edited = desk.bring(article(words="Last words."), old)
    desk.replica.retire(edited)

    with pytest.raises(Moved):
        desk.replica.retire(old)


@pytest.mark.parametrize("unarchive", ["allow", "refuse"])
def test_an_archived_page_comes_back_under_its_id(desk: Desk, unarchive: str) -> None:
    """Restoring keeps the page and its comments, directly or by way of the trash."""
    settings = f"{desk.sandbox.url}/_sandbox/settings"
    httpx.post(settings, json={"unarchive": unarchive}).raise_for_status()
    desk.bring(collection())
    old = desk.bring(article(place="billing"))
    gone = desk.replica.retire(old).reading

    back = desk.bring(article(words="Again.", place="billing"), gone)

    assert desk.page(gone.handle)["status"] == "current"
    assert (back.handle, back.id, desk.shown(back)) == (
        old.handle,
        "refunds",
        article(words="Again.", place="billing"),
    )


def test_a_page_purged_from_the_trash_is_missing(desk: Desk) -> None:
    """What is gone for good is said to be, so that it can be created anew."""
    old = desk.bring(article())
    gone = desk.replica.retire(old).reading
    desk.person.delete(f"/api/v2/pages/{old.handle}").raise_for_status()
    desk.person.delete(f"/api/v2/pages/{old.handle}", params={"purge": "true"}).raise_for_status()

    with pytest.raises(Missing):
        desk.bring(article(), gone)


def test_an_archived_twin_is_restored_after_the_state_was_lost(desk: Desk) -> None:
    """A creation that meets its own archived page takes that page."""
    gone = desk.replica.retire(desk.bring(article())).reading

    back = desk.bring(article(words="Again."))

    assert (back.handle, back.alias) == (gone.handle, "Refunds")
    assert desk.shown(back) == article(words="Again.")


def test_a_page_whose_mark_was_lost_is_found(desk: Desk) -> None:
    """A crash between page and mark leaves a page that says the same in the same place."""
    wanted = article()
    raw = desk.replica.render(wanted, None, desk.names).raw
    id = desk.make("Refunds", "<p>Money comes back.</p>")

    found = desk.fresh().find("article", "refunds", raw)

    assert found is not None
    assert found.handle == id
    assert desk.bring(wanted, found).id == "refunds"


@pytest.mark.parametrize(("title", "body"), EDITED)
def test_what_was_created_is_found_after_an_edit(desk: Desk, title: str, body: str) -> None:
    """A page that never got its mark is told by its words under a new title, by its title over new words."""
    raw = desk.replica.render(article(words=WORDS), None, desk.names).raw
    desk.make("Something else", f"<p>{REST}</p>")
    id = desk.make(title, body)

    assert desk.fresh().find("article", "refunds", raw) is None
    found = desk.fresh().find("article", "refunds", raw, edited=True)

    assert found is not None
    assert (found.handle, found.id) == (id, "refunds")


def test_what_carries_a_mark_is_nobody_elses(desk: Desk) -> None:
    """However near the words of another article are, its page is not taken for a lost creation."""
    raw = desk.replica.render(article(words=WORDS), None, desk.names).raw
    desk.bring(article("other", "Getting your money back", WORDS))

    assert desk.fresh().find("article", "refunds", raw, edited=True) is None


def test_a_collection_whose_mark_was_lost_is_no_article(desk: Desk) -> None:
    """Finding it marks it, so that the next look takes it for what it was to be."""
    wanted = Collection("billing", {"en": CollectionText("Billing")})
    raw = desk.replica.render(wanted, None, desk.names).raw
    id = desk.make("Billing", "")

    found = desk.fresh().find("collection", "billing", raw)

    assert found is not None
    assert (found.kind, found.handle, found.id) == ("collection", id, "billing")


# --- translations ---------------------------------------------------------------------------------


def test_translations_are_child_pages(sandbox: Sandbox) -> None:
    """Each locale is a page below the article's, and no article of its own; a dropped one is archived."""
    desk = Desk(sandbox, locales="pages")
    words = article().texts | {"fr": Text("Refunds", b.Document((b.Paragraph((b.Text("Oui."),)),)))}
    old = desk.bring(Article("refunds", words))

    seen = desk.look()[old.handle]
    now = desk.bring(article(), seen)

    assert desk.shown(seen).texts == words
    assert desk.look(old) == {old.handle: now}
    assert desk.shown(now) == article()


def test_a_translation_edited_by_a_person_is_an_edit(sandbox: Sandbox) -> None:
    """The article's token moves with its child pages, and a stale one is not overwritten."""
    desk = Desk(sandbox, locales="pages")
    french = {"fr": Text("Retours", b.Document((b.Paragraph((b.Text("Oui."),)),)))}
    old = desk.bring(Article("refunds", article().texts | french))
    (kid,) = desk.person.get(f"/api/v2/pages/{old.handle}/direct-children").json()["results"]
    desk.save(kid["id"], body="<p>Non.</p>")

    seen = desk.look(old)[old.handle]

    assert seen.token != old.token
    assert desk.shown(seen).texts["fr"].body == b.Document((b.Paragraph((b.Text("Non."),)),))
    with pytest.raises(Moved):
        desk.bring(Article("refunds", article(words="New.").texts | french), old)
