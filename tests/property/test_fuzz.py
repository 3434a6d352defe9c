"""Hostile input: every reader reads or refuses it, with place and reason, and no writer breaks on it.

Hypothesis looks for small inputs that break something; a seeded sweep goes for numbers, 100,000 of them
under `KBSYNC_SOAK=1`, and `pytest -s` prints how many of them were read.
"""

from __future__ import annotations

import contextlib
import re
from functools import cache
from pathlib import Path
from random import Random
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from soaking import soak

from kbsync.document import canon
from kbsync.document.blocks import Document
from kbsync.document.confluence import CONFLUENCE
from kbsync.document.convert import from_json, split_front_matter, to_json
from kbsync.document.formats import PLAIN, Format
from kbsync.document.intercom import INTERCOM
from kbsync.document.lens import put
from kbsync.document.markdown import MARKDOWN
from kbsync.document.markup.xml import is_well_formed
from kbsync.errors import DocumentError

FORMATS: Final = (MARKDOWN, INTERCOM, CONFLUENCE)
CORPUS: Final = Path(__file__).resolve().parents[1] / "corpus"

each_format = pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
sweep = settings(
    max_examples=soak(40, 1_000),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)

PIECES: Final = (
    *"a * ** _ ` ``` ~~ [ ] ( ) ! < > | \\ $ $$ # ## & &amp; &#x0; &#55296; &lt &nbsp; ; = \" ' {".split(),
    *"<p> </p> <b> </b> <i> <a> </a> <ul> <ol> <li> </li> </ul> <table> <tr> <td> </td> </table> <h1>".split(),
    *"<div> </div> <br> <br/> <hr> <img> <iframe> <pre> <code> </code> </pre> <details> <summary>".split(),
    *"</summary> </details> <script> </script> <style> <!-- --> <![CDATA[ ]]> <? ?> <!DOCTYPE <x:y </ <svg>".split(),
    *"<ac:link> </ac:link> <ac:image> <ac:task-list> <ac:task> <ac:layout> <ac:emoticon/> <ri:page/>".split(),
    *"<ac:rich-text-body> </ac:rich-text-body> <ac:plain-text-body> </ac:plain-text-body>".split(),
    *"⁽1⁾ ☐ ☑ \u2060 \u200b \u202e \x00 \ufeff 😀 é".split(),
    *(
        " ",
        "  ",
        "    ",
        "\t",
        "\n",
        "\n\n",
        "\r\n",
        "\r",
        "\xa0",
        "> ",
        "- ",
        "1. ",
        "- [ ] ",
        "---\n",
        "===\n",
    ),
    *("\n|-|-|\n", "[^1]", "[^1]: ", "[a]: /b\n", "{.button}", "{.embed}", "{width=9}", "https://youtu.be/a"),
    *(
        "> [!NOTE]\n",
        "```{=confluence}\n",
        "```{=intercom}\n",
        "<!-- -->",
        "---\ntitle: a\n---\n",
        '<a href="',
    ),
    '<div class="intercom-interblocks-callout" style="background-color: rgb(1, 2, 3)">',
    '<a class="intercom-h2b-button" href="javascript:x">',
    '<ac:structured-macro ac:name="code">',
    '<ac:structured-macro ac:name="expand">',
    "</ac:structured-macro>",
    '<ac:parameter ac:name="title">',
    "</ac:parameter>",
    '<ac:inline-comment-marker ac:ref="1">',
)
"""What the readers know, and what nobody should write."""

TAG: Final = re.compile(r"<([a-z][\w:-]*)")

soup = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


@cache
def corpus() -> tuple[str, ...]:
    """Return all files of the corpus as text."""
    files = sorted(path for path in CORPUS.rglob("*.*") if path.suffix in {".txt", ".html", ".xml"})
    return tuple(path.read_bytes().decode("utf-8", "replace") for path in files)


@st.composite
def mutants(draw: st.DrawFn) -> str:
    """Make a corpus file with pieces cut out, doubled, moved, replaced and put in."""
    whole = st.sampled_from(corpus())
    raw = draw(whole)
    for _ in range(draw(st.integers(1, 6))):
        start, end = sorted((draw(st.integers(0, len(raw))), draw(st.integers(0, len(raw)))))
        other = draw(st.one_of(st.just(""), st.sampled_from(PIECES), st.just(raw[start:end] * 2), whole))
        raw = raw[:start] + other + raw[end:]
    return raw[:20_000]


@st.composite
def towers(draw: st.DrawFn) -> str:
    """Make something nested in itself, deeper than anyone would."""
    openings = draw(st.lists(st.sampled_from(PIECES), min_size=1, max_size=3))
    closings = [f"</{found[1]}>" for piece in openings if (found := TAG.match(piece))]
    height = draw(st.sampled_from((2, 30, 90, 400)))
    return "".join(openings) * height + draw(soup) + "".join(reversed(closings)) * height


def check_refusal(error: DocumentError) -> None:
    """Fail unless the error says where, why and what to do."""
    assert error.line_number
    assert error.message
    assert error.hint


def survives(form: Format, raw: str) -> bool:
    """Take the input through all that is done with a body; return whether it was read.

    Only a DocumentError may stop it, and one from the reader says where and why.
    """
    try:
        document = form.read(raw, PLAIN)
    except DocumentError as error:
        check_refusal(error)
        return False
    assert from_json(to_json(document)) == document
    with contextlib.suppress(DocumentError):
        assert put(form, document, raw).raw == raw
        edited(form, Document(document.blocks[::-1]), raw)
    for other in FORMATS:
        written(other, document)
    return True


def edited(form: Format, document: Document, raw: str) -> None:
    """Put another document back; each block reads as in it, or as when it is written afresh."""
    fresh = form.read(form.write(document, PLAIN).raw, PLAIN)
    made = form.read(put(form, document, raw).raw, PLAIN)
    known = {canon.key(block) for one in (document, fresh) for block in canon.canon(one).blocks}
    assert {canon.key(block) for block in canon.canon(made).blocks} <= known


def written(form: Format, document: Document) -> None:
    """Write the document, and read what was written."""
    try:
        raw = form.write(document, PLAIN).raw
    except DocumentError:
        return
    assert form is not CONFLUENCE or holds_raw(document) or is_well_formed(raw)
    form.read(raw, PLAIN)


def holds_raw(document: Document) -> bool:
    """Tell whether raw storage format stands in the document: it is written as it was found."""
    return '"origin":"confluence"' in to_json(document).replace(" ", "")


@each_format
@sweep
@given(raw=soup)
def test_markup_in_any_order_breaks_nothing(form: Format, raw: str) -> None:
    """Pieces of all formats, thrown together."""
    survives(form, raw)


@each_format
@sweep
@given(raw=mutants())
def test_damaged_bodies_break_nothing(form: Format, raw: str) -> None:
    """A body that was cut, doubled or mixed with another."""
    survives(form, raw)


@each_format
@sweep
@given(raw=towers())
def test_deep_nesting_breaks_nothing(form: Format, raw: str) -> None:
    """Nesting is read to some depth and refused beyond it; what was read can be written."""
    survives(form, raw)


@settings(max_examples=soak(40, 10_000), deadline=None)
@given(st.one_of(soup, st.text(), st.binary().map(lambda data: data.decode("latin-1"))))
def test_json_is_read_or_refused(raw: str) -> None:
    """No text crashes the reader of JSON documents, nor the search for front matter."""
    matter, body = split_front_matter(raw)
    assert matter + body == raw
    try:
        document = from_json(raw)
    except DocumentError:
        return
    assert from_json(to_json(document)) == document


# --- numbers --------------------------------------------------------------------------------------


def thrown_together(random: Random) -> str:
    """Make a string of pieces."""
    return "".join(random.choices(PIECES, k=random.randint(1, 40)))


def damaged(random: Random) -> str:
    """Make a corpus file with places cut out, doubled, replaced and mixed with another file."""
    raw = random.choice(corpus())
    for _ in range(random.randint(1, 4)):
        start, end = sorted((random.randint(0, len(raw)), random.randint(0, len(raw))))
        other = random.choice(("", random.choice(PIECES), raw[start:end] * 2, random.choice(corpus())))
        raw = raw[:start] + other + raw[end:]
    return raw[:4_000]


def nested(random: Random) -> str:
    """Make something nested in itself, to a depth that is read or refused."""
    openings = random.choices(PIECES, k=random.randint(1, 3))
    closings = [f"</{found[1]}>" for piece in openings if (found := TAG.match(piece))]
    height = random.choice((2, 12, 30))
    return "".join(openings) * height + thrown_together(random) + "".join(reversed(closings)) * height


TAGS: Final = (
    *"p h2 ul ol li table tbody tr td th strong em u s sup sub code a span div blockquote pre details".split(),
    *"summary ac:layout ac:layout-section ac:layout-cell ac:link ac:link-body ac:image ac:caption".split(),
    *"ac:task-list ac:task ac:task-id ac:task-status ac:task-body ac:rich-text-body".split(),
    *"ac:plain-text-body ac:inline-comment-marker ac:structured-macro ac:parameter".split(),
)
ATTRIBUTES: Final = (
    *("", "", "", ' ac:name="code"', ' ac:name="info"', ' ac:name="expand"', ' ac:name="excerpt"'),
    *(' ac:name="status"', ' ac:name="column"', ' ac:name="widget"', ' ac:name="title"', ' ac:ref="c-1"'),
    *(' href="https://e.com/?a=1&amp;b=2"', ' href="#a"', ' colspan="2"', ' rowspan="3"', ' start="4"'),
    *(' style="text-align: center;"', ' class="intercom-align-center"', ' class="intercom-h2b-button"'),
    *(' class="intercom-interblocks-callout" style="background-color: #feedaf80"', ' ac:anchor="fn-1"'),
)
LEAVES: Final = (
    *"word another &amp; &lt; &nbsp; <br/> <hr/> 😀 ☐ ⁽1⁾ \u2060 complete".split(),
    *(
        " ",
        "\n",
        " and ",
        "<![CDATA[a < b]]>",
        '<ri:page ri:content-title="A"/>',
        '<ri:user ri:account-id="1"/>',
    ),
    *('<ri:attachment ri:filename="a.png"/>', '<ri:url ri:value="https://e.com/a.png"/>', "<!-- note -->"),
    *(
        '<img src="https://e.com/a.png" width="9"/>',
        '<time datetime="2026-01-01"/>',
        '<ac:emoticon ac:name="x"/>',
    ),
)


def balanced(random: Random, depth: int = 6) -> str:
    """Make well-formed markup in which anything stands anywhere."""
    out: list[str] = []
    for _ in range(random.randint(1, 3)):
        if not depth or random.random() < 0.3:
            out.append(random.choice(LEAVES))
        else:
            tag = random.choice(TAGS)
            out.append(f"<{tag}{random.choice(ATTRIBUTES)}>{balanced(random, depth - 1)}</{tag}>")
    return "".join(out)


MAKERS: Final = (thrown_together, damaged, nested, balanced)


@each_format
def test_many_inputs_break_nothing(form: Format) -> None:
    """A third of 100,000 inputs for each format; the seed of one that breaks something is in its message."""
    count = soak(150, 33_334)
    read = 0
    for seed in range(count):
        raw = MAKERS[seed % len(MAKERS)](Random(seed))
        try:
            read += survives(form, raw)
        except Exception as error:
            raise AssertionError(f"seed {seed} breaks {form.name}: {raw[:200]!r}") from error
    print(f"fuzz, {form.name}: {count} inputs, {read} read, {count - read} refused with place and reason")


LAUGHS: Final = (
    '<!DOCTYPE a [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {"b" * n} "{("&" + ("b" * (n - 1) or "a") + ";") * 10}">' for n in range(1, 12))
    + f"]><p>&{'b' * 11};</p>"
)


@pytest.mark.parametrize(
    "raw",
    [
        LAUGHS,
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><p>&x;</p>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd"><p>a</p>',
        '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY % x SYSTEM "file:///etc/hosts"> %x;]><p>a</p>',
    ],
    ids=["laughs", "file", "address", "parameter"],
)
def test_entities_are_never_declared_by_a_body(raw: str) -> None:
    """A body that declares entities is refused with its line, and nothing is expanded or fetched."""
    with pytest.raises(DocumentError) as caught:
        CONFLUENCE.read(raw, PLAIN)
    assert caught.value.line_number >= 1
    for form in (MARKDOWN, INTERCOM):
        assert len(to_json(form.read(raw, PLAIN))) < 20 * len(raw)
