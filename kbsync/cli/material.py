"""What the gap commands work with: conversations, articles of today and of the past, drafts, and the memory."""

from __future__ import annotations

import functools
import re
import shutil
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from kbsync.errors import ConfigError, ConversationError, RemoteError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import typer

    from kbsync.cli.screen import Screen
    from kbsync.cli.session import Session
    from kbsync.conversations.model import Conversation
    from kbsync.gaps.kept import Kept
    from kbsync.gaps.model import Analysis, HelpText, TopicVerdict
    from kbsync.gaps.settings import GapSettings
    from kbsync.gaps.source import Shelved
    from kbsync.gaps.track import Ledger
    from kbsync.workflow.git import Checkout

MOST_COMPLETED = 30
"""Conversations of a topic that are fetched whole."""

_DAY = 86_400
_REGION = re.compile(r"https://api\.(?:(eu|au)\.)?intercom\.io/?")


@dataclass(frozen=True, slots=True)
class Material:
    """The inputs of one command; `file` and `articles` stand for the store and the content root when given."""

    screen: Screen
    session: Session
    file: Path | None
    articles: Path | None
    out: Path | None

    @classmethod
    def open(
        cls,
        context: typer.Context,
        screen: Screen,
        file: Path | None = None,
        articles: Path | None = None,
        out: Path | None = None,
    ) -> Material:
        """Open the configuration; with both inputs named, none is needed. Raises ConfigError."""
        from kbsync.cli.session import Session

        named = bool(file and articles)
        session = (
            Session.offline(context.obj, near=[articles]) if named and articles else Session.open(context.obj)
        )
        return cls(screen, session, file, articles, out)

    @property
    def root(self) -> Path:
        """Return the folder of the articles."""
        return self.articles or self.session.root

    @property
    def folder(self) -> Path:
        """Return where an analysis is written to, and where topics are remembered."""
        return self.out or self._home or Path.cwd() / ".kbsync" / "gaps"

    @property
    def latest(self) -> Path:
        """Return where the last analysis was written to."""
        from kbsync.gaps import ledger

        return self.out or (self._home and ledger.last(self._home)) or self.folder

    @property
    def _home(self) -> Path | None:
        return self.session.config.home / "gaps" if self.session.config.path.is_file() else None

    # --- memory -----------------------------------------------------------------------------------

    def recall(self) -> Ledger:
        """Return what is remembered in the folder; a new folder begins with what the last one knew."""
        from kbsync.gaps import ledger

        before = ledger.last(self._home) if self._home else None
        known = (self.folder / ledger.FILE).is_file()
        return ledger.load(self.folder if known or before is None else before)

    def remember(self, kept: Ledger) -> None:
        """Keep the ledger beside the analysis, and where that is."""
        from kbsync.gaps import ledger

        ledger.save(kept, self.folder)
        if self._home:
            ledger.point(self._home, self.folder)

    def analysis(self) -> Analysis:
        """Return the last analysis. Raises ConversationError."""
        from kbsync.gaps.model import Analysis

        path = self.latest / "analysis.json"
        try:
            return msgspec.json.decode(path.read_bytes(), type=Analysis)
        except (OSError, msgspec.DecodeError) as error:
            raise ConversationError(
                "there is no analysis to draft from", where=str(path), hint="run kbsync gaps report first"
            ) from error

    # --- conversations ----------------------------------------------------------------------------

    @contextmanager
    def conversations(self) -> Iterator[Shelved]:
        """Open the file, else the window of the store; says at the end which lines were none."""
        from kbsync.cli.talking import tell
        from kbsync.config import seconds
        from kbsync.gaps.source import Lines, Window

        if self.file is None:
            with self.session.store() as store:
                yield Window(store, time.time() - seconds(self.session.settings.conversations.window))
        else:
            lines = Lines(self.file)
            yield lines
            tell(self.screen, self.file, lines.bad)

    @property
    def kept(self) -> Kept | None:
        """Return what the last analysis of the store left for the next; nothing is kept of a file."""
        from kbsync.gaps.kept import Kept

        return Kept(self.session.learned) if self._home and self.file is None else None

    @contextmanager
    def workplace(self) -> Iterator[Path]:
        """Make a folder for what passes between workers, beside the store, gone in the end.

        What a run that was killed left there goes after a day.
        """
        home = self._home
        if home:
            home.mkdir(parents=True, exist_ok=True)
            for left in home.glob("work-*"):
                if time.time() - left.stat().st_mtime > _DAY:
                    shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix="work-", dir=home) as folder:
            yield Path(folder)

    def complete(
        self, topics: Sequence[TopicVerdict], found: Mapping[str, Conversation]
    ) -> Mapping[str, Conversation]:
        """Fetch all turns of some conversations of each topic where the store holds only their opening."""
        if self.file is not None or self.session.settings.intercom is None:
            return found
        wanted = [c for topic in topics for c in _openings(topic, found)]
        return {**found, **self._fetched(wanted)} if wanted else found

    def _fetched(self, wanted: Sequence[Conversation]) -> dict[str, Conversation]:
        from kbsync.conversations.pull import complete

        whole: dict[str, Conversation] = {}
        try:
            client = self.session.intercom_client()
            with self.screen.progress() as progress:
                progress.phase("Fetching replies", len(wanted))
                for each in wanted:
                    whole[each.id] = complete(client, each)
                    progress.advance()
        except (ConfigError, RemoteError) as error:
            self.screen.warn(f"{len(wanted) - len(whole)} conversations stay without replies: {error.line()}")
        with self.session.store() as store:
            store.put(whole.values())
        return whole

    def address(self, id: str) -> str | None:
        """Return where a conversation stands in Intercom's inbox, None where that is not known."""
        table = self.session.settings.intercom
        region = _REGION.fullmatch(table.base_url) if table else None
        if self.file is not None or table is None or region is None or not id.isdigit():
            return None
        host = f"app.{region[1]}.intercom.com" if region[1] else "app.intercom.com"
        return f"https://{host}/a/inbox/{table.workspace}/inbox/conversation/{id}"

    # --- articles ---------------------------------------------------------------------------------

    def shelf(self) -> Sequence[HelpText]:
        """Return the articles of today, with the times of their last commits."""
        from kbsync.gaps.shelf import load_shelf

        times = self._checkout().changed_at(self.root) if self.root.is_dir() else {}
        return load_shelf(self.root, default_locale=self._locale, updated=times)

    def history(self) -> History | None:
        """Return the articles' past, None without a git history of them."""
        root = self.root.resolve()
        checkout = self._checkout()
        commits = checkout.commits(root) if root.is_dir() else []
        return History(checkout, root, self._locale, tuple(commits)) if commits else None

    def drafts(self) -> Sequence[HelpText]:
        """Return the drafts as the articles they would be: without customers' words, checklist and evidence."""
        from kbsync.gaps.draft import FOLDER, answer

        texts = {
            path.name: answer(path.read_text("utf-8", "replace"))
            for path in sorted((self.root / FOLDER).glob("*.md"))
        }
        files = {name: text.encode() for name, text in texts.items() if text}
        drafts = _shelf(files, self._locale, ("draft", "published"))
        return [msgspec.structs.replace(text, path=f"{FOLDER}/{text.path}") for text in drafts]

    def settings(self) -> GapSettings:
        """Return the settings of the analysis."""
        from joblib import cpu_count

        from kbsync.config import size
        from kbsync.gaps.settings import GapSettings, within
        from kbsync.gaps.spread import Workers

        table = self.session.settings.gaps
        settings = GapSettings(
            table.encoder, table.min_topic_size, self._locale, workers=Workers(table.workers, table.cluster)
        )
        return within(settings, size(table.memory), 1 + (table.workers or cpu_count()))

    def _checkout(self) -> Checkout:
        from kbsync.workflow.git import Checkout

        return Checkout(self.root)

    @property
    def _locale(self) -> str:
        return self.session.settings.content.default_locale


@dataclass(frozen=True)
class History:
    """The articles at any moment, as git keeps them; `commits` are epoch seconds and ids, oldest first."""

    checkout: Checkout
    root: Path
    locale: str
    commits: tuple[tuple[float, str], ...]

    @property
    def begins(self) -> float:
        """Return when the first commit was made, in epoch seconds."""
        return self.commits[0][0]

    def at(self, moment: float) -> Sequence[HelpText]:
        """Return the articles as they stood, before the first commit as it has them."""
        before = [commit for when, commit in self.commits if when <= moment]
        return self._of(before[-1] if before else self.commits[0][1])

    @functools.cached_property
    def _read(self) -> dict[str, Sequence[HelpText]]:
        return {}

    def _of(self, commit: str) -> Sequence[HelpText]:
        if commit not in self._read:
            self._read[commit] = _shelf(self.checkout.files_at(commit, self.root), self.locale)
        return self._read[commit]


def _openings(topic: TopicVerdict, found: Mapping[str, Conversation]) -> Sequence[Conversation]:
    """Return conversations of which only the first message is known, the most typical ones first."""
    ids = dict.fromkeys([*topic.representatives, *topic.conversations])
    known = [found[id] for id in ids if id in found]
    return [c for c in known if len(c.messages) <= 1][:MOST_COMPLETED]


def _shelf(
    files: Mapping[str, bytes], locale: str, states: Sequence[str] = ("published",)
) -> Sequence[HelpText]:
    """Return files that are not on disk as the analysis reads them."""
    from kbsync.gaps.shelf import load_shelf

    with tempfile.TemporaryDirectory() as folder:
        for path, data in files.items():
            place = Path(folder, path)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        return load_shelf(Path(folder), default_locale=locale, states=states)
