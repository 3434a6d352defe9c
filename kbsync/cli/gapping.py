"""`kbsync gaps`: analyse, report, draft, dismiss, backtest."""

from __future__ import annotations

import functools
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from kbsync.cli.options import HELP
from kbsync.cli.screen import Screen
from kbsync.effects import DIRECT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kbsync.cli.session import Session
    from kbsync.conversations.model import Conversation
    from kbsync.gaps.model import Analysis, HelpText, TopicVerdict
    from kbsync.gaps.settings import GapSettings
    from kbsync.gaps.track import Tracked

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
    screen = Screen(context.obj)
    session = _session(context, conversations, articles)
    found = _conversations(screen, session, conversations)
    tracked = _tracked(screen, session, found, articles, out)
    path = _write(tracked.analysis, out or _folder(session))
    if screen.options.json:
        screen.document(tracked.analysis)
    _summarise(screen, tracked.analysis, path)
    return 0


@app.command(epilog=HELP)
def report(
    context: typer.Context,
    conversations: Path | None = CONVERSATIONS,
    articles: Path | None = ARTICLES,
    out: Path | None = OUT,
) -> int:
    """Write the weekly report: index.html, report.md, topics.csv, analysis.json."""
    from kbsync.gaps.report import build, write
    from kbsync.gaps.track import dismissed

    screen = Screen(context.obj)
    session = _session(context, conversations, articles)
    found = _conversations(screen, session, conversations)
    tracked = _tracked(screen, session, found, articles, out)
    made = build(
        tracked.analysis,
        {c.id: c for c in found},
        now=time.time(),
        changes=tracked.changes if tracked.seen_before else None,
        decision=lambda topic: dismissed(topic, tracked.ledger),
    )
    paths = write(made, tracked.analysis, out or _folder(session))
    if screen.options.json:
        files = {"html": paths.html, "markdown": paths.markdown, "csv": paths.csv, "analysis": paths.analysis}
        counts = {section.verdict: len(section.topics) for section in made.sections}
        screen.document({"files": {k: str(v) for k, v in files.items()}, "topics": counts})
    _summarise(screen, tracked.analysis, paths.html)
    return 0


@app.command(epilog=HELP)
def dismiss(
    context: typer.Context,
    topic: str = typer.Argument(..., help="Id of the topic, as the report shows it."),
    why: str = typer.Option(..., "--why", help="The reason; the report shows it."),
    out: Path | None = OUT,
) -> int:
    """Remember that a topic is no gap; it stays away until it grows by half or its verdict changes."""
    from kbsync.cli.session import Session
    from kbsync.gaps import ledger as ledgers
    from kbsync.gaps.track import Decision

    screen = Screen(context.obj)
    folder = out or _folder(Session.open(context.obj))
    known = ledgers.load(folder)
    memory = ledgers.find(known, topic, folder)
    decision = Decision(memory.id, why, time.time(), memory.size, memory.verdict)
    ledgers.save(ledgers.decide(known, decision), folder)
    if screen.options.json:
        screen.document(decision)
    screen.say(f"Dismissed: {memory.label}. The next report lists it under Dismissed.")
    return 0


@app.command(epilog=HELP)
def draft(
    context: typer.Context,
    topics: list[str] = typer.Argument(None, help="Ids of topics, as the report shows them."),
    everything: bool = typer.Option(
        False, "--all", help="Draft every uncovered topic that is not dismissed."
    ),
    conversations: Path | None = CONVERSATIONS,
    out: Path | None = OUT,
) -> int:
    """Write article stubs into content/_drafts/; a stub that a person has changed is kept."""
    from kbsync.cli.session import Session
    from kbsync.gaps.draft import compose, write

    screen = Screen(context.obj)
    session = Session.open(context.obj)
    folder = out or _folder(session)
    wanted = _wanted(folder, topics or [], everything=everything)
    found = {c.id: c for c in _conversations(screen, session, conversations)}
    rows = list[tuple[str, str, str]]()
    with screen.progress() as progress:
        progress.phase("Drafting", len(wanted))
        for topic in wanted:
            members = _complete(
                session, [found[id] for id in topic.conversations if id in found], conversations
            )
            others = [
                found[t.representatives[0]]
                for t in wanted
                if t is not topic and t.representatives[0] in found
            ]
            stub = compose(topic, members, others)
            rows.append((write(stub, session.root), f"{stub.steps}", str(session.root / stub.path)))
            progress.advance()
    if screen.options.json:
        screen.document({"drafts": [{"outcome": o, "steps": int(s), "path": p} for o, s, p in rows]})
    screen.table(("outcome", "steps", "draft"), [(o, s, str(Path(p).name)) for o, s, p in rows])
    kept = sum(outcome == "kept" for outcome, _, _ in rows)
    note = f", {kept} kept because you changed them" if kept else ""
    screen.say(f"{len(rows)} drafts in {session.root / '_drafts'}{note}. Nothing is published.", "bold")
    return 0


@app.command(epilog=HELP)
def backtest(
    context: typer.Context,
    conversations: Path | None = CONVERSATIONS,
    articles: Path | None = ARTICLES,
    price: float | None = typer.Option(
        None, "--price", min=0, help="What one answered conversation is worth."
    ),
) -> int:
    """Replay past conversations week by week: what share would the articles have answered, and with the drafts?"""
    from kbsync.gaps.backtest import backtest as replay

    screen = Screen(context.obj)
    session = _session(context, conversations, articles)
    found = _conversations(screen, session, conversations)
    history = _history(session, articles)
    with screen.progress() as progress:
        progress.phase("Replaying", 0)
        made = replay(
            found,
            history or (lambda _: _shelf(session, articles)),
            _drafts(session, articles),
            _settings(session),
            price=session.settings.gaps.price_per_resolution if price is None else price,
        )
    if screen.options.json:
        screen.document(made)
    screen.table(
        ("week of", "conversations", "articles", "answered", "with drafts"),
        [
            (w.begins, str(w.conversations), str(w.articles), str(w.answered), str(w.answered_with_drafts))
            for w in made.weeks
        ],
    )
    if not history:
        screen.say("There is no git history of the articles: every week is judged against today's.", "yellow")
    for name, part, worth in (
        ("Answered by the articles of the time", made.answered, made.worth),
        ("With the drafts", made.answered_with_drafts, made.worth_with_drafts),
    ):
        money = "" if worth is None else f", worth {worth:,.2f}"
        screen.say(
            f"{name}: {part.value:.1%} (95 % interval {part.low:.1%} to {part.high:.1%}){money}", "bold"
        )
    return 0


def _history(session: Session, articles: Path | None) -> Callable[[float], Sequence[HelpText]] | None:
    """Return the articles as they stood at a moment, None without a git history of them."""
    root = (articles or session.root).resolve()
    checkout = session.checkout()
    commits = checkout.commits(root) if root.is_dir() and checkout.present() else []
    if not commits:
        return None

    @functools.cache
    def at(commit: str) -> Sequence[HelpText]:
        from kbsync.gaps.shelf import load_shelf

        with tempfile.TemporaryDirectory() as folder:
            for path, data in checkout.files_at(commit, root).items():
                place = Path(folder, path)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(data)
            return load_shelf(Path(folder), default_locale=session.settings.content.default_locale)

    def shelf(moment: float) -> Sequence[HelpText]:
        before = [commit for when, commit in commits if when <= moment]
        return at(before[-1]) if before else ()

    return shelf


def _drafts(session: Session, articles: Path | None) -> Sequence[HelpText]:
    import msgspec

    from kbsync.gaps.shelf import load_shelf

    folder = (articles or session.root) / "_drafts"
    if not folder.is_dir():
        return ()
    drafts = load_shelf(
        folder, default_locale=session.settings.content.default_locale, states=("draft", "published")
    )
    return [msgspec.structs.replace(text, path=f"_drafts/{text.path}") for text in drafts]


MOST_COMPLETED = 30
"""Conversations of a topic that are fetched whole."""


def _complete(session: Session, members: Sequence[Conversation], file: Path | None) -> Sequence[Conversation]:
    """Fetch all turns of some conversations where the store holds only their opening."""
    if file is not None or session.settings.intercom is None:
        return members
    from kbsync.conversations.pull import complete

    opening = [c for c in members if not any(m.role == "teammate" for m in c.messages)][:MOST_COMPLETED]
    if not opening:
        return members
    client = session.intercom_client()
    whole = {c.id: complete(client, c) for c in opening}
    with session.store() as store:
        store.put(whole.values())
    return [whole.get(c.id, c) for c in members]


def _wanted(folder: Path, topics: Sequence[str], *, everything: bool) -> list[TopicVerdict]:
    """Return the topics to draft. Raises UsageError, ConversationError."""
    import msgspec

    from kbsync.errors import ConversationError, UsageError
    from kbsync.gaps import ledger as ledgers
    from kbsync.gaps.model import Analysis
    from kbsync.gaps.track import dismissed

    path = folder / "analysis.json"
    try:
        analysis = msgspec.json.decode(path.read_bytes(), type=Analysis)
    except (OSError, msgspec.DecodeError) as error:
        raise ConversationError(
            "there is no analysis to draft from", where=str(path), hint="run kbsync gaps report first"
        ) from error
    ledger = ledgers.load(folder)
    if everything:
        return [t for t in analysis.topics if t.verdict == "uncovered" and dismissed(t, ledger) is None]
    if not topics:
        raise UsageError("name a topic, or --all", hint="the report shows the ids")
    by_id = {t.id: t for t in analysis.topics}
    return [by_id[ledgers.find(ledger, id, folder).id] for id in topics]


def _folder(session: Session) -> Path:
    return session.config.home / "gaps"


def _tracked(
    screen: Screen,
    session: Session,
    found: Sequence[Conversation],
    articles: Path | None,
    out: Path | None,
) -> Tracked:
    """Analyse, carry topic ids over from the last time, and remember this time."""
    from kbsync.gaps import ledger as ledgers
    from kbsync.gaps.analyze import analyze as judge
    from kbsync.gaps.track import track

    folder = out or _folder(session)
    known = ledgers.load(folder)
    with screen.progress() as progress:
        progress.phase("Analysing", 0)
        analysis = judge(found, _shelf(session, articles), _settings(session))
    tracked = track(analysis, known)
    ledgers.save(tracked.ledger, folder)
    return tracked


def _session(context: typer.Context, conversations: Path | None, articles: Path | None) -> Session:
    """Open the configuration; with both inputs named, none is needed."""
    from kbsync.cli.session import Session

    if conversations and articles:
        return Session.offline(context.obj, near=[articles])
    return Session.open(context.obj)


def _conversations(screen: Screen, session: Session, file: Path | None) -> Sequence[Conversation]:
    from kbsync.cli.talking import tell
    from kbsync.config import seconds
    from kbsync.conversations.lines import BadLine, kept, read

    if file is None:
        with session.store() as store:
            return list(store.all(time.time() - seconds(session.settings.conversations.window)))
    bad = list[BadLine]()
    found = list(kept(read(file), bad))
    tell(screen, file, bad)
    return found


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
