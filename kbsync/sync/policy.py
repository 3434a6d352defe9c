"""What the configuration decides about a sync, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from kbsync.errors import ConfigError
from kbsync.replicas.base import ReplicaName

Direction: TypeAlias = Literal["both", "push", "pull"]
OnConflict: TypeAlias = Literal["hold", "files", "intercom", "confluence"]
OnDelete: TypeAlias = Literal["retire", "keep"]
Publish: TypeAlias = Literal["live", "draft"]

ORDER: tuple[ReplicaName, ...] = ("files", "confluence", "intercom")
"""The order in which replicas are named and written; no result depends on it."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How many articles one run may retire: a number, or a share of all articles (at least one)."""

    number: int = 0
    share: float | None = 0.1

    @classmethod
    def parse(cls, text: str | int) -> Budget:
        """Read `10%` or a number. Raises ConfigError."""
        spelled = str(text).strip()
        try:
            if spelled.endswith("%"):
                return cls(share=_share(float(spelled[:-1])))
            return cls(number=_count(int(spelled)), share=None)
        except ValueError as error:
            raise ConfigError(
                f"max_deletes = {spelled!r} is neither a number nor a share",
                where="[sync] max_deletes",
                hint='write a number like 5, or a share like "10%"',
            ) from error

    def allows(self, articles: int) -> int:
        """Return how many of so many articles may go."""
        if self.share is None:
            return self.number
        return max(1, int(articles * self.share)) if self.share > 0 else 0


def _share(percent: float) -> float:
    if not 0 <= percent <= 100:  # noqa: PLR2004  a percentage
        raise ValueError(percent)
    return percent / 100


def _count(number: int) -> int:
    if number < 0:
        raise ValueError(number)
    return number


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of one sync; `direction` lists the replicas that are not `both`."""

    default_locale: str = "en"
    direction: Mapping[ReplicaName, Direction] = field(default_factory=dict)
    on_conflict: OnConflict = "hold"
    on_delete: OnDelete = "retire"
    max_deletes: Budget = field(default_factory=Budget)
    publish: Publish = "live"

    def reads(self, replica: ReplicaName) -> bool:
        """Tell whether edits made there count."""
        return self.direction.get(replica, "both") != "push"

    def keeps_away(self, replica: ReplicaName) -> bool:
        """Tell whether what somebody deleted there, while it was to be kept elsewhere, stays away from there."""
        return self.reads(replica) or self.on_conflict != "files"

    def writes(self, replica: ReplicaName) -> bool:
        """Tell whether kbsync may write there."""
        return self.direction.get(replica, "both") != "pull"
