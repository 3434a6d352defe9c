"""After a run a person knows what happened to which article, and why."""

from __future__ import annotations

import pytest

from kbsync.cli.options import Options
from kbsync.cli.screen import Screen
from kbsync.cli.syncing import explain
from kbsync.sync.outcome import Report, Side, Stopped

TURNED_DOWN = "POST /articles: Intercom answered 400: no such image [KB306]"


def failed(article: str, message: str = TURNED_DOWN, replica: Side = "intercom") -> Stopped:
    return Stopped("1", article, replica, "KB306", message)


def said(capsys: pytest.CaptureFixture[str], *stopped: Stopped) -> list[str]:
    explain(Screen(Options()), Report(failed=stopped))
    return capsys.readouterr().err.splitlines()


def test_a_failure_names_its_article(capsys: pytest.CaptureFixture[str]) -> None:
    """What a remote answered says nothing of the article; the line does."""
    assert said(capsys, failed("refunds")) == [f"failed: refunds: {TURNED_DOWN}"]


def test_one_reason_is_one_line_however_many_it_hits(capsys: pytest.CaptureFixture[str]) -> None:
    """A remote that is down tells it once, with the first articles and how many more."""
    lines = said(capsys, *(failed(f"a{n}") for n in range(9)))

    assert lines == [f"failed: a0, a1, a2 and 6 more: {TURNED_DOWN}"]


def test_a_file_is_named_by_its_path_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """Its path and line stand in the message already."""
    message = "content/a.md:3: is not usable [KB201]"

    assert said(capsys, failed("a", message, "files")) == [f"failed: {message}"]
