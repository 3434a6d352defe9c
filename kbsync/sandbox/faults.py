"""What goes wrong between a client and a real service, on demand and repeatable by seed."""

from __future__ import annotations

import fnmatch
import random
import re
from collections.abc import Iterable
from typing import Final

import msgspec

from kbsync.errors import UsageError

KINDS: Final = ("429", "429-bare", "500", "503", "503-bare", "lost", "slow", "truncate", "short")
"""`-bare` answers carry no Retry-After; `lag` is a setting of the search index, not a fault of one answer."""

_DURATION = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>ms|s|m)?")
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, None: 1.0}


class Fault(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One rule: which requests it hits, how often, and what happens to them.

    `rate` is a probability, `count` how many requests it may still hit (None: no end), `method` an HTTP
    method, `path` a shell pattern on the whole path (`/intercom/articles/*`), `delay` the seconds a slow
    answer waits, `retry_after` the seconds that a 429 or 503 asks for, `skip` the matching requests that
    pass first.
    """

    kind: str
    rate: float = 1.0
    count: int | None = None
    method: str = ""
    path: str = ""
    delay: float = 1.0
    retry_after: float = 1.0
    skip: int = 0

    def concerns(self, method: str, path: str) -> bool:
        """Tell whether a request falls under this rule."""
        return self.method.upper() in {"", method} and (not self.path or fnmatch.fnmatchcase(path, self.path))


class Faults:
    """The rules in force. `lag` is the seconds by which search indexes run late."""

    def __init__(self, rules: Iterable[Fault] = (), *, lag: float = 0.0, seed: int = 0) -> None:
        self.rules = [_checked(rule) for rule in rules]
        self.lag = lag
        self.random = random.Random(seed)  # noqa: S311  repeatable, not secret

    @classmethod
    def parse(cls, text: str, seed: int = 0) -> Faults:
        """Read `429:0.1,500:0.05,lost:0.05,slow:0.1,truncate:0.02,short:0.02,lag:5s`.

        Raises UsageError when a kind, a share or a duration makes no sense.
        """
        faults = cls(seed=seed)
        for item in filter(None, (part.strip() for part in text.split(","))):
            kind, _, value = item.partition(":")
            if kind == "lag":
                faults.lag = duration(value)
            else:
                faults.add(Fault(kind, rate=_share(item, value)))
        return faults

    def add(self, rule: Fault) -> None:
        """Put one more rule in force."""
        self.rules.append(_checked(rule))

    def clear(self) -> None:
        """Go back to a service that answers."""
        self.rules.clear()
        self.lag = 0.0

    def choose(self, method: str, path: str) -> Fault | None:
        """Return what happens to this request, and count it; None when it is spared."""
        for number, rule in enumerate(self.rules):
            if rule.count == 0 or not rule.concerns(method, path):
                continue
            if rule.skip:
                self.rules[number] = msgspec.structs.replace(rule, skip=rule.skip - 1)
            elif self.random.random() < rule.rate:
                if rule.count is not None:
                    self.rules[number] = msgspec.structs.replace(rule, count=rule.count - 1)
                return rule
        return None


def duration(text: str) -> float:
    """Return the seconds of `5s`, `200ms`, `1.5`; raises UsageError."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{text!r} is no duration", where="--faults", hint="write 5s, 200ms or 1m")
    return float(match["number"]) * _UNITS[match["unit"]]


def _share(item: str, value: str) -> float:
    try:
        share = float(value or 1)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise UsageError(f"{item!r} has no share between 0 and 1", where="--faults", hint="write 429:0.1")
    return share


def _checked(rule: Fault) -> Fault:
    if rule.kind not in KINDS:
        known = ", ".join((*KINDS, "lag"))
        raise UsageError(f"{rule.kind!r} is no kind of fault", where="--faults", hint=f"known: {known}")
    return rule
