"""Where the topics of one desk stand: their members, their nearest article, and how well it answers them."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from kbsync.gaps import cluster
from kbsync.gaps.arrays import Floats, Integers, Vectors, summed, unit_rows
from kbsync.gaps.calibrate import answered, contrasted, split_point
from kbsync.gaps.coverage import Evidence, margin_over_next, standard, weigh, without_best
from kbsync.gaps.desk import Desk
from kbsync.gaps.feedback import asked_for
from kbsync.gaps.graph import connect
from kbsync.gaps.heard import Sought, per_article, sought
from kbsync.gaps.merge import merge

_COMPETITION: Final = 0.1
_HALF: Final = 0.5
_SLOPE: Final = 2.0
#: Where everything is a gap, a little more caution finds more and repeats no more (fourteen public sets: f1_distinct .735
#: as for gaps among articles, NMI .788 for .785).
_ALIKE: Final = 0.65
_TINY: Final = 1e-9
#: Half the root of the mean cosine within a topic and this much lie between topics that have their article at a desk
#: of two to six topics and those that have not (five public data sets: 9 of 10 are told right).
_ANSWER: Final = 0.2
_USUAL_LIKENESS: Final = 0.25
#: What a question shows by itself, and its topic as a whole, beside what it and its neighbours show together.
_ALONE: Final = 0.3
_TOPIC: Final = 0.3


class Standing(NamedTuple):
    """For each distinct question its topic, coverage and best article; for each topic its coverage and article."""

    topic: Integers
    coverage: Floats
    article: Integers
    topic_coverage: Floats
    topic_article: Integers
    centres: Vectors


def stand(desk: Desk, *, seed: int = 0) -> Standing:
    """Find the topics of a desk and compare them with its articles; without articles nothing is covered."""
    graph = connect(desk.vectors, seed=seed)
    passages = asked_for(desk.vectors, desk.passages, desk.owner, graph)
    shelf = sought(desk.vectors, passages, desk.owner)
    evidence = weigh(desk.vectors, shelf.passages, shelf.owner, graph)
    sure = evidence.strength > split_point(evidence.strength)
    topic = cluster.topics(desk.vectors, graph, np.where(sure, evidence.article, -1), desk.counts, seed=seed)
    centres = _centres(desk.vectors, topic, desk.counts)
    if not desk.articles:
        topic = merge(desk.vectors, desk.counts, topic, np.arange(len(centres)), alike=_ALIKE)
        centres = _centres(desk.vectors, topic, desk.counts)
        nothing = np.zeros(len(centres))
        return Standing(
            topic, np.zeros(len(topic)), evidence.article, nothing, nothing.astype(np.int64) - 1, centres
        )
    return _judged(desk, shelf, topic, evidence)


def _judged(desk: Desk, shelf: Sought, topic: Integers, evidence: Evidence) -> Standing:
    found = _answered(desk, shelf, topic, evidence)
    merged = merge(desk.vectors, desk.counts, topic, np.flatnonzero(found.share < _HALF))
    centres = _centres(desk.vectors, merged, desk.counts)
    similarity = per_article(centres, shelf.passages, shelf.owner)
    return Standing(
        merged,
        _own_coverage(desk, topic, evidence, found),
        shelf.article[evidence.article],
        _topic_means(found.share[topic], merged, desk.counts),
        shelf.article[_chosen_article(similarity, evidence.article, merged, desk.counts)],
        centres,
    )


class _Answered(NamedTuple):
    """For each topic how surely it is answered, 0 to 1, and the evidence for it, of mean 0."""

    share: Floats
    total: Floats


def _answered(desk: Desk, shelf: Sought, topic: Integers, evidence: Evidence) -> _Answered:
    """Judge each topic by its members, by its centre, and by what its article prefers."""
    centres = _centres(desk.vectors, topic, desk.counts)
    similarity = per_article(centres, shelf.passages, shelf.owner)
    strength = _topic_means(evidence.strength, topic, desk.counts)
    margin, won = margin_over_next(similarity), _won(similarity, similarity.argmax(axis=1))
    total = standard(strength) + _HALF * standard(margin) + _HALF * standard(won)
    contrast = similarity.max(axis=1) - _expected(desk.vectors, topic)
    if not len(evidence.rest):
        return _Answered(contrasted(contrast), total)
    second = np.argsort(similarity, axis=1)[:, -2]
    rest = (
        standard(_topic_means(evidence.rest, topic, desk.counts), strength)
        + _HALF * standard(margin_over_next(without_best(similarity)), margin)
        + _HALF * standard(_won(similarity, second), won)
    )
    return _Answered(answered(total, contrast, rest), total)


def _centres(vectors: Vectors, topic: Integers, counts: Integers) -> Vectors:
    return unit_rows(summed(vectors, topic, counts.astype(np.float64), int(topic.max(initial=-1)) + 1))


def _topic_means(values: Floats, topic: Integers, counts: Integers) -> Floats:
    return np.asarray(np.bincount(topic, values * counts) / np.bincount(topic, counts))


def _won(similarity: Floats, article: Integers) -> Floats:
    """Return how far each topic's article prefers it to all other topics: an article is made for one topic."""
    if len(similarity) == 1:
        return np.zeros(1)
    second, first = np.sort(similarity, axis=0)[-2:]
    rival = np.where(similarity == first, second, first)
    lead = (similarity - rival)[np.arange(len(similarity)), article]
    return np.asarray(np.clip(lead, -_COMPETITION, _COMPETITION))


def _expected(vectors: Vectors, topic: Integers) -> Floats:
    """Return how near to each topic an article is that answers it: nearer, the more alike its members are."""
    sums = summed(vectors, topic, np.ones(len(topic)), int(topic.max(initial=-1)) + 1)
    sizes = np.bincount(topic)
    pairs = np.maximum(sizes * (sizes - 1), 1)
    within = np.where(sizes > 1, ((sums**2).sum(axis=1) - sizes) / pairs, _USUAL_LIKENESS)
    return np.asarray(_HALF * np.sqrt(np.maximum(within, 0.0)) + _ANSWER)


def _chosen_article(similarity: Floats, article: Integers, topic: Integers, counts: Integers) -> Integers:
    """Return the article that most members have as their best, the one nearest to the centre among equals."""
    chosen = similarity.argmax(axis=1)
    for number in range(len(similarity)):
        members = topic == number
        votes = np.bincount(article[members], counts[members], minlength=similarity.shape[1])
        chosen[number] = np.lexsort((similarity[number], votes))[-1]
    return np.asarray(chosen)


def _own_coverage(desk: Desk, topic: Integers, evidence: Evidence, found: _Answered) -> Floats:
    """Blend what a question shows alone, with its neighbours, and as part of its topic.

    As many questions lie below one half as the topics say are unanswered.
    """
    score = (
        standard(evidence.strength)
        + _ALONE * standard(evidence.alone)
        + _TOPIC * standard(found.total)[topic]
    )
    spread = score.std()
    if spread <= _TINY:
        return np.asarray(found.share[topic])
    unanswered = float(np.average(1.0 - found.share[topic], weights=desk.counts))
    return np.asarray(1.0 / (1.0 + np.exp(-_SLOPE * (score - np.quantile(score, unanswered)) / spread)))
