"""The plan as a value: deterministic JSON that says what would be done, to what, and what it leaves."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from kbsync.errors import PlanError
from kbsync.replicas.base import ReplicaName
from kbsync.sync.outcome import Held, Warned

FORMAT = 1
Action: TypeAlias = Literal["create", "update", "move", "retire", "adopt"]


class Expects(msgspec.Struct, frozen=True):
    """What a step must find: the version token and the digest of the raw form; empty before a create."""

    version: str = ""
    digest: str = ""


class Step(msgspec.Struct, frozen=True):
    """One write. `result_digest` is the digest of the entry it leaves, whatever form that takes there."""

    id: str
    article: str
    replica: ReplicaName
    action: Action
    fields: tuple[str, ...]
    expects: Expects
    result_digest: str
    diff: str


class Plan(msgspec.Struct, frozen=True):
    """All steps of a run, in the order they are taken, and what stands in the way of more."""

    version: int
    created_at: str
    config_digest: str
    commit: str
    steps: tuple[Step, ...] = ()
    conflicts: tuple[Held, ...] = ()
    warnings: tuple[Warned, ...] = ()

    def to_json(self) -> bytes:
        """Return the plan file: the same plan gives the same bytes."""
        return msgspec.json.format(msgspec.json.encode(self, order="deterministic"), indent=2) + b"\n"


def read_plan(data: bytes, *, where: str = "the plan", config_digest: str | None = None) -> Plan:
    """Read a plan file. Raises PlanError when it is none, or belongs to another configuration."""
    try:
        plan = msgspec.json.decode(data, type=Plan)
    except msgspec.DecodeError as error:
        raise PlanError(
            f"this is not a plan file: {error}", where=where, hint="make one with kbsync plan --out"
        ) from error
    if plan.version != FORMAT:
        raise PlanError(
            f"the plan has format {plan.version}, this kbsync reads {FORMAT}",
            where=where,
            hint="make a new one with kbsync plan --out",
        )
    if config_digest is not None and plan.config_digest != config_digest:
        raise PlanError(
            "the plan was made under another configuration",
            where=where,
            hint="make a new one with kbsync plan --out",
        )
    return plan
