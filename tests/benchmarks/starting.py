"""How long a command takes before it does anything, beside an empty Python and md2conf."""

from __future__ import annotations

import sys

from .measure import Row, absent, installed, started

_HELP = ("-m", "kbsync", "--help")
_CONVERT = ("-m", "kbsync", "convert", "--from", "markdown", "--to", "confluence")
_CHECK = ("-m", "kbsync", "check", "--help")


def rows() -> list[Row]:
    """Measure the start of three commands; converting nothing loads all that converting needs."""
    commands = [_HELP, _CONVERT, _CHECK]
    peers: list[tuple[str, ...]] = [("-c", "pass")]
    if installed("md2conf"):
        peers.append(("-m", "md2conf", "--help"))
    taken = started(*((sys.executable, *command) for command in (*commands, *peers)))
    empty = taken[len(commands)]
    found = []
    for command, ours in zip(commands, taken, strict=False):
        what = " ".join(command[1:])
        found.append(Row(what, _ms(ours), "python -c pass", _ms(empty), ours / empty))
        if len(peers) > 1:
            found.append(Row(what, _ms(ours), "md2conf --help", _ms(taken[-1]), ours / taken[-1]))
        else:
            found.append(absent(what, "md2conf"))
    return found


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms"
