"""Laws of canon over generated documents."""

from __future__ import annotations

import os

import msgspec
from documents import documents
from hypothesis import HealthCheck, given, settings

from kbsync.document import canon
from kbsync.document.blocks import Document
from kbsync.document.canon_block import shifted
from kbsync.document.runs import flatten, nest
from kbsync.document.shape import running_text, walk

SOAK = int(os.environ.get("KBSYNC_SOAK", "0"))

law = settings(
    max_examples=max(SOAK, 1_000) if SOAK else 25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)

DOCUMENTS = documents()


@law
@given(DOCUMENTS)
def test_canon_is_idempotent(document: Document) -> None:
    """The canonical form of a canonical form is itself."""
    once = canon.canon(document)

    assert canon.canon(once) == once


@law
@given(DOCUMENTS)
def test_digest_follows_sameness(document: Document) -> None:
    """A document has the digest of its canonical form."""
    assert canon.digest(document) == canon.digest(canon.canon(document))


@law
@given(DOCUMENTS, DOCUMENTS)
def test_digests_tell_documents_apart(one: Document, other: Document) -> None:
    """Two documents have one digest exactly when they are the same."""
    assert canon.same(one, other) == (canon.digest(one) == canon.digest(other))


@law
@given(DOCUMENTS)
def test_canon_survives_json(document: Document) -> None:
    """A canonical form reads back from its JSON."""
    made = canon.canon(document)

    assert msgspec.json.decode(msgspec.json.encode(made), type=Document) == made


@law
@given(DOCUMENTS)
def test_shifted_headings_are_the_same(document: Document) -> None:
    """A document whose headings all stand one level deeper is the same document."""
    deeper = Document(tuple(shifted(block, 1) for block in document.blocks))

    assert canon.same(deeper, document)


@law
@given(DOCUMENTS)
def test_nesting_is_a_function_of_the_runs(document: Document) -> None:
    """Flattening a nested tree gives the runs it was nested from."""
    for part in walk(document.blocks):
        runs = flatten(nest(flatten(running_text(part))))

        assert runs == flatten(nest(runs))
