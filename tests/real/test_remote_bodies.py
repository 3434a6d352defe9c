"""Real bodies of Confluence pages and Intercom articles are put back byte for byte, edited or not.

Name folders with KBSYNC_REAL_STORAGE (storage format, one body a file) and KBSYNC_REAL_INTERCOM (the `body`
that the Articles API returns, one a file). `pytest -s` shows the numbers.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from kbsync.document import canon
from kbsync.document.blocks import Document
from kbsync.document.confluence import CONFLUENCE
from kbsync.document.formats import PLAIN, Format
from kbsync.document.intercom import INTERCOM
from kbsync.document.lens import put
from kbsync.document.markdown import MARKDOWN
from kbsync.errors import DocumentError

FOLDERS: Final = {"confluence": "KBSYNC_REAL_STORAGE", "intercom": "KBSYNC_REAL_INTERCOM"}
ADDED: Final = "Zyxadded words."

each_format = pytest.mark.parametrize("form", [CONFLUENCE, INTERCOM], ids=lambda form: form.name)


def bodies(form: Format) -> tuple[dict[Path, tuple[str, Document]], int]:
    """Return each body with its document, and how many were refused, each with its line."""
    folder = os.environ.get(FOLDERS[form.name])
    if not folder:
        pytest.skip(f"set {FOLDERS[form.name]} to a folder of real bodies")
    found = dict[Path, tuple[str, Document]]()
    refused = 0
    for path in sorted(path for path in Path(folder).rglob("*") if path.is_file()):
        raw = path.read_bytes().decode("utf-8", "replace")
        try:
            found[path] = raw, form.read(raw, PLAIN)
        except DocumentError as error:
            assert error.line_number  # noqa: PT017  the refusal is counted, not expected
            refused += 1
    return found, refused


@each_format
def test_an_unedited_body_is_put_back_byte_for_byte(form: Format) -> None:
    """put(get(r), r) = r for every body that can be read; what is written afresh reads the same or says why not."""
    read, refused = bodies(form)
    changed = [path for path, (raw, document) in read.items() if put(form, document, raw).raw != raw]
    silent = [path for path, (_, document) in read.items() if not _kept(form, document)]

    print(
        f"{form.name}: {len(read)} bodies, {len(read) - len(changed)} put back byte for byte; {refused} refused"
    )
    assert changed == []
    assert silent == []


def _kept(form: Format, document: Document) -> bool:
    return all(_same_or_said(each, document) for each in (form, MARKDOWN))


def _same_or_said(form: Format, document: Document) -> bool:
    written = form.write(document, PLAIN)
    return bool(written.losses) or canon.same(form.read(written.raw, PLAIN), document)


@each_format
def test_an_edited_sentence_changes_one_block(form: Format) -> None:
    """Words added to one text stand in the new body, and every other block keeps its bytes."""
    read, _ = bodies(form)
    outcomes = Counter[str]()
    for path, (raw, document) in read.items():
        edited = _with_words(document, len(path.name))
        if edited is not None:
            outcomes[_outcome(form, edited, raw)] += 1

    print(f"{form.name}: one edited sentence each: {dict(outcomes)}")
    assert outcomes.keys() <= {"one block", "one block, written afresh"}


def _with_words(document: Document, which: int) -> Document | None:
    tree = msgspec.to_builtins(document)
    texts = _texts(tree)
    if not texts:
        return None
    place = texts[which % len(texts)]
    place["text"] = f"{place['text'].rstrip()} {ADDED} "
    return msgspec.convert(tree, Document)


def _texts(tree: Any) -> list[dict[str, Any]]:
    if isinstance(tree, dict):
        mine = [tree] if tree.get("kind") == "text" and " " in tree["text"].strip() else []
        return mine + [found for value in tree.values() for found in _texts(value)]
    return [found for value in tree for found in _texts(value)] if isinstance(tree, list | tuple) else []


def _outcome(form: Format, edited: Document, raw: str) -> str:
    made = put(form, edited, raw)
    old, new = (form.read(each, PLAIN).blocks for each in (raw, made.raw))
    if ADDED not in made.raw:
        return "lost"
    if len(old) != len(new):
        return "blocks changed"
    kept = [
        raw[one.source.start : one.source.end] == made.raw[two.source.start : two.source.end]
        for one, two in zip(old, new, strict=True)
    ]
    afresh = any(loss.code == "format-detail" for loss in made.losses)
    return f"{'one block' if kept.count(False) == 1 else 'several blocks'}{', written afresh' * afresh}"
