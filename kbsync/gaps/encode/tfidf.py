"""What the desk's own words say about likeness: needs no weights, works in every language.

Two views of each text, side by side: word and character n-grams by TF-IDF in the space of their strongest
directions, and the mean of word vectors learned from which words the desk uses together (positive pointwise
mutual information and SVD after Levy and Goldberg 2014, averaged after Arora et al. 2017). Directions are
weighed by a power of their singular value above 1, so that what many texts share counts for more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, TypeAlias, TypeVar

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from kbsync.gaps.abreast import abreast
from kbsync.gaps.arrays import Floats, Vectors, unit_rows
from kbsync.gaps.encode.pieces import PieceVectorizer
from kbsync.gaps.sentences import UNSPACED

_DIMENSIONS: Final = 300
_WORD_DIMENSIONS: Final = 200
_MAX_TERMS: Final = 60_000
_MAX_WORDS: Final = 10_000
_FIT_ON: Final = 30_000
_CHUNK: Final = 1_024
_POWER: Final = 1.5
#: Power iterations of the randomised SVD; scikit-learn's five cost twice as much for no better topics (ABCD: NMI .785, .786).
_ITERATIONS: Final = 2
_FREQUENT: Final = 0.01
_CONTEXT: Final = 0.75
_WORD: Final = r"(?u)\b\w[\w'’]*\b"  # noqa: RUF001 - customers type both apostrophes
_UNSPACED_SHARE: Final = 0.2

Vectorizer: TypeAlias = CountVectorizer | PieceVectorizer
V = TypeVar("V", CountVectorizer, PieceVectorizer)


class TfidfEncoder:
    """Fitted on the questions of one desk and language.

    Where words are not separated by spaces only characters (2 to 4) are used.
    """

    def __init__(self, corpus: Sequence[str], *, seed: int = 0) -> None:
        sample = list(corpus)[:: 1 + len(corpus) // _FIT_ON]
        unspaced = is_unspaced(sample)
        kinds: list[Callable[..., _TermSpace | _WordSpace]] = [partial(_TermSpace, unspaced=unspaced)]
        if not unspaced:
            kinds.append(_WordSpace)
        self._spaces = abreast(lambda kind: kind(sample, seed=seed), kinds)

    @property
    def name(self) -> str:
        """The encoder's name; its vectors depend on the corpus and are not worth caching."""
        return "tfidf"

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return unit rows, shape (texts, dimensions)."""
        if not texts:
            return np.zeros((0, 1), dtype=np.float32)
        return unit_rows(np.hstack([space.encode(texts) for space in self._spaces]))


class _TermSpace:
    """N-grams of words and characters in one SVD."""

    def __init__(self, sample: Sequence[str], *, unspaced: bool, seed: int) -> None:
        characters = PieceVectorizer((2, 4) if unspaced else (3, 5), _MAX_TERMS)
        wanted: list[Vectorizer] = [characters] if unspaced else [characters, _words()]
        fitted = [
            found for found in (_fitted(vectorizer, sample) for vectorizer in wanted) if found is not None
        ]
        self._vectorizers = [vectorizer for vectorizer, _ in fitted]
        self._sample = list(sample)
        self._matrix = _joined([matrix for _, matrix in fitted], len(sample))
        self._svd, self._scale = _directions(self._matrix, _DIMENSIONS, seed)

    def encode(self, texts: Sequence[str]) -> Vectors:
        if self._svd is None:
            return np.zeros((len(texts), 1), dtype=np.float32)
        terms, svd = self._sparse(texts), self._svd
        parts = [terms[start : start + _CHUNK] for start in range(0, len(texts), _CHUNK)]
        return unit_rows(np.vstack(abreast(svd.transform, parts)) * self._scale ** (_POWER - 1))

    def __getstate__(self) -> dict[str, object]:
        """Leave the texts it was fitted on at home when it is kept or sent away."""
        empty = {"_sample": [], "_matrix": csr_matrix((0, 0), dtype=np.float32)}
        return {**self.__dict__, **empty}

    def _sparse(self, texts: Sequence[str]) -> csr_matrix:
        """Return the terms of the texts; those it was fitted on are not taken apart again."""
        if list(texts) == self._sample:
            return self._matrix
        return _joined([vectorizer.transform(texts) for vectorizer in self._vectorizers], len(texts))


def _joined(parts: list[csr_matrix], count: int) -> csr_matrix:
    return csr_matrix(hstack(parts, dtype=np.float32)) if parts else csr_matrix((count, 1), dtype=np.float32)


class _WordSpace:
    """Word vectors from co-occurrence within a question; a text is the mean of its words, frequent ones damped."""

    def __init__(self, sample: Sequence[str], *, seed: int) -> None:
        counting = CountVectorizer(token_pattern=_WORD, max_features=_MAX_WORDS, dtype=np.float32)
        found = _fitted(counting, sample)
        self._vectorizer = found[0] if found else None
        self._vectors: Floats = np.zeros((0, 1))
        if found is not None:
            counts = found[1]
            share = np.asarray(counts.sum(axis=0)).ravel() / counts.sum()
            self._vectors = _word_vectors(counts, seed) * (_FREQUENT / (_FREQUENT + share))[:, None]

    def encode(self, texts: Sequence[str]) -> Vectors:
        if self._vectorizer is None:
            return np.zeros((len(texts), 1), dtype=np.float32)
        return unit_rows(self._vectorizer.transform(texts) @ self._vectors)


def _word_vectors(counts: csr_matrix, seed: int) -> Vectors:
    present = (counts > 0).astype(np.float32)
    together = csr_matrix(present.T @ present).tocoo()
    total = np.asarray(together.sum(axis=0)).ravel()
    context = total**_CONTEXT / (total**_CONTEXT).sum()
    expected = total[together.row] * context[together.col]
    information = np.log(np.maximum(together.data / expected, 1.0))
    matrix = csr_matrix((information, (together.row, together.col)), shape=together.shape)
    svd, _ = _directions(matrix, _WORD_DIMENSIONS, seed)
    return (
        unit_rows(svd.transform(matrix))
        if svd is not None
        else np.zeros((matrix.shape[0], 1), dtype=np.float32)
    )


def _directions(matrix: csr_matrix, most: int, seed: int) -> tuple[TruncatedSVD | None, Floats]:
    """Return the strongest directions and their strength relative to the first; None for a matrix of one line."""
    width = min(most, min(matrix.shape) - 1)
    if width < 1 or not matrix.nnz:
        return None, np.ones(1)
    with np.errstate(invalid="ignore", divide="ignore"):  # equal rows have no variance to explain
        svd = TruncatedSVD(width, n_iter=_ITERATIONS, random_state=seed).fit(matrix)
    strength = svd.singular_values_
    return svd, strength / max(float(strength[0]), 1e-12)


def _words() -> TfidfVectorizer:
    return TfidfVectorizer(
        ngram_range=(1, 2), token_pattern=_WORD, sublinear_tf=True, max_features=_MAX_TERMS, dtype=np.float32
    )


def _fitted(vectorizer: V, sample: Sequence[str]) -> tuple[V, csr_matrix] | None:
    """Fit on terms said twice; where nothing is, on all; None where there is no term at all."""
    for often in (2, 1):
        try:
            weights = csr_matrix(vectorizer.set_params(min_df=often).fit_transform(sample))
            return _plain(vectorizer), weights
        except ValueError:  # scikit-learn's way to say that no term is left
            continue
    return None


def _plain(vectorizer: V) -> V:
    """Number terms by Python's integers: NumPy's, which scikit-learn leaves behind, take most of the time to write."""
    if isinstance(vectorizer, CountVectorizer):
        vectorizer.vocabulary_ = {term: int(number) for term, number in vectorizer.vocabulary_.items()}
    return vectorizer


def is_unspaced(sample: Sequence[str]) -> bool:
    """Whether these texts set no spaces between words, as Chinese, Japanese and Thai do."""
    letters = "".join(sample[:1_000])
    return len(UNSPACED.findall(letters)) > _UNSPACED_SHARE * max(len(letters), 1)
