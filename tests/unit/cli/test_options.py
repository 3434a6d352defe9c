"""The options of every command."""

from __future__ import annotations

from pathlib import Path

import pytest

from kbsync.cli import run
from kbsync.cli.options import Options, take
from kbsync.errors import UsageError


@pytest.mark.parametrize(
    "arguments",
    [
        ["--config", "a.toml", "--json", "-v", "sync", "--dry-run"],
        ["sync", "--config=a.toml", "--dry-run", "--json", "-v"],
        ["-v", "sync", "--json", "--dry-run", "--config", "a.toml"],
    ],
)
def test_they_stand_anywhere(arguments: list[str]) -> None:
    """Before or after the command's name, the common options mean the same."""
    options, rest = take(arguments)

    assert options == Options(Path("a.toml"), json=True, verbosity=1)
    assert rest == ["sync", "--dry-run"]


def test_two_dashes_end_them() -> None:
    """What follows `--` belongs to the command."""
    assert take(["convert", "--", "--json"])[1] == ["convert", "--", "--json"]


def test_config_needs_a_value() -> None:
    """--config without a path is wrong usage."""
    with pytest.raises(UsageError, match="--config"):
        take(["sync", "--config"])


def test_a_value_that_is_not_offered_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """The line says which option, what it got and what it takes, in no library's words."""
    assert run(["init", "--from", "files"]) == 64

    said = capsys.readouterr().err
    assert "'--from': 'files' is not one of 'intercom', 'confluence'" in said
    assert said.count("\n") == 1
