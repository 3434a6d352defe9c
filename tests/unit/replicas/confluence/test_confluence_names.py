"""Names as Confluence takes them: attachments, titles, labels, links."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbsync.document.blocks import ArticleRef, AssetRef, Url
from kbsync.errors import Rejected
from kbsync.replicas.base import Reading
from kbsync.replicas.confluence import files, labels, titles
from kbsync.replicas.confluence.comments import carried, only_comments
from kbsync.replicas.confluence.links import ConfluenceLinks, file_address, file_of
from kbsync.replicas.confluence.words import words
from kbsync.sync.names import Book

BASE = "https://acme.test/wiki"

parts = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1).filter(
    lambda part: part not in {".", ".."}
)


@given(st.lists(parts, min_size=1, max_size=4).map("/".join))
def test_a_file_name_keeps_the_path(path: str) -> None:
    """Every path becomes a flat, harmless name, and comes back from it."""
    name = files.file_name(path)

    assert re.fullmatch(r"[A-Za-z0-9._-]+", name)
    assert files.path_of(name) == path


@given(st.text(max_size=30))
def test_no_name_leads_outside(name: str) -> None:
    """Whatever people call their files, it is never read as a path that climbs."""
    for candidate in (name, files.PREFIX + name):
        path = files.path_of(candidate)
        assert path is None or (files.file_name(path) == candidate and ".." not in path.split("/"))


@given(st.text(min_size=1, max_size=400), st.text(max_size=300))
def test_titles_are_distinct_and_fit(title: str, collection: str) -> None:
    """Candidates differ from each other and stay below what Confluence takes."""
    found = list(titles.candidates(title, collection))

    assert len(set(found)) == len(found) or collection.isdigit()
    assert all(len(each) <= titles.LONGEST for each in found)


def test_titles_are_tried_in_the_promised_order() -> None:
    """First the title itself, then with its collection, then numbered."""
    found = titles.candidates("Hello", "Billing")

    assert [next(found) for _ in range(4)] == ["Hello", "Hello (Billing)", "Hello (2)", "Hello (3)"]


def test_a_page_is_never_without_a_title() -> None:
    """A draft that has none yet, as Intercom allows, becomes a page all the same."""
    found = titles.candidates("", "Billing")

    assert [next(found) for _ in range(2)] == ["Untitled", "Untitled (Billing)"]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            "A page with this title already exists: A page already exists with the same TITLE in this space",
            True,
        ),
        ("Title is too long", False),
        ("Version must be incremented on update", False),
    ],
)
def test_a_taken_title_is_told_by_its_words(message: str, *, expected: bool) -> None:
    """There is no code for a taken title, only a sentence."""
    assert titles.taken(Rejected(message)) is expected


def test_labels_keep_their_spelling() -> None:
    """Labels become one lower-case word, and come back as they were meant."""
    written = labels.written(["Account Setup", "vip", "draft", "###"])

    assert written == {"account-setup": "Account Setup", "vip": "vip"}
    assert labels.meant([*written, "draft", "theirs"], written) == ("Account Setup", "theirs", "vip")


def links(page: str = "7") -> ConfluenceLinks:
    book = Book("en")
    book.bind("refunds", Reading("article", "12", "", "", alias="Refunds & more"))
    book.learn(file_address(BASE, "7", "theirs.png"), "assets/theirs.png")
    return ConfluenceLinks(book, BASE, "HELP", page)


@pytest.mark.parametrize(
    "address",
    [
        "ri:page//Refunds%20%26%20more",
        "ri:page/HELP/refunds%20%26%20MORE",
        f"{BASE}/spaces/HELP/pages/12/Refunds",
        f"{BASE}/pages/viewpage.action?pageId=12",
    ],
)
def test_a_page_is_an_article(address: str) -> None:
    """A page is known by its title in this space, and by its number in a web address of this site."""
    assert links().read(address) == ArticleRef("refunds")


@pytest.mark.parametrize("address", ["../gone.md", "gone.md#part", "/guide/gone.md?x", "../folder/"])
def test_a_path_that_leads_to_no_file_is_not_written(address: str) -> None:
    """A relative path means nothing on a page; addresses of the web that look like one are written."""
    assert links().write(Url(address)) is None
    assert links().write(Url(f"https://acme.test/{address}")) is not None


@pytest.mark.parametrize(
    "address", ["ri:page/OTHER/Refunds%20%26%20more", "ri:page//Nothing", "https://evil.test/wiki/pages/12/x"]
)
def test_other_pages_stay_addresses(address: str) -> None:
    """A page of another space or site is no article of ours."""
    assert links().read(address) == Url(address)


def test_a_link_names_the_page() -> None:
    """Storage names pages by title, with the anchor beside it."""
    assert links().write(ArticleRef("refunds", "a")) == "ri:page//Refunds%20%26%20more#a"
    assert links().write(ArticleRef("nobody")) is None


def test_files_are_named_and_known() -> None:
    """Files of kbsync carry their path; a person's file is known by where it hangs."""
    own = links().write(AssetRef("assets/a b.png"))

    assert own == "ri:attachment/kbsync.assets_-a_x20b.png"
    assert links().read(own) == AssetRef("assets/a b.png")
    assert links().read("ri:attachment/theirs.png") == AssetRef("assets/theirs.png")
    assert links().write(AssetRef("assets/theirs.png")) == "ri:attachment/theirs.png"
    assert links("8").write(AssetRef("assets/theirs.png")) == "ri:attachment/kbsync.assets_-theirs.png"


def test_a_persons_file_has_an_address_to_fetch_it_from() -> None:
    """A file nobody knows yet reads as a web address of this site, and is written back as it was."""
    target = links().read("ri:attachment/new%20one.png")

    assert target == Url(f"{BASE}/download/attachments/7/new%20one.png")
    assert file_of(BASE, f"{BASE}/download/attachments/7/new%20one.png") == ("7", "new one.png")
    assert links().write(target) == "ri:attachment/new%20one.png"
    assert file_of(BASE, "https://evil.test/download/attachments/7/x.png") is None


MARKER = '<ac:inline-comment-marker ac:ref="{}">{}</ac:inline-comment-marker>'


def test_a_late_comment_is_carried_into_the_new_body() -> None:
    """A marker that came without a new version ends up around the same words of the new body."""
    old = "<p>Money comes back.</p>"
    now = f"<p>Money {MARKER.format('u1', 'comes')} back.</p>"

    body, losses = carried(old, now, "<p>All money comes back soon.</p>")

    assert only_comments(old, now)
    assert not only_comments(old, "<p>Money came back.</p>")
    assert body == f"<p>All money {MARKER.format('u1', 'comes')} back soon.</p>"
    assert losses == []


def test_a_comment_without_a_place_is_a_warning() -> None:
    """Where no text is left to hang it on, the comment is named."""
    old, now = "<p>Gone.</p>", f"<p>{MARKER.format('u1', 'Gone.')}</p>"

    _, losses = carried(old, now, "<hr />")

    assert [loss.code for loss in losses] == ["comment-anchor"]


def test_words_survive_rewriting() -> None:
    """Markup, entities and CDATA do not count."""
    assert words("<p>a&nbsp;<b>b</b></p><![CDATA[c d]]>") == ["a", "b", "c", "d"]
