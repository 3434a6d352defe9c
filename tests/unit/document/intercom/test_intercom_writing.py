"""What is written to Intercom, and what is said about the rest."""

from __future__ import annotations

import pytest

from kbsync.document.blocks import (
    ArticleRef,
    AssetRef,
    Block,
    Callout,
    Cell,
    Code,
    CodeBlock,
    Collapsible,
    Document,
    Embed,
    Figure,
    FootnoteRef,
    Heading,
    Image,
    Inline,
    Item,
    LineBreak,
    Link,
    List,
    OpaqueBlock,
    OpaqueInline,
    Paragraph,
    Quote,
    Row,
    Strike,
    Strong,
    Table,
    Target,
    Text,
    Url,
)
from kbsync.document.canon import same
from kbsync.document.formats import Rendered
from kbsync.document.intercom import read, write
from kbsync.errors import DocumentError


def para(*children: Inline | str) -> Paragraph:
    return Paragraph(tuple(Text(each) if isinstance(each, str) else each for each in children))


def table(*cells: Cell) -> Table:
    return Table((Row(cells),))


def written(*blocks: Block) -> Rendered:
    return write(Document(blocks))


def codes(rendered: Rendered) -> list[str]:
    return [loss.code for loss in rendered.losses]


class Unborn:
    """Links of a help center in which nothing has an address yet."""

    def read(self, address: str) -> Target:
        return Url(address)

    def write(self, target: Target) -> str | None:
        return target.href if isinstance(target, Url) and not target.href.startswith("..") else None


def test_blocks_stand_on_one_line_without_anything_between() -> None:
    """White space between blocks would show as empty paragraphs."""
    raw = written(Heading(1, (Text("A\nB"),)), para("c"), List((Item((para("d"),)),))).raw

    assert raw == "<h1>A B</h1><p>c</p><ul><li><p>d</p></li></ul>"


def test_table_in_a_list_becomes_its_text() -> None:
    """Intercom answers 400 to a table in a list, so its cells are written one after the other."""
    rendered = written(List((Item((para("x"), table(Cell((para("a"),)), Cell((para("b"),))))),)))

    assert rendered.raw == "<ul><li><p>x</p><p>a</p><p>b</p></li></ul>"
    assert codes(rendered) == ["nested-table"]


def test_table_in_a_table_becomes_its_text() -> None:
    """Intercom answers 400 to nested tables."""
    rendered = written(table(Cell((table(Cell((para("in"),))),))))

    assert rendered.raw.count("<table") == 1
    assert "<td><p>in</p></td>" in rendered.raw
    assert codes(rendered) == ["nested-table"]


@pytest.mark.parametrize(
    ("block", "code"),
    [
        (List((Item(()), Item((para(),)))), "empty-list"),
        (List((Item((Paragraph((LineBreak(),)),)),)), "empty-list"),
        (Table((Row(()),)), "empty-table"),
        (OpaqueBlock("intercom", '<iframe src="https://maps.example.com"></iframe>'), "refused-block"),
        (OpaqueBlock("intercom", "<ul><li></li></ul>"), "refused-block"),
        (OpaqueBlock("intercom", "<ul><li><table><tr><td>x</td></tr></table></li></ul>"), "refused-block"),
        (OpaqueBlock("intercom", "<dl><dt>x</dt></dl>"), "refused-block"),
        (OpaqueBlock("intercom", "</div><p>x</p>"), "malformed-block"),
        (OpaqueBlock("confluence", "<ac:x/>"), "foreign-block"),
        (OpaqueBlock("html", "<p>x</p>"), "foreign-block"),
    ],
)
def test_what_intercom_refuses_is_left_out_and_said(block: Block, code: str) -> None:
    """One refused construct fails the whole request, so it is never written."""
    rendered = written(block)

    assert rendered.raw == ""
    assert codes(rendered) == [code]


@pytest.mark.parametrize(
    ("block", "raw", "code"),
    [
        (CodeBlock("x", "python"), "<pre><code>x</code></pre>", "code-language"),
        (List((Item((para("x"),)),), ordered=True, start=3), "<ol><li><p>x</p></li></ol>", "list-start"),
        (Heading(5, (Text("x"),)), "<h4>x</h4>", "heading-level"),
        (para(Strike((Text("x"),))), "<p>x</p>", "strike"),
        (
            para(Link(Url("https://a.b"), (Text("x"),), "t")),
            '<p><a href="https://a.b">x</a></p>',
            "link-title",
        ),
        (para(OpaqueInline("confluence", "<time/>", "today")), "<p>today</p>", "foreign-inline"),
        (
            Embed("https://example.com/v"),
            '<p><a href="https://example.com/v">https://example.com/v</a></p>',
            "embed",
        ),
    ],
)
def test_what_is_lost_is_named(block: Block, raw: str, code: str) -> None:
    """What Intercom has no place for keeps its text, and a loss says what went."""
    rendered = written(block)

    assert rendered.raw == raw
    assert codes(rendered) == [code]


@pytest.mark.parametrize(
    "href", ["javascript:alert(1)", " JaVa\tScRiPt:x", "data:text/html,x", "\u200bvbscript:x"]
)
def test_addresses_that_run_code_are_never_written(href: str) -> None:
    """The text of such a link stays, the address does not."""
    rendered = written(para(Link(Url(href), (Text("x"),))), Figure(Image(Url(href), "alt")))

    assert rendered.raw == "<p>x</p><p>alt</p>"
    assert set(codes(rendered)) == {"unsafe-link"}


def test_what_has_no_address_yet_stands_as_its_text() -> None:
    """A reference waits for its target and says so."""
    blocks = (
        para(Link(ArticleRef("a1"), (Text("see"),))),
        Figure(Image(AssetRef("assets/x.png"), "shot")),
        para(Link(Url("../gone.md"), (Text("gone"),))),
        para(Link(Url(""), (Text("nowhere"),))),
    )

    rendered = write(Document(blocks), Unborn())

    assert rendered.raw == "<p>see</p><p>shot</p><p>gone</p><p>nowhere</p>"
    assert codes(rendered) == ["link-pending", "asset-pending", "dead-link", "dead-link"]


def test_text_and_attributes_are_escaped() -> None:
    """Nothing in a document becomes markup."""
    image = Image(Url('https://a.b/?x=1&y="z'), '"><script>')

    raw = written(para("<b>&amp;", image)).raw

    assert raw == (
        '<p>&lt;b&gt;&amp;amp;<img src="https://a.b/?x=1&amp;y=&quot;z" alt="&quot;&gt;&lt;script&gt;"></p>'
    )


def test_raw_markup_of_intercom_stays_byte_for_byte() -> None:
    """What only Intercom understands returns as it came."""
    raw = '<object DATA="x">\n a &amp b</object>'

    assert written(OpaqueBlock("intercom", raw)).raw == raw


def test_quote_reads_back_as_quote() -> None:
    """Intercom has no quotes: a grey callout with an invisible sign is one, a plain grey callout is a note."""
    quote, note = Quote((para("said"),)), Callout("note", (para("noted"),))

    read_back = read(written(quote, note).raw)

    assert read_back == Document((quote, note))


def test_callout_title_differs_from_a_bold_paragraph() -> None:
    """Both read back as what they were."""
    titled = Callout("tip", (para("x"),), "T")
    bold = Callout("tip", (para(Strong((Text("T"),))), para("x")))

    assert read(written(titled, bold).raw) == Document((titled, bold))


def test_what_could_not_be_read_back_is_not_written() -> None:
    """A body nests as deep as it can be read; beyond that it is refused before it is sent."""

    def tower(height: int) -> Document:
        block: Block = para("x")
        for _ in range(height):
            block = Collapsible((Text("more"),), (block,))
        return Document((block,))

    assert same(read(write(tower(40)).raw), tower(40))
    with pytest.raises(DocumentError, match="too deep"):
        write(tower(60))


def test_a_footnote_sign_is_one_in_a_heading_too_however_it_is_spelt() -> None:
    """A reference in a heading reads the same from the characters and from their numbers."""
    plain, numbered = (read(f"<h2>Fees {sign}</h2><p>Rest</p>") for sign in ("⁽1⁾", "&#8317;1&#8318;"))
    assert numbered == plain
    assert plain.blocks[0] == Heading(2, (Text("Fees "), FootnoteRef("1")))


def test_raw_markup_that_ends_a_paragraph_stands_in_none() -> None:
    """A rule amid running text, as broken HTML has it, would tear the paragraph apart when it is read."""
    block = Paragraph((Text("One "), OpaqueInline("intercom", "<hr>"), Text("two.")))

    rendered = write(Document((block,)))

    assert rendered.raw == "<p>One two.</p>"
    assert codes(rendered) == ["malformed-block"]


def test_code_never_becomes_a_formula() -> None:
    """A word joiner in front of code, which shows nothing, is not taken for the sign of a formula."""
    raw = written(para(Code("\u2060a + b"), " is code.")).raw

    assert read(raw).blocks == (para(Code("a + b"), " is code."),)
