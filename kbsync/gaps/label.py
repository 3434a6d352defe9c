"""Short names for topics, in the customers' words, no two alike.

Terms are weighed per topic against all other topics (class-based TF-IDF in the manner of Grootendorst 2022):
a good name is said often inside and seldom outside. What is said in most topics is nobody's name.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, CountVectorizer

from kbsync.gaps.arrays import Floats, Integers
from kbsync.gaps.slots import PLACEHOLDERS

_KEYWORDS: Final = 8
_PHRASE_WORDS: Final = 4
_TEXTS_PER_TOPIC: Final = 300
_COMMON: Final = 0.35
_ENOUGH_TOPICS: Final = 4
_TWICE: Final = 2
_LONGER: Final = 0.75
_OFTEN: Final = 0.2
_FALLBACK_CHARACTERS: Final = 60
_SPAN_WORDS: Final = 5
_CLAUSE = re.compile(r"[.!?,;:\n]+")
_WORD: Final = r"(?u)\b[^\W\d_][\w'’]*\b"  # noqa: RUF001 - customers type both apostrophes


class Name(NamedTuple):
    """A topic's label and keywords, best first."""

    label: str
    keywords: list[str]


def names(texts: Sequence[str], topic: Integers, typical: Sequence[str]) -> list[Name]:
    """Return a name for each topic 0..n-1; `topic[i]` is the topic of text `i`, negative for none.

    `typical` holds each topic's most typical question, which stands in where no phrase is shared.
    """
    chosen = _bounded(topic, len(typical))
    weights = _weights([texts[row] for row in chosen], topic[chosen], len(typical), _PHRASE_WORDS)
    said: list[list[str]] = [[] for _ in typical]
    for row in chosen:
        said[topic[row]].append(texts[row])
    return [_name(*each) for each in zip(weights, said, typical, strict=True)]


def keywords(texts: Sequence[str], topic: Integers, count: int) -> list[list[str]]:
    """Return the keywords that `names` gives each of so many topics."""
    chosen = _bounded(topic, count)
    weights = _weights([texts[row] for row in chosen], topic[chosen], count, 1)
    return [_words(weight) for weight in weights]


def _bounded(topic: Integers, count: int) -> Integers:
    """Return evenly spread member rows, at most a fixed number per topic, so that a million texts cost no more."""
    rows = [np.flatnonzero(topic == number) for number in range(count)]
    spread = [members[:: max(1, len(members) // _TEXTS_PER_TOPIC)] for members in rows]
    return np.concatenate(spread) if spread else np.zeros(0, dtype=np.int64)


def _weights(texts: Sequence[str], topic: Integers, count: int, longest: int) -> Iterator[dict[str, float]]:
    """Yield for each topic the terms of up to `longest` words that tell it, and how much."""
    terms, strength = _strength(texts, topic, count, longest)
    for start, end in pairwise(strength.indptr):
        told = zip(strength.indices[start:end], strength.data[start:end].tolist(), strict=True)
        yield {terms[column]: value for column, value in told if value > 0}


def _strength(
    texts: Sequence[str], topic: Integers, count: int, longest: int
) -> tuple[list[str], csr_matrix]:
    """Return the terms and, per topic and term, how telling the term is (0 when it is not)."""
    vectorizer = CountVectorizer(ngram_range=(1, longest), token_pattern=_WORD, binary=True)
    try:
        said = vectorizer.fit_transform(texts)
    except ValueError:  # scikit-learn's way to say that there is no word
        return [], csr_matrix((count, 0))
    member = csr_matrix((np.ones(len(texts)), (topic, np.arange(len(texts)))), shape=(count, len(texts)))
    inside = csr_matrix(member @ said, dtype=np.float64)
    terms = vectorizer.get_feature_names_out().tolist()
    return terms, _weighed(inside, np.asarray(member.sum(axis=1)).ravel(), _hollow(terms, inside))


def _weighed(inside: csr_matrix, sizes: Floats, hollow: Integers) -> csr_matrix:
    """Weigh a term by the share of the topic that says it and by how much rarer it is elsewhere."""
    total = np.asarray(inside.sum(axis=0)).ravel()
    entries = inside.tocoo()
    size = np.maximum(sizes[entries.row], 1)
    share = entries.data / size
    elsewhere = (total[entries.col] - entries.data + 0.5) / (sizes.sum() - size + 1)
    often = share >= np.minimum(_OFTEN, _TWICE / size + _OFTEN / 2)
    weight = share * np.log(np.maximum(share / elsewhere, 1.0)) * often * (hollow[entries.col] == 0)
    return csr_matrix((weight, (entries.row, entries.col)), shape=inside.shape)


def _hollow(terms: Sequence[str], inside: csr_matrix) -> Integers:
    """Mark terms that begin or end with a word without content: said in many topics, or an English stop word."""
    spread = np.asarray((inside > 0).sum(axis=0)).ravel() / max(inside.shape[0], 1)
    empty = set(ENGLISH_STOP_WORDS) | PLACEHOLDERS
    if inside.shape[0] >= _ENOUGH_TOPICS:
        empty |= {term for term, share in zip(terms, spread, strict=True) if share > _COMMON}
    return np.array([bool({term.split()[0], term.split()[-1]} & empty) for term in terms], dtype=np.int64)


def _words(weight: Mapping[str, float]) -> list[str]:
    """Return the single words that tell most."""
    ranked = sorted(weight, key=lambda term: (-weight[term], term))
    return [term for term in ranked if " " not in term][:_KEYWORDS]


def _name(weight: Mapping[str, float], said: Sequence[str], typical: str) -> Name:
    words = _words(weight)
    phrases = sorted(weight, key=lambda term: (-weight[term] * len(term.split()) ** _LONGER, term))
    best = phrases[0] if phrases else ""
    if best and " " not in best:
        best = _spoken(said, {word: weight[word] for word in words}, best) or best
    return Name(_headline(best or typical), words)


def _spoken(said: Sequence[str], weight: Mapping[str, float], word: str) -> str:
    """Return how people say the word together with another telling one, empty when nobody does."""
    spans: Counter[str] = Counter()
    for text in said:
        for part in _CLAUSE.split(text.lower()):
            spans.update(set(_spans(re.findall(_WORD, part), weight, word)))
    return max(spans, key=lambda span: (_telling(span, spans[span], weight), span), default="")


def _spans(words: Sequence[str], weight: Mapping[str, float], word: str) -> Iterator[str]:
    """Yield what stands from one telling word to another, the word among them, with few words between."""
    for start, first in enumerate(words):
        for end in range(start + 1, min(start + _SPAN_WORDS, len(words))):
            last, inside = words[end], words[start : end + 1]
            telling = first in weight and last in weight and first != last
            if telling and word in inside and not PLACEHOLDERS.intersection(inside):
                yield " ".join(inside)


def _telling(span: str, count: int, weight: Mapping[str, float]) -> float:
    """Weigh a span by its telling words and by how many say it, with a price on each word between."""
    words = span.split()
    told = sum(weight.get(word, 0.0) for word in set(words))
    return told * math.log1p(count) / math.sqrt(len(words))


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
