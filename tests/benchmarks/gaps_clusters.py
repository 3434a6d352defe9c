"""Topics without their number: how near they come to what people sorted by hand, and what each ingredient adds.

    python -m tests.benchmarks.gaps_clusters [--sets banking77 abcd] [--encoder tfidf semantic] [--more FILE.py]

`ceiling` is the f1_distinct of a gap report that knew for each topic whether it is covered: what the topics allow.
`--more` names a file whose SETS holds further data sets in the form of gapbench.
"""

from __future__ import annotations

import argparse
import random
import runpy
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from statistics import mean
from types import ModuleType
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
from sklearn.metrics import adjusted_mutual_info_score, normalized_mutual_info_score

from kbsync.conversations.model import Conversation, Message
from kbsync.gaps import cluster, merge
from kbsync.gaps.arrays import Integers
from kbsync.gaps.calibrate import split_point
from kbsync.gaps.coverage import weigh
from kbsync.gaps.desk import Desk, fold, lay_out
from kbsync.gaps.encode.choose import choose
from kbsync.gaps.graph import NeighbourGraph, connect
from kbsync.gaps.model import HelpText
from kbsync.gaps.question import extract_all

from .gaps_report import SHARES, load_rules

SINGLE = 3
GROWTH = (0.25, 0.5, 1.0)
COLUMNS = ("nmi", "k/true", "ceiling", "at .25", "repeats", "seconds")


class Case(NamedTuple):
    """A desk whose topics are known: `truth` is the topic of each conversation, `names` the topic of each article."""

    desk: Desk
    truth: list[str]
    names: list[str]
    graph: NeighbourGraph


def prepared(rules: ModuleType, name: str, encoder: str) -> Case:
    rows, articles = rules.SETS[name]()
    rows = [(text, topic) for text, topic in rows if topic in articles]
    random.Random(1).shuffle(rows)
    asked = [
        Conversation(f"c{number}", 60.0 * number, tuple(Message("customer", turn) for turn in _turns(text)))
        for number, (text, _) in enumerate(rows)
    ]
    questions = extract_all(asked)
    texts, askers = fold(questions, [row for row, question in enumerate(questions) if question.text])
    names = sorted(articles)
    shelf = [HelpText(topic, topic, "en", articles[topic][0], tuple(articles[topic][1])) for topic in names]
    desk = lay_out("en", texts, askers, shelf, choose(encoder, "en"))
    return Case(desk, [topic for _, topic in rows], names, connect(desk.vectors))


def _turns(text: str | list[str]) -> list[str]:
    return [text] if isinstance(text, str) else text


def found(case: Case, hidden: frozenset[str]) -> Integers:
    """Return the topic of each conversation, -1 for singles, when the articles of `hidden` are not there."""
    desk = case.desk
    shown = np.array([case.names[number] not in hidden for number in desk.owner])
    _, owner = np.unique(desk.owner[shown], return_inverse=True)
    evidence = weigh(desk.vectors, desk.passages[shown], owner, case.graph)
    sure = evidence.strength > split_point(evidence.strength)
    anchor = np.where(sure, evidence.article, -1)
    topic = cluster.topics(desk.vectors, case.graph, anchor, desk.counts)
    gap = np.array([case.truth[askers[0]] in hidden for askers in desk.askers])
    gaps = np.flatnonzero(2 * np.bincount(topic, gap * desk.counts) > np.bincount(topic, desk.counts))
    return spread(case, merge.merge(desk.vectors, desk.counts, topic, gaps))


def unaided(case: Case) -> Integers:
    """Return the topic of each conversation of a desk without articles."""
    nobody = np.full(len(case.desk.texts), -1)
    return spread(case, cluster.topics(case.desk.vectors, case.graph, nobody, case.desk.counts))


def spread(case: Case, topic: Integers) -> Integers:
    placed = np.full(len(case.truth), -1)
    for row, askers in enumerate(case.desk.askers):
        placed[askers] = topic[row]
    sizes = Counter(placed.tolist())
    return np.array([number if sizes[number] >= SINGLE else -1 for number in placed.tolist()])


def ceiling(truth: Sequence[str], topic: Integers, hidden: frozenset[str]) -> tuple[float, float]:
    """Return f1_distinct and the share of repeats when each topic's true majority decides."""
    told = Counter(truth)
    gaps = {name for name in hidden if told[name] >= SINGLE}
    reported, hits = 0, []
    for number in set(topic.tolist()) - {-1}:
        inside = Counter(truth[row] for row in np.flatnonzero(topic == number).tolist())
        if 2 * sum(count for name, count in inside.items() if name in hidden) > inside.total():
            reported += 1
            hits += [name for name, _ in inside.most_common(1) if name in gaps]
    distinct = len(set(hits))
    precision, recall = distinct / max(reported, 1), distinct / max(len(gaps), 1)
    score = 2 * precision * recall / (precision + recall) if distinct else 0.0
    return score, (len(hits) - distinct) / max(reported, 1)


def scores(case: Case, seeds: int) -> dict[str, float]:
    start = time.process_time()
    alone = unaided(case)
    seconds = time.process_time() - start
    known = sorted(set(case.truth))
    results = {
        (share, seed): ceiling(case.truth, found(case, hidden), hidden)
        for share in SHARES
        for seed in range(seeds)
        for hidden in [frozenset(random.Random(seed).sample(known, round(share * len(known))))]
    }
    return {
        "nmi": float(normalized_mutual_info_score(case.truth, alone)),
        "k/true": len(set(alone.tolist()) - {-1}) / len(known),
        "ceiling": mean(score for score, _ in results.values()),
        "at .25": mean(score for (share, _), (score, _) in results.items() if share == SHARES[0]),
        "repeats": mean(repeats for _, repeats in results.values()),
        "seconds": seconds,
    }


@contextmanager
def unmerged() -> Iterator[None]:
    with patch.object(merge, "ALIKE", 9.0), patch.object(cluster, "_ALIKE", 9.0):
        yield


@contextmanager
def plain() -> Iterator[None]:
    """Only communities, at resolution 4, which serves most sets best."""
    with (
        unmerged(),
        patch.object(cluster, "discriminants", lambda vectors, _: vectors),
        patch.object(cluster, "_resolution", lambda _: 8.0),
    ):
        yield


def without_articles(vectors: Any, graph: Any, anchor: Integers, counts: Any, *, seed: int = 0) -> Integers:
    return WHOLE(vectors, graph, np.full_like(anchor, -1), counts, seed=seed)


WHOLE = cluster.topics
RESOLUTION = cluster._resolution
VARIANTS: dict[str, Callable[[], Any]] = {
    "all": lambda: patch.object(cluster, "topics", WHOLE),
    "plain Louvain": plain,
    "not merged": unmerged,
    "not sharpened": lambda: patch.object(cluster, "discriminants", lambda vectors, _: vectors),
    "half as fine": lambda: patch.object(cluster, "_resolution", lambda count: RESOLUTION(count) / 2),
    "articles ignored": lambda: patch.object(cluster, "topics", without_articles),
}


def growth(case: Case) -> list[tuple[float, int, float]]:
    """Return for growing parts of a desk its number of topics and how they agree with the whole desk's."""
    whole = unaided(case)
    grown = []
    for share in GROWTH:
        rows = np.sort(
            np.random.default_rng(0).permutation(len(case.desk.texts))[: int(share * len(case.desk.texts))]
        )
        vectors, counts = case.desk.vectors[rows], case.desk.counts[rows]
        part = cluster.topics(vectors, connect(vectors), np.full(len(rows), -1), counts)
        first = [case.desk.askers[row][0] for row in rows]
        sizes = np.bincount(part, counts)
        grown.append(
            (share, int((sizes >= SINGLE).sum()), float(adjusted_mutual_info_score(whole[first], part)))
        )
    return grown


def table(rules: ModuleType, names: Sequence[str], encoders: Sequence[str], seeds: int) -> None:
    print(f"{'set':14} {'encoder':9} {'variant':17} " + " ".join(f"{column:>8}" for column in COLUMNS))
    totals: dict[tuple[str, str], list[dict[str, float]]] = {}
    for name in names:
        for encoder in encoders:
            case = prepared(rules, name, encoder)
            for variant, change in VARIANTS.items():
                with change():
                    one = scores(case, seeds)
                totals.setdefault((encoder, variant), []).append(one)
                print_row(name, encoder, variant, one)
            grown = ", ".join(
                f"{share:.0%} of the questions {number} topics, AMI {ami:.2f}"
                for share, number, ami in growth(case)
            )
            print(f"{name:14} {encoder:9} growth: {grown}", flush=True)
    for (encoder, variant), every in sorted(totals.items()):
        print_row(
            "mean", encoder, variant, {column: mean(one[column] for one in every) for column in COLUMNS}
        )


def print_row(name: str, encoder: str, variant: str, one: dict[str, float]) -> None:
    print(
        f"{name:14} {encoder:9} {variant:17} " + " ".join(f"{one[column]:8.3f}" for column in COLUMNS),
        flush=True,
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="+", default=["banking77", "abcd"])
    parser.add_argument("--encoder", nargs="+", default=["tfidf", "semantic"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--more", help="a file with further data sets")
    chosen = parser.parse_args()
    rules = load_rules()
    if chosen.more:
        rules.SETS.update(runpy.run_path(chosen.more)["SETS"])
    table(rules, chosen.sets, chosen.encoder, chosen.seeds)


if __name__ == "__main__":
    main()
