"""Which tracks are shown, frame after frame, so that they don't flicker."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import ArrayLike, NDArray


def shown_steadily(ids: ArrayLike, scores: ArrayLike, score: float, before: Collection[int]) -> NDArray[np.bool_]:
    """(N,) which tracks of a frame are shown: from where they reach the score, until they fall below half of it.

    Around a single limit a track would come and go where its object is blurred or hidden.

    Args:
        ids: (N,) of the tracks, or of their tubes.
        scores: (N,) in [0, 1].
        score: in [0, 1].
        before: ids of those that were shown.
    """
    stays = np.isin(np.asarray(ids, np.int64), list(before))
    return np.asarray(scores, np.float64) >= np.where(stays, score / 2, score)
