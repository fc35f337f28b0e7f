"""How sure is a difference of two mean AP50s? A paired bootstrap over the videos of a data set.

Frames of a video are alike: what can be drawn again is the video. A resample draws V of V videos with replacement,
the same for both sides; a video drawn w times counts as w videos with its boxes and its objects. Mean AP50 is measured
anew, by the rule of the evaluation (:mod:`dnt_d2.evaluation.average_precision`), and the difference taken. All AP50 is
in percent, as in reports.

With few videos for each class the percentile interval is somewhat too narrow; see :mod:`.swaps` for another test.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..geometry import FloatArray
from .bank import Bank, resampled_means

RESAMPLES = 2000
INTERVAL = (2.5, 97.5)  # percentiles


class Resampled(NamedTuple):
    """Mean AP50 of a bank, percent: on the data as it is, and (B,) on resamples."""

    value: float
    means: FloatArray


def resample(bank: Bank, *, resamples: int = RESAMPLES, seed: int = 0) -> Resampled:
    """Mean AP50 of a bank on random resamples; banks of equally many videos get the same ones with the same seed.

    Raises:
        ValueError: there are no videos, or no resamples are wanted.
    """
    count = len(bank.videos)
    if not count or resamples < 1:
        raise ValueError(f"{count} videos can't be resampled {resamples} times: both must be 1 or more")
    draws = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=resamples)
    means = resampled_means(bank, np.concatenate([np.ones((1, count), dtype=np.int64), draws]))
    return Resampled(float(means[0]), means[1:])


@dataclass(frozen=True)
class Difference:
    """Of two mean AP50s, percent. NaN where there are no objects.

    Attributes:
        a, b: on the data as it is.
        difference: a - b.
        low, high: the 95% percentile interval of the difference over resamples (those without any object left out).
        p: the share of resamples in which a is not better than b; 0 says: in less than one of all.
    """

    a: float
    b: float
    difference: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class Paired:
    """A comparison of two results over several seeds of training.

    Attributes:
        seeds: for each seed alone.
        together: of the means over seeds, videos being drawn jointly for all seeds: what other videos would change.
        seeds_drawn: the same, with seeds drawn again as well as videos: what other videos and other trainings would
            change. Of three seeds it says little, and is too narrow rather than too wide; of one it is ``together``.
        videos: V.
        resamples: B.
        seed: of the random numbers.
    """

    seeds: list[Difference]
    together: Difference
    seeds_drawn: Difference
    videos: int
    resamples: int
    seed: int


def paired(banks_a: Sequence[Bank], banks_b: Sequence[Bank], *, resamples: int = RESAMPLES, seed: int = 0) -> Paired:
    """Compare two results on the same resampled videos.

    Args:
        banks_a: one for each seed of training.
        banks_b: likewise; the seeds are paired in their order.
        resamples: B.
        seed: of the random numbers.

    Raises:
        ValueError: no banks, not equally many, or of other videos.
    """
    check_pairs(banks_a, banks_b)
    found = [[resample(bank, resamples=resamples, seed=seed) for bank in banks] for banks in (banks_a, banks_b)]
    return compare(*found, videos=len(banks_a[0].videos), seed=seed)


def check_pairs(banks_a: Sequence[Bank], banks_b: Sequence[Bank]) -> None:
    """Raise a ValueError where banks can't be compared: none, not equally many, or of other videos."""
    if not banks_a or len(banks_a) != len(banks_b):
        raise ValueError(f"{len(banks_a)} and {len(banks_b)} results can't be paired; give one of each for every seed")
    first = banks_a[0]
    for bank in (*banks_a, *banks_b):
        if bank.videos != first.videos:
            raise ValueError(
                f"results of videos {bank.videos} and of {first.videos} can't be paired: evaluate the same ones"
            )
        if not np.array_equal(bank.num_gt, first.num_gt):
            raise ValueError("the same videos have other objects: were the results judged in other frames?")


def compare(a: Sequence[Resampled], b: Sequence[Resampled], *, videos: int, seed: int) -> Paired:
    """What :func:`paired` does once both sides were resampled with the same seed."""
    values_a, values_b = (np.array([one.value for one in side]) for side in (a, b))
    spread = np.array([x.means - y.means for x, y in zip(a, b, strict=True)])  # (S, B)
    singles = [_difference(x, y, row) for x, y, row in zip(values_a, values_b, spread, strict=True)]
    count, resamples = spread.shape
    drawn = np.random.default_rng([seed, count]).integers(count, size=spread.shape)
    means = (float(values_a.mean()), float(values_b.mean()))
    together = _difference(*means, spread.mean(axis=0))
    seeds_drawn = _difference(*means, np.take_along_axis(spread, drawn, axis=0).mean(axis=0))
    return Paired(singles, together, seeds_drawn, videos, resamples, seed)


def _difference(a: float, b: float, spread: FloatArray) -> Difference:
    known = spread[~np.isnan(spread)]
    low, high = np.percentile(known, INTERVAL).tolist() if len(known) else (np.nan, np.nan)
    p = float((known <= 0).mean()) if len(known) else np.nan
    return Difference(float(a), float(b), float(a - b), low, high, p)
