"""Articles in the customers' words: each takes up a little of the questions that it surely answers.

Guidelines and help articles say things in other words than customers do. What customers say to an article is known
where they come near it by themselves, and that brings it nearer to the others who ask the same (relevance feedback:
Rocchio 1971, with what is surely answered standing in for what a reader calls relevant).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from kbsync.gaps.arrays import Integers, Vectors, unit_rows
from kbsync.gaps.calibrate import split_point
from kbsync.gaps.coverage import Evidence, weigh
from kbsync.gaps.graph import NeighbourGraph
from kbsync.gaps.heard import Sought, sought

#: Of the questions that an article surely answers so many of the surest speak for it, if there are a few at all.
_SPEAK: Final = 20
_AT_LEAST: Final = 3
#: And this share of what the ten most asked for have: what seldom is asked for may be about something else, and would
#: be drawn to what it does not answer (ABCD beside 300 unrelated articles: .889 instead of .876).
_ASKED: Final = 0.33
_MOST_ASKED: Final = 10
#: How much they count beside what the article says itself.
_SHARE: Final = 0.2


def asked_for(questions: Vectors, passages: Vectors, owner: Integers, graph: NeighbourGraph) -> Vectors:
    """Return the passages, those of an article that questions surely ask for moved a little towards these."""
    shelf = sought(questions, passages, owner)
    evidence = weigh(questions, shelf.passages, shelf.owner, graph)
    moved = passages.copy()
    for article, speaking in _speaking(shelf, evidence):
        own = owner == article
        centre = unit_rows(questions[speaking].mean(axis=0, keepdims=True))
        moved[own] = unit_rows((1.0 - _SHARE) * passages[own] + _SHARE * centre)
    return moved


def _speaking(shelf: Sought, evidence: Evidence) -> Iterator[tuple[int, Integers]]:
    """Yield the articles that many questions surely ask for, with the surest of these."""
    sure = np.flatnonzero(evidence.alone > split_point(evidence.alone))
    sure = sure[np.argsort(-evidence.alone[sure], kind="stable")]
    asked = np.bincount(evidence.article[sure], minlength=1)
    enough = max(_AT_LEAST, _ASKED * float(np.sort(asked)[-_MOST_ASKED:].mean()))
    for number in np.flatnonzero(asked >= enough).tolist():
        yield int(shelf.article[number]), sure[evidence.article[sure] == number][:_SPEAK]
