"""What the track head gains over "no motion", by how far things move: numbers for a JSON file."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..geometry import FloatArray
from .moves import HEAD, METHODS, STAY, Moves

Summary = dict[str, Any]

ABOVE = (0, 4, 12)
"""Pixels: the claims are about boxes that move more than that."""
EDGES = (0, 2, 4, 8, 12, 16, 24, 32, 48, 64, math.inf)
"""Pixels, between bins of displacement; a bin holds its lower edge."""
DRAWS = 2000


def summarise_moves(moves: Moves, *, draws: int = DRAWS, seed: int = 0) -> Summary:
    """The errors of all methods, of all boxes together and by displacement.

    Args:
        moves: of one network, one data set and, to compare like with like, one tau.
        draws: of the bootstrap over videos.
        seed: of its draws.

    Returns:
        ``boxes, videos, methods``; and two lists of groups, ``above`` (each with its ``px``) and ``bins`` (each with
        ``low`` and ``high``, None without an end). A group has

        - ``boxes``, and ``videos`` that they are from;
        - ``displacement_px``, the mean;
        - ``iou_error``, by method the mean of 1 - IoU, in [0, 1];
        - ``centre_error_px``, by method the median;
        - ``ratio``, the IoU error of "no motion" over the head's, and ``ratio_95``, its 95% interval when videos are
          drawn again.

        Without boxes all but the counts are None, and so is a ratio to an error of 0, or the interval of one video.
    """
    videos = np.unique(moves.video)
    weights = _weights(len(videos), draws, seed)

    def group(which: NDArray[np.bool_]) -> Summary:
        return _group(moves.take(which), videos, weights)

    d = moves.displacement
    return {
        "boxes": len(moves),
        "videos": len(videos),
        "methods": list(METHODS),
        "above": [{"px": px, **group(d > px)} for px in ABOVE],
        "bins": [
            {"low": low, "high": high if math.isfinite(high) else None, **group((d >= low) & (d < high))}
            for low, high in pairwise(EDGES)
        ],
    }


def summarise_by_tau(moves: Moves, *, draws: int = DRAWS, seed: int = 0) -> dict[str, Summary]:
    """:func:`summarise_moves` for each tau that there is, by its number as JSON has it."""
    return {
        str(tau): summarise_moves(moves.take(moves.tau == tau), draws=draws, seed=seed)
        for tau in np.unique(moves.tau).tolist()
    }


def _weights(count: int, draws: int, seed: int) -> FloatArray:
    """(draws, count): how often each video is drawn."""
    if not count:
        return np.zeros((draws, 0))
    return np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), draws).astype(np.float64)


def _group(moves: Moves, videos: NDArray[np.int64], weights: FloatArray) -> Summary:
    facts: Summary = {"boxes": len(moves), "videos": len(np.unique(moves.video))}
    if not len(moves):
        return facts | dict.fromkeys(("displacement_px", "iou_error", "centre_error_px", "ratio", "ratio_95"))
    error = 1 - moves.iou
    stay, head = error[:, METHODS.index(STAY)], error[:, METHODS.index(HEAD)]
    belongs = (videos[:, None] == moves.video).astype(np.float64)
    return facts | {
        "displacement_px": round(float(moves.displacement.mean()), 2),
        "iou_error": _by_method(error.mean(axis=0), 4),
        "centre_error_px": _by_method(np.median(moves.off, axis=0), 2),
        "ratio": round(float(stay.sum() / head.sum()), 3) if head.sum() > 0 else None,
        "ratio_95": _interval(weights @ (belongs @ stay), weights @ (belongs @ head)) if facts["videos"] > 1 else None,
    }


def _by_method(values: FloatArray, digits: int) -> dict[str, float]:
    return {method: round(float(value), digits) for method, value in zip(METHODS, values, strict=True)}


def _interval(over: FloatArray, under: FloatArray) -> list[float] | None:
    """What the middle 95% of the draws lie between; draws without any error say nothing."""
    known = under > 0
    if not known.any():
        return None
    return [round(float(x), 3) for x in np.quantile(over[known] / under[known], (0.025, 0.975))]
