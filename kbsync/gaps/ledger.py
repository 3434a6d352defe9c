"""The ledger on disk: which topics there were and what was decided, beside the analysis."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from pathlib import Path

import msgspec

from kbsync.effects import DIRECT
from kbsync.errors import ConversationError, UsageError
from kbsync.gaps.track import Decision, Ledger, Memory
from kbsync.replicas.files.disk import Disk

FILE = "topics.json"
_LAST = "last.txt"


def last(home: Path) -> Path | None:
    """Return the folder of the last analysis, wherever it was written to."""
    try:
        folder = Path((home / _LAST).read_text("utf-8").strip())
    except (OSError, ValueError):
        return None
    return folder if (folder / FILE).is_file() else None


def point(home: Path, folder: Path) -> None:
    """Remember which folder holds the last analysis. Raises WriteFailed."""
    Disk(home, DIRECT).write(_LAST, f"{folder.resolve()}\n".encode())


def load(folder: Path) -> Ledger:
    """Return what was remembered, an empty ledger the first time. Raises ConversationError."""
    path = folder / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Ledger)
    except FileNotFoundError:
        return Ledger()
    except (OSError, msgspec.DecodeError) as error:
        raise ConversationError(
            f"the topics of the last report cannot be read: {error}",
            where=str(path),
            hint="move the file away; topics then get new ids and dismissals are forgotten",
        ) from error


def save(ledger: Ledger, folder: Path) -> None:
    """Write the ledger whole. Raises WriteFailed."""
    Disk(folder, DIRECT).write(FILE, msgspec.json.format(msgspec.json.encode(ledger), indent=1))


def decide(ledger: Ledger, decision: Decision) -> Ledger:
    """Return the ledger with a decision, which replaces an earlier one of the same topic."""
    others = [d for d in ledger.decisions if d.topic != decision.topic]
    return Ledger(ledger.topics, [*others, decision])


def find(ledger: Ledger, topic: str, folder: Path) -> Memory:
    """Return a topic by id. Raises UsageError naming what comes close."""
    by_id = {memory.id: memory for memory in ledger.topics}
    return by_id[known(topic, by_id, str(folder / FILE))]


def known(topic: str, ids: Collection[str], where: str) -> str:
    """Return the id if there is such a topic. Raises UsageError naming what comes close."""
    if topic in ids:
        return topic
    close = difflib.get_close_matches(topic, ids, 1)
    hint = f"did you mean {close[0]}?" if close else "run kbsync gaps report; it shows the ids"
    raise UsageError(f"there is no topic {topic}", where=where, hint=hint)
