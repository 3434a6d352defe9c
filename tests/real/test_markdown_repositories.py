"""Real Markdown, as people wrote it, survives the way into each target and back.

Name a folder of Markdown files with KBSYNC_REAL_DOCS (a clone of any documentation repository will do);
KBSYNC_REAL_DOCS_LIMIT takes that many of them, spread evenly. `pytest -s` shows the numbers.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kbsync.document import canon
from kbsync.document.blocks import Document
from kbsync.document.convert import format_of, split_front_matter
from kbsync.document.formats import PLAIN, Loss
from kbsync.document.lens import put
from kbsync.document.markdown import MARKDOWN


@dataclass
class Tally:
    """What became of the files on the way into one target and back."""

    files: int = 0
    equal: int = 0
    losses: Counter[str] = field(default_factory=Counter)
    unexplained: list[Path] = field(default_factory=list)

    def count(self, path: Path, before: Document, after: Document, losses: tuple[Loss, ...]) -> None:
        """Count one file; a file that changed without a loss being reported is unexplained."""
        same = canon.same(before, after)
        self.files += 1
        self.equal += same
        self.losses.update({loss.code for loss in losses})
        if not (same or losses):
            self.unexplained.append(path)

    def line(self, target: str) -> str:
        """Return the numbers as one line."""
        losses = ", ".join(f"{code} {files}" for code, files in self.losses.most_common())
        share = f"{self.equal / self.files:.1%}"
        return (
            f"{target}: {share} of {self.files} files come back equal; files with losses: {losses or 'none'}"
        )


@pytest.fixture(scope="module")
def files() -> list[Path]:
    """The files of the folder that KBSYNC_REAL_DOCS names."""
    folder = os.environ.get("KBSYNC_REAL_DOCS")
    if not folder:
        pytest.skip("set KBSYNC_REAL_DOCS to a folder of real Markdown files")
    found = sorted(path for path in Path(folder).rglob("*.md") if path.is_file())
    assert found, f"no .md file below {folder}"
    limit = int(os.environ.get("KBSYNC_REAL_DOCS_LIMIT", len(found)))
    return found[:: -(-len(found) // limit)]


def bodies(files: list[Path]) -> Iterator[tuple[Path, str, Document]]:
    """Yield each file with its body and the document it holds."""
    for path in files:
        body = split_front_matter(path.read_bytes().decode("utf-8", "replace"))[1]
        yield path, body, MARKDOWN.read(body, PLAIN)


@pytest.mark.parametrize("target", ["intercom", "confluence"])
def test_nothing_is_lost_in_silence(files: list[Path], target: str) -> None:
    """A file comes back equal from a target, or what the target could not hold was named."""
    form, tally = format_of(target), Tally()
    for path, _, document in bodies(files):
        there = form.write(document, PLAIN)
        back = MARKDOWN.write(form.read(there.raw, PLAIN), PLAIN)
        tally.count(path, document, MARKDOWN.read(back.raw, PLAIN), there.losses + back.losses)

    print(tally.line(target))
    assert not tally.unexplained


def test_a_rewrite_says_the_same(files: list[Path]) -> None:
    """A Markdown file written afresh reads as before, and a file put back unedited keeps every byte."""
    different = [
        path
        for path, body, document in bodies(files)
        if not canon.same(MARKDOWN.read(MARKDOWN.write(document, PLAIN).raw, PLAIN), document)
        or put(MARKDOWN, document, body).raw != body
    ]

    print(f"markdown: {len(files)} files written afresh, {len(different)} read differently")
    assert not different


@pytest.mark.parametrize("target", ["intercom", "confluence"])
def test_what_was_written_is_kept_byte_for_byte(files: list[Path], target: str) -> None:
    """A target's body that nobody edited is put back as it was."""
    form = format_of(target)
    raws = [form.write(document, PLAIN).raw for _, _, document in bodies(files)]

    assert [raw for raw in raws if put(form, form.read(raw, PLAIN), raw).raw != raw] == []
