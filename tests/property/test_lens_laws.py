"""Laws of the lenses for every format, over generated documents and edits."""

from __future__ import annotations

import os
import re

import pytest
from documents import documents, labels
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kbsync.document import canon
from kbsync.document.blocks import Document, Paragraph, Text
from kbsync.document.confluence import CONFLUENCE
from kbsync.document.formats import PLAIN, Format
from kbsync.document.intercom import INTERCOM
from kbsync.document.lens import lift, put
from kbsync.document.markdown import MARKDOWN

LAYOUT = re.compile(r"</?ac:layout[^>]*>")
FORMATS = (MARKDOWN, INTERCOM, CONFLUENCE)

DOCUMENTS = documents()

SOAK = int(os.environ.get("KBSYNC_SOAK", "0"))

law = settings(
    max_examples=max(SOAK, 1_000) if SOAK else 20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)

each_format = pytest.mark.parametrize("fmt", FORMATS, ids=lambda fmt: fmt.name)


def project(fmt: Format, document: Document) -> Document:
    return fmt.read(fmt.write(document, PLAIN).raw, PLAIN)


@each_format
@law
@given(data=st.data())
def test_put_of_get_changes_nothing(fmt: Format, data: st.DataObject) -> None:
    """Putting back what was read gives the old raw form byte for byte."""
    raw = fmt.write(data.draw(DOCUMENTS), PLAIN).raw

    assert put(fmt, fmt.read(raw, PLAIN), raw).raw == raw


@each_format
@law
@given(data=st.data())
def test_get_of_put_is_the_projection(fmt: Format, data: st.DataObject) -> None:
    """What was put reads back as the format can show it."""
    old, new = data.draw(DOCUMENTS), data.draw(DOCUMENTS)

    made = put(fmt, new, fmt.write(old, PLAIN).raw)

    assert canon.same(fmt.read(made.raw, PLAIN), project(fmt, new))


@each_format
@law
@given(data=st.data())
def test_a_replaced_block_reads_as_if_all_were_written(fmt: Format, data: st.DataObject) -> None:
    """Whatever takes the place of a block amid others, the body reads back as the format can show it."""
    raw = fmt.write(data.draw(DOCUMENTS), PLAIN).raw
    blocks = fmt.read(raw, PLAIN).blocks
    at = data.draw(st.integers(0, len(blocks)))
    new = Document((*blocks[:at], *data.draw(DOCUMENTS).blocks[:2], *blocks[at + 1 :]))

    made = put(fmt, new, raw)

    assert canon.same(fmt.read(made.raw, PLAIN), project(fmt, new))


@each_format
@law
@given(data=st.data())
def test_an_added_block_changes_no_other(fmt: Format, data: st.DataObject) -> None:
    """A paragraph added between two blocks leaves the text before and after it byte for byte."""
    raw = fmt.write(data.draw(DOCUMENTS), PLAIN).raw
    document = fmt.read(raw, PLAIN)
    at = data.draw(st.integers(0, len(document.blocks)))
    added = Paragraph((Text("Zyx added " + data.draw(labels)),))

    made = put(fmt, Document((*document.blocks[:at], added, *document.blocks[at:])), raw).raw

    before = raw[: document.blocks[at - 1].source.end] if at else ""
    after = raw[document.blocks[at].source.start :] if at < len(document.blocks) else ""
    assert made.startswith(before)
    assert made.endswith(after)


@law
@given(DOCUMENTS, DOCUMENTS, st.lists(st.integers(0, 8), max_size=3))
def test_columns_outlive_every_edit(old: Document, new: Document, widths: list[int]) -> None:
    """Whatever happens to the blocks in columns, the columns stay, or a loss says that all was written afresh."""
    blocks = CONFLUENCE.read(CONFLUENCE.write(old, PLAIN).raw, PLAIN).blocks
    cells = list[Document]()
    for width in widths:
        cells, blocks = [*cells, Document(blocks[:width])], blocks[width:]
    inner = "</ac:layout-cell><ac:layout-cell>".join(
        CONFLUENCE.write(cell, PLAIN).raw for cell in (*cells, Document(blocks))
    )
    raw = f'<ac:layout><ac:layout-section ac:type="x"><ac:layout-cell>{inner}</ac:layout-cell></ac:layout-section></ac:layout>'

    made = put(CONFLUENCE, new, raw)

    kept = LAYOUT.findall(made.raw) == LAYOUT.findall(raw)
    assert kept or "format-detail" in {loss.code for loss in made.losses}
    assert canon.same(CONFLUENCE.read(made.raw, PLAIN), project(CONFLUENCE, new))


@law
@given(DOCUMENTS, DOCUMENTS)
def test_lift_of_no_edit_is_the_base(base: Document, shown: Document) -> None:
    """A replica that was not edited changes nothing."""
    assert lift(base, shown, shown) == base


@law
@given(DOCUMENTS, DOCUMENTS)
def test_lift_of_a_whole_view_is_the_edit(base: Document, after: Document) -> None:
    """Where the replica shows everything, its edit is the result."""
    assert canon.same(lift(base, base, after), after)
