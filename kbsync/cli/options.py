"""The options every command takes, before or after its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kbsync.errors import UsageError

HELP = """Options of every command: --config FILE, --json, -v, -vv, -q, --no-color."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked of every command; `verbosity` is -1 with -q, 2 with -vv."""

    config: Path | None = None
    json: bool = False
    verbosity: int = 0
    color: bool = True


def take(arguments: Sequence[str]) -> tuple[Options, list[str]]:
    """Part the common options from the rest, wherever they stand. Raises UsageError."""
    options, rest = Options(), list[str]()
    words = iter(arguments)
    for word in words:
        match word:
            case "--":
                return options, [*rest, word, *words]
            case "--config":
                options = replace(options, config=_value(next(words, "")))
            case "--json":
                options = replace(options, json=True)
            case "-v" | "--verbose" | "-vv":
                options = replace(options, verbosity=options.verbosity + (2 if word == "-vv" else 1))
            case "-q" | "--quiet":
                options = replace(options, verbosity=-1)
            case "--no-color":
                options = replace(options, color=False)
            case _ if word.startswith("--config="):
                options = replace(options, config=_value(word.removeprefix("--config=")))
            case _:
                rest.append(word)
    return options, rest


def _value(text: str) -> Path:
    if not text:
        raise UsageError("--config needs the path of a file", hint="--config path/to/kbsync.toml")
    return Path(text)
