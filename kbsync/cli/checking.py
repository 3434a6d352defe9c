"""`kbsync check`: the offline lint."""

from __future__ import annotations

from pathlib import Path

import typer

from kbsync.cli.options import Options
from kbsync.cli.screen import Screen
from kbsync.errors import ContentError


def check(
    context: typer.Context,
    paths: list[Path] = typer.Argument(None, help="Files or folders to report on; all content without any."),
    round_trip: bool = typer.Option(
        False,
        "--round-trip",
        help="Also prove on every file that nothing is lost on the way to each format and back.",
    ),
) -> int:
    """Check the files without a network: front matter, ids, links, images, depth, what a target cannot hold."""
    from kbsync.cli.session import Session
    from kbsync.replicas.files.lint import Finding, lint

    options: Options = context.obj
    screen = Screen(options)
    wanted = _existing(paths or [])
    session = Session.offline(options, near=wanted)
    findings = [
        f
        for f in lint(session.files(), session.formats())
        if _within(session.root.parent / f.path.split(":")[0], wanted)
    ]
    if round_trip:
        findings += [Finding(path, "round-trip", "error", what) for path, what in _prove(session, wanted)]
    errors = sum(f.severity == "error" for f in findings)
    if options.json:
        screen.document({"findings": findings, "errors": errors, "warnings": len(findings) - errors})
    else:
        for f in findings:
            hint = f" ({f.hint})" if f.hint else ""
            screen.say(f"{f.path}: {f.severity}: {f.message}{hint} [{f.code}]", _style(f.severity))
        screen.say(_summary(session.count(), errors, len(findings) - errors), "bold")
    return 1 if errors else 0


def _existing(paths: list[Path]) -> list[Path]:
    for path in paths:
        if not path.exists():
            raise ContentError("is not there", where=str(path), hint="check the path")
    return [path.resolve() for path in paths]


def _within(path: Path, wanted: list[Path]) -> bool:
    place = path.resolve()
    return not wanted or any(place == w or place.is_relative_to(w) for w in wanted)


def _prove(session: object, wanted: list[Path]) -> list[tuple[str, str]]:
    from kbsync.cli.session import Session
    from kbsync.replicas.files import frontmatter
    from kbsync.replicas.files.lint import round_trip

    assert isinstance(session, Session)
    failures = list[tuple[str, str]]()
    for path in sorted(session.root.rglob("*.md")):
        if _within(path, wanted):
            shown = str(path.relative_to(session.root))
            text = path.read_text("utf-8", errors="replace")
            body = frontmatter.split(text, shown).body.replace("\r\n", "\n")
            proof = round_trip(shown, body, session.formats())
            failures += [(shown, what) for what in proof.failures]
    return failures


def _style(severity: str) -> str:
    return "red" if severity == "error" else "yellow"


def _summary(articles: int, errors: int, warnings: int) -> str:
    if not errors and not warnings:
        return f"{articles} files checked, nothing to mend."
    return f"{articles} files checked: {errors} errors, {warnings} warnings."
