"""`kbsync check`: the offline lint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from kbsync.cli.options import Options
from kbsync.cli.screen import Screen
from kbsync.errors import ContentError, KbsyncError

if TYPE_CHECKING:
    from kbsync.cli.session import Session
    from kbsync.replicas.files.lint import Finding

FORMS: Final = {".md": "markdown", ".html": "intercom", ".xml": "confluence"}
"""What a file holds, by its suffix."""

REPORT: Final = "a defect of kbsync, please report it with this file"


def check(
    context: typer.Context,
    paths: list[Path] = typer.Argument(None, help="Files or folders to report on; all content without any."),
    prove: bool = typer.Option(
        False,
        "--round-trip",
        help="Also prove on every file that nothing is lost on the way to each format and back.",
    ),
) -> int:
    """Check the files without a network: front matter, ids, links, images, depth, what a target cannot hold."""
    from kbsync.cli.session import Session
    from kbsync.replicas.files.lint import lint

    options: Options = context.obj
    screen = Screen(options)
    wanted = _existing(paths or [])
    session = Session.offline(options, near=wanted)
    findings = [
        f
        for f in lint(session.files(), session.formats())
        if _within(session.root.parent / f.path.split(":")[0], wanted)
    ]
    proved = _proofs(session, wanted) if prove else {}
    findings += [finding for found in proved.values() for finding in found]
    errors = sum(f.severity == "error" for f in findings)
    if options.json:
        numbers = {"errors": errors, "warnings": len(findings) - errors}
        tried = {"round_trip": {"files": len(proved), "failed": _failed(proved)}} if prove else {}
        screen.document({"findings": findings, **numbers, **tried})
    else:
        for f in findings:
            hint = f" ({f.hint})" if f.hint else ""
            screen.say(f"{f.path}: {f.severity}: {f.message}{hint} [{f.code}]", _style(f.severity))
        if prove:
            screen.say(_outcome(len(proved), _failed(proved)))
        screen.say(_summary(max(session.count(), len(proved)), errors, len(findings) - errors), "bold")
    return 1 if errors else 0


def _existing(paths: list[Path]) -> list[Path]:
    for path in paths:
        if not path.exists():
            raise ContentError("is not there", where=str(path), hint="check the path")
    return [path.resolve() for path in paths]


def _within(path: Path, wanted: list[Path]) -> bool:
    place = path.resolve()
    return not wanted or any(place == w or place.is_relative_to(w) for w in wanted)


def _proofs(session: Session, wanted: Sequence[Path]) -> dict[str, list[Finding]]:
    """Return what does not hold for each file; Markdown that cannot be read is a finding of its own already."""
    from kbsync.replicas.files.lint import Finding

    found = dict[str, list[Finding]]()
    for path in _files(session.root, wanted):
        shown = str(path.relative_to(session.root.parent) if path.is_relative_to(session.root) else path)
        try:
            wrong = _wrong(session, path)
        except KbsyncError as error:
            if path.suffix != ".md":
                found[shown] = [Finding(shown, "unreadable", "error", error.message, error.hint)]
        else:
            found[shown] = [Finding(shown, "round-trip", "error", what, REPORT) for what in wrong]
    return found


def _wrong(session: Session, path: Path) -> list[str]:
    """Return which laws do not hold. Raises DocumentError, ContentError when the file cannot be read."""
    from kbsync.document.convert import format_of
    from kbsync.document.proof import failures

    form = format_of(FORMS[path.suffix])
    others = [format_of(name) for name in FORMS.values()]
    return list(failures(_body(path), form, session.formats() if path.suffix == ".md" else others))


def _files(root: Path, wanted: Sequence[Path]) -> list[Path]:
    """Return the Markdown files of the content, and remote bodies where a folder or file of them is named."""
    mine = {path for path in root.rglob("*.md") if _within(path, list(wanted))}
    named = {path for top in wanted for path in ([top] if top.is_file() else top.rglob("*"))}
    return sorted(mine | {path for path in named if path.suffix in FORMS and path.is_file()})


def _body(path: Path) -> str:
    from kbsync.replicas.files import frontmatter

    text = path.read_bytes().decode("utf-8", "replace")
    return frontmatter.split(text, str(path)).body if path.suffix == ".md" else text


def _failed(proved: Mapping[str, Sequence[Finding]]) -> int:
    return sum(map(bool, proved.values()))


def _outcome(files: int, failed: int) -> str:
    if not files:
        return "Round trip: no .md, .html (Intercom) or .xml (Confluence) file there; name a folder that holds some."
    if not failed:
        return f"Round trip: {files} files there and back, nothing lost in silence, every byte kept."
    return f"Round trip: {files} files, {failed} fail, each named above; keep those out of the sync until that is mended."


def _style(severity: str) -> str:
    return "red" if severity == "error" else "yellow"


def _summary(articles: int, errors: int, warnings: int) -> str:
    if not errors and not warnings:
        return f"{articles} files checked, nothing to mend."
    return f"{articles} files checked: {errors} errors, {warnings} warnings."
