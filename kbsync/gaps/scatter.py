"""Sayings that stand in conversations about everything: what a desk's topics are tells them, seen roughly first.

A long mail carries several pleasantries at once, so the company of each is alike without being about anything, and
no two people put one alike to the letter. Hence sentences that differ by a few words are one saying, and one is idle
when two conversations with it are hardly more often in one topic than any two are.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

import numpy as np
from scipy.sparse import csr_matrix

from kbsync.gaps.arrays import Floats, Integers, unit_rows
from kbsync.gaps.cluster import rough_topics
from kbsync.gaps.encode.tfidf import TfidfEncoder

#: Said in fewer conversations a saying tells too little about where it stands.
_OFTEN: Final = 5
#: Two conversations with an idle saying share a topic by chance, up to this part of the way to always.
_TOGETHER: Final = 0.12
#: Sentences are one saying when they share their commonest run of words and this part of all their words, rare ones weighing more.
_RUN: Final = 4
_SAME: Final = 0.65
#: Sentences with one run are compared with at most so many sayings.
_WORDINGS: Final = 50
_FEWEST: Final = 50
_MOST: Final = 5_000


def scattered(
    conversations: Sequence[AbstractSet[str]], idle: AbstractSet[str] = frozenset()
) -> frozenset[str]:
    """Return the sentences, given as words in one case, that belong to no topic; `idle` are known to."""
    telling = [said for said in conversations if len(said) > 1]
    telling = telling[:: 1 + len(telling) // _MOST]
    counts = Counter(sentence for said in telling for sentence in sorted(said))
    if len(telling) < _FEWEST or max(counts.values()) < _OFTEN:
        return frozenset()
    sentences = list(counts)
    saying = sayings(counts)
    told = _incidence(telling, sentences)
    spoken = csr_matrix(told @ _belonging(saying))
    spoken.data[:] = 1.0
    known = np.array([sentence in idle for sentence in sentences])
    loose = _loose(spoken, _topics(sentences, told, np.where(known, 0.0, _weight(spoken)[saying])))
    return frozenset(sentence for sentence, own in zip(sentences, saying, strict=True) if loose[own])


def sayings(counts: Counter[str]) -> Integers:
    """Return for each sentence the number of its saying; the commonest wording of one comes first."""
    words = [sentence.split() for sentence in counts]
    often = Counter[tuple[str, ...]]()
    for said, count in zip(words, counts.values(), strict=True):
        often.update(dict.fromkeys(_runs(said), count))
    groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, said in enumerate(words):
        groups[max(_runs(said), key=lambda run: (often[run], run))].append(number)
    size = list(counts.values())
    rare = _rarity(words, size)
    found = np.zeros(len(words), dtype=np.int64)
    for group in groups.values():
        leaders: list[tuple[int, set[str]]] = []
        for number in sorted(group, key=lambda number: (-size[number], number)):
            own = set(words[number])
            found[number] = next((first for first, other in leaders if _same(own, other, rare)), number)
            if found[number] == number and len(leaders) < _WORDINGS:
                leaders.append((number, own))
    return np.asarray(np.unique(found, return_inverse=True)[1])


def _runs(words: Sequence[str]) -> set[tuple[str, ...]]:
    return {tuple(words[start : start + _RUN]) for start in range(max(len(words) - _RUN, 0) + 1)}


def _rarity(words: Sequence[Sequence[str]], size: Sequence[int]) -> dict[str, float]:
    """Return what each word counts for: the same question about another thing is another saying."""
    heard = Counter[str]()
    for said, count in zip(words, size, strict=True):
        heard.update(dict.fromkeys(said, count))
    return {word: math.log(sum(size) / count) for word, count in heard.items()}


def _same(one: AbstractSet[str], other: AbstractSet[str], rare: Mapping[str, float]) -> bool:
    both = sum(rare[word] for word in sorted(one & other))
    return both >= _SAME * sum(rare[word] for word in sorted(one | other))


def _incidence(telling: Sequence[AbstractSet[str]], sentences: Sequence[str]) -> csr_matrix:
    """Return which conversation has which sentence, shape (conversations, sentences)."""
    place = {sentence: number for number, sentence in enumerate(sentences)}
    rows = np.repeat(np.arange(len(telling)), [len(said) for said in telling])
    columns = [place[sentence] for said in telling for sentence in sorted(said)]
    return csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(telling), len(sentences)))


def _belonging(saying: Integers) -> csr_matrix:
    """Return which sentence is which saying, shape (sentences, sayings)."""
    return csr_matrix((np.ones(len(saying)), (np.arange(len(saying)), saying)))


def _weight(spoken: csr_matrix) -> Floats:
    """Return what each saying counts for: the less, the more conversations have it (Sparck Jones 1972), squared.

    Squared, one that half of them have counts for nothing beside one that a tenth have, however many words it is.
    """
    return np.asarray(np.log(spoken.shape[0] / np.asarray(spoken.sum(axis=0)).ravel()) ** 2)


def _topics(sentences: Sequence[str], told: csr_matrix, weight: Floats) -> Integers:
    """Return the rough topics of conversations: what they say, each sentence by its weight."""
    vectors = told @ (TfidfEncoder(sentences).encode(sentences) * weight[:, None])
    return rough_topics(unit_rows(vectors - vectors.mean(axis=0)))


def _loose(spoken: csr_matrix, topic: Integers) -> Sequence[bool]:
    """Return for each saying whether it belongs to no topic; `spoken` has a row a conversation, a column a saying."""
    share = np.bincount(topic) / len(topic)
    chance = float(share @ share)
    return [_alike(own) <= chance + _TOGETHER * (1.0 - chance) for own in _topics_of(spoken, topic)]


def _topics_of(spoken: csr_matrix, topic: Integers) -> Iterator[Integers]:
    """Yield for each saying how many conversations of each topic have it."""
    columns = spoken.tocsc()
    for start, end in zip(columns.indptr[:-1], columns.indptr[1:], strict=True):
        yield np.bincount(topic[columns.indices[start:end]])


def _alike(sizes: Integers) -> float:
    """Return the share of pairs that are in one topic (Simpson 1949); what is said too seldom counts as alike."""
    count = int(sizes.sum())
    return float(sizes @ (sizes - 1)) / (count * (count - 1)) if count >= _OFTEN else 1.0
