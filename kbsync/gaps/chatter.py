"""Sentences that stand beside anything: said in many conversations that share nothing else.

Lists of manners end where a desk's own habits begin ("you can close this", "my manager is in copy"). What such a
sentence accompanies tells it: conversations about one thing are alike in their other sentences too. Those that are
said word for word are found first, then what is put a little differently each time (`scatter`).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer

from kbsync.gaps.scatter import scattered

_WORD = re.compile(r"\w+")
#: Said in fewer conversations a sentence tells too little about its company.
_OFTEN: Final = 5
#: Conversations about one thing are at least this many times as alike as any two of the desk.
_ALIKE: Final = 2.0


def key(sentence: str) -> str:
    """Return what two wordings of one sentence share: the words, in one case."""
    return " ".join(_WORD.findall(sentence.casefold()))


def chatter(conversations: Sequence[Sequence[str]]) -> frozenset[str]:
    """Return the keys of the sentences that say nothing about what is asked, given each conversation's sentences."""
    keys = [{key(sentence) for sentence in sentences} for sentences in conversations]
    counts = Counter(each for said in keys for each in said)
    repeated = {each for each, count in counts.items() if count >= _OFTEN}
    rows: dict[str, list[int]] = defaultdict(list)
    others: list[str] = []
    for said in keys:
        rest = " ".join(sorted(said - repeated))
        for each in said & repeated if rest else ():
            rows[each].append(len(others))
        if rest:
            others.append(rest)
    idle = _without_company({each: found for each, found in rows.items() if len(found) >= _OFTEN}, others)
    return idle | scattered(keys, idle)


def _without_company(rows: dict[str, list[int]], others: list[str]) -> frozenset[str]:
    if not rows:
        return frozenset()
    try:
        vectors = TfidfVectorizer(tokenizer=str.split, token_pattern=None, lowercase=False).fit_transform(
            others
        )
    except ValueError:  # scikit-learn's way to say that no term is left
        return frozenset()
    usual = _likeness(vectors)
    return frozenset(each for each, found in rows.items() if _likeness(vectors[found]) < _ALIKE * usual)


def _likeness(vectors: csr_matrix) -> float:
    """Return the mean cosine of all pairs of rows."""
    count = vectors.shape[0]
    total = np.asarray(vectors.sum(axis=0)).ravel()
    return float((total @ total - count) / (count * (count - 1)))
