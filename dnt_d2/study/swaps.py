"""Is a better than b, or is it chance? A test that is exact for any number of videos: swapping their results.

Were a and b equally good, it would be chance which of the two results of a video is whose. So they are swapped at
random, video by video, and mean AP50 is measured on both sides: how often does the difference come out as large as it
is? The interval of :mod:`.bootstrap` says how large a difference is, but of few videos too narrowly; this says no more
than that there is one, but is wrong no more often than it says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..evaluation.ground_truth import VideoTruth
from ..evaluation.outcome_log import ClassLog
from ..geometry import FloatArray
from .bank import Bank, ClassBank, Gathered, resampled_means

IntArray = NDArray[np.int64]

SWAPS = 2000
_EQUAL = 1e-9  # percent: differences of sums that were added in another order


@dataclass(frozen=True)
class Chance:
    """The probabilities that a difference as large as it is comes about by chance; NaN where there are no objects.

    Attributes:
        seeds: for each seed of training alone.
        together: of the mean over seeds; the results of a video are swapped for all seeds at once.
    """

    seeds: list[float]
    together: float


def swap_bank(a: Gathered, b: Gathered, truth: VideoTruth) -> Bank:
    """Both results in one bank: video v stands at the place 2 v with those of a, and at 2 v + 1 with those of b.

    Raises:
        ValueError: they are of other videos.
    """
    if a.videos != b.videos or not np.array_equal(a.num_gt, b.num_gt):
        raise ValueError(f"results of videos {a.videos} and of {b.videos}, or of other frames, can't be swapped")
    num_gt = np.repeat(a.num_gt, 2, axis=0)
    banks = []
    for class_id in np.flatnonzero(num_gt.sum(axis=0)).tolist():
        (log_a, videos_a), (log_b, videos_b) = a.of_class(class_id, truth), b.of_class(class_id, truth)
        places = np.concatenate([2 * videos_a, 2 * videos_b + 1])
        order = np.argsort(places, kind="stable")  # by video, then by frame: as equal scores are ranked
        joined = ClassLog(
            np.concatenate([log_a.frames, log_b.frames])[order],
            np.concatenate([log_a.scores, log_b.scores])[order],
            np.concatenate([log_a.outcomes, log_b.outcomes])[order],
        )
        banks.append(ClassBank.of(joined, places[order], num_gt[:, class_id]))
    return Bank([v for v in a.videos for _ in range(2)], num_gt, banks)


def swap_test(banks: Sequence[Bank], *, swaps: int = SWAPS, seed: int = 0) -> Chance:
    """Test that a is better than b.

    Args:
        banks: from :func:`swap_bank`, one for each seed of training, of the same videos.
        swaps: how many times; the smallest probability is 1 / (swaps + 1).
        seed: of the random numbers.

    Raises:
        ValueError: no banks or no swaps, or banks of other videos.
    """
    if not banks or swaps < 1 or any(bank.videos != banks[0].videos for bank in banks):
        raise ValueError(f"{len(banks)} results, {swaps} swaps: give 1 or more of each, all of the same videos")
    count = len(banks[0].videos) // 2
    swapped = np.random.default_rng(seed).integers(2, size=(swaps + 1, count))
    swapped[0] = 0  # the data as it is
    differences = np.array([swapped_differences(bank, swapped) for bank in banks])
    return Chance([_share(row) for row in differences], _share(differences.mean(axis=0)))


def swapped_differences(bank: Bank, swapped: IntArray) -> FloatArray:
    """The mean AP50 of side a less that of side b (B,), percent, when the videos that (B, V) marks by 1 are swapped."""
    of_a = np.stack([1 - swapped, swapped], axis=2).reshape(len(swapped), -1)
    return resampled_means(bank, of_a) - resampled_means(bank, 1 - of_a)


def _share(differences: FloatArray) -> float:
    """How many are as large as the first, itself included."""
    if np.isnan(differences).any():
        return float("nan")
    return float((differences >= differences[0] - _EQUAL).mean())
