"""Recall of proposals (sec. 5.2): which share of the objects the best proposals of their frame cover.

An object is found when one of the first k proposals of its frame has an IoU of 0.5 or more with it, corners being
pixels that belong to the box (+1, as in the devkit). A proposal may find several objects: nothing is matched, since
a proposal has no class. The mean is over the classes that have objects.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..geometry import FloatArray, box_iou

IntArray = NDArray[np.int64]

RECALL_LIMITS = (10, 100, 300)
"""Of how many proposals per frame the recall is told."""
PAPER_RECALL = 96.5
"""Mean recall in percent on ImageNet VID's validation set, of 300 proposals per frame at IoU 0.5 (sec. 5.2)."""


def found_within(
    boxes: ArrayLike, scores: ArrayLike, gt_boxes: ArrayLike, limits: Sequence[int], iou: float = 0.5
) -> NDArray[np.bool_]:
    """Which objects of one frame its best proposals find.

    Args:
        boxes: (N, 4) proposals, inclusive corners, in any order.
        scores: (N,) the higher is the better; of equals the earlier.
        gt_boxes: (G, 4) inclusive corners.
        limits: L numbers of proposals, each at least 1.
        iou: from which on an object is found, in (0, 1].

    Returns:
        (L, G): whether one of the best ``limits[l]`` proposals finds object g.

    Raises:
        ValueError: lengths differ, a score is not finite, or a limit is below 1.
    """
    boxes = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    scores = np.asarray(scores, dtype=np.float64)
    gt_boxes = np.asarray(gt_boxes, dtype=np.float64).reshape(-1, 4)
    if len(boxes) != len(scores):
        raise ValueError(f"{len(boxes)} proposals and {len(scores)} scores do not fit")
    if not np.isfinite(scores).all():
        raise ValueError("the objectness of a proposal is not finite: the network's output is broken")
    if any(limit < 1 for limit in limits):
        raise ValueError(f"recall needs at least one proposal, got the limits {list(limits)}")
    order = np.argsort(-scores, kind="stable")
    passed = box_iou(boxes[order], gt_boxes, inclusive=True) >= iou
    # The rank of the first proposal that finds each object.
    rank = np.full(len(gt_boxes), np.inf)
    if len(boxes):
        rank = np.where(passed.any(axis=0), passed.argmax(axis=0), np.inf)
    return rank[None, :] < np.array(limits, dtype=np.float64)[:, None]


def count_found(found: NDArray[np.bool_], classes: IntArray, num_classes: int) -> IntArray:
    """(L, C) how many objects of each class are found: ``found`` is (L, G), ``classes`` (G,) in [0, C)."""
    return np.array([np.bincount(classes[row], minlength=num_classes) for row in found]).reshape(-1, num_classes)


def recall_by_class(counts: IntArray, num_gt: IntArray) -> FloatArray:
    """(L, C) recalls in [0, 1] from (L, C) found of (C,) objects; NaN for a class without objects."""
    total = np.broadcast_to(num_gt, counts.shape).astype(np.float64)
    return np.divide(counts, total, out=np.full(counts.shape, np.nan), where=total > 0)


def mean_recall(recalls: FloatArray) -> FloatArray:
    """(L,) the means of (L, C) recalls over the classes that have objects; NaN when none has."""
    known = ~np.isnan(recalls)
    number = known.sum(axis=1)
    sums = np.where(known, recalls, 0.0).sum(axis=1)
    return np.divide(sums, number, out=np.full(len(recalls), np.nan), where=number > 0)
