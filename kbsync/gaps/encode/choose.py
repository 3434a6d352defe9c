"""Choose the encoder that the settings and the language call for."""

from __future__ import annotations

from collections.abc import Sequence

from kbsync.gaps.encode.base import Encoder
from kbsync.gaps.encode.tfidf import TfidfEncoder


def choose(setting: str, language: str, corpus: Sequence[str], *, seed: int = 0) -> Encoder:
    """Return the encoder for texts of one language."""
    return TfidfEncoder(corpus, seed=seed)
