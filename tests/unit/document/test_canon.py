"""What canon ignores, row by row, and what it still sees beside it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import pytest

from kbsync.document import canon
from kbsync.document.blocks import (
    Block,
    Button,
    Callout,
    Cell,
    Code,
    CodeBlock,
    Document,
    Embed,
    Emphasis,
    Figure,
    Heading,
    Image,
    Item,
    LineBreak,
    Link,
    List,
    MathBlock,
    OpaqueBlock,
    OpaqueInline,
    Paragraph,
    Row,
    SoftBreak,
    Span,
    Strong,
    Table,
    Text,
    Url,
)

HERE = Url("https://example.com")
SIGNED = "https://downloads.intercomcdn.com/i/o/1/shot.png?expires=1790000000&signature=00ff&req=AA"
IMAGE = Image(HERE, alt="shot", width=400)


def para(*inlines: object) -> Paragraph:
    return Paragraph(tuple(Text(each) if isinstance(each, str) else each for each in inlines))  # type: ignore[misc]


def cell(*blocks: Block, **fields: object) -> Cell:
    return Cell(blocks, **fields)  # type: ignore[arg-type]


def table(*rows: tuple[Cell, ...]) -> Table:
    return Table(tuple(map(Row, rows)))


@dataclass(frozen=True)
class Case:
    """Blocks that read the same, and blocks that differ a little for real."""

    one: tuple[Block, ...]
    same: tuple[Block, ...]
    different: tuple[Block, ...]


CASES: dict[str, Case] = {
    "spans": Case(
        (Paragraph((Text("a"),), source=Span(0, 9)),),
        (Paragraph((Text("a"),), source=Span(4, 5)),),
        (Paragraph((Text("b"),), source=Span(0, 9)),),
    ),
    "soft-break": Case((para("a", SoftBreak(), "b"),), (para("a b"),), (para("ab"),)),
    "white-space": Case(
        (para(" a\n  b ", Strong((Text("c "),)), "d"),),
        (para("a b ", Strong((Text("c"),)), " d"),),
        (para("a b ", Strong((Text("c"),)), "d"),),
    ),
    "code-lines": Case((para(Code("a\nb"), Code("")),), (para(Code("a b")),), (para(Code("a  b")),)),
    "image-marks": Case(
        (para("a ", Strong((IMAGE,))),),
        (para("a ", IMAGE),),
        (para("a ", Link(HERE, (IMAGE,))),),
    ),
    "last-break": Case((para("a", LineBreak(), LineBreak()),), (para("a"),), (para(LineBreak(), "a"),)),
    "split-text": Case((para("a", "b"),), (para("ab"),), (para("a b"),)),
    "wrappers": Case(
        (para(Strong((Text("a"),)), Strong((Strong((Emphasis((Text("b"),)),)),))),),
        (para(Strong((Text("a"), Emphasis((Text("b"),))))),),
        (para(Strong((Text("a"),)), Emphasis((Text("b"),))),),
    ),
    "leaves": Case(
        (para("a ", Image(Url(SIGNED), height=9, width=4)),),
        (para("a ", Image(Url(SIGNED.replace("00ff", "11ee")), width=4)),),
        (para("a ", Image(Url(SIGNED.replace("shot", "other")), width=4)),),
    ),
    "left": Case(
        (Paragraph((Text("a"),), align="left"),), (para("a"),), (Paragraph((Text("a"),), align="center"),)
    ),
    "spacer": Case(
        (Heading(1, (Text("\N{NO-BREAK SPACE}"),)), para("\N{NO-BREAK SPACE}"), para("b")),
        (Heading(1, ()), para(), para("b")),
        (Heading(1, ()), para("b")),
    ),
    "lone-image": Case((para(Link(HERE, (IMAGE,))),), (Figure(IMAGE, link=HERE),), (Figure(IMAGE),)),
    "image-size": Case(
        (Figure(Image(HERE, width=400, height=300)),),
        (Figure(Image(HERE, width=400)),),
        (Figure(Image(HERE, width=300)),),
    ),
    "label": Case((Button(HERE, " Go  on "),), (Button(HERE, "Go on"),), (Button(HERE, "Goon"),)),
    "title": Case(
        (Callout("note", (para("a"),), title=" b\nc "),),
        (Callout("note", (para("a"),), title="b c"),),
        (Callout("note", (para("a"),), title="b"),),
    ),
    "code-end": Case(
        (CodeBlock("a\r\n  b\n\n", options=(("x", "1"), ("b", "2"))),),
        (CodeBlock("a\n  b", options=(("b", "2"), ("x", "1"))),),
        (CodeBlock("a\n b", options=(("b", "2"), ("x", "1"))),),
    ),
    "list-spacing": Case(
        (List((Item((para("a"),)),), tight=False, start=3),),
        (List((Item((para("a"),)),)),),
        (List((Item((para("a"),)),), ordered=True, start=3),),
    ),
    "cell-align": Case(
        (table((cell(para("a"), align="center"), cell(align="right"))),),
        (table((cell(Paragraph((Text("a"),), align="center")), cell())),),
        (table((cell(para("a"), align="right"), cell())),),
    ),
    "cell-shade": Case(
        (table((cell(para("a"), header=True, shade="#E8E8E880"),)),),
        (table((cell(para("a"), header=True),)),),
        (table((cell(para("a"), shade="#E8E8E880"),)),),
    ),
    "short-rows": Case(
        (table((cell(para("a")), cell(para("b"))), (cell(para("c")),)),),
        (table((cell(para("a")), cell(para("b"))), (cell(para("c")), cell())),),
        (table((cell(para("a")), cell(para("b"))), (cell(), cell(para("c")))),),
    ),
    "formula": Case((MathBlock(" x\n"),), (MathBlock("x"),), (MathBlock("y"),)),
    "video": Case(
        (Embed("https://youtu.be/aqz-KE-bpKQ"),),
        (Embed("https://www.youtube.com/watch?v=aqz-KE-bpKQ"),),
        (Embed("https://www.youtube.com/watch?v=aqz-KE-bpKR"),),
    ),
    "opaque": Case(
        (OpaqueBlock("confluence", '<m ac:macro-id="1" n="2">&rsquo;<b /></m>'),),
        (OpaqueBlock("confluence", '<m n="2">\N{RIGHT SINGLE QUOTATION MARK}<b/></m>'),),
        (OpaqueBlock("confluence", '<m ac:macro-id="1" n="3">&rsquo;</m>'),),
    ),
    "spacers": Case(
        (para(), para("a"), para(), para(), para("b"), para()),
        (para("a"), para(), para("b")),
        (para("a"), para("b")),
    ),
    "hollow": Case((para("a"), List(())), (para("a"),), (para("a"), List((Item(()),)))),
    "levels": Case(
        (Heading(2, (Text("a"),)), Heading(3, (Text("b"),))),
        (Heading(1, (Text("a"),)), Heading(2, (Text("b"),))),
        (Heading(1, (Text("a"),)), Heading(3, (Text("b"),))),
    ),
}


def test_every_rule_has_its_case() -> None:
    """Each row of the table is tested, and nothing else is."""
    assert set(CASES) == {rule.name for rule in canon.RULES}


@pytest.mark.parametrize("name", CASES)
def test_rule_ignores_what_it_names(name: str) -> None:
    """What the row names is no difference."""
    case = CASES[name]

    assert canon.same(Document(case.one), Document(case.same))


@pytest.mark.parametrize("name", CASES)
def test_rule_sees_what_stands_beside(name: str) -> None:
    """A real difference beside what the row ignores is still seen."""
    case = CASES[name]

    assert not canon.same(Document(case.one), Document(case.different))
    assert not canon.same(Document(case.same), Document(case.different))


@pytest.mark.parametrize("rule", canon.RULES, ids=lambda rule: rule.name)
def test_every_rule_says_why(rule: canon.Rule) -> None:
    """Each row says what it ignores and who changes it."""
    assert rule.ignores
    assert rule.why


def test_volatile_attributes_do_not_count_in_running_text() -> None:
    """A macro in running text is the same when only its ids are new; its parameters have no order."""
    one = '<ac:structured-macro ac:name="status" ac:macro-id="1"><ac:parameter ac:name="b">2</ac:parameter><ac:parameter ac:name="a">1</ac:parameter></ac:structured-macro>'
    two = '<ac:structured-macro ac:name="status"><ac:parameter ac:name="a">1</ac:parameter><ac:parameter ac:name="b">2</ac:parameter></ac:structured-macro>'

    assert canon.same(
        Document((para("x ", OpaqueInline("confluence", one)),)),
        Document((para("x ", OpaqueInline("confluence", two)),)),
    )
    assert not canon.same(
        Document((para("x ", OpaqueInline("confluence", one)),)),
        Document((para("x ", OpaqueInline("confluence", two.replace(">2<", ">3<"))),)),
    )


def test_escaped_markup_in_opaque_raw_stays_escaped() -> None:
    """Entities that stand for markup are not decoded: text is never taken for a tag."""
    assert not canon.same(
        Document((OpaqueBlock("confluence", "<p>&lt;b/&gt;</p>"),)),
        Document((OpaqueBlock("confluence", "<p><b/></p>"),)),
    )


def test_digest_is_sha256_of_canonical_json() -> None:
    """The digest is the SHA-256 of the canonical JSON, so that it stays the same from release to release."""
    spelled = (
        b'{"kind":"document","blocks":[{"kind":"paragraph","children":[{"kind":"text","text":"Hello"}]}]}'
    )

    assert canon.digest(Document((para("Hello "),))) == hashlib.sha256(spelled).hexdigest()
