"""`kbsync conversations`: fetch, load, export, forget."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from kbsync.cli.options import HELP
from kbsync.cli.screen import Screen
from kbsync.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kbsync.cli.session import Session
    from kbsync.conversations.lines import BadLine
    from kbsync.conversations.store import Store

app = typer.Typer(
    help="Fetch, load, export and forget support conversations.",
    no_args_is_help=True,
    rich_markup_mode=None,
    epilog=HELP,
)


@app.command(epilog=HELP)
def pull(
    context: typer.Context,
    window: str = typer.Option("", help="How far back, e.g. 90d; the configuration's without it."),
) -> int:
    """Fetch what was resolved since the last pull; a deleted conversation is purged here too."""
    from kbsync.cli.session import Session
    from kbsync.config import seconds
    from kbsync.conversations.pull import pull as fetch

    screen = Screen(context.obj)
    session = Session.open(context.obj)
    back = _seconds(window) if window else seconds(session.settings.conversations.window)
    client = session.intercom_client()
    with session.store() as store, screen.progress() as progress:
        progress.phase("Fetching conversations", 0)
        pulled = fetch(client, store, now=time.time(), window=back, note=progress.note)
        expired = _expire(session, store)
        if pulled.purged + expired:
            session.forget_learned(store)
        count = store.count()
    requests = dict(client.requests())
    if screen.options.json:
        counts = {"fetched": pulled.fetched, "purged": pulled.purged, "expired": expired, "stored": count}
        screen.document({**counts, "requests": {"intercom": requests}})
    screen.say(
        f"{pulled.fetched} conversations fetched in {sum(requests.values())} requests, "
        f"{pulled.purged + expired} purged, {count} stored. Next: kbsync gaps report"
    )
    return 0


@app.command("import", epilog=HELP)
def load(
    context: typer.Context, file: Path = typer.Argument(..., help="Conversations as JSON Lines.")
) -> int:
    """Load conversations from a file; lines that are none are told and left out."""
    from kbsync.cli.session import Session
    from kbsync.conversations.lines import BadLine, kept, read

    screen = Screen(context.obj)
    bad = list[BadLine]()
    with Session.open(context.obj).store() as store:
        stored = store.put(kept(read(file), bad))
        count = store.count()
    tell(screen, file, bad)
    if screen.options.json:
        screen.document({"imported": stored, "bad_lines": bad, "stored": count})
    screen.say(f"{stored} conversations imported, {len(bad)} lines left out, {count} stored.")
    return 1 if bad else 0


@app.command(epilog=HELP)
def export(
    context: typer.Context, folder: Path = typer.Argument(..., help="Folder for the Parquet files.")
) -> int:
    """Write all conversations as Parquet, one part a week, personal data redacted."""
    from kbsync.cli.session import Session
    from kbsync.conversations.export import export as write

    screen = Screen(context.obj)
    with Session.open(context.obj).store() as store:
        exported = write(store.all(), folder)
    if screen.options.json:
        screen.document({"conversations": exported.conversations, "files": [str(f) for f in exported.files]})
    screen.say(f"{exported.conversations} conversations written to {folder} in {len(exported.files)} files.")
    return 0


@app.command(epilog=HELP)
def forget(
    context: typer.Context,
    contact: str = typer.Argument(..., help="Contact id, or the exact name or mail address on record."),
) -> int:
    """Purge every conversation of one contact."""
    from kbsync.cli.session import Session

    screen = Screen(context.obj)
    session = Session.open(context.obj)
    with session.store() as store:
        gone = store.forget(contact)
        if gone:
            session.forget_learned(store)
    if screen.options.json:
        screen.document({"forgotten": gone})
    screen.say(f"{gone} conversations forgotten." if gone else "No conversation of that contact is stored.")
    return 0


def tell(screen: Screen, file: Path, bad: Sequence[BadLine]) -> None:
    """Say which lines of a file could not be used, the first few one by one."""
    shown = 5
    for line in bad[:shown]:
        screen.warn(f"{file}:{line.number}: left out: {line.reason}")
    if len(bad) > shown:
        screen.warn(f"{file}: {len(bad) - shown} more lines left out")


def _seconds(text: str) -> int:
    from kbsync.config import seconds

    try:
        return seconds(text)
    except ValueError as error:
        raise ConfigError(f"--window {text} is not a duration", hint=str(error)) from error


def _expire(session: Session, store: Store) -> int:
    from kbsync.config import seconds

    retention = session.settings.conversations.retention
    return store.expire(time.time() - seconds(retention)) if retention else 0
