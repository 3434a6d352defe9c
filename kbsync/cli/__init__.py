"""The command line: parsing, printing and exit codes, nothing else."""

from __future__ import annotations

import errno
import io
import sys
import traceback
from collections.abc import Sequence

from kbsync.errors import KbsyncError, WriteFailed

USAGE = 64
FAILED = 1
INTERRUPTED = 130
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO})


def main() -> None:
    """Run the command line and end the process with its exit code."""
    _speak()
    sys.exit(run(sys.argv[1:]))


def _speak() -> None:
    """Let nothing that people wrote be unprintable: UTF-8 into pipes, escapes where a terminal lacks a sign."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="backslashreplace")


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code.

    A foreseeable error is one line on stderr, with `--json` a document too; only `-vv` adds a traceback.
    """
    from kbsync.cli.options import Options, take
    from kbsync.cli.screen import Screen

    options = Options()
    try:
        options, rest = take(arguments)
        return _invoke(options, rest)
    except KbsyncError as error:
        Screen(options).refuse(error)
        if options.verbosity > 1:
            traceback.print_exc()
        return error.exit_code
    except KeyboardInterrupt:
        Screen(options).warn("Interrupted; what was done is recorded, run the command again to go on.")
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return FAILED
    except Exception as error:  # noqa: BLE001  the last line of defence: a user never meets a bare traceback
        Screen(options).refuse(_last(error))
        if options.verbosity > 1:
            traceback.print_exc()
        return FAILED


def _last(error: Exception) -> KbsyncError:
    """Return an error nobody foresaw as one line; a disk that is full, standard output's too, is no bug."""
    if isinstance(error, OSError) and error.errno in _FULL:
        return WriteFailed(f"cannot be written: {error.strerror}", where=error.filename or "standard output")
    said = f"{type(error).__name__}: {error}"[:300]
    return KbsyncError(said, hint="this is a bug in kbsync; run again with -vv and report what it prints")


def _invoke(options: object, arguments: Sequence[str]) -> int:
    import typer

    from kbsync.cli.app import command
    from kbsync.errors import UsageError

    # typer brings a click of its own, and names only BadParameter, UsageError's child, in public.
    usage_error: type[Exception] = typer.BadParameter.__bases__[0]
    try:
        code = command(*arguments[:1]).main(
            list(arguments), prog_name="kbsync", standalone_mode=False, obj=options
        )
    except typer.Abort as error:
        raise KeyboardInterrupt from error
    except usage_error as error:
        context = getattr(error, "ctx", None)
        hint = f"{context.command_path} --help" if context else "kbsync --help"
        message: str = error.format_message()  # type: ignore[attr-defined]
        if message.startswith("Usage:"):  # a command group without a command: the whole help
            sys.stderr.write(f"{message}\n")
            return USAGE
        raise UsageError(message.replace(": Value error, ", ": "), hint=hint) from error  # pydantic's prefix
    return code if isinstance(code, int) else 0
