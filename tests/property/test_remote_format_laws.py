"""Laws of the two remote formats: what they hold reads back, and nothing that is read or written breaks them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
import pytest
from documents import documents
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from soaking import soak

from kbsync.document import canon
from kbsync.document.blocks import (
    NOWHERE,
    Block,
    Cell,
    CodeBlock,
    Collapsible,
    Document,
    Embed,
    Footnote,
    Heading,
    Image,
    Link,
    List,
    Math,
    MathBlock,
    Node,
    OpaqueBlock,
    OpaqueInline,
    Paragraph,
    Strike,
    Subscript,
    Superscript,
    Text,
    Underline,
)
from kbsync.document.confluence import CONFLUENCE
from kbsync.document.formats import PLAIN, Format
from kbsync.document.intercom import INTERCOM
from kbsync.document.markup.reading import plain_text
from kbsync.document.markup.xml import is_well_formed
from kbsync.document.shape import Part, children
from kbsync.document.video import share_url
from kbsync.errors import DocumentError

FORMATS: Final = pytest.mark.parametrize("form", [INTERCOM, CONFLUENCE], ids=lambda form: form.name)
UNHELD: Final[Mapping[str, frozenset[type[Node]]]] = {
    "intercom": frozenset(
        [Strike, Underline, Superscript, Subscript, OpaqueBlock, OpaqueInline, Math, MathBlock]
    ),
    "confluence": frozenset([OpaqueBlock, OpaqueInline, Math, MathBlock]),
}
"""What a format has no place for, or (formulas) holds as source and says so."""

sweep = settings(
    max_examples=soak(20, 2_000),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.large_base_example],
)


def rebuilt(node: Any, change: Callable[[Any], Any]) -> Any:
    """Return the tree with `change` applied to every node, leaves first."""
    if isinstance(node, tuple):
        return tuple(rebuilt(each, change) for each in node)
    if not isinstance(node, Node):
        return node
    fields = {name: rebuilt(getattr(node, name), change) for name in node.__struct_fields__}
    return change(msgspec.structs.replace(node, **fields))


def in_intercom(node: Any) -> Any:
    """Take out of a node what Intercom cannot hold of it."""
    match node:
        case Heading():
            return msgspec.structs.replace(node, level=min(node.level, 4))
        case CodeBlock():
            return CodeBlock(node.text)
        case List():
            return msgspec.structs.replace(node, start=1)
        case Link() | Image():
            return msgspec.structs.replace(node, title="")
        case Cell(header=True):
            return msgspec.structs.replace(node, shade="")
    return in_both(node)


def in_confluence(node: Any) -> Any:
    """Take out of a node what Confluence cannot hold of it."""
    match node:
        case Collapsible():
            return msgspec.structs.replace(node, summary=(Text(plain_text(node.summary)),))
        case Link() if node.target.href.startswith("#"):
            return msgspec.structs.replace(node, title="")
    return in_both(node)


def in_both(node: Any) -> Any:
    """Spell videos as people share them, and keep of a footnote its first paragraph."""
    match node:
        case Embed(href):
            return Embed(share_url(href) or href)
        case Footnote(label, blocks):
            return Footnote(label, tuple(each for each in blocks if isinstance(each, Paragraph))[:1])
    return node


HELD: Final[Mapping[str, Callable[[Any], Any]]] = {"intercom": in_intercom, "confluence": in_confluence}


@FORMATS
@sweep
@given(st.data())
def test_what_is_written_without_loss_reads_back(form: Format, data: st.DataObject) -> None:
    """A document that a format holds comes back from it the same."""
    drawn = data.draw(documents(UNHELD[form.name]))
    document = rebuilt(drawn, HELD[form.name])
    rendered = form.write(document, PLAIN)
    assume(not rendered.losses)

    read = form.read(rendered.raw, PLAIN)

    assert canon.canon(document) == canon.canon(read)


@FORMATS
@sweep
@given(st.data())
def test_writing_is_settled_after_one_round(form: Format, data: st.DataObject) -> None:
    """What a format reads of its own writing it writes again as the same document."""
    once = form.read(form.write(data.draw(documents(depth=1)), PLAIN).raw, PLAIN)
    twice = form.read(form.write(once, PLAIN).raw, PLAIN)

    assert canon.canon(once) == canon.canon(twice)


@FORMATS
@sweep
@given(st.data())
def test_spans_show_each_block_its_own_markup(form: Format, data: st.DataObject) -> None:
    """Spans of siblings are ordered, never overlap, lie inside their parent, and read alone as the block."""
    raw = form.write(data.draw(documents(depth=1)), PLAIN).raw
    document = form.read(raw, PLAIN)

    check_spans(document.blocks, 0, len(raw))
    for block in document.blocks:
        alone = form.read(raw[block.source.start : block.source.end], PLAIN)
        assert canon.canon(Document((block,))) == canon.canon(alone)


def check_spans(parts: tuple[Part, ...], start: int, end: int) -> None:
    """Fail unless the parts stand one behind the other inside the range."""
    for part in parts:
        if (part.source.start, part.source.end) == (NOWHERE.start, NOWHERE.end):
            continue
        assert start <= part.source.start <= part.source.end <= end, part
        check_spans(children(part), part.source.start, part.source.end)
        start = part.source.end


@sweep
@given(documents(depth=1))
def test_storage_format_is_always_well_formed(document: Document) -> None:
    """Whatever the document holds, what is written to Confluence is well-formed XML."""
    assert is_well_formed(CONFLUENCE.write(document, PLAIN).raw)


def line_of_refusal(raw: str) -> int:
    """Return the line at which storage format is refused."""
    with pytest.raises(DocumentError) as caught:
        CONFLUENCE.read(raw, PLAIN)
    return caught.value.line_number


MARKUP: Final = st.lists(
    st.one_of(
        st.text(max_size=6),
        st.sampled_from(
            """<p> </p> <P> <b> </b> <i> </i> <a/href="x"> </a> <ul> <ol> <li> </li> </ul> <td> <tr> <table>
            </table> <div> </div> <iframe> </iframe> <br> <img/src=x> <pre> <code> </code> <!-- --> <![CDATA[
            ]]> <details> <summary> </details> <script> </script> < > & &amp; &lt &#x0; &#55296; " ' = / <x:y
            <ac:link> </ac:link> <ac:image> <ri:page/> <? ?> <!DOCTYPE ⁽1⁾ ☐ \u2060 \x00""".split()
        ),
        st.sampled_from(
            (
                '<div class="intercom-interblocks-callout" style="background-color: rgb(1, 2, 3)">',
                '<a class="intercom-h2b-button">',
                '<ac:structured-macro ac:name="code">',
                '<ac:parameter ac:name="">',
                "<ac:plain-text-body>",
                "<ac:rich-text-body>",
            )
        ),
    ),
    max_size=25,
).map("".join)
"""Pieces of markup in any order: mostly broken."""


@FORMATS
@sweep
@given(raw=MARKUP)
def test_reading_refuses_or_reads(form: Format, raw: str) -> None:
    """Any text is read, or refused with DocumentError; what was read can be written and read again."""
    try:
        document = form.read(raw, PLAIN)
    except DocumentError:
        assert form is CONFLUENCE
        return

    check_spans(document.blocks, 0, len(raw))
    form.read(form.write(document, PLAIN).raw, PLAIN)


@sweep
@given(documents(depth=1), st.data())
def test_mutated_storage_is_refused_or_read(document: Document, data: st.DataObject) -> None:
    """Storage format with a piece cut out is refused with its line, or read."""
    raw = CONFLUENCE.write(document, PLAIN).raw
    start = data.draw(st.integers(0, len(raw)))
    cut = raw[:start] + raw[start + data.draw(st.integers(0, 8)) :]

    assert is_well_formed(cut) or line_of_refusal(cut) >= 1


@FORMATS
@sweep
@given(text=st.text(max_size=30))
def test_text_never_becomes_markup(form: Format, text: str) -> None:
    """Characters of a document stand in the written form as characters."""
    block: Block = CodeBlock(text)
    tags = form.write(Document((CodeBlock("x"),)), PLAIN).raw

    written = form.write(Document((block,)), PLAIN).raw

    assert form.read(written, PLAIN).blocks[0].__class__ in {CodeBlock, MathBlock}
    assert written.count("</") == tags.count("</") or "</" in text
