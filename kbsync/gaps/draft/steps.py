"""The steps that teammates repeat: what resolved a topic, said in many of its conversations.

One conversation holds about a third of a procedure; the lines that recur across a topic's conversations
hold most of it. Lines are grouped by the cosine of their TF-IDF vectors; a group counts by the number of
conversations it stands in, and its place is the mean of where it stood.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.cluster import AgglomerativeClustering
from sklearn.feature_extraction.text import TfidfVectorizer

from kbsync.conversations.model import Conversation
from kbsync.conversations.redact import redact

SIMILAR = 0.7
"""Cosine from which two lines are one step."""

SUPPORT = 0.2
"""Share of the conversations in which a step must stand; two at least."""

MOST_STEPS = 12
MOST_LINES = 3_000
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-ZÀ-ÖØ-Þ0-9\"'“])|\n+")
_MARK = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+")
_WORDS = range(3, 61)
_COURTESY = re.compile(
    r"(?i)^(?:hi|hello|hey|dear|thanks?|thank you|bonjour|merci|hallo|danke|you['’]re welcome|no problem|great|glad|"
    r"happy to help|sorry|i['’]?m sorry|my apologies|have a (?:great|nice|good)|best|kind regards|regards|cheers|"
    r"is there anything else|anything else|let (?:me|us) know|feel free|i(?:['’]ll| will) close|please reach out|"
    r"bonne journée|n['’]hésitez pas|désolé|cordialement|viele grüße)\b"
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step in a teammate's words, redacted, and the conversations it stands in."""

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

    What teammates also say in `elsewhere`, the conversations of other topics, is courtesy and no step.
    """
    lines = [line for found in conversations for line in _lines(found)][:MOST_LINES]
    needed = max(2, round(SUPPORT * len({line.conversation for line in lines})))
    if len(lines) < 2:  # noqa: PLR2004  nothing can recur
        return ()
    common = {_key(line.text) for found in elsewhere for line in _lines(found)}
    groups = [g for g in _groups(lines) if len({line.conversation for line in g}) >= needed]
    kept = [g for g in groups if not common.intersection(_key(line.text) for line in g)]
    strongest = sorted(kept, key=lambda g: (-len({line.conversation for line in g}), g[0].text))[:MOST_STEPS]
    total = len(conversations)
    return tuple(_step(g, total) for g in sorted(strongest, key=lambda g: (_mean_place(g), g[0].text)))


def _lines(found: Conversation) -> Iterator[_Line]:
    said = [m.text for m in found.messages if m.role == "teammate"]
    sentences = [s for text in said for s in _sentences(redact(text, found.people))]
    for number, sentence in enumerate(sentences):
        yield _Line(sentence, found.id, number / len(sentences))


def _sentences(text: str) -> Iterator[str]:
    for part in _SENTENCE.split(text):
        line = " ".join(_MARK.sub("", part).split())
        if len(line.split()) in _WORDS and not _COURTESY.match(line) and not line.endswith("?"):
            yield line


def _groups(lines: Sequence[_Line]) -> list[list[_Line]]:
    """Return the lines grouped by meaning, equal ones folded before they are compared."""
    texts = sorted({_key(line.text) for line in lines})
    if len(texts) == 1:
        return [list(lines)]
    vectors = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2)).fit_transform(texts)
    tree = AgglomerativeClustering(
        n_clusters=None, metric="cosine", linkage="average", distance_threshold=1 - SIMILAR
    )
    label = dict(zip(texts, tree.fit_predict(vectors.toarray()), strict=True))
    groups: dict[int, list[_Line]] = {}
    for line in lines:
        groups.setdefault(int(label[_key(line.text)]), []).append(line)
    return list(groups.values())


def _key(text: str) -> str:
    return re.sub(r"\W+", " ", text.lower()).strip() or text


def _mean_place(group: Sequence[_Line]) -> float:
    return float(np.mean([line.place for line in group]))


def _step(group: Sequence[_Line], total: int) -> Step:
    """Return the group in its most frequent wording, the shortest of those that are equally frequent."""
    wordings: dict[str, int] = {}
    for line in group:
        wordings[line.text] = wordings.get(line.text, 0) + 1
    text = min(wordings, key=lambda t: (-wordings[t], len(t), t))
    ids = tuple(dict.fromkeys(line.conversation for line in group))
    return Step(text, ids, len(ids) / total)
