"""What the readers make of every form in the corpus, and the laws that hold for each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from kbsync.document import canon
from kbsync.document.blocks import NOWHERE, Document, Node
from kbsync.document.confluence import CONFLUENCE
from kbsync.document.formats import PLAIN, Format
from kbsync.document.intercom import INTERCOM
from kbsync.document.markup.xml import is_well_formed
from kbsync.document.shape import Part, children
from kbsync.errors import DocumentError

CORPUS: Final = Path(__file__).resolve().parents[2] / "corpus"
SUFFIX: Final = {"intercom": ".html", "confluence": ".xml"}
FOREWARNED: Final = frozenset(["math"])
"""Losses of looks alone: the text reads back as what it was."""


def forms() -> Iterator[Any]:
    for form in (INTERCOM, CONFLUENCE):
        for path in sorted((CORPUS / form.name).glob(f"*{SUFFIX[form.name]}")):
            yield pytest.param(form, path, id=f"{form.name}-{path.stem}")


def refused() -> Iterator[Any]:
    for path in sorted((CORPUS / "confluence" / "refused").glob("*.xml")):
        yield pytest.param(path, id=path.stem)


def text_of(path: Path) -> str:
    """Return the file's characters, line ends as they are."""
    return path.read_bytes().decode()


def placeless(node: Any) -> Any:
    """Return the tree without spans."""
    if isinstance(node, tuple):
        return tuple(map(placeless, node))
    if not isinstance(node, Node):
        return node
    fields = {name: placeless(getattr(node, name)) for name in node.__struct_fields__}
    return type(node)(**{name: NOWHERE if name == "source" else value for name, value in fields.items()})


EXPECTED: Final = json.loads((CORPUS / "remote-documents.json").read_bytes())

EVERY = pytest.mark.parametrize(("form", "path"), list(forms()))


@EVERY
def test_form_reads_as_its_document(form: Format, path: Path) -> None:
    """Each form reads as the blocks that stand in remote-documents.json."""
    read = form.read(text_of(path), PLAIN)

    assert json.loads(msgspec.json.encode(placeless(read))) == EXPECTED[form.name][path.stem]


@EVERY
def test_form_survives_a_rewrite(form: Format, path: Path) -> None:
    """Written anew, each form reads the same, or a loss says what does not."""
    read = form.read(text_of(path), PLAIN)
    rendered = form.write(read, PLAIN)

    if {loss.code for loss in rendered.losses} <= FOREWARNED:
        assert canon.canon(form.read(rendered.raw, PLAIN)) == canon.canon(read)
    else:
        assert not canon.same(form.read(rendered.raw, PLAIN), read)


@EVERY
def test_spans_stand_in_order(form: Format, path: Path) -> None:
    """Spans never overlap or run backwards, and a top-level block's own markup reads as that block."""
    raw = text_of(path)
    document = form.read(raw, PLAIN)

    check_order(document.blocks, 0, len(raw))
    for block in document.blocks:
        alone = form.read(raw[block.source.start : block.source.end], PLAIN)
        assert canon.same(Document((block,)), alone)


def check_order(parts: tuple[Part, ...], start: int, end: int) -> None:
    for part in parts:
        place = part.source
        if place.start == place.end:
            continue
        assert start <= place.start < place.end <= end
        check_order(children(part), place.start, place.end)
        start = place.end


@EVERY
def test_intercom_is_one_line_and_storage_is_xml(form: Format, path: Path) -> None:
    """Rewritten Intercom HTML has no white space between blocks; rewritten storage format is well-formed."""
    raw = form.write(form.read(text_of(path), PLAIN), PLAIN).raw

    if form is CONFLUENCE:
        assert is_well_formed(raw)
    else:
        assert "\n" not in raw or "<pre>" in raw or "opaque" in str(EXPECTED[form.name][path.stem])


@pytest.mark.parametrize("path", list(refused()))
def test_broken_storage_is_refused_with_its_line(path: Path) -> None:
    """What is not well-formed, declares entities or names unknown ones is refused with line and reason."""
    with pytest.raises(DocumentError) as caught:
        CONFLUENCE.read(text_of(path), PLAIN)

    assert caught.value.line_number >= 1
    assert caught.value.hint


def test_corpus_is_as_large_as_promised() -> None:
    """At least sixty forms of each format."""
    assert min(len(EXPECTED["intercom"]), len(EXPECTED["confluence"])) >= 60
