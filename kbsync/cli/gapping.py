"""`kbsync gaps`: analyse, report, draft, dismiss, backtest."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from kbsync.cli.options import HELP
from kbsync.cli.screen import Screen
from kbsync.effects import DIRECT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kbsync.cli.session import Session
    from kbsync.conversations.model import Conversation
    from kbsync.gaps.model import Analysis, HelpText
    from kbsync.gaps.settings import GapSettings

app = typer.Typer(
    help="Which topics customers ask about, and what the articles do for them.",
    no_args_is_help=True,
    rich_markup_mode=None,
    epilog=HELP,
)

CONVERSATIONS = typer.Option(None, "--conversations", help="JSON Lines to analyse instead of the store.")
ARTICLES = typer.Option(None, "--articles", help="Folder of articles instead of the content root.")
OUT = typer.Option(None, "--out", help="Folder for what is written; .kbsync/gaps without it.")


@app.command(epilog=HELP)
def analyze(
    context: typer.Context,
    conversations: Path | None = CONVERSATIONS,
    articles: Path | None = ARTICLES,
    out: Path | None = OUT,
) -> int:
    """Cluster the conversations, compare them with the articles, judge; writes analysis.json."""
    from kbsync.gaps.analyze import analyze as judge

    screen = Screen(context.obj)
    session = _session(context, conversations, articles)
    found = _conversations(screen, session, conversations)
    with screen.progress() as progress:
        progress.phase("Analysing", 0)
        analysis = judge(found, _shelf(session, articles), _settings(session))
    path = _write(analysis, out or session.config.home / "gaps")
    if screen.options.json:
        screen.document(analysis)
    _summarise(screen, analysis, path)
    return 0


def _session(context: typer.Context, conversations: Path | None, articles: Path | None) -> Session:
    """Open the configuration; with both inputs named, none is needed."""
    from kbsync.cli.session import Session

    if conversations and articles:
        return Session.offline(context.obj, near=[articles])
    return Session.open(context.obj)


def _conversations(screen: Screen, session: Session, file: Path | None) -> Sequence[Conversation]:
    from kbsync.cli.talking import tell
    from kbsync.config import seconds
    from kbsync.conversations.lines import BadLine, read

    if file is None:
        with session.store() as store:
            return list(store.all(time.time() - seconds(session.settings.conversations.window)))
    found = list(read(file))
    tell(screen, file, [line for line in found if isinstance(line, BadLine)])
    return [c for c in found if not isinstance(c, BadLine)]


def _shelf(session: Session, articles: Path | None) -> Sequence[HelpText]:
    from kbsync.gaps.shelf import load_shelf

    return load_shelf(articles or session.root, default_locale=session.settings.content.default_locale)


def _settings(session: Session) -> GapSettings:
    from kbsync.gaps.settings import GapSettings

    table = session.settings.gaps
    return GapSettings(
        encoder=table.encoder,
        min_topic_size=table.min_topic_size,
        default_locale=session.settings.content.default_locale,
    )


def _write(analysis: Analysis, folder: Path) -> Path:
    import msgspec

    from kbsync.replicas.files.disk import Disk

    Disk(folder, DIRECT).write("analysis.json", msgspec.json.format(msgspec.json.encode(analysis), indent=1))
    return folder / "analysis.json"


def _summarise(screen: Screen, analysis: Analysis, path: Path) -> None:
    shown = [t for t in analysis.topics if t.verdict != "covered"][:20]
    screen.table(
        ("verdict", "asked", "covered", "topic", "nearest article"),
        [
            (t.verdict.replace("_", " "), str(t.size), f"{t.coverage:.0%}", t.label, t.article or "-")
            for t in shown
        ],
    )
    uncovered = sum(t.verdict == "uncovered" for t in analysis.topics)
    screen.say(
        f"{len(analysis.conversations)} conversations, {len(analysis.topics)} topics, "
        f"{uncovered} of them uncovered. Written: {path}",
        "bold",
    )
