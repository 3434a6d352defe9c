"""From evidence to a number between 0 and 1 that means the same at every desk."""

from __future__ import annotations

from typing import Final

import numpy as np
from sklearn.mixture import GaussianMixture

from kbsync.gaps.arrays import Floats

_ENOUGH: Final = 8
_STARTS: Final = 3
_STEEP: Final = 10.0
_MOST_POINTS: Final = 1_000
_HALVES: Final = 2


def answered(evidence: Floats, contrast: Floats) -> Floats:
    """Return for each topic the probability that it is answered.

    A desk has answered and unanswered topics: two normal distributions of one width are fitted to the evidence,
    and the posterior of the upper one returned. Where there are too few topics for that, `contrast` decides:
    above zero the topic is nearer to an article than to any other topic.
    """
    if len(evidence) < _ENOUGH or np.ptp(evidence) < 1e-9:  # noqa: PLR2004 - rounding
        return np.asarray(1.0 / (1.0 + np.exp(-_STEEP * contrast)))
    mixture = GaussianMixture(_HALVES, covariance_type="tied", n_init=_STARTS, random_state=0).fit(
        evidence[:, None]
    )
    upper = int(mixture.means_[:, 0].argmax())
    return np.asarray(mixture.predict_proba(evidence[:, None])[:, upper])


def split_point(values: Floats) -> float:
    """Return the value that best parts low from high (Otsu 1979), from at most 1,000 evenly spread values."""
    ordered = np.sort(values)[:: 1 + len(values) // _MOST_POINTS]
    if len(ordered) < _HALVES:
        return float(ordered[0]) if len(ordered) else 0.0
    below = np.arange(1, len(ordered))
    sums = np.cumsum(ordered)
    difference = sums[:-1] / below - (sums[-1] - sums[:-1]) / (len(ordered) - below)
    best = int((below * (len(ordered) - below) * difference**2).argmax())
    return float((ordered[best] + ordered[best + 1]) / 2)
