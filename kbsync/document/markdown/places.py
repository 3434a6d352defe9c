"""Where blocks stand: line ranges of the parser to character offsets of the raw text."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Final

from kbsync.document.blocks import Span

_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n?|\n|$)")
_MARKER: Final = re.compile(r"(?:[-+*]|\d{1,9}[.)]|\[\^[^\]\n]*\]:|>)[ \t]*")


class Lines:
    """The lines of a raw text, as markdown-it counts them."""

    __slots__ = ("has_returns", "raw", "starts")

    def __init__(self, raw: str) -> None:
        self.raw = raw
        self.has_returns = "\r" in raw
        if self.has_returns:
            lengths = [len(line) for line in _LINE.findall(raw)]
        else:
            lengths = [len(line) + 1 for line in raw.split("\n")]
        self.starts = [0, *accumulate(lengths)]
        self.starts[-1] = len(raw)

    def start(self, line: int) -> int:
        """Return where a line begins; lines behind the last begin at the end."""
        return self.starts[line] if line < len(self.starts) else len(self.raw)

    def text(self, first: int, last: int) -> str:
        """Return lines `[first, last)` as they are written."""
        return self.raw[self.start(first) : self.start(last)]

    def span(self, first: int, last: int, quotes: int = 0, *, code: bool = False) -> Span:
        """Return the place of lines `[first, last)` without blank ones at the end, unless they are code."""
        blank = " \t\r\n>" if quotes else " \t\r\n"
        while not code and last > first + 1 and not self.text(last - 1, last).strip(blank):
            last -= 1
        start, end = self.start(first), self.start(last)
        while end > start and self.raw[end - 1] in "\r\n":
            end -= 1
        return Span(start, end)

    def inside(self, line: int, quotes: int) -> int:
        """Return where a line goes on behind its indentation and up to `quotes` quote markers."""
        at = self._past_blanks(self.start(line))
        while quotes and self.raw.startswith(">", at):
            at = self._past_blanks(at + 1)
            quotes -= 1
        return at

    def behind_marker(self, at: int) -> int:
        """Return where the content of an item, quote or footnote that begins at `at` begins."""
        found = _MARKER.match(self.raw, at)
        return found.end() if found else at

    def _past_blanks(self, at: int) -> int:
        raw = self.raw
        while at < len(raw) and raw[at] in " \t":
            at += 1
        return at
