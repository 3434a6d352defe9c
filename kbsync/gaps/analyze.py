"""From conversations and articles to the analysis: read, learn, place, judge; one path for any size."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from kbsync.conversations.model import Conversation
from kbsync.gaps.encode.base import Encoder, VectorCache
from kbsync.gaps.heap import give_back
from kbsync.gaps.judging import conclude
from kbsync.gaps.kept import Kept
from kbsync.gaps.learning import Learned, catch_up, learn
from kbsync.gaps.model import Analysis, HelpText
from kbsync.gaps.settings import GapSettings
from kbsync.gaps.source import Listed, Source


def analyze(
    conversations: Iterable[Conversation],
    shelf: Sequence[HelpText],
    settings: GapSettings | None = None,
    *,
    encoder: Encoder | None = None,
    vectors_cache: VectorCache | None = None,
) -> Analysis:
    """Return topics, their verdicts, and where each conversation went; the same input gives the same analysis.

    Of conversations with one id the last counts. `encoder` overrides what the settings choose; vectors that
    `vectors_cache` holds are not computed again.

    Raises:
        ConfigError: the settings name a sentence encoder that is not on this machine.
    """
    settings = settings or GapSettings()
    with tempfile.TemporaryDirectory(prefix="kbsync-") as folder:
        return study(
            Listed(conversations), Path(folder), shelf, settings, encoder=encoder, cache=vectors_cache
        )


def study(
    source: Source,
    folder: Path,
    shelf: Sequence[HelpText],
    settings: GapSettings,
    *,
    encoder: Encoder | None = None,
    cache: VectorCache | None = None,
    kept: Kept | None = None,
    note: Callable[[str], None] = lambda _: None,
) -> Analysis:
    """Analyse what a source holds; what passes between the workers is written below `folder`.

    What `kept` remembers of the last time is not worked out again. `note` is told each stage as it begins.

    Raises:
        ConfigError: the settings name a sentence encoder or a cluster that cannot be had.
        ConversationError: the workers are ended again and again.
    """
    give_back()
    known = kept.recall(shelf, settings) if kept else None
    learned = known and catch_up(source, known, folder / "new", settings, note)
    if learned is None:
        learned = learn(
            source,
            folder,
            shelf,
            settings,
            encoder=encoder,
            cache=cache,
            beyond=kept is not None,
            note=note,
        )
    if kept:
        kept.save(learned, shelf, settings)
    note("Judging")
    return conclude(learned.fitted, learned.rows, settings.min_topic_size, _recorded(settings, learned))


def _recorded(settings: GapSettings, learned: Learned) -> dict[str, Any]:
    """Return what the result depends on: not by how many processes and in which pieces it was made."""
    chosen = msgspec.to_builtins(settings)
    del chosen["workers"], chosen["part"]
    return {**chosen, "encoders": list(learned.fitted.encoders)}
