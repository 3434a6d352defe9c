"""Which language a text is written in, with the care that one-line questions need.

A language identifier is sure about long texts and guesses on short ones. The share of each language at the desk
is estimated from all texts together by expectation maximisation over the identifier's posteriors (Saerens,
Latinne and Decaestecker 2002), so that a lone odd guess gives way to what people here really write.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import py3langid

from kbsync.gaps.arrays import Floats

_CHARACTERS = 1_000
_ROUNDS = 20
_ENOUGH_LETTERS = 3


def primary(locale: str | None) -> str:
    """Return the language of a locale: `pt` for `pt-BR`, empty for none."""
    return (locale or "").replace("_", "-").split("-")[0].strip().lower()


def detect(texts: Sequence[str], declared: Sequence[str | None], default: str) -> list[str]:
    """Return a language code for each text; a declared locale is trusted, `default` is the last resort."""
    known = [primary(locale) for locale in declared]
    asked = sorted({text for text, code in zip(texts, known, strict=True) if not code and _legible(text)})
    found = dict(zip(asked, _identify(asked, [code for code in known if code]), strict=True))
    return [code or found.get(text, primary(default)) for text, code in zip(texts, known, strict=True)]


def _legible(text: str) -> bool:
    return sum(character.isalpha() for character in text[:_CHARACTERS]) >= _ENOUGH_LETTERS


def _identify(texts: Sequence[str], spoken: Sequence[str]) -> list[str]:
    if not texts:
        return []
    ranked = [dict(py3langid.rank(text[:_CHARACTERS])) for text in texts]
    codes = sorted({code for scores in ranked for code in scores})
    scores = np.array([[row.get(code, -math.inf) for code in codes] for row in ranked], dtype=np.float64)
    evidence = _tempered(scores, texts)
    prior = _prior(evidence, np.array([spoken.count(code) for code in codes], dtype=np.float64))
    return [codes[best] for best in (evidence * prior).argmax(axis=1)]


def _tempered(scores: Floats, texts: Sequence[str]) -> Floats:
    """Naive Bayes scores grow with length as if bytes were independent; the root of the length calms them."""
    length = np.array([max(len(text[:_CHARACTERS].encode("utf-8", "replace")), 1) for text in texts])
    scaled = (scores - scores.max(axis=1, keepdims=True)) / np.sqrt(length)[:, None]
    likelihood = np.exp(scaled)
    return np.asarray(likelihood / likelihood.sum(axis=1, keepdims=True))


def _prior(evidence: Floats, declared: Floats) -> Floats:
    prior = np.full(evidence.shape[1], 1.0 / evidence.shape[1])
    for _ in range(_ROUNDS):
        posterior = evidence * prior
        posterior /= posterior.sum(axis=1, keepdims=True)
        counts = posterior.sum(axis=0) + declared
        prior = counts / counts.sum()
    return prior
