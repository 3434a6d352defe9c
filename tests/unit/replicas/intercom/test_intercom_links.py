"""Links and images of Intercom bodies, in both directions."""

from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbsync.document.blocks import ArticleRef, AssetRef, Url
from kbsync.replicas.base import Reading
from kbsync.replicas.intercom.addresses import Center, IntercomLinks
from kbsync.replicas.intercom.images import learned, sources
from kbsync.replicas.intercom.signing import bare, bare_address
from kbsync.sync.names import Book

HELP = "https://help.acme.test"
PUBLIC = "https://files.acme.test/content"
SIGNED = "https://downloads.intercomcdn.com/i/o/1/a.png?expires=1&signature=ab&req=c"


def links(locale: str = "en", center: Center | None = None) -> IntercomLinks:
    book = Book("en")
    book.bind("refunds", Reading("article", "12", "", "", alias=f"{HELP}/en/articles/12-refunds"))
    book.bind("draft", Reading("article", "13", "", ""))
    book.learn("https://downloads.intercomcdn.com/i/o/1/a.png", "assets/a.png")
    return IntercomLinks(book, center or Center(HELP), PUBLIC, locale)


@pytest.mark.parametrize(
    "address",
    [
        f"{HELP}/en/articles/12-old-slug",
        f"{HELP}/fr/articles/12",
        "https://intercom.help/acme/en/articles/12-x",
    ],
)
def test_an_article_is_known_by_its_number(address: str) -> None:
    """The slug follows the title, so only the number counts, on the help center's own hosts."""
    assert links().read(address) == ArticleRef("refunds")
    assert links().read(f"{address}#h_1") == ArticleRef("refunds", "h_1")


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.test/en/articles/12",
        f"{HELP}/en/articles/99",
        f"{HELP}/en/collections/12",
        "https://[/articles/12",
    ],
)
def test_other_addresses_stay_addresses(address: str) -> None:
    """A number on another host, or one nobody knows, is no article of ours."""
    assert links().read(address) == Url(address)


@pytest.mark.parametrize("address", ["../gone.md", "gone.md#part", "/guide/gone.md?x", "../folder/"])
def test_a_path_that_leads_to_no_file_is_not_written(address: str) -> None:
    """A relative path means nothing in an article; addresses of the web that look like one are written."""
    assert links().write(Url(address)) is None
    assert links().write(Url(f"https://acme.test/{address}")) is not None


def test_a_link_leads_to_the_readers_language() -> None:
    """A link in a French body leads to the French page, where the address tells languages apart."""
    assert links("fr").write(ArticleRef("refunds", "a b")) == f"{HELP}/fr/articles/12-refunds#a%20b"
    assert links("en").write(ArticleRef("refunds")) == f"{HELP}/en/articles/12-refunds"


def test_a_draft_has_an_address_already() -> None:
    """An unpublished article has no url yet, and is linked by its number below the help center."""
    assert links().write(ArticleRef("draft")) == f"{HELP}/en/articles/13"
    assert links(center=Center()).write(ArticleRef("draft")) is None
    assert links().write(ArticleRef("nobody")) is None


def test_an_image_is_known_by_every_address_it_has() -> None:
    """The CDN's address, signed or not, and the public one name the file."""
    assert links().read(SIGNED) == AssetRef("assets/a.png")
    assert links().read(f"{PUBLIC}/assets/b%20c.png?raw=1") == AssetRef("assets/b c.png")
    assert links().write(AssetRef("assets/a.png")) == "https://downloads.intercomcdn.com/i/o/1/a.png"
    assert links().write(AssetRef("assets/b c.png")) == f"{PUBLIC}/assets/b%20c.png"


@pytest.mark.parametrize("path", ["../secret", "a/../../b", "%2e%2e/x", "", "a//b"])
def test_a_public_address_names_no_path_outside(path: str) -> None:
    """A hostile address below the public one is no path of ours."""
    assert isinstance(links().read(f"{PUBLIC}/{path}"), Url)


@given(st.text(max_size=60))
def test_taking_signatures_off_is_done_once(text: str) -> None:
    """A body without signatures stays as it is, byte for byte, and so does one already bared."""
    body = f'<p>{html.escape(text)}</p><img src="{html.escape(SIGNED)}"><a href="/x?signature=1">y</a>'

    assert bare(bare(body)) == bare(body)
    assert "expires" not in bare(body).removeprefix(f"<p>{html.escape(text)}</p>")
    assert '<a href="/x?signature=1">y</a>' in bare(body)
    assert bare_address(SIGNED) == "https://downloads.intercomcdn.com/i/o/1/a.png"


def test_images_that_do_not_line_up_teach_nothing() -> None:
    """Where the service dropped or added an image, no address is learnt."""
    sent = f'<img src="{PUBLIC}/assets/a.png"><img alt="x" src="{PUBLIC}/assets/b.png">'
    stored = '<img src="https://downloads.intercomcdn.com/1.png"><img src="https://downloads.intercomcdn.com/2.png?expires=1&amp;signature=a&amp;req=b">'

    assert sources(sent) == [f"{PUBLIC}/assets/a.png", f"{PUBLIC}/assets/b.png"]
    assert list(learned(sent, stored, PUBLIC).values()) == ["assets/a.png", "assets/b.png"]
    assert learned(sent, stored + "<img src='x'>", PUBLIC) == {}
