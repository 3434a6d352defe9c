"""Which articles customers were answered with, and how that ended: the best evidence that an article answers.

Fin names the articles it used (Conversations API, `ai_agent.content_sources`), teammates paste their addresses. Where
Fin's answer was all it took, the article answers, however differently the customer put it.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np

from kbsync.conversations.model import Conversation
from kbsync.gaps.arrays import Floats
from kbsync.gaps.impact import fin_failed
from kbsync.gaps.model import HelpText

_PIECE = re.compile(r"([^/\s?#()<>\"]+?)(?:\.(?:md|html?))?/?(?:[?#][^\s)>\"]*)?[)>\".,;]*$")
_NUMBER = re.compile(r"^\d+-")
_SLUG = re.compile(r"[\W_]+")
_SHORTEST: Final = 3
#: Fin resolves about half of what it can answer; what it cannot answer also ends in silence, now and then.
_RESOLVES, _BY_CHANCE = 0.5, 0.1
#: Where Fin resolves less at all, what it can answer it resolves this much more often than it resolves anything.
_ABOVE_ALL: Final = 1.5
#: A teammate sends the article that answers in about a third of the cases; by chance as often as in any other case.
_SENT, _LEAST_SENT = 0.3, 0.02
_MOST, _LEAST = 5.0, -3.0
_TINY: Final = 1e-3


class Given(NamedTuple):
    """An article: in how many conversations Fin resolved with it, or did not, and in how many teammates sent it.

    `tried` counts the conversations that Fin took part in, whatever it used.
    """

    article: HelpText
    resolved: int = 0
    failed: int = 0
    sent: int = 0
    tried: int = 0


class Habits(NamedTuple):
    """What is usual at this desk: how often Fin resolves, and the share of cases in which teammates send an article, by path."""

    resolves: float = _RESOLVES
    sent: Mapping[str, float] = MappingProxyType({})


class Addresses:
    """Finds articles by the last piece of an address: file name, id or title, as help centers make them up."""

    def __init__(self, shelf: Sequence[HelpText]) -> None:
        self.article = {text.path: text for text in shelf}
        self._path: dict[str, str] = {}
        for text in shelf:
            for name in _names(text):
                self._path.setdefault(name, text.path)

    def find(self, address: str) -> str | None:
        """Return the path of the article at an address."""
        found = _PIECE.search(address.lower())
        piece = found.group(1) if found else ""
        return self._path.get(piece) or self._path.get(_NUMBER.sub("", piece))

    def all(self, addresses: Iterable[str]) -> set[str]:
        """Return the paths of the articles at these addresses."""
        return {path for path in map(self.find, addresses) if path is not None}


def given(members: Iterable[Conversation], addresses: Addresses) -> list[Given]:
    """Return the articles that these customers were given, what resolved most first."""
    resolved, failed, sent = Counter[str](), Counter[str](), Counter[str]()
    tried = 0
    for member in members:
        if member.fin is not None:
            tried += 1
            (failed if fin_failed(member) else resolved).update(addresses.all(member.fin.sources))
        if member.messages:
            sent.update(addresses.all(_links(member)))
    found = [
        Given(addresses.article[path], resolved[path], failed[path], sent[path], tried)
        for path in {*resolved, *failed, *sent}
    ]
    return sorted(found, key=lambda each: (-each.resolved, -each.sent, -each.failed, each.article.path))


def gain(found: Given, usual: Habits) -> float:
    """Return the log odds that what was given adds to the article's answering, -3 to 5.

    An article that answers would have been used, so that Fin found something else, or nothing, speaks against it.
    That Fin failed with it weighs only against what it resolved: the answer may be there and hard to understand. An
    article that stands below every mail tells nothing.
    """
    resolves = min(max(_ABOVE_ALL * usual.resolves, _BY_CHANCE), _RESOLVES)
    hit, miss = math.log(resolves / _BY_CHANCE), math.log((1 - resolves) / (1 - _BY_CHANCE))
    used = max(found.resolved * hit + found.failed * miss, 0.0)
    passed_over = (found.tried - found.resolved - found.failed) * miss
    by_chance = max(usual.sent.get(found.article.path, 0.0), _LEAST_SENT)
    sent = max(found.sent * math.log(_SENT / by_chance), 0.0)
    return min(max(used + passed_over + sent, _LEAST), _MOST)


def raised(coverage: Floats, by: Floats) -> Floats:
    """Return the coverage with log odds added."""
    bounded = np.clip(coverage, _TINY, 1 - _TINY)
    return np.where(by == 0, coverage, 1 / (1 + (1 - bounded) / bounded * np.exp(-by)))


def _links(member: Conversation) -> Iterable[str]:
    for message in member.messages:
        if message.role != "customer" and "/" in message.text:
            yield from (word for word in message.text.split() if "/" in word)


def _names(text: HelpText) -> set[str]:
    stem = text.path.rsplit("/", 1)[-1].split(".", 1)[0]
    names = (stem, text.id, _SLUG.sub("-", text.title).strip("-"))
    return {name.lower() for name in names if len(name) >= _SHORTEST}
