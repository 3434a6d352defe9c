"""`kbsync plan`, `apply`, `sync`, `status`, `conflicts`, `resolve`, `repair`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import typer

from kbsync.cli.screen import Screen
from kbsync.errors import GitError, PlanError, UsageError, WriteFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kbsync.cli.session import Session
    from kbsync.replicas.base import ReplicaName
    from kbsync.sync.outcome import Held, Report, Warned
    from kbsync.sync.plan import Plan

PENDING = 2
WAITING = 3


class Side(StrEnum):
    """What a conflict can be settled with."""

    files = "files"
    intercom = "intercom"
    confluence = "confluence"
    merged = "merged"


FULL = typer.Option(False, "--full", help="Also read what is not read every time, such as Confluence labels.")


def plan(
    context: typer.Context,
    out: Path | None = typer.Option(None, "--out", help="Write the plan to this file, for apply."),
    check: Path | None = typer.Option(None, "--check", help="Tell whether this plan still holds."),
    markdown: bool = typer.Option(False, "--markdown", help="Print a pull-request comment."),
    full: bool = FULL,
) -> int:
    """Show what a sync would do and why, per article and replica, with diffs. Writes nothing."""
    from kbsync.cli.session import Session

    screen = Screen(context.obj)
    session = Session.open(context.obj)
    if check is not None:
        return _check(session, screen, check)
    with screen.progress() as progress, session.engine(progress) as engine:
        made = engine.plan(full=full)
    if out is not None:
        _save(made, out)
    if screen.options.json:
        screen.document(made)
    elif markdown:
        from kbsync.workflow.comment import comment

        screen.raw(comment(made))
    else:
        _show(screen, made, out)
    return _code(made)


def apply(
    context: typer.Context, file: Path = typer.Argument(..., help="Plan file of `kbsync plan --out`.")
) -> int:
    """Do exactly what a plan says; a step whose article moved since is refused, the rest goes on."""
    from kbsync.cli.session import Session

    screen = Screen(context.obj)
    session = Session.open(context.obj)
    made = _load(session, file)
    with screen.progress() as progress, session.engine(progress) as engine:
        report = engine.apply(made)
    return _end(screen, report)


def sync(
    context: typer.Context,
    dry_run: bool = typer.Option(False, "--dry-run", help="Only show what would be done."),
    full: bool = FULL,
    commit: bool = typer.Option(False, "--commit", help="Commit remote edits, one article at a time."),
    push: bool = typer.Option(False, "--push", help="Push the branch and the state ref."),
) -> int:
    """Plan and apply in one: bring files, Intercom and Confluence to one state."""
    from kbsync.cli.session import Session

    screen = Screen(context.obj)
    session = Session.open(context.obj)
    if dry_run:
        return _dry_run(session, screen, full=full)
    return _end(screen, synced(session, screen, full=full, commit=commit, push=push))


def status(context: typer.Context) -> int:
    """Show where things stand, from the state alone: nothing is asked of any replica."""
    from kbsync.cli.session import Session

    screen = Screen(context.obj)
    session = Session.open(context.obj)
    with session.engine() as engine:
        standing = engine.status()
    if screen.options.json:
        screen.document(standing)
        return 0
    screen.table(("replica", "articles"), [(name, str(count)) for name, count in standing.present.items()])
    screen.say(f"{standing.articles} articles in {standing.collections} collections.")
    screen.say(f"Last sync: {standing.last_sync or 'never'}.")
    if standing.interrupted:
        screen.say(
            f"{standing.interrupted} writes of an interrupted run; the next sync settles them.", "yellow"
        )
    if standing.unsettled:
        screen.say(f"Not yet the same everywhere: {', '.join(standing.unsettled)}", "yellow")
    held = f"{standing.conflicts} conflicts are held; kbsync conflicts shows them."
    screen.say(held if standing.conflicts else "No conflicts.", "bold")
    return 0


def conflicts(context: typer.Context) -> int:
    """List what is held for a person, with every version; ends 3 when there is anything."""
    from kbsync.cli.session import Session

    screen = Screen(context.obj)
    session = Session.open(context.obj)
    with session.engine() as engine:
        views = engine.conflicts()
    if screen.options.json:
        screen.document({"conflicts": views})
        return WAITING if views else 0
    for view in views:
        where = f"{view.field} ({view.locale})" if view.locale else view.field
        screen.say(f"{view.article}: {where}, held since {view.since}", "bold")
        for name, version in view.versions.items():
            screen.say(f"  {name}:")
            for line in version.splitlines()[:12] or ["(nothing)"]:
                screen.say(f"    {line}")
        screen.say(f"  edit {_near(view.file)} and: kbsync resolve {view.article} --take merged")
        screen.say(
            f"  or take one side whole:      kbsync resolve {view.article} --take {'|'.join(view.versions)}"
        )
    count = len({view.article for view in views})
    waits = "1 article waits" if count == 1 else f"{count} articles wait"
    screen.say(f"{waits} for you." if views else "No conflicts.", "bold")
    return WAITING if views else 0


def resolve(
    context: typer.Context,
    id: str = typer.Argument(..., help="The article's id, or its path."),
    take: Side = typer.Option(..., "--take", help="Whose version wins, or merged for the edited file."),
) -> int:
    """Settle a held conflict; the next sync carries the decision out."""
    from kbsync.cli.session import Session

    screen = Screen(context.obj)
    session = Session.open(context.obj)
    with session.engine() as engine:
        settled = engine.resolve(id, take.value)
    if screen.options.json:
        screen.document({"resolved": settled, "take": take.value})
    screen.say(f"{settled}: settled with {take.value}. Next: kbsync sync writes it everywhere.")
    return 0


def repair(
    context: typer.Context,
    forget: list[str] = typer.Option(
        [], "--forget", help="Forget an article's history by id; it is met anew."
    ),
    bind: list[str] = typer.Option([], "--bind", help="ID=REPLICA:HANDLE, to say what belongs together."),
) -> int:
    """Do what only a person can decide: forget what is remembered, or say which article is which."""
    from kbsync.cli.session import Session

    screen = Screen(context.obj)
    if not forget and not bind:
        raise UsageError("repair needs --forget or --bind", hint="kbsync repair --help")
    session = Session.open(context.obj)
    with session.engine() as engine:
        lines = engine.repair(forget=forget, bind=[_binding(text) for text in bind])
    if screen.options.json:
        screen.document({"repaired": lines})
    for line in lines:
        screen.say(line)
    return 0


def pull(session: Session, screen: Screen, source: str) -> int:
    """Bring what exists in one replica into the files: what `init --from` does."""
    with screen.progress() as progress, session.engine(progress, only=frozenset({source})) as engine:
        report = engine.sync()
    return _end(screen, report)


def synced(
    session: Session, screen: Screen, *, full: bool = False, commit: bool = False, push: bool = False
) -> Report:
    """Sync once, and commit and push where that is wanted; also what the watch calls."""
    from kbsync.sync.outcome import Stopped
    from kbsync.workflow.history import History

    commit = commit or push or session.settings.git.commit or session.settings.git.push
    push = push or session.settings.git.push
    with screen.progress() as progress, session.engine(progress) as engine:
        history = History(session.checkout(), session.root, engine) if commit else None
        if history:
            history.begin()
        report = engine.sync(full=full)
        try:
            for line in history.commit(report) if history else ():
                screen.say(line)
            if history:
                engine.carry()
            if push:
                session.checkout().push()
                if engine.carrier is not None:
                    engine.carrier.push()
        except GitError as error:  # the sync is done, and its report is not lost over this
            failed = Stopped("", "", "", error.code, error.line())
            return msgspec.structs.replace(report, failed=(*report.failed, failed))
    return report


def summarise(report: Report) -> str:
    """Return the one line a run ends with."""
    applied = len(report.applied)
    idle = not (applied or report.refused or report.failed or report.conflicts)
    parts = ["Nothing to do" if idle else f"{_changes(applied)} applied"]
    if report.pending:
        parts = [f"{_changes(report.pending)} pending"]
    for name, count in (("waiting", len(report.refused)), ("failed", len(report.failed))):
        parts += [f"{count} {name}"] if count else []
    if report.conflicts:
        count = len(report.conflicts)
        held = "1 conflict" if count == 1 else f"{count} conflicts"
        parts.append(f"{held} held (kbsync conflicts shows what differs)")
    requests = ", ".join(f"{name} {sum(counts.values())}" for name, counts in sorted(report.requests.items()))
    return f"{'; '.join(parts)}. Requests: {requests or 'none'}."


def _changes(count: int) -> str:
    return "1 change" if count == 1 else f"{count} changes"


def _end(screen: Screen, report: Report) -> int:
    if screen.options.json:
        screen.document(report)
    screen.table(
        ("replica", "action", "article"), [(d.replica, d.action, d.article) for d in report.applied[:200]]
    )
    explain(screen, report)
    screen.say(summarise(report), "bold")
    return report.exit_code


def explain(screen: Screen, report: Report) -> None:
    """Tell what waits, what failed and what is worth a look, each reason once with the articles it holds for."""
    for stopped in report.refused:
        screen.warn(f"waits: {stopped.article}: {stopped.message}")
    reasons: dict[str, list[str]] = {}
    for stopped in report.failed:
        named = reasons.setdefault(stopped.message, [])
        if stopped.article and stopped.replica != "files" and stopped.article not in named:
            named.append(stopped.article)  # a file is named by its path
    for message, articles in reasons.items():
        screen.warn(f"failed: {_listed(articles)}{message}")
    _warnings(screen, report.warnings)


def _listed(articles: Sequence[str]) -> str:
    more = f" and {len(articles) - _NAMED} more" if len(articles) > _NAMED else ""
    return f"{', '.join(articles[:_NAMED])}{more}: " if articles else ""


_NAMED = 3


def _dry_run(session: Session, screen: Screen, *, full: bool) -> int:
    with screen.progress() as progress, session.engine(progress) as engine:
        if screen.options.json:
            return _end(screen, engine.sync(dry_run=True, full=full))
        made = engine.plan(full=full)
    _show(screen, made, None)
    return _code(made)


def _code(made: Plan) -> int:
    """Return the code of a command that only looks: what failed stands among the warnings under its error code."""
    from kbsync.sync.outcome import exit_code

    return exit_code(failed=_failures(made), waiting=len(made.conflicts), pending=len(made.steps))


def _failures(made: Plan) -> int:
    return sum(warned.code.startswith("KB") for warned in made.warnings)


def _show(screen: Screen, made: Plan, out: Path | None) -> None:
    for step in made.steps:
        about = f" ({', '.join(step.fields)})" if step.fields else ""
        screen.say(f"{step.replica}: {step.action} {step.article}{about}", "bold")
        if screen.options.verbosity > 0 or len(made.steps) <= _FEW:
            screen.diff(step.diff)
    _conflicts(screen, made.conflicts)
    _warnings(screen, made.warnings)
    screen.say(_counted(made, out), "bold")


_FEW = 20


def _counted(made: Plan, out: Path | None) -> str:
    if not made.steps:
        where = " where kbsync could look; what failed stands above" if _failures(made) else ""
        return f"Nothing to do{where}."
    counts: dict[str, int] = {}
    for step in made.steps:
        counts[step.replica] = counts.get(step.replica, 0) + 1
    where = ", ".join(f"{count} in {name}" for name, count in sorted(counts.items()))
    then = f"kbsync apply {out}" if out else "kbsync sync"
    return f"{_changes(len(made.steps))}: {where}. Next: {then}"


def _conflicts(screen: Screen, held: Sequence[Held]) -> None:
    for conflict in held:
        sides = ", ".join(conflict.replicas)
        screen.warn(f"conflict: {conflict.article}: {', '.join(conflict.fields)} held, differs in {sides}")


def _warnings(screen: Screen, warnings: Sequence[Warned]) -> None:
    for warned in warnings:
        place = (
            f"{warned.article}: " if warned.article and not warned.message.startswith(warned.article) else ""
        )
        code = f" [{warned.code}]"  # with which the line of an error ends already
        screen.warn(f"warning: {place}{warned.message.removesuffix(code)}{code}")
        if warned.diff and screen.options.verbosity > 0:
            screen.diff(warned.diff)


def _check(session: Session, screen: Screen, file: Path) -> int:
    made = _load(session, file)
    with screen.progress() as progress, session.engine(progress) as engine:
        stale = engine.check(made)
    if screen.options.json:
        screen.document({"holds": not stale, "stale": [step.id for step in stale]})
    for step in stale:
        screen.warn(f"no longer holds: {step.replica}: {step.action} {step.article} ({step.id})")
    screen.say("The plan holds." if not stale else "The plan does not hold; make a new one.", "bold")
    return PENDING if stale else 0


def _load(session: Session, file: Path) -> Plan:
    from kbsync.sync.plan import read_plan

    try:
        data = file.read_bytes()
    except OSError as error:
        raise PlanError(
            f"cannot be read: {error.strerror}", where=str(file), hint="check the path"
        ) from error
    return read_plan(data, where=str(file), config_digest=session.config.digest)


def _save(made: Plan, out: Path) -> None:
    try:
        out.write_bytes(made.to_json())
    except OSError as error:
        hint = "name another path with --out"
        raise WriteFailed(f"cannot be written: {error.strerror}", where=str(out), hint=hint) from error


def _binding(text: str) -> tuple[str, ReplicaName, str]:
    from kbsync.sync.policy import ORDER

    id, _, place = text.partition("=")
    replica, _, handle = place.partition(":")
    for name in ORDER:
        if id and handle and replica == name:
            return id, name, handle
    raise UsageError(f"--bind {text} is not ID=REPLICA:HANDLE", hint="--bind refunds=intercom:123")


def _near(path: Path) -> Path:
    """Return a path relative to here where it lies below."""
    try:
        return path.resolve().relative_to(Path.cwd())
    except ValueError:
        return path
