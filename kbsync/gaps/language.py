"""Which language a text is written in, with the care that one-line questions need.

A language identifier is sure about long texts and guesses on short ones. The share of each language at the desk
is estimated from all texts together by expectation maximisation over the identifier's posteriors (Saerens,
Latinne and Decaestecker 2002), so that a lone odd guess gives way to what people here really write.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np

from kbsync.gaps.arrays import Floats
from kbsync.gaps.identify import identifier

_CHARACTERS = 1_000
_ROUNDS = 20
_ENOUGH_LETTERS = 3


def primary(locale: str | None) -> str:
    """Return the language of a locale: `pt` for `pt-BR`, empty for none."""
    return (locale or "").replace("_", "-").split("-")[0].strip().lower()


class Speech(NamedTuple):
    """How much of each language is written at a desk: `prior` (codes,), and the last resort."""

    codes: tuple[str, ...]
    prior: Floats
    default: str

    def tell(self, texts: Sequence[str], declared: Sequence[str | None]) -> list[str]:
        """Return a language code for each text; a declared locale is trusted."""
        asked = _asked(texts, declared)
        return _told(texts, declared, self.best(asked, _evidence(asked)), self.default)

    def best(self, asked: Sequence[str], evidence: Floats) -> dict[str, str]:
        """Return the likeliest code of each text, given how well each code explains it."""
        best = (evidence * self.prior).argmax(axis=1) if asked else ()
        return {text: self.codes[number] for text, number in zip(asked, best, strict=True)}


def listen(texts: Sequence[str], declared: Sequence[str | None], default: str) -> tuple[Speech, list[str]]:
    """Estimate how much of each language is written, and return the language code of each text too."""
    asked = _asked(texts, declared)
    codes = identifier().codes
    spoken = Counter(filter(None, map(primary, declared)))
    evidence = _evidence(asked)
    prior = _prior(evidence, np.array([spoken[code] for code in codes], dtype=np.float64))
    speech = Speech(codes, prior, primary(default))
    return speech, _told(texts, declared, speech.best(asked, evidence), speech.default)


def detect(texts: Sequence[str], declared: Sequence[str | None], default: str) -> list[str]:
    """Return a language code for each text; a declared locale is trusted, `default` is the last resort."""
    return listen(texts, declared, default)[1]


def _asked(texts: Sequence[str], declared: Sequence[str | None]) -> list[str]:
    """Return the different texts of which the language must be found."""
    pairs = zip(texts, declared, strict=True)
    return sorted({text for text, locale in pairs if not primary(locale) and _legible(text)})


def _told(
    texts: Sequence[str], declared: Sequence[str | None], found: Mapping[str, str], default: str
) -> list[str]:
    pairs = zip(texts, declared, strict=True)
    return [primary(locale) or found.get(text, default) for text, locale in pairs]


def _legible(text: str) -> bool:
    letters = filter(str.isalpha, text[:_CHARACTERS])
    return len(list(islice(letters, _ENOUGH_LETTERS))) == _ENOUGH_LETTERS


def _evidence(texts: Sequence[str]) -> Floats:
    """Return how well each language explains each text, shape (texts, codes), each row summing to 1.

    Naive Bayes scores grow with length as if bytes were independent; the root of the length calms them.
    """
    scores = identifier().scores([text[:_CHARACTERS] for text in texts])
    length = np.array([max(len(text[:_CHARACTERS].encode("utf-8", "replace")), 1) for text in texts])
    scores -= scores.max(axis=1, keepdims=True, initial=-math.inf)
    scores /= np.sqrt(length)[:, None]
    likelihood = np.exp(scores)
    return np.asarray(likelihood / likelihood.sum(axis=1, keepdims=True))


def _prior(evidence: Floats, declared: Floats) -> Floats:
    prior = np.full(len(declared), 1.0 / len(declared))
    for _ in range(_ROUNDS if len(evidence) else 0):
        posterior = evidence * prior
        posterior /= posterior.sum(axis=1, keepdims=True)
        counts = posterior.sum(axis=0) + declared
        prior = counts / counts.sum()
    return prior
