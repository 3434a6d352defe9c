"""The laws of the Markdown format: what is written is read again, and writing settles at once."""

from __future__ import annotations

import contextlib

import pytest
from documents import documents
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from soaking import soak

from kbsync.document.blocks import Document, LineBreak, Math, Paragraph, Strong, Text
from kbsync.document.canon import same
from kbsync.document.convert import from_json, to_json
from kbsync.document.markdown import read, write
from kbsync.errors import DocumentError

EXAMPLES = soak(40, 2_000)
SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)

PIECES = (
    "a|b c| |\n|\n\n|  |    |\t|*|**|_|`|```|~~|[|](|]|!|<|<b>|</b>|<u>|<br>|>|> |- |1. |1) |#|# |\\|&amp;|$|$$\n"
    "|<details>|<summary>|</details>|<td>|[^1]|[^1]: |[a]: /b\n|{=html}|{.button}|https://a.b|[!NOTE]|[ ] "
    "|---\n|===\n|<!--|-->|<div>|\N{NO-BREAK SPACE}|é|\r\n|\0"
).split("|")
markup = st.lists(st.sampled_from([*PIECES, "|", "\n|-|-|\n"]), max_size=30).map("".join)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=SLOW)
@example(Document((Paragraph((Text("0"), LineBreak(), Text(" "))),)))
@example(Document((Paragraph((Text("0"), Strong((Text("a"), LineBreak())), Text(" "))),)))
@example(Document((Paragraph((Math("x^2"), Strong((Text("0"),)), Strong((Math("x^2"),)))),)))
@given(documents())
def test_what_is_written_is_read_again(document: Document) -> None:
    """Every document Markdown can hold comes back, up to canon, and nothing is reported lost."""
    written = write(document)
    assert same(read(written.raw), document)
    assert not [loss for loss in written.losses if loss.code != "math"]


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=SLOW)
@given(documents(depth=1))
def test_a_written_body_is_written_the_same_again(document: Document) -> None:
    """Reading and writing a fresh body changes no byte of it."""
    raw = write(read(write(document).raw)).raw
    assert write(read(raw)).raw == raw


@settings(max_examples=EXAMPLES * 5, deadline=None)
@example("- [ ]\n  ---\n")
@example("1) <!--\n|-|-|\n")
@example("~~https://a.b")
@given(markup)
def test_any_text_survives_a_rewrite(raw: str) -> None:
    """No text is refused or crashes, and after a rewrite it still says the same."""
    document = read(raw)
    assert same(read(write(document).raw), document)


@settings(max_examples=EXAMPLES * 5, deadline=None)
@given(st.one_of(markup, st.text()))
def test_spans_are_ordered_slices_of_the_text(raw: str) -> None:
    """Top-level blocks stand one behind the other, and what stands between them is blank."""
    at = 0
    for block in read(raw).blocks:
        assert at <= block.source.start <= block.source.end <= len(raw)
        at = block.source.end


@settings(max_examples=EXAMPLES * 2, deadline=None)
@given(markup)
def test_a_block_read_alone_is_the_same_block(raw: str) -> None:
    """A top-level block's slice, read on its own, is that block, unless it needs definitions from elsewhere."""
    if "[" in raw:
        return
    for block in read(raw).blocks:
        assert same(read(raw[block.source.start : block.source.end]), Document((block,)))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=SLOW)
@given(documents())
def test_json_holds_everything(document: Document) -> None:
    """A document through JSON is the document itself."""
    assert from_json(to_json(document)) == document


@pytest.mark.soak
@settings(max_examples=20_000, deadline=None)
@given(st.binary(max_size=400).map(lambda data: data.decode(errors="replace")))
def test_no_bytes_crash_the_reader(raw: str) -> None:
    """Whatever the bytes, the reader returns a document or refuses with a line."""
    with contextlib.suppress(DocumentError):
        read(raw)
