"""The style of written Markdown, and what it cannot hold."""

from __future__ import annotations

import pytest

from kbsync.document.blocks import (
    ArticleRef,
    Block,
    Button,
    Callout,
    Cell,
    Code,
    CodeBlock,
    Collapsible,
    Divider,
    Document,
    Embed,
    Emphasis,
    Figure,
    Footnote,
    FootnoteRef,
    Heading,
    Image,
    Inline,
    Item,
    LineBreak,
    Link,
    List,
    Math,
    MathBlock,
    OpaqueBlock,
    OpaqueInline,
    Paragraph,
    Quote,
    Row,
    SoftBreak,
    Strike,
    Strong,
    Table,
    Target,
    Text,
    Underline,
    Url,
)
from kbsync.document.canon import same
from kbsync.document.formats import PlainLinks
from kbsync.document.markdown import read, write
from kbsync.errors import DocumentError


def text(words: str) -> Paragraph:
    return Paragraph((Text(words),))


def item(*words: str) -> Item:
    return Item(tuple(map(text, words)))


INLINES: tuple[tuple[tuple[Inline, ...], str], ...] = (
    ((Strong((Text("a "),)), Text("b")), "**a** b"),
    ((Emphasis((Strong((Text("a"),)),)),), "*__a__*"),
    ((Text("a"), Strong((Text("b"),)), Text("c")), "a**b**c"),
    ((Text("a"), Emphasis((Text("(b)"),)), Text("c")), "a<em>(b)</em>c"),
    ((Strong((Text("a"),)), Strong((Text("b"),))), "__a__**b**"),
    ((Strike((Text("a~"),)),), "<s>a~</s>"),
    ((Strong((Text("a"), LineBreak())), Text("b")), "**a**\\\nb"),
    ((Underline((Text("a"),)),), "<u>a</u>"),
    ((Text("snake_case 2 * 3 a_ *b"),), "snake_case 2 * 3 a\\_ \\*b"),
    ((Text("1. a"),), "1\\. a"),
    ((Text("a"), SoftBreak(), Text("- b")), "a\n\\- b"),
    ((Text("# a & b &amp; <c> < d"),), "\\# a & b \\&amp; \\<c> < d"),
    ((Text("$5 and $6"),), "$5 and $6"),
    ((Text("$5$ or"),), "\\$5\\$ or"),
    ((Text("see https://a.b/c"),), "see https\\://a.b/c"),
    ((Text("Wow!"), Link(Url("b"), (Text("a"),))), "Wow\\![a](b)"),
    ((Text("Wow! "), Link(Url("b"), (Text("a]"),))), "Wow! [a\\]](b)"),
    ((Code("a`b"),), "``a`b``"),
    ((Code("`"),), "`` ` ``"),
    ((Code("a"), Text("{=html}")), "`a`\\{=html}"),
    ((Link(Url("https://a.b"), (Text("https://a.b"),)),), "<https://a.b>"),
    ((Link(Url("mailto:a@b.c"), (Text("a@b.c"),)),), "<a@b.c>"),
    ((Link(Url("a b(c"), (Text("d"),), 'e "f"'),), '[d](<a b(c> "e \\"f\\"")'),
    ((Image(Url("a"), "b*", width=4), Text("c")), "![b\\*](a){width=4}c"),
    ((Math("x^2"), Text("b")), "$`x^2`$b"),
    ((OpaqueInline("intercom", "a\nb", "c"),), '`a\\nb`{=intercom .escaped text="c"}'),
    ((Text("\N{NO-BREAK SPACE}a"),), "&nbsp;a"),
    ((Text("\N{NO-BREAK SPACE}"),), "&#160;"),
    ((Text("\u3000a"),), "&#12288;a"),
    ((LineBreak(),), "<br>"),
    ((Text("0"), LineBreak(), Text(" ")), "0<br>"),
    ((), "&nbsp;"),
)

BLOCKS: tuple[tuple[tuple[Block, ...], str], ...] = (
    ((Heading(2, (Text("a #"),)),), "## a \\#"),
    ((Heading(3, (Text("a"), LineBreak(), Text("b"))),), "### a<br>b"),
    ((List((item("a"), item("b"))),), "- a\n- b"),
    ((List((item("a", "b"), item("c"))),), "- a\n\n  b\n\n- c"),
    ((List((item("a"),), ordered=True, start=9), text("b")), "9. a\n\nb"),
    ((List((item("a"),)), List((item("b"),))), "- a\n\n* b"),
    ((List((Item((text("a"),), checked=True), Item((), checked=False))),), "- [x] a\n- [ ]"),
    ((List((Item((Divider(), text("a"))), Item(()))),), "- ___\n  a\n-"),
    ((Divider(), text("a"), Divider()), "___\n\na\n\n---"),
    ((Quote((text("a"), text("b"))),), "> a\n>\n> b"),
    ((Callout("tip", (text("a"),), "b"),), "> [!TIP] b\n> a"),
    ((Callout("note", (Divider(),)),), "> [!NOTE]\n>\n> ---"),
    ((CodeBlock("```\na"),), "````\n```\na\n````"),
    ((CodeBlock("a", "py", (("title", "b c"), ("x", ""))),), '```py title="b c" x\na\n```'),
    ((CodeBlock("a", options=(("x", ""),)),), "```{} x\na\n```"),
    ((MathBlock("a\n\nb"),), "```math\na\n\nb\n```"),
    ((OpaqueBlock("confluence", "```"),), "````{=confluence}\n```\n````"),
    ((OpaqueBlock("html", "<hr>"),), "<hr>"),
    ((OpaqueBlock("html", "<!-- a"), text("b")), "```{=html}\n<!-- a\n```\n\nb"),
    ((Collapsible((Text("a"),), (text("b"),)),), "<details>\n<summary>a</summary>\n\nb\n\n</details>"),
    (
        (Paragraph((FootnoteRef("1"), Text(": a"))), Footnote("1", (text("b"), text("c")))),
        "[^1]\\: a\n\n[^1]: b\n\n    c",
    ),
    ((Embed("https://youtu.be/a"),), "https://youtu.be/a"),
    ((Embed("https://a.b/c"),), "[Video](https://a.b/c){.embed}"),
    ((Button(Url("a"), "b", align="center"),), "[b](a){.button align=center}"),
    ((Figure(Image(Url("a"), "b"), link=Url("c"), align="right"),), "[![b](a){align=right}](c)"),
    (
        (Table((Row((Cell((text("a|b"),)), Cell((), align="right"))),)),),
        "|  |  |\n| --- | --: |\n| a\\|b |  |",
    ),
    (
        (Table((Row((Cell((Divider(),), rowspan=2, shade='"'),)),)),),
        '<table>\n<tr>\n<td rowspan="2" bgcolor="&quot;">\n\n---\n\n</td>\n</tr>\n</table>',
    ),
)


@pytest.mark.parametrize(("inlines", "raw"), INLINES)
def test_running_text_is_written_in_one_style_and_read_again(inlines: tuple[Inline, ...], raw: str) -> None:
    """Text is escaped where it would read as markup and nowhere else."""
    document = Document((Paragraph(inlines),))
    assert write(document).raw == raw + "\n"
    assert same(read(raw), document)


@pytest.mark.parametrize(("blocks", "raw"), BLOCKS)
def test_blocks_are_written_in_one_style_and_read_again(blocks: tuple[Block, ...], raw: str) -> None:
    """Each block has one spelling, whatever stands beside it."""
    assert write(Document(blocks)).raw == raw + "\n"
    assert same(read(raw), Document(blocks))


def test_an_empty_document_is_an_empty_body() -> None:
    """Nothing is written for nothing."""
    assert write(Document()).raw == ""


def test_a_bare_address_stays_bare() -> None:
    """An address that was written bare is not dressed up by a rewrite."""
    raw = "See https://example.com/a_b?c=d.\n"
    assert write(read(raw)).raw == raw


class NoLinks(PlainLinks):
    """Nothing has an address yet."""

    def write(self, target: Target) -> str | None:
        return None


def test_what_markdown_cannot_hold_is_reported() -> None:
    """Alignment, captions, links in links and targets without an address are losses with a code."""
    link = Link(Url("a"), (Link(Url("b"), (Text("c"),)),))
    document = Document((Paragraph((link,), align="center"), Figure(Image(Url("a")), caption=(Text("b"),))))
    assert {loss.code for loss in write(document).losses} == {"alignment", "caption", "nested-link"}
    targets = Document(
        (
            Paragraph((Link(ArticleRef("a"), (Text("b"),)), Image(Url("c"), "d"))),
            Button(Url("e"), "f"),
        )
    )
    written = write(targets, NoLinks())
    assert written.raw == "bd\n\nf\n"
    assert {loss.code for loss in written.losses} == {"link-target", "image-target", "button-target"}


def test_what_could_not_be_read_again_is_not_written() -> None:
    """Blocks nest as deep as they can be read; beyond that they are refused."""

    def tower(height: int) -> Document:
        block: Block = Paragraph((Text("x"),))
        for _ in range(height):
            block = Quote((block,))
        return Document((block,))

    assert same(read(write(tower(30)).raw), tower(30))
    with pytest.raises(DocumentError, match="too deep"):
        write(tower(90))


def test_marks_that_no_reader_would_follow_are_refused() -> None:
    """Bold in bold in bold: what could not be read again is not written."""
    deep: Inline = Strong((Text("> "),))
    for _ in range(89):
        deep = Strong((Text("> "), deep))
    with pytest.raises(DocumentError, match="too deep"):
        write(Document((Paragraph((deep,)),)))
