"""Tracklets between frames that are further apart than those that the network saw: chains of those in between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..geometry import box_iou


def join_tracklets(steps: Sequence[NDArray[Any]], link_iou: float = 0.5) -> NDArray[Any]:
    """Chains of tracklets through consecutive pairs of frames.

    Args:
        steps: for each pair (M, 8): a box in its earlier frame and where it is in the later one.
        link_iou: a tracklet goes on as the one whose start overlaps its end most, by at least this; else it ends, and
            is no chain.

    Returns:
        (K, 8) first boxes, last boxes.
    """
    chains = np.asarray(steps[0])
    for step in steps[1:]:
        if not len(chains) or not len(step):
            return chains[:0]
        overlaps = box_iou(chains[:, 4:].astype(np.float64), step[:, :4].astype(np.float64), inclusive=True)
        best = overlaps.argmax(axis=1)
        goes_on = overlaps[np.arange(len(best)), best] >= link_iou
        chains = np.concatenate([chains[goes_on, :4], step[best[goes_on], 4:]], axis=1)
    return chains
