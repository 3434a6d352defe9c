"""`kbsync check --round-trip` on files of all kinds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kbsync.cli import run
from kbsync.document import proof
from kbsync.document.confluence import CONFLUENCE
from kbsync.document.formats import Format, Rendered
from kbsync.document.intercom import INTERCOM
from kbsync.document.markdown import MARKDOWN

ARTICLE = "---\nid: a\ntitle: A\n---\n\nWords *here*.\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without a configuration, and the place to stand in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_files_of_all_three_kinds_are_proved(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Markdown, Intercom's HTML and storage format in a named folder go there and back."""
    (folder / "a.md").write_text(ARTICLE)
    (folder / "b.html").write_text('<p class="no-margin">Words.</p>')
    (folder / "c.xml").write_text('<ac:layout><ac:layout-section ac:type="single"/></ac:layout>')

    assert run(["check", "--round-trip", "."]) == 0
    assert "3 files there and back, nothing lost in silence, every byte kept" in capsys.readouterr().out


def test_a_body_that_cannot_be_read_says_where_and_how_to_mend_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A broken file is one line with place, reason and hint; the others are proved all the same."""
    (folder / "a.xml").write_text("<p>\nopen")
    (folder / "b.md").write_text(ARTICLE)

    assert run(["check", "--round-trip", "--json", "."]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["round_trip"] == {"files": 2, "failed": 1}
    assert [(each["code"], each["message"], bool(each["hint"])) for each in told["findings"]] == [
        ("unreadable", "line 1, column 1: not well-formed XML: <p> is not closed", True)
    ]


def test_a_folder_without_such_files_is_no_success(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing proved is said, with what to name instead."""
    run(["check", "--round-trip", "."])

    assert "no .md, .html (Intercom) or .xml (Confluence) file there" in capsys.readouterr().out


def test_a_format_that_drops_a_word_is_caught() -> None:
    """A writer that loses something in silence fails the proof."""
    forgetful = Format("intercom", INTERCOM.read, lambda document, links: Rendered("<p>Words.</p>"), glue="")

    assert list(proof.failures("Words *here*.\n", MARKDOWN, [forgetful, CONFLUENCE])) == [
        "intercom: comes back different without saying so"
    ]
