"""Short names for topics, in the customers' words, no two alike.

Terms are weighed per topic against all other topics (class-based TF-IDF in the manner of Grootendorst 2022):
a good name is said often inside and seldom outside. What is said in most topics is nobody's name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer

from kbsync.gaps.arrays import Floats, Integers

_KEYWORDS: Final = 8
_PHRASE_WORDS: Final = 4
_TEXTS_PER_TOPIC: Final = 300
_COMMON: Final = 0.35
_OFTEN: Final = 0.2
_FALLBACK_CHARACTERS: Final = 60
_WORD: Final = r"(?u)\b[^\W\d_][\w'’]*\b"


class Name(NamedTuple):
    """A topic's label and keywords, best first."""

    label: str
    keywords: list[str]


def names(texts: Sequence[str], topic: Integers, typical: Sequence[str]) -> list[Name]:
    """Return a name for each topic 0..n-1; `topic[i]` is the topic of text `i`, negative for none.

    `typical` holds each topic's most typical question, which stands in where no phrase is shared.
    """
    chosen = _bounded(topic, len(typical))
    terms, strength = _strength([texts[row] for row in chosen], topic[chosen], len(typical))
    return [_name(terms, strength[number], typical[number]) for number in range(len(typical))]


def _bounded(topic: Integers, count: int) -> Integers:
    """Return evenly spread member rows, at most a fixed number per topic, so that a million texts cost no more."""
    rows = [np.flatnonzero(topic == number) for number in range(count)]
    spread = [members[:: max(1, len(members) // _TEXTS_PER_TOPIC)] for members in rows]
    return np.concatenate(spread) if spread else np.zeros(0, dtype=np.int64)


def _strength(texts: Sequence[str], topic: Integers, count: int) -> tuple[list[str], csr_matrix]:
    """Return the terms and, per topic and term, how telling the term is (0 when it is not)."""
    vectorizer = CountVectorizer(ngram_range=(1, _PHRASE_WORDS), token_pattern=_WORD, binary=True)
    try:
        said = vectorizer.fit_transform(texts)
    except ValueError:  # scikit-learn's way to say that there is no word
        return [], csr_matrix((count, 0))
    member = csr_matrix((np.ones(len(texts)), (topic, np.arange(len(texts)))), shape=(count, len(texts)))
    inside = csr_matrix(member @ said, dtype=np.float64)
    terms = vectorizer.get_feature_names_out().tolist()
    return terms, _weighed(
        inside, np.asarray(member.sum(axis=1)).ravel(), _boundary_is_common(terms, inside, count)
    )


def _weighed(inside: csr_matrix, sizes: Floats, common: Integers) -> csr_matrix:
    total = np.asarray(inside.sum(axis=0)).ravel()
    entries = inside.tocoo()
    share = entries.data / np.maximum(sizes[entries.row], 1)
    rest = (total[entries.col] - entries.data + 0.5) / (sizes.sum() - sizes[entries.row] + 1)
    weight = (
        share
        * np.log(np.maximum(share / rest, 1.0))
        * (share >= np.minimum(_OFTEN, 2 / np.maximum(sizes[entries.row], 1) + 0.1))
    )
    weight[common[entries.col] > 0] = 0.0
    return csr_matrix((weight, (entries.row, entries.col)), shape=inside.shape)


def _boundary_is_common(terms: Sequence[str], inside: csr_matrix, count: int) -> Integers:
    """Mark terms that begin or end with a word said in a large part of all topics: 'of the card', 'how do I'."""
    spread = np.asarray((inside > 0).sum(axis=0)).ravel() / max(count, 1)
    common = {
        term
        for term, share in zip(terms, spread, strict=True)
        if share > _COMMON and count > 3 and " " not in term
    }  # noqa: PLR2004 - among fewer topics nothing is common
    return np.array([bool({term.split()[0], term.split()[-1]} & common) for term in terms], dtype=np.int64)


def _name(terms: Sequence[str], strength: csr_matrix, typical: str) -> Name:
    ranked = [
        terms[column]
        for _, column in sorted(zip((-strength.data).tolist(), strength.indices.tolist(), strict=True))
        if strength[0, column] > 0
    ]
    words = [term for term in ranked if " " not in term][:_KEYWORDS]
    weight = dict(zip((terms[column] for column in strength.indices), strength.data, strict=True))
    phrases = sorted(
        (term for term in ranked if " " in term), key=lambda term: -weight[term] * len(term.split()) ** 0.75
    )
    best = phrases[0] if phrases else " ".join(words[:2])
    return Name(_headline(best or typical), words)


def _headline(text: str) -> str:
    short = text if len(text) <= _FALLBACK_CHARACTERS else text[:_FALLBACK_CHARACTERS].rsplit(" ", 1)[0] + "…"
    return short[:1].upper() + short[1:] if short else "(no words)"


def distinct(found: Sequence[Name]) -> list[Name]:
    """Tell namesakes apart by a keyword that is not in the name yet, at last by a number."""
    taken: set[str] = set()
    result = []
    for name in found:
        extra = (f"{name.label}: {word}" for word in name.keywords if word not in name.label.lower().split())
        numbered = (f"{name.label} ({number})" for number in range(2, len(found) + 2))
        label = next(text for text in (name.label, *extra, *numbered) if text.lower() not in taken)
        taken.add(label.lower())
        result.append(Name(label, name.keywords))
    return result
