"""What keeps a run from doing harm: a deletion needs proof, and many of them need a person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kbsync.errors import GuardRefused, KbsyncError
from kbsync.replicas.base import Reading, Replica, ReplicaName
from kbsync.state.records import Base, EntryKey, Shadow
from kbsync.state.snapshot import Snapshot
from kbsync.sync.observe import Seen, reading_of
from kbsync.sync.outcome import Stopped, Warned
from kbsync.sync.policy import Policy
from kbsync.sync.reconcile import Decision

_FEW = 2
_MANY = 10


def shrunken(
    snapshot: Snapshot,
    seen: Mapping[ReplicaName, Seen],
    current: Mapping[ReplicaName, Mapping[EntryKey, Reading]],
    policy: Policy,
) -> list[Stopped]:
    """Set replicas aside of which more than half vanished at once, and say so.

    A budget that covers what vanished is a person's word that it is meant.
    """
    known: dict[ReplicaName, list[EntryKey]] = {name: [] for name in seen}
    for shadow in snapshot.all(Shadow):
        if shadow.replica in known and shadow.kind == "article" and not shadow.retired:
            known[shadow.replica].append((shadow.kind, shadow.id))
    refused = list[Stopped]()
    for name, keys in known.items():
        missing = sum(_vanished(current[name].get(key)) for key in keys)
        too_many = missing * 2 > len(keys) and missing > policy.max_deletes.allows(_articles(snapshot))
        if seen[name].usable and len(keys) >= _FEW and too_many:
            seen[name].usable = False
            message = (
                f"{missing} of {len(keys)} articles vanished at once; nothing was deleted or written there"
            )
            hint = "check the path, space or workspace; if it is meant, raise [sync] max_deletes for one run"
            refused.append(stopped(GuardRefused(message, where=name, hint=hint), replica=name))
    return refused


def _vanished(reading: Reading | None) -> bool:
    return reading is None or reading.retired


def all_changed(decisions: Iterable[Decision], snapshot: Snapshot) -> list[Warned]:
    """Warn when every article of a replica changed at once: perhaps a tool rewrote them all."""
    changed: dict[ReplicaName, int] = {}
    for decision in decisions:
        for name, side in decision.sides.items():
            if decision.key[0] == "article" and side.presence == "changed" and side.shadow is not None:
                changed[name] = changed.get(name, 0) + 1
    total = _articles(snapshot)
    return [
        Warned("all-changed", "", name, f"all {count} articles changed at once in {name}")
        for name, count in sorted(changed.items())
        if count >= total >= _MANY
    ]


def over_budget(deaths: Iterable[Decision], snapshot: Snapshot, policy: Policy) -> Stopped | None:
    """Return the refusal when more articles would be retired than the budget allows."""
    dying = sum(decision.key[0] == "article" for decision in deaths)
    allowed = policy.max_deletes.allows(_articles(snapshot))
    if dying <= allowed:
        return None
    message = f"{dying} articles would be retired, max_deletes allows {allowed}; none was"
    hint = "if it is meant, raise [sync] max_deletes for one run"
    return stopped(GuardRefused(message, hint=hint))


def _articles(snapshot: Snapshot) -> int:
    return sum(base.kind == "article" and not base.retired for base in snapshot.all(Base))


def confirm(replicas: Mapping[ReplicaName, Replica], death: Decision) -> dict[ReplicaName, Reading | None]:
    """Ask each replica where the entry vanished for it directly; a reading says that it is there after all.

    Raises what the replicas raise: then nothing is proven.
    """
    answers: dict[ReplicaName, Reading | None] = {}
    for name, side in death.sides.items():
        if side.presence == "absent" and side.reading is None and side.shadow is not None:
            answers[name] = replicas[name].read(reading_of(side.shadow).key)
    return answers


def stopped(
    error: KbsyncError, *, id: str = "", article: str = "", replica: ReplicaName | str = ""
) -> Stopped:
    """Return an error as a line of the outcome."""
    name: ReplicaName | str = replica if replica in ("files", "intercom", "confluence") else ""
    return Stopped(id, article, name, error.code, error.line())  # type: ignore[arg-type]  # checked above
