"""Pieces of words by TF-IDF: what scikit-learn's analyzer `char_wb` gives, each word of the desk taken apart once.

A desk says few different words many times. So the counts of a text's pieces are those of its words times those of
each word's pieces, one sparse product.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import chain

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

from kbsync.gaps.arrays import Integers


class PieceVectorizer(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Weighs pieces of `ngram_range` characters that at least `min_df` texts hold, the `max_features` most frequent."""

    def __init__(self, ngram_range: tuple[int, int], max_features: int, min_df: int = 1) -> None:
        self.ngram_range = ngram_range
        self.max_features = max_features
        self.min_df = min_df

    def fit_transform(self, texts: Sequence[str]) -> csr_matrix:
        """Learn from texts and return their weights, shape (texts, pieces), unit rows.

        Raises:
            ValueError: no piece is left.
        """
        said, words = _said(texts)
        counting = self._counting(None)
        counts = csr_matrix(said @ counting.fit_transform(words))
        counts.sort_indices()
        kept = self._kept(counts)
        self._pieces = self._counting(counting.get_feature_names_out()[kept])
        self._weights = TfidfTransformer(sublinear_tf=True)
        return self._weights.fit_transform(counts[:, kept])

    def transform(self, texts: Sequence[str]) -> csr_matrix:
        """Return the weights of other texts."""
        said, words = _said(texts)
        counts = csr_matrix(said @ self._pieces.transform(words))
        counts.sort_indices()
        return self._weights.transform(counts, copy=False)

    def _counting(self, vocabulary: Sequence[str] | None) -> CountVectorizer:
        return CountVectorizer(
            analyzer="char_wb",
            ngram_range=self.ngram_range,
            lowercase=False,
            vocabulary=vocabulary,
            dtype=np.float32,
        )

    def _kept(self, counts: csr_matrix) -> Integers:
        often = np.flatnonzero(np.bincount(counts.indices, minlength=counts.shape[1]) >= self.min_df)
        frequency = np.asarray(counts.sum(axis=0)).ravel()[often]
        kept = np.sort(often[(-frequency).argsort()[: self.max_features]])
        if not len(kept):
            raise ValueError("no piece is said so often")
        return kept


def _said(texts: Sequence[str]) -> tuple[csr_matrix, list[str]]:
    """Return how often each text says each word, shape (texts, words), and the words."""
    number = defaultdict[str, int]()
    number.default_factory = number.__len__
    rows = [[number[word] for word in text.lower().split()] for text in texts]
    columns = np.fromiter(chain.from_iterable(rows), dtype=np.int32)
    starts = np.r_[0, np.cumsum([len(row) for row in rows])].astype(np.int32)
    said = csr_matrix(
        (np.ones(len(columns), dtype=np.float32), columns, starts), shape=(len(rows), len(number))
    )
    said.sum_duplicates()
    return said, list(number)
