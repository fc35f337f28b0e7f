"""Re-weighting of scores along a tube (sec. 4): what the best frames know, the weak frames learn."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from ..geometry import FloatArray
from .checks import check_fraction


def rescore(scores: ArrayLike, top_fraction: float = 0.5) -> FloatArray:
    """Add to every score of a tube the mean of the tube's best scores.

        rescored_t = s_t + mean of the ceil(alpha * L) largest of s_1 ... s_L

    Args:
        scores: (L,) scores of one tube, or (..., L) of several tubes of one length.
        top_fraction: alpha, in (0, 1]; the paper takes 0.5.

    Returns:
        An array like ``scores``, float64. Scores in [0, 1] give values in [0, 2]. Empty stays empty.

    Raises:
        ValueError: ``top_fraction`` is outside (0, 1].
    """
    check_fraction(top_fraction)
    scores = np.asarray(scores, dtype=np.float64)
    length = scores.shape[-1]
    if scores.size == 0:
        return scores.copy()
    # A fraction is rarely exact in binary (0.07 * 100 is a little more than 7), hence the small allowance.
    count = max(1, math.ceil(top_fraction * length - 1e-9))
    best = np.sort(scores, axis=-1)[..., length - count :]
    return scores + best.mean(axis=-1, keepdims=True)
