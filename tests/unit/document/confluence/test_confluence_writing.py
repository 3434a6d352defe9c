"""What is written to Confluence, and what is said about the rest."""

from __future__ import annotations

import pytest

from kbsync.document.blocks import (
    ArticleRef,
    AssetRef,
    Block,
    Button,
    Callout,
    CalloutKind,
    Code,
    CodeBlock,
    Collapsible,
    Document,
    Figure,
    Image,
    Inline,
    Item,
    Link,
    List,
    OpaqueBlock,
    Paragraph,
    SoftBreak,
    Strong,
    Target,
    Text,
    Url,
)
from kbsync.document.confluence import read, write
from kbsync.document.confluence.addresses import (
    PageName,
    attachment_address,
    attachment_of,
    page_address,
    page_of,
)
from kbsync.document.formats import Rendered
from kbsync.document.markup.xml import is_well_formed
from kbsync.errors import DocumentError


def para(*children: Inline | str) -> Paragraph:
    return Paragraph(tuple(Text(each) if isinstance(each, str) else each for each in children))


def written(*blocks: Block) -> Rendered:
    return write(Document(blocks))


def codes(rendered: Rendered) -> list[str]:
    return [loss.code for loss in rendered.losses]


class Pages:
    """Links of a space in which one article is the page `A & B`, and nothing else has an address."""

    def read(self, address: str) -> Target:
        page = page_of(address)
        return ArticleRef("a1", page.anchor) if page and page.title == "A & B" else Url(address)

    def write(self, target: Target) -> str | None:
        if isinstance(target, ArticleRef) and target.article == "a1":
            return page_address(PageName("HELP", "A & B", target.anchor))
        return target.href if isinstance(target, Url) and not target.href.startswith("..") else None


def test_article_links_go_by_page_title() -> None:
    """A page is named by title and space as elements, and comes back as the article."""
    document = Document((para(Link(ArticleRef("a1", "how"), (Strong((Text("see"),)),))),))

    raw = write(document, Pages()).raw

    assert raw == (
        '<p><ac:link ac:anchor="how"><ri:page ri:space-key="HELP" ri:content-title="A &amp; B"/>'
        "<ac:link-body><strong>see</strong></ac:link-body></ac:link></p>"
    )
    assert read(raw, Pages()) == document


def test_what_has_no_address_yet_stands_as_its_text() -> None:
    """A reference waits for its target and says so."""
    blocks = (
        para(Link(ArticleRef("a2"), (Text("see"),))),
        Figure(Image(AssetRef("assets/x.png"), "shot")),
        para(Link(Url("../gone.md"), (Text("gone"),))),
        para(Link(Url(""), (Text("nowhere"),))),
    )

    rendered = write(Document(blocks), Pages())

    assert rendered.raw == "<p>see</p><p>shot</p><p>gone</p><p>nowhere</p>"
    assert codes(rendered) == ["link-pending", "asset-pending", "dead-link", "dead-link"]


@pytest.mark.parametrize(
    "page",
    [
        PageName("", "Plain"),
        PageName("~user", "a/b#c?d%20 ü", "An chor#2"),
        PageName("S", "100% / 'x' & <y>"),
    ],
)
def test_page_addresses_hold_any_title(page: PageName) -> None:
    """Slashes, hashes and percent signs of a title are no part of the address's form."""
    assert page_of(page_address(page)) == page


def test_attachment_addresses_hold_any_name() -> None:
    """A file name is one part of an address, whatever stands in it."""
    assert attachment_of(attachment_address("a b/c#d.png")) == "a b/c#d.png"
    assert attachment_of("https://example.com") is None
    assert page_of("ri:page/only-space") is None


@pytest.mark.parametrize("kind", ["note", "tip", "important", "warning", "caution"])
@pytest.mark.parametrize("title", ["", 'Mind "this" & that'])
def test_callout_kinds_are_injective(kind: CalloutKind, title: str) -> None:
    """Five kinds, four macros and a purple panel: each reads back as itself."""
    callout = Callout(kind, (para("x"),), title)

    assert read(written(callout).raw) == Document((callout,))


def test_code_ends_no_cdata() -> None:
    """`]]>` in code is split over two sections, and reads back whole."""
    code = CodeBlock("a ]]> b ]]]> </ac:plain-text-body>", "xml", (("title", 'x "y" <z>'),))

    raw = written(code).raw

    assert is_well_formed(raw)
    assert read(raw) == Document((code,))


def test_tasks_are_numbered_and_mixed_lists_show_signs() -> None:
    """A list of nothing but tasks is Confluence's own; in a mixed one a sign stands before each task."""
    tasks = List((Item((para("a"),), checked=True), Item((para("b"),), checked=False)))
    mixed = List((Item((para("a"),), checked=True), Item((para("b"),))))

    raw = written(tasks, mixed, tasks).raw

    assert [f"<ac:task-id>{number}</ac:task-id>" in raw for number in (1, 2, 3, 4)] == [True] * 4
    assert "<li><p>☑ a</p></li><li><p>b</p></li>" in raw
    assert read(raw) == Document((tasks, mixed, tasks))


def test_button_differs_from_a_bold_link() -> None:
    """Confluence has no buttons: a bold link with an invisible sign is one."""
    button = Button(Url("https://example.com/?a=1&b=2"), "Go", "center")
    link = para(Strong((Link(Url("https://example.com"), (Text("Go"),)),)))

    assert read(written(button, link).raw) == Document((button, link))


@pytest.mark.parametrize("href", ["javascript:alert(1)", "jav\nascript:x", "DATA:text/html,x", "vbscript:x"])
def test_addresses_that_run_code_are_never_written(href: str) -> None:
    """Not in links, buttons, images or embeds."""
    target = Url(href)

    rendered = written(para(Link(target, (Text("x"),))), Button(target, "y"), Figure(Image(target, "z")))

    assert rendered.raw == "<p>x</p><p>y</p><p>z</p>"
    assert set(codes(rendered)) == {"unsafe-link"}


@pytest.mark.parametrize(
    ("block", "code"),
    [
        (OpaqueBlock("confluence", "<p>open"), "malformed-block"),
        (OpaqueBlock("confluence", "</p><p>"), "malformed-block"),
        (OpaqueBlock("confluence", "&unheard;"), "malformed-block"),
        (OpaqueBlock("intercom", "<p>x</p>"), "foreign-block"),
        (OpaqueBlock("html", "<p>x</p>"), "foreign-block"),
    ],
)
def test_raw_blocks_that_would_break_the_page_are_left_out(block: Block, code: str) -> None:
    """Raw markup is written only where it is Confluence's own and well-formed."""
    rendered = written(block)

    assert rendered.raw == ""
    assert codes(rendered) == [code]


def test_raw_markup_of_confluence_stays_byte_for_byte() -> None:
    """What only Confluence understands returns as it came."""
    raw = "<ac:structured-macro ac:name='toc'  ac:macro-id=\"1\"><!-- x -->&nbsp;</ac:structured-macro>"

    assert written(OpaqueBlock("confluence", raw)).raw == raw


def test_control_characters_are_left_out_and_said() -> None:
    """XML has no place for them, so that one would make the whole page unsavable."""
    rendered = written(para("a\x00b\x1b"), CodeBlock("x\x0cy"))

    assert "ab" in rendered.raw
    assert is_well_formed(rendered.raw)
    assert codes(rendered) == ["control-character"]


def test_format_in_a_collapsible_title_is_lost_and_said() -> None:
    """The title of an expand macro is plain text."""
    rendered = written(Collapsible((Strong((Text("More"),)),), (para("x"),)))

    assert '<ac:parameter ac:name="title">More</ac:parameter>' in rendered.raw
    assert codes(rendered) == ["summary-format"]


def test_a_line_end_in_a_summary_parts_its_words() -> None:
    """Where only plain characters fit, a line end of the source is the space that it shows."""
    raw = written(Collapsible((Text("Read"), SoftBreak(), Text("more")), (para("x"),))).raw

    assert '<ac:parameter ac:name="title">Read more</ac:parameter>' in raw


def test_a_link_without_words_is_left_out_and_said() -> None:
    """Confluence shows such a link by its address, which nobody wrote."""
    rendered = written(para("See ", Link(Url("./other.md"), ()), "this."))

    assert rendered.raw == "<p>See this.</p>"
    assert codes(rendered) == ["empty-link"]


def test_a_link_to_the_top_of_the_page_comes_back() -> None:
    """The address `#` names no anchor."""
    block = para(Link(Url("#"), (Text("Up"),)), " again.")

    assert read(written(block).raw).blocks == (block,)


def test_document_that_nests_too_deep_is_refused() -> None:
    """No stack overflow: a body nobody could read is refused in words."""
    block: Block = para("x")
    for _ in range(2000):
        block = Collapsible((), (block,))

    with pytest.raises(DocumentError, match="too deep"):
        written(block)


def test_refusal_names_line_and_reason() -> None:
    """A person finds the place from the message."""
    with pytest.raises(
        DocumentError, match="line 3, column 9: not well-formed XML: mismatched tag"
    ) as caught:
        read("<p>one</p>\n<p>two</p>\n<p><b></p>\n")

    assert caught.value.line_number == 3


def test_spans_are_characters_not_bytes() -> None:
    """Offsets count characters, also behind letters of several bytes."""
    raw = "<p>Grüße 😀</p><h2>日本語</h2>&nbsp;<p>x</p>"

    assert [raw[block.source.start : block.source.end] for block in read(raw).blocks] == [
        "<p>Grüße 😀</p>",
        "<h2>日本語</h2>",
        "<p>x</p>",
    ]


def test_code_never_becomes_a_formula() -> None:
    """A word joiner in front of code, which shows nothing, is not taken for the sign of a formula."""
    raw = written(para(Code("\u2060a + b"), " is code.")).raw

    assert read(raw).blocks == (para(Code("a + b"), " is code."),)
