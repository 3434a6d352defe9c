"""What the Markdown reader makes of each construct."""

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
    Document,
    Embed,
    Emphasis,
    Figure,
    Footnote,
    FootnoteRef,
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
    Row,
    SoftBreak,
    Strong,
    Subscript,
    Table,
    Text,
    Underline,
    Url,
)
from kbsync.document.canon import canon
from kbsync.document.markdown import read
from kbsync.errors import DocumentError


def text(*words: str) -> Paragraph:
    return Paragraph(tuple(map(Text, words)))


INLINES: dict[str, tuple[Inline, ...]] = {
    "a <u>b</u>": (Text("a "), Underline((Text("b"),))),
    "a <u>b": (Text("a "), OpaqueInline("html", "<u>"), Text("b")),
    "H<sub>2</sub>O": (Text("H"), Subscript((Text("2"),)), Text("O")),
    "<b>a <i>b</i></b>": (Strong((Text("a "), Emphasis((Text("b"),)))),),
    "a<br>b": (Text("a"), LineBreak(), Text("b")),
    "a\\\nb": (Text("a"), LineBreak(), Text("b")),
    "a\nb": (Text("a"), SoftBreak(), Text("b")),
    "a <kbd>b</kbd>": (Text("a "), OpaqueInline("html", "<kbd>"), Text("b"), OpaqueInline("html", "</kbd>")),
    "`<x/>`{=confluence}": (OpaqueInline("confluence", "<x/>"),),
    '`<x/>`{=intercom text="@Jo"}': (OpaqueInline("intercom", "<x/>", "@Jo"),),
    "`a\\nb`{=confluence .escaped}": (OpaqueInline("confluence", "a\nb"),),
    "`a`{=latex}": (Code("a"), Text("{=latex}")),
    "$5 and $6": (Text("$5 and $6"),),
    "US$5-US$6": (Text("US$5-US$6"),),
    "$PATH:$HOME": (Text("$PATH:$HOME"),),
    "so $x^2$.": (Text("so "), Math("x^2"), Text(".")),
    "$`a$b`$": (Math("a$b"),),
    "[a](b 't')": (Link(Url("b"), (Text("a"),), "t"),),
    "[a](article:refunds#how)": (Link(ArticleRef("refunds", "how"), (Text("a"),)),),
    "[a](<b c>)": (Link(Url("b c"), (Text("a"),)),),
    "[a](b%20c?x=1&amp;y)": (Link(Url("b%20c?x=1&y"), (Text("a"),)),),
    "[a](javascript:x)": (Text("[a](javascript:x)"),),
    "<https://a.b/ä>": (Link(Url("https://a.b/ä"), (Text("https://a.b/ä"),)),),
    "(https://a.b/c).": (Text("("), Link(Url("https://a.b/c"), (Text("https://a.b/c"),)), Text(").")),
    "www.a.b": (Link(Url("http://www.a.b"), (Text("www.a.b"),)),),
    "http\\://a.b": (Text("http://a.b"),),
    "a ![b](c){width=4 height=5}": (Text("a "), Image(Url("c"), "b", width=4, height=5)),
    "a ![b](c){.x}": (Text("a "), Image(Url("c"), "b"), Text("{.x}")),
    "&copy; \\* &nbsp;": (Text("© * \N{NO-BREAK SPACE}"),),
}

BLOCKS: dict[str, Block] = {
    "&nbsp;": Paragraph(()),
    "> [!NOTE]\n> a": Callout("note", (text("a"),)),
    "> [!warning] Mind *this*\n> a": Callout("warning", (text("a"),), "Mind this"),
    "> [!TIP]\n>\n> - a": Callout("tip", (List((Item((text("a"),)),)),)),
    "- [ ] a\n- [x] b": List((Item((text("a"),), checked=False), Item((text("b"),), checked=True))),
    "3) a": List((Item((text("a"),)),), ordered=True, start=3),
    "- a\n\n- b": List((Item((text("a"),)), Item((text("b"),))), tight=False),
    "https://youtu.be/a1": Embed("https://youtu.be/a1"),
    "https://acme.wistia.com/medias/a1": Embed("https://acme.wistia.com/medias/a1"),
    "https://www.loom.com/share/a1": Embed("https://www.loom.com/share/a1"),
    "[Go](x){.button}": Button(Url("x"), "Go"),
    "[Go](x){.button align=center}": Button(Url("x"), "Go", align="center"),
    "![a](b 't'){width=4}": Figure(Image(Url("b"), "a", "t", width=4)),
    "[![a](b)](c)": Figure(Image(Url("b"), "a"), link=Url("c")),
    '```py title="a b" {1,3} x\nc\n```': CodeBlock("c", "py", (("title", "a b"), ("{1,3}", ""), ("x", ""))),
    "    a\n\n    b": CodeBlock("a\n\nb"),
    "```{=confluence}\n<a>\n\n</a>\n```": OpaqueBlock("confluence", "<a>\n\n</a>"),
    "$$\na\nb\n$$": MathBlock("a\nb"),
    "```math\na\n```": MathBlock("a"),
    "<div>\na\n</div>": OpaqueBlock("html", "<div>\na\n</div>"),
    "<!-- a -->": OpaqueBlock("markdown", "<!-- a -->"),
    "[a]: b 'c'\n[d]: e": OpaqueBlock("markdown", "[a]: b 'c'\n[d]: e"),
    "<details>\n<summary>a *b*</summary>\n\nc\n\n</details>": Collapsible(
        (Text("a "), Emphasis((Text("b"),))), (text("c"),)
    ),
    "<details><summary>a</summary>\nb &lt; *c*\n</details>": Collapsible((Text("a"),), (text("b < *c*"),)),
    "<details>\n\n<details>\n\na\n\n</details>\n\n```\n</details>\n```\n\n</details>": Collapsible(
        (), (Collapsible((), (text("a"),)), CodeBlock("</details>"))
    ),
    "| a | b |\n| - | :-: |\n| \\| | |": Table(
        (
            Row((Cell((text("a"),), header=True), Cell((text("b"),), header=True, align="center"))),
            Row((Cell((text("|"),)), Cell((), align="center"))),
        )
    ),
    "|  |\n| - |\n| a |": Table((Row((Cell((text("a"),)),)),)),
    '<table>\n<tr>\n<th colspan="2" bgcolor="#fff">\n\na\n\n</th>\n<td></td>\n</tr>\n</table>': Table(
        (Row((Cell((text("a"),), header=True, colspan=2, shade="#fff"), Cell(()))),)
    ),
}


@pytest.mark.parametrize("raw", INLINES)
def test_running_text_is_read(raw: str) -> None:
    """Each inline construct becomes its node, and what only resembles one stays text."""
    assert canon(read(raw)) == canon(Document((Paragraph(INLINES[raw]),)))


@pytest.mark.parametrize("raw", BLOCKS)
def test_a_block_is_read(raw: str) -> None:
    """Each block construct becomes its node."""
    assert read(raw) == Document((BLOCKS[raw],))


def test_footnotes_stay_where_they_stand() -> None:
    """A definition is a block of its own, and only defined labels are references."""
    document = read("a[^1] [^2]\n\n[^1]: b\n\n    c\n\nd")
    reference, note, after = document.blocks
    assert reference == Paragraph((Text("a"), FootnoteRef("1"), Text(" [^2]")))
    assert note == Footnote("1", (text("b"), text("c")))
    assert after == text("d")


def test_unbalanced_tags_stay_the_html_they_were() -> None:
    """A group of tags without its partner is raw HTML, and nothing around it is swallowed."""
    document = read("<details>\n\na\n\n<table>\n<tr>\n\nb\n")
    assert [type(block) for block in document.blocks] == [OpaqueBlock, Paragraph, OpaqueBlock, Paragraph]


def test_spans_are_whole_lines_at_the_top() -> None:
    """A top-level block's slice is its lines, without the blank ones behind it, whatever the line ends."""
    raw = "# a\r\n\r\n- b\r\n  c\r\n\r\n\r\n<details>\r\n\r\nd\r\n\r\n</details>\r\n"
    slices = [raw[block.source.start : block.source.end] for block in read(raw).blocks]
    assert slices == ["# a", "- b\r\n  c", "<details>\r\n\r\nd\r\n\r\n</details>"]


def test_spans_inside_others_begin_at_the_content() -> None:
    """A nested block's slice begins behind markers and prefixes."""
    raw = "> - a\n>   - [x] b\n>\n>   c\n"
    quote = read(raw).blocks[0]
    outer = quote.blocks[0].items[0]  # type: ignore[union-attr]  # a quote with a list
    inner = outer.blocks[1].items[0]
    found = [
        raw[each.source.start : each.source.end]
        for each in (outer.blocks[0], inner, inner.blocks[0], outer.blocks[2])
    ]
    assert found == ["a", "- [x] b", "b", "c"]


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        ("a\n\n" + ">" * 100_000, 3),
        ("a\n\n" + "- " * 500 + "b", 3),
        ("a\n\n" + "[" * 100_001, 3),
        ("a\n" * 2_500_001, 2_500_001),
    ],
    ids=["quotes", "lists", "brackets", "length"],
)
def test_what_is_too_deep_or_too_large_is_refused(raw: str, line: int) -> None:
    """A hostile body is an error that says where and what to do, never a crash or silent loss."""
    with pytest.raises(DocumentError) as refused:
        read(raw)
    assert refused.value.line_number == line
    assert refused.value.line().startswith(f"line {line}: ")
    assert refused.value.hint
