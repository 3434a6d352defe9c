"""Word and character n-grams, weighted by TF-IDF and reduced by SVD: needs no weights, works in every language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from kbsync.gaps.arrays import Vectors, unit_rows

_DIMENSIONS: Final = 200
_MAX_FEATURES: Final = 60_000
_FIT_ON: Final = 50_000
_UNSPACED_SHARE: Final = 0.2
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")


class TfidfEncoder:
    """Fitted on the questions of one desk and language; words and characters side by side in one SVD.

    Where words are not separated by spaces only characters (2 to 4) are used.
    """

    def __init__(self, corpus: Sequence[str], *, seed: int = 0) -> None:
        sample = list(corpus)[:: max(1, len(corpus) // _FIT_ON)]
        self._parts = [part for part in _vectorizers(sample) if _fit(part, sample)]
        matrix = self._sparse(sample)
        width = min(_DIMENSIONS, min(matrix.shape) - 1)
        self._svd = TruncatedSVD(width, random_state=seed).fit(matrix) if width > 1 else None

    @property
    def name(self) -> str:
        """The encoder's name; its vectors depend on the corpus and are not worth caching."""
        return "tfidf"

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return unit rows, shape (texts, dimensions)."""
        matrix = self._sparse(texts)
        dense = self._svd.transform(matrix) if self._svd is not None else matrix.toarray()
        return unit_rows(np.asarray(dense))

    def _sparse(self, texts: Sequence[str]) -> csr_matrix:
        if not self._parts:
            return csr_matrix((len(texts), 1), dtype=np.float32)
        return csr_matrix(hstack([part.transform(texts) for part in self._parts], dtype=np.float32))


def _vectorizers(sample: Sequence[str]) -> list[TfidfVectorizer]:
    characters = TfidfVectorizer(
        analyzer="char_wb",
        ngram_range=(2, 4) if _is_unspaced(sample) else (3, 5),
        sublinear_tf=True,
        max_features=_MAX_FEATURES,
        dtype=np.float32,
    )
    if _is_unspaced(sample):
        return [characters]
    words = TfidfVectorizer(
        ngram_range=(1, 2), sublinear_tf=True, max_features=_MAX_FEATURES, dtype=np.float32
    )
    return [words, characters]


def _is_unspaced(sample: Sequence[str]) -> bool:
    letters = "".join(sample[:1_000])
    return len(_UNSPACED.findall(letters)) > _UNSPACED_SHARE * max(len(letters), 1)


def _fit(vectorizer: TfidfVectorizer, sample: Sequence[str]) -> bool:
    try:
        vectorizer.fit(sample)
    except ValueError:  # scikit-learn's way to say that no term is left
        return False
    return True
