"""`kbsync convert`: one body from one format into another, through pipes."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path

import typer

from kbsync.cli.options import Options
from kbsync.cli.screen import Screen
from kbsync.errors import ContentError


class BodyFormat(StrEnum):
    """The formats of a body; json is the document tree."""

    markdown = "markdown"
    intercom = "intercom"
    confluence = "confluence"
    json = "json"


def convert(
    context: typer.Context,
    source: BodyFormat = typer.Option(..., "--from", help="Format of the input."),
    target: BodyFormat = typer.Option(..., "--to", help="Format of the output."),
    file: Path | None = typer.Argument(None, help="File to read; standard input without one."),
) -> int:
    """Convert a body between Markdown, Intercom HTML, Confluence storage format and JSON."""
    from kbsync.document.convert import convert as convert_text

    options: Options = context.obj
    screen = Screen(options)
    converted = convert_text(_read(file), source.value, target.value)
    for loss in converted.losses:
        screen.warn(f"{loss.code}: {loss.message}")
    if options.json:
        losses = [{"code": loss.code, "message": loss.message} for loss in converted.losses]
        screen.document({"text": converted.text, "losses": losses})
    else:
        screen.raw(converted.text)
    return 0


def _read(file: Path | None) -> str:
    where = str(file or "standard input")
    try:
        data = sys.stdin.buffer.read() if file is None or str(file) == "-" else file.read_bytes()
        return data.decode("utf-8-sig")
    except OSError as error:
        raise ContentError(f"cannot be read: {error.strerror}", where=where, hint="check the path") from error
    except UnicodeDecodeError as error:
        raise ContentError("is not UTF-8 text", where=where, hint="save it as UTF-8") from error
