"""One language of the desk: its distinct questions and its articles, side by side as vectors."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from kbsync.gaps.arrays import Integers, Vectors
from kbsync.gaps.encode.base import Encoder
from kbsync.gaps.model import HelpText
from kbsync.gaps.question import Question

_WORD = re.compile(r"\w+")
_PASSAGE_CHARACTERS: Final = 2_000


class Desk(NamedTuple):
    """Distinct questions with the numbers of the conversations that asked them, and passages with their article.

    Shapes: `vectors` (questions, d), `passages` (passages, d), `owner` (passages,), article numbers ascending.
    """

    language: str
    texts: list[str]
    askers: list[list[int]]
    vectors: Vectors
    articles: list[HelpText]
    passages: Vectors
    owner: Integers

    @property
    def counts(self) -> Integers:
        """Return how many conversations asked each distinct question."""
        return np.array([len(askers) for askers in self.askers], dtype=np.int64)


def fold(questions: Sequence[Question], rows: Sequence[int]) -> tuple[list[str], list[list[int]]]:
    """Return distinct texts and who asked each: resends and campaign replies that differ in case or signs are one."""
    folded: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        folded[" ".join(_WORD.findall(questions[row].text.casefold()))].append(row)
    return [questions[askers[0]].text for askers in folded.values()], list(folded.values())


def lay_out(
    language: str, texts: list[str], askers: list[list[int]], articles: list[HelpText], encoder: Encoder
) -> Desk:
    """Encode questions and passages; an article is its title, its description, and its title with each passage."""
    parts = [(number, part) for number, article in enumerate(articles) for part in _parts(article)]
    passages = encoder.encode([part for _, part in parts])
    owner = np.array([number for number, _ in parts], dtype=np.int64)
    return Desk(language, texts, askers, encoder.encode(texts), articles, passages, owner)


def _parts(article: HelpText) -> list[str]:
    lead = [article.title, *([article.description] if article.description else [])]
    return [*lead, *(f"{article.title}. {passage}"[:_PASSAGE_CHARACTERS] for passage in article.passages)]
