"""What py3langid's model says of many texts at once: its sums for a chunk are one sparse product.

py3langid scores text by text, which takes most of its time. Its model is a naive Bayes over byte sequences that an
automaton finds (Lui and Baldwin 2012); the parts used here are attributes of its `LanguageIdentifier`, 0.4.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, Final

import numpy as np
from py3langid import langid
from scipy.sparse import csr_matrix

from kbsync.gaps.arrays import Floats

_CHUNK: Final = 2_048


class Identifier:
    """The model: `codes` are its languages, in the order of the scores."""

    def __init__(self) -> None:
        self._model: Any = langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE)
        self._rows = [row << 8 for row in self._model.tk_row]
        self.codes = tuple(sorted(set(self._model.nb_classes)))

    def scores(self, texts: Sequence[str]) -> Floats:
        """Return the log posterior of each language, shape (texts, codes), up to a constant for each text."""
        found = [self._chunk(texts[start : start + _CHUNK]) for start in range(0, len(texts), _CHUNK)]
        return np.vstack(found) if found else np.zeros((0, len(self.codes)))

    def _chunk(self, texts: Sequence[str]) -> Floats:
        model = self._model
        visits = [
            langid.visit_counts(model.tk_nextmove, self._rows, model.tk_output, _bytes(text)) or {}
            for text in texts
        ]
        features, column = np.unique(list(chain.from_iterable(visits)), return_inverse=True)
        counts = np.fromiter(chain.from_iterable(each.values() for each in visits), dtype=np.float32)
        starts = np.r_[0, np.cumsum([len(each) for each in visits])]
        table = model.nb_ptc[features.astype(np.intp)].astype(np.float32)
        seen = csr_matrix((np.log1p(counts), column, starts), shape=(len(texts), len(features)))
        sums = seen @ table + model.nb_pc
        sums[np.diff(starts) == 0] = 0.0
        return self._by_code(sums)

    def _by_code(self, sums: Floats) -> Floats:
        """Take the better of two classes with one code (Serbian has one for each script)."""
        best = np.full((len(sums), len(self.codes)), -np.inf)
        for number, code in enumerate(self._model.nb_classes):
            place = self.codes.index(code)
            best[:, place] = np.maximum(best[:, place], sums[:, number])
        return best


@lru_cache(maxsize=1)
def identifier() -> Identifier:
    """Return the model, loaded once in a process."""
    return Identifier()


def _bytes(text: str) -> bytes:
    """Return what the model was trained on: capitals alone say nothing, and one form of each character."""
    lower = text.lower() if text.isupper() else text
    return unicodedata.normalize("NFC", lower).encode("utf-8", "surrogatepass")
