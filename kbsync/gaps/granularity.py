"""How fine the topics of a desk are: its articles tell, for one was written for each topic.

What an article answers was asked for, so it should be found again as one topic, had the article not been there. How
well each of several cuts finds the articles there are tells how fine to cut: what is missing is as fine as they are.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from kbsync.gaps.arrays import Floats, Integers, Vectors
from kbsync.gaps.merge import merges

#: Groups are put together before they are compared with articles, as far as suits these best.
_LEVELS: Final = (0.8, 0.7, 0.6, 0.5)
_AT_LEAST: Final = 3
_FEW: Final = 5
#: A hundredth of a desk more changes by so much how well a cut suits the articles.
_UNSURE: Final = 0.02
_STEPS: Final = 8


def telling(anchor: Integers, counts: Integers) -> bool:
    """Return whether enough articles surely answer enough questions to tell anything."""
    return int((_answering(anchor, counts) >= _AT_LEAST).sum()) >= _FEW


def fitness(vectors: Vectors, counts: Integers, group: Integers, anchor: Integers) -> float:
    """Return how well groups, merged as far as suits them best, and articles match, 0 to 1.

    `anchor` is the article that surely answers a row, -1 where none does.
    """
    everyone = np.arange(int(group.max(initial=-1)) + 1)
    cuts = merges(vectors, counts, group, everyone, levels=_LEVELS)
    return max(match(cut, anchor, counts) for cut in cuts)


def between(fine: float, coarse: float) -> float:
    """Return how far to go from the fine cut to the coarse one, 0 to 1 in eighths, by how well they suit the articles.

    To take the better one would hang on a hair where both suit alike, and a desk that grew a little would be cut anew.
    """
    return round(_STEPS / (1.0 + math.exp((fine - coarse) / _UNSURE))) / _STEPS


def match(group: Integers, anchor: Integers, counts: Integers) -> float:
    """Return the mean F1 of each article with its best group and each group with its best article.

    The set matching of clusterings (Meila 2007, section 3) over what is surely answered, both ways, so that neither
    splitting nor lumping pays. An article or group of fewer than three questions tells nothing.
    """
    sure = anchor >= 0
    both = np.zeros((int(group.max(initial=-1)) + 1, int(anchor.max(initial=-1)) + 1))
    np.add.at(both, (group[sure], anchor[sure]), counts[sure])
    groups, articles = both.sum(axis=1), both.sum(axis=0)
    overlap = 2.0 * both / np.maximum(groups[:, None] + articles[None, :], 1.0)
    return (_mean(overlap.max(axis=0), articles) + _mean(overlap.max(axis=1), groups)) / 2


def _answering(anchor: Integers, counts: Integers) -> Integers:
    sure = anchor >= 0
    return np.asarray(np.bincount(anchor[sure], counts[sure], minlength=1))


def _mean(values: Floats, sizes: Floats) -> float:
    large = sizes >= _AT_LEAST
    return float(values[large].mean()) if large.any() else 0.0
