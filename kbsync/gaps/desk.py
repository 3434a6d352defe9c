"""One language of the desk: its distinct questions and its articles, side by side as vectors."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, NamedTuple

import numpy as np

from kbsync.gaps.abreast import abreast
from kbsync.gaps.arrays import Floats, Integers, Vectors, unit_rows
from kbsync.gaps.encode.base import Encoder
from kbsync.gaps.encode.tfidf import TfidfEncoder
from kbsync.gaps.heard import heard
from kbsync.gaps.model import HelpText
from kbsync.gaps.question import Question

_WORD = re.compile(r"\w+")
_PASSAGE_CHARACTERS: Final = 2_000
_PASSAGES: Final = 200
_OWN_WORDS: Final = 0.6
#: Words decide alone how near a passage is: what it says in words that nobody uses makes it less near.
_TRUST: Final = 0.25


class View(NamedTuple):
    """One encoder, what all questions of the desk have in common in it, shape (d,), and how much it counts."""

    encoder: Encoder
    common: Floats
    weight: float

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return the rows that these texts have in this view."""
        return self.centred(self.encoder.encode(texts))

    def centred(self, vectors: Vectors) -> Floats:
        """Take off what is common; nothing stays nothing."""
        return np.asarray(unit_rows(vectors - self.common) * vectors.any(axis=1, keepdims=True) * self.weight)


class Space(NamedTuple):
    """What turns texts into vectors at one desk: its views, side by side."""

    views: tuple[View, ...]

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return unit rows, shape (texts, d), the same whatever other texts are encoded beside them."""
        width = sum(len(view.common) for view in self.views)
        if not texts:
            return np.zeros((0, width), dtype=np.float32)
        return unit_rows(np.hstack([view.encode(texts) for view in self.views]))


class Desk(NamedTuple):
    """Distinct questions with the numbers of the conversations that asked them, and passages with their article.

    Shapes: `vectors` (questions, d), `passages` (passages, d), `owner` (passages,), article numbers ascending.
    `space` gives the vectors of further texts.
    """

    language: str
    texts: list[str]
    askers: list[list[int]]
    vectors: Vectors
    articles: list[HelpText]
    passages: Vectors
    owner: Integers
    space: Space

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
    views, centred = zip(*_views(texts, encoder, seed), strict=True)
    space = Space(views)
    owner = np.array([number for number, _ in parts], dtype=np.int64)
    lines = [part for _, part in parts]
    passages = space.encode(lines)
    if encoder is None:
        passages = np.asarray(passages * heard(texts, lines)[:, None] ** _TRUST, dtype=np.float32)
    return Desk(language, texts, askers, unit_rows(np.hstack(centred)), articles, passages, owner, space)


def _views(texts: Sequence[str], encoder: Encoder | None, seed: int) -> list[tuple[View, Vectors]]:
    """Return each view with the rows that the desk's questions have in it, made side by side."""

    def given(encoder: Encoder, weight: float) -> tuple[View, Vectors]:
        vectors = encoder.encode(texts)
        view = View(encoder, _common(vectors), weight)
        return view, view.centred(vectors)

    def own() -> tuple[View, Vectors]:
        return given(TfidfEncoder(texts, seed=seed), 1.0 if encoder is None else _OWN_WORDS)

    tasks: list[Callable[[], tuple[View, Vectors]]] = [own]
    if encoder is not None:
        tasks.insert(0, partial(given, encoder, 1.0))
    return abreast(lambda task: task(), tasks)


def _common(vectors: Vectors) -> Floats:
    """Return what all questions have in common; one question has nothing in common with others."""
    return np.asarray(vectors.mean(axis=0)) if len(vectors) > 1 else np.zeros(vectors.shape[1])


def _parts(article: HelpText) -> list[str]:
    lead = [article.title, *([article.description] if article.description else [])]
    return [
        *lead,
        *(f"{article.title}. {passage}"[:_PASSAGE_CHARACTERS] for passage in article.passages[:_PASSAGES]),
    ]
