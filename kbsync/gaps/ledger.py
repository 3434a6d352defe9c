"""The ledger on disk: which topics there were and what was decided, beside the analysis."""

from __future__ import annotations

import difflib
from pathlib import Path

import msgspec

from kbsync.effects import DIRECT
from kbsync.errors import ConversationError, UsageError
from kbsync.gaps.track import Decision, Ledger, Memory
from kbsync.replicas.files.disk import Disk

FILE = "topics.json"


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
    for memory in ledger.topics:
        if memory.id == topic:
            return memory
    close = difflib.get_close_matches(topic, [m.id for m in ledger.topics], 1)
    hint = f"did you mean {close[0]}?" if close else "run kbsync gaps report; it shows the ids"
    raise UsageError(f"there is no topic {topic}", where=str(folder / FILE), hint=hint)
