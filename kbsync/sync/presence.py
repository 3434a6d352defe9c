"""Where an entry stands, replica by replica, and what follows: all 27 cases, as data.

A replica that never had the entry, that is set aside, or that is only written to, has no say: it
counts as `same`. A replica whose copy lags behind the base when it vanishes did not see the newer words,
so they count as `changed`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from kbsync.replicas.base import ReplicaName

Presence: TypeAlias = Literal["same", "changed", "absent"]
Verdict: TypeAlias = Literal["nothing", "merge", "retire", "restore", "forget"]

COLUMNS: Final[tuple[ReplicaName, ...]] = ("files", "intercom", "confluence")
S: Final[Presence] = "same"
C: Final[Presence] = "changed"
A: Final[Presence] = "absent"
NOTHING: Final[Verdict] = "nothing"
MERGE: Final[Verdict] = "merge"
RETIRE: Final[Verdict] = "retire"
RESTORE: Final[Verdict] = "restore"
FORGET: Final[Verdict] = "forget"

PRESENCE: Final[Mapping[tuple[Presence, Presence, Presence], Verdict]] = MappingProxyType(
    {
        (S, S, S): NOTHING,
        (S, S, C): MERGE,
        (S, S, A): RETIRE,
        (S, C, S): MERGE,
        (S, C, C): MERGE,
        (S, C, A): RESTORE,
        (S, A, S): RETIRE,
        (S, A, C): RESTORE,
        (S, A, A): RETIRE,
        (C, S, S): MERGE,
        (C, S, C): MERGE,
        (C, S, A): RESTORE,
        (C, C, S): MERGE,
        (C, C, C): MERGE,
        (C, C, A): RESTORE,
        (C, A, S): RESTORE,
        (C, A, C): RESTORE,
        (C, A, A): RESTORE,
        (A, S, S): RETIRE,
        (A, S, C): RESTORE,
        (A, S, A): RETIRE,
        (A, C, S): RESTORE,
        (A, C, C): RESTORE,
        (A, C, A): RESTORE,
        (A, A, S): RETIRE,
        (A, A, C): RESTORE,
        (A, A, A): FORGET,
    }
)

MEANING: Final[Mapping[Verdict, str]] = MappingProxyType(
    {
        NOTHING: "nothing to do",
        MERGE: "merge the edits and write the result to the others",
        RETIRE: "retire it where it still is",
        RESTORE: "an edit beats a delete: merge, and restore it where it vanished",
        FORGET: "gone everywhere: remember only that it was deleted",
    }
)


def verdict(presence: Mapping[ReplicaName, Presence]) -> Verdict:
    """Return what follows; a replica that is not configured counts as `same`."""
    files, intercom, confluence = (presence.get(name, S) for name in COLUMNS)
    return PRESENCE[files, intercom, confluence]


def presence_table() -> str:
    """Return the table as Markdown, for ARCHITECTURE.md and the help article."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterable[str]:
    yield "| " + " | ".join(COLUMNS) + " | what follows |"
    yield "| --- " * (len(COLUMNS) + 1) + "|"
    for row, follows in PRESENCE.items():
        yield "| " + " | ".join(row) + f" | {MEANING[follows]} |"
