"""One language of the desk: its distinct questions and its articles, side by side as vectors."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from kbsync.gaps.arrays import Floats, Integers, Vectors, unit_rows
from kbsync.gaps.encode.base import Encoder
from kbsync.gaps.encode.tfidf import TfidfEncoder
from kbsync.gaps.model import HelpText
from kbsync.gaps.question import Question

_WORD = re.compile(r"\w+")
_PASSAGE_CHARACTERS: Final = 2_000
_PASSAGES: Final = 200
_OWN_WORDS: Final = 0.6


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
        text = questions[row].text
        folded[" ".join(_WORD.findall(text.casefold())) or text].append(row)
    return [questions[askers[0]].text for askers in folded.values()], list(folded.values())


def lay_out(
    language: str,
    texts: list[str],
    askers: list[list[int]],
    articles: list[HelpText],
    encoder: Encoder | None,
    *,
    seed: int = 0,
) -> Desk:
    """Encode questions and passages; an article is its title, its description, and its title with each passage.

    The desk's own words always count; a sentence encoder, where there is one, counts more.
    """
    parts = [(number, part) for number, article in enumerate(articles) for part in _parts(article)]
    own = _centred(TfidfEncoder(texts, seed=seed), texts, [part for _, part in parts])
    views = (
        [own]
        if encoder is None
        else [_centred(encoder, texts, [part for _, part in parts]), own * _OWN_WORDS]
    )
    both = unit_rows(np.hstack(views))
    owner = np.array([number for number, _ in parts], dtype=np.int64)
    return Desk(language, texts, askers, both[: len(texts)], articles, both[len(texts) :], owner)


def _centred(encoder: Encoder, texts: list[str], parts: list[str]) -> Floats:
    """Encode and take off what all questions of the desk have in common; nothing stays nothing."""
    vectors = np.vstack([part for part in (encoder.encode(texts), encoder.encode(parts)) if len(part)])
    common = vectors[: len(texts)].mean(axis=0) if len(texts) > 1 else np.zeros(vectors.shape[1])
    return np.asarray(unit_rows(vectors - common) * vectors.any(axis=1, keepdims=True))


def _parts(article: HelpText) -> list[str]:
    lead = [article.title, *([article.description] if article.description else [])]
    return [
        *lead,
        *(f"{article.title}. {passage}"[:_PASSAGE_CHARACTERS] for passage in article.passages[:_PASSAGES]),
    ]
