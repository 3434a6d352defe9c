"""What a user reads: tables, diffs and progress on a terminal, plain lines in a pipe, one JSON document."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec
from rich.console import Console
from rich.text import Text

from kbsync.cli.options import Options
from kbsync.errors import KbsyncError

if TYPE_CHECKING:
    from rich.progress import Progress

# C0 and C1 controls but tab and newline, and the bidirectional overrides: remote text never steers a terminal.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def clean(text: str) -> str:
    """Return text that cannot steer a terminal."""
    return _CONTROLS.sub("�", text)


class Screen:
    """Where a command writes; with `--json` all but the document goes to stderr."""

    def __init__(self, options: Options) -> None:
        self.options = options
        color = None if options.color and "NO_COLOR" not in os.environ else "none"
        no_color = color is not None
        self._out = Console(file=sys.stdout, no_color=no_color, highlight=False, soft_wrap=True)
        self._err = Console(file=sys.stderr, no_color=no_color, highlight=False, soft_wrap=True)
        self._human = self._err if options.json else self._out

    def say(self, text: str, style: str = "") -> None:
        """Write one line for a person; `-q` leaves it out."""
        if self.options.verbosity >= 0:
            self._human.print(Text(clean(text), style))

    def detail(self, text: str) -> None:
        """Write one line that only `-v` shows."""
        if self.options.verbosity > 0:
            self._human.print(Text(clean(text), "dim"))

    def warn(self, text: str) -> None:
        """Write one warning to stderr."""
        self._err.print(Text(clean(text), "yellow"))

    def refuse(self, error: KbsyncError) -> None:
        """Write the one line of an error that ended the command to stderr; with `--json` also as the document."""
        self._err.print(Text(clean(error.line()), "bold red"))
        if self.options.json:
            told = {"code": error.code, "message": error.message, "where": error.where, "hint": error.hint}
            self.document({"error": told})

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Write a table; in a pipe the columns are padded plain text."""
        if self.options.verbosity < 0 or not rows:
            return
        if not self._human.is_terminal:
            self._plain([columns, *rows])
            return
        from rich.table import Table

        table = Table(box=None, header_style="bold", pad_edge=False)
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*(Text(clean(cell)) for cell in row))
        self._human.print(table, soft_wrap=False)

    def diff(self, text: str) -> None:
        """Write a unified diff, added lines green and removed ones red."""
        for line in clean(text).splitlines():
            self._human.print(Text(f"  {line}", _DIFF_STYLES.get(line[:1], "dim")))

    def document(self, value: Any) -> None:
        """Write the one JSON document of `--json`."""
        text = msgspec.json.encode(value, enc_hook=str)
        sys.stdout.write(msgspec.json.format(text, indent=2).decode() + "\n")

    def raw(self, text: str) -> None:
        """Write text to stdout as it is, for pipes."""
        sys.stdout.write(text)

    @contextmanager
    def progress(self) -> Iterator[Bars]:
        """Show progress bars on a terminal, plain phase lines with `-v` elsewhere."""
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

        quiet = self.options.verbosity < 0
        bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            console=self._err,
            transient=True,
            disable=quiet or not self._err.is_terminal,
        )
        with bars:
            yield Bars(bars, self)

    def _plain(self, rows: Sequence[Sequence[str]]) -> None:
        cells = [[clean(cell).replace("\n", " ") for cell in row] for row in rows]
        widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
        for row in cells:
            line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self._human.print(Text(line.rstrip()))


class Bars:
    """The progress of one run: one bar, begun anew with each phase."""

    def __init__(self, bars: Progress, screen: Screen) -> None:
        self._bars = bars
        self._screen = screen
        self._task = bars.add_task("", visible=False)

    def phase(self, name: str, total: int) -> None:
        """Begin a phase of so many pieces of work; 0 when nobody knows."""
        self._bars.remove_task(self._task)
        self._task = self._bars.add_task(name, total=total or None)
        if self._bars.disable:
            self._screen.detail(name)

    def advance(self) -> None:
        """One piece is done; called from any thread."""
        self._bars.advance(self._task)

    def note(self, message: str) -> None:
        """Say one line."""
        self._screen.detail(message)
