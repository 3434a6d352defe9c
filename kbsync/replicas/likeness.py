"""Could a person have made this of what we sent? Told by what is left of the title, the words and the place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

_KEPT: Final = 0.5
_RENAMED: Final = 0.8


@dataclass(frozen=True, slots=True)
class Look:
    """A thing as people see it in one locale; `place` is compared for equality only."""

    title: str
    words: Sequence[str]
    place: Any


def nearness(now: Look, sent: Look) -> float:
    """Return how near two looks are, 0 where a person could not have made one of the other.

    Under another title, or in another place, the words have to tell.
    """
    share = _share(now.words, sent.words)
    if now.title.split() == sent.title.split():
        return 1 + share if share >= _KEPT or now.place == sent.place else 0.0
    return share if share >= _RENAMED else 0.0


def _share(first: Sequence[str], second: Sequence[str]) -> float:
    """Return the share of words in common (Dice), 0 where there are none."""
    common = (Counter(first) & Counter(second)).total()
    return 2 * common / ((len(first) + len(second)) or 1)
