"""The steps that teammates repeat: what resolved a topic, said in many of its conversations.

One conversation holds about a third of a procedure; the lines that recur across a topic's conversations
hold most of it. Lines are grouped by the cosine of their TF-IDF vectors; a group counts by the number of
conversations it stands in, and its place is the mean of where it stood.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from sklearn.cluster import AgglomerativeClustering
from sklearn.feature_extraction.text import TfidfVectorizer

from kbsync.conversations.model import Conversation
from kbsync.conversations.redact import redact
from kbsync.gaps.still import still

SIMILAR = 0.7
"""Cosine from which two lines are one step."""

SUPPORT = 0.2
"""Share of the answered conversations in which a step must stand; two at least."""

EVERYWHERE = 0.5
"""A line is courtesy, no step, when other topics' conversations hold it at least half as often as this one's."""

MOST_STEPS = 12
MOST_LINES = 3_000
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-ZÀ-ÖØ-Þ0-9\"'“`])|\n+")
_MARK = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+")
_GREETING = re.compile(
    r"(?i)^(?:hi|hello|hey|dear|good (?:morning|afternoon)|bonjour|hallo|hola)\b[^,.!\n]{0,40}[,.!]\s*"
)
_WORDS = range(3, 61)
_LETTER = re.compile(r"[^\W_]")
_IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_COURTESY = re.compile(
    r"(?i)^(?:hi|hello|hey|dear|thanks?|thank you|bonjour|merci|hallo|danke|you['’]re welcome|no problem|great|glad|"
    r"happy to help|sorry|i['’]?m sorry|my apologies|have a (?:great|nice|good)|best(?: regards| wishes)?\W*$|kind regards|"
    r"regards|cheers|is there anything else|anything else|let['’]?s (?:look|take)|write back|let (?:me|us) know|feel free|i(?:['’]ll| will) close|"
    r"please reach out|bonne journée|n['’]hésitez pas|désolé|cordialement|viele grüße)(?!\w)"
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step in a teammate's words, redacted, the conversations it stands in, and their share of the answered."""

    text: str
    conversations: tuple[str, ...]
    share: float


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    conversation: str
    place: float


def recurring(
    conversations: Sequence[Conversation], elsewhere: Sequence[Conversation] = ()
) -> tuple[Step, ...]:
    """Return the recurring steps in the order they are told.

    What teammates also say in `elsewhere`, some conversations of other topics, is courtesy and no step.
    """
    lines = [line for found in conversations for line in _lines(found)][:MOST_LINES]
    answered = len({line.conversation for line in lines})
    needed = max(2, round(SUPPORT * answered))
    told = [(group, _step(group, answered)) for group in _groups(lines)]
    frequent = [(group, step) for group, step in told if len(step.conversations) >= needed]
    other = _others(elsewhere, frozenset(_key(line.text) for group, _ in frequent for line in group))
    kept = [(_mean_place(group), step) for group, step in frequent if not _everywhere(group, step, other)]
    strongest = sorted(kept, key=lambda each: (-len(each[1].conversations), each[1].text))[:MOST_STEPS]
    return tuple(step for _, step in sorted(strongest, key=lambda each: (each[0], each[1].text)))


def _others(elsewhere: Sequence[Conversation], here: frozenset[str]) -> list[frozenset[str]]:
    """Return what is said elsewhere, a conversation each, without those that tell mostly the same as here.

    These are of the same topic by another name, and no witnesses for courtesy.
    """
    return [keys for keys in map(_said, elsewhere) if 2 * len(keys & here) <= len(keys)]


def _everywhere(group: Sequence[_Line], step: Step, other: Sequence[frozenset[str]]) -> bool:
    """Tell whether a line is said whatever the topic."""
    keys = {_key(line.text) for line in group}
    count = sum(not keys.isdisjoint(said) for said in other)
    return count >= min(2, len(other)) and count >= EVERYWHERE * step.share * len(other) > 0


@lru_cache(maxsize=4_096)
def _lines(found: Conversation) -> tuple[_Line, ...]:
    """Return what teammates told; remembered, because each topic is compared with the same others."""
    said = [m.text for m in found.messages if m.role == "teammate"]
    sentences = [s for text in said for s in _sentences(redact(still(text), found.people))]
    return tuple(
        _Line(sentence, found.id, number / len(sentences)) for number, sentence in enumerate(sentences)
    )


@lru_cache(maxsize=4_096)
def _said(found: Conversation) -> frozenset[str]:
    return frozenset(_key(line.text) for line in _lines(found))


def _sentences(text: str) -> Iterator[str]:
    for part in _SENTENCE.split(text):
        line = ungreeted(" ".join(_MARK.sub("", part).split()))
        if (
            length(line) in _WORDS
            and _LETTER.search(line)
            and not _COURTESY.match(line)
            and line[-1] not in "?？"
        ):
            yield line


def ungreeted(line: str) -> str:
    """Return a sentence without the greeting before it, its first letter large."""
    rest = _GREETING.sub("", line)
    return rest[:1].upper() + rest[1:]


def length(line: str) -> int:
    """Return how many words a line has, two ideographs for one."""
    return max(len(line.split()), len(_IDEOGRAPH.findall(line)) // 2)


def _groups(lines: Sequence[_Line]) -> list[list[_Line]]:
    """Return the lines grouped by wording, equal ones folded before they are compared."""
    texts = sorted({_key(line.text) for line in lines})
    if len(texts) < 2:  # noqa: PLR2004  nothing to compare
        return [list(lines)] if lines else []
    vectorizer = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), token_pattern=r"(?u)\w+")  # noqa: S106  words, no secret
    vectors = vectorizer.fit_transform(texts)
    tree = AgglomerativeClustering(
        n_clusters=None, metric="precomputed", linkage="average", distance_threshold=1 - SIMILAR
    )
    distances = np.clip(1 - (vectors @ vectors.T).toarray(), 0, None)
    label = dict(zip(texts, tree.fit_predict(distances), strict=True))
    groups: dict[int, list[_Line]] = {}
    for line in lines:
        groups.setdefault(int(label[_key(line.text)]), []).append(line)
    return list(groups.values())


def _key(text: str) -> str:
    return re.sub(r"\W+", " ", text.lower()).strip()


def _mean_place(group: Sequence[_Line]) -> float:
    return float(np.mean([line.place for line in group]))


def _step(group: Sequence[_Line], answered: int) -> Step:
    """Return the group in its most frequent wording, the shortest of those that are equally frequent."""
    wordings = Counter(line.text for line in group)
    text = min(wordings, key=lambda t: (-wordings[t], len(t), t))
    ids = tuple(dict.fromkeys(line.conversation for line in group))
    return Step(text, ids, len(ids) / answered)
