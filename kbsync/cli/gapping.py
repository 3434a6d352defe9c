"""`kbsync gaps`: analyse, report, draft, dismiss, backtest."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from kbsync.cli.material import Material
from kbsync.cli.options import HELP
from kbsync.cli.screen import Screen

if TYPE_CHECKING:
    from kbsync.conversations.model import Conversation
    from kbsync.gaps.backtest import Backtest
    from kbsync.gaps.model import Analysis, TopicVerdict
    from kbsync.gaps.source import Shelved
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
LAST = typer.Option(None, "--out", help="Folder of the report; that of the last one without it.")


@app.command(epilog=HELP)
def analyze(
    context: typer.Context,
    conversations: Path | None = CONVERSATIONS,
    articles: Path | None = ARTICLES,
    out: Path | None = OUT,
) -> int:
    """Cluster the conversations, compare them with the articles, judge; writes analysis.json."""
    from kbsync.gaps.report.write import write_analysis

    screen = Screen(context.obj)
    material = Material.open(context, screen, conversations, articles, out)
    with material.conversations() as found:
        tracked, _ = _tracked(screen, material, found)
    path = write_analysis(tracked.analysis, material.folder)
    if screen.options.json:
        screen.document(tracked.analysis)
    _summarise(screen, tracked, path)
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
    material = Material.open(context, screen, conversations, articles, out)
    with material.conversations() as found:
        tracked, typical = _tracked(screen, material, found)
        span = found.span()
    made = build(
        tracked.analysis,
        typical,
        now=time.time(),
        span=span,
        changes=tracked.changes if tracked.seen_before else None,
        decision=lambda topic: dismissed(topic, tracked.ledger),
    )
    paths = write(made, tracked.analysis, material.folder)
    if screen.options.json:
        files = {"html": paths.html, "markdown": paths.markdown, "csv": paths.csv, "analysis": paths.analysis}
        counts = {section.verdict: len(section.topics) for section in made.sections}
        screen.document({"files": {k: str(v) for k, v in files.items()}, "topics": counts})
    _summarise(screen, tracked, paths.html)
    return 0


@app.command(epilog=HELP)
def dismiss(
    context: typer.Context,
    topic: str = typer.Argument(..., help="Id of the topic, as the report shows it."),
    why: str = typer.Option(..., "--why", help="The reason; the report shows it."),
    out: Path | None = LAST,
) -> int:
    """Remember that a topic is no gap; it stays away until it grows by half or its verdict changes."""
    from kbsync.gaps import ledger as ledgers
    from kbsync.gaps.track import Decision

    screen = Screen(context.obj)
    folder = out or Material.open(context, screen).latest
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
    articles: Path | None = ARTICLES,
    out: Path | None = LAST,
) -> int:
    """Write article stubs into content/_drafts/; a stub that a person has changed is kept."""
    from kbsync.gaps.draft import FOLDER, compose, write

    screen = Screen(context.obj)
    material = Material.open(context, screen, conversations, articles, out)
    analysis = material.analysis()
    wanted = _wanted(material, analysis, topics or [], everything=everything)
    with material.conversations() as source:
        known = source.get(_needed(wanted, analysis))
    found = material.complete(wanted, known)
    rows = list[dict[str, object]]()
    for topic in wanted:
        members = [found[id] for id in topic.conversations if id in found]
        stub = compose(topic, members, _elsewhere(topic, analysis, found), material.address)
        outcome, path = write(stub, material.root)
        place = str(material.root / path)
        rows.append({"topic": topic.id, "outcome": outcome, "steps": stub.steps, "path": place})
    if screen.options.json:
        screen.document({"drafts": rows})
    table = [(str(r["outcome"]), str(r["steps"]), Path(str(r["path"])).name) for r in rows]
    screen.table(("outcome", "steps", "draft"), table)
    counts = Counter(outcome for outcome, _, _ in table)
    kept = f", {counts['kept']} kept because you changed them" if counts["kept"] else ""
    same = f", {counts['unchanged']} unchanged" if counts["unchanged"] else ""
    screen.say(
        f"{counts['written']} drafts written{same}{kept}, in {material.root / FOLDER}. Nothing is published.",
        "bold",
    )
    return 0


@app.command(epilog=HELP)
def backtest(
    context: typer.Context,
    conversations: Path | None = CONVERSATIONS,
    articles: Path | None = ARTICLES,
    price: float | None = typer.Option(
        None, "--price", min=0, help="What one answered conversation is worth."
    ),
    weeks: int | None = typer.Option(None, "--weeks", min=1, help="Only so many weeks, the latest ones."),
) -> int:
    """Replay past conversations week by week: what share would the articles have answered, and with the drafts?"""
    from kbsync.gaps.backtest import backtest as replay

    screen = Screen(context.obj)
    material = Material.open(context, screen, conversations, articles)
    with material.conversations() as source:
        found = list(source.all())
    history = material.history()
    today = () if history else material.shelf()
    with screen.progress() as progress:
        progress.phase("Replaying", 0)
        made = replay(
            found,
            history.at if history else lambda _: today,
            material.drafts(),
            material.settings(),
            price=material.session.settings.gaps.price_per_resolution if price is None else price,
            last_weeks=weeks,
        )
    if history:
        made = replace(made, history_begins=f"{datetime.fromtimestamp(history.begins, UTC):%Y-%m-%d}")
    if screen.options.json:
        screen.document(made)
    _tell(screen, made)
    return 0


def _tell(screen: Screen, made: Backtest) -> None:
    screen.table(
        ("week of", "conversations", "articles", "answered", "with drafts"),
        [
            (w.begins, str(w.conversations), str(w.articles), str(w.answered), str(w.answered_with_drafts))
            for w in made.weeks
        ],
    )
    if made.answered_with_drafts != made.answered:
        screen.say(
            "The drafts were made from what customers asked: their share holds if people go on asking the same.",
            "yellow",
        )
    begins = made.history_begins
    if begins is None:
        screen.say("There is no git history of the articles: every week is judged against today's.", "yellow")
    elif made.weeks and made.weeks[0].begins < begins:
        screen.say(
            f"The articles' git history begins on {begins}: weeks before it are judged against that day's.",
            "yellow",
        )
    for name, part, worth in (
        ("Answered by the articles of the time", made.answered, made.worth),
        ("With the drafts", made.answered_with_drafts, made.worth_with_drafts),
    ):
        money = "" if worth is None else f", worth {worth:,.2f}"
        screen.say(
            f"{name}: {part.value:.1%} (95 % interval {part.low:.1%} to {part.high:.1%}){money}", "bold"
        )


def _wanted(
    material: Material, analysis: Analysis, topics: Sequence[str], *, everything: bool
) -> list[TopicVerdict]:
    """Return the topics to draft. Raises UsageError, ConversationError."""
    from kbsync.errors import UsageError
    from kbsync.gaps import ledger as ledgers
    from kbsync.gaps.track import dismissed

    if everything:
        ledger = ledgers.load(material.latest)
        return [t for t in analysis.topics if t.verdict == "uncovered" and dismissed(t, ledger) is None]
    if not topics:
        raise UsageError("name a topic, or --all", hint="the report shows the ids")
    by_id = {t.id: t for t in analysis.topics}
    where = str(material.latest / "analysis.json")
    return [by_id[ledgers.known(id, by_id, where)] for id in dict.fromkeys(topics)]


def _needed(wanted: Sequence[TopicVerdict], analysis: Analysis) -> set[str]:
    """Return the ids of all conversations of these topics and of typical ones of all topics."""
    members = {id for topic in wanted for id in topic.conversations}
    return members | {id for topic in analysis.topics for id in topic.representatives}


def _elsewhere(
    topic: TopicVerdict, analysis: Analysis, found: Mapping[str, Conversation]
) -> list[Conversation]:
    """Return typical conversations of the other topics, a few of each."""
    others = (t for t in analysis.topics if t.id != topic.id)
    return [found[id] for other in others for id in other.representatives[:2] if id in found]


def _tracked(
    screen: Screen, material: Material, found: Shelved
) -> tuple[Tracked, Mapping[str, Conversation]]:
    """Analyse, carry topic ids over from the last time, remember this time; returns typical conversations too."""
    from kbsync.gaps.analyze import study
    from kbsync.gaps.privacy import private
    from kbsync.gaps.track import track

    before, kept = material.recall(), material.kept
    with screen.progress() as progress, material.workplace() as folder:
        analysis = study(
            found,
            folder,
            material.shelf(),
            material.settings(),
            cache=kept.vectors if kept else None,
            kept=kept,
            note=lambda stage: progress.phase(stage, 0),
        )
    typical = found.get({id for topic in analysis.topics for id in topic.representatives})
    tracked = track(private(analysis, typical), before)
    material.remember(tracked.ledger)
    return tracked, typical


def _summarise(screen: Screen, tracked: Tracked, path: Path) -> None:
    from kbsync.gaps.track import dismissed

    analysis = tracked.analysis
    standing = [t for t in analysis.topics if dismissed(t, tracked.ledger) is None]
    shown = [t for t in standing if t.verdict != "covered"][:20]
    screen.table(
        ("verdict", "asked", "covered", "topic", "nearest article"),
        [
            (t.verdict.replace("_", " "), str(t.size), f"{t.coverage:.0%}", t.label, t.article or "-")
            for t in shown
        ],
    )
    uncovered = sum(t.verdict == "uncovered" for t in standing)
    apart = len(analysis.topics) - len(standing)
    screen.say(
        f"{len(analysis.conversations)} conversations, {len(analysis.topics)} topics, "
        f"{uncovered} of them uncovered{f', {apart} dismissed' if apart else ''}. Written: {path}",
        "bold",
    )
