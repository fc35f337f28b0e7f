"""The compiled loops of evaluation: matching, and the weights of false positives by motion.

Both work on flat arrays that are sorted by frame, detections and ground truth alike, in one pass over both. All of
them live in this file: numba renews its cache when the file of a function changes, but does not look into others.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..compiled import kernel
from ..geometry import FloatArray

IntArray = NDArray[np.int64]


@kernel
def _overlap(a: FloatArray, i: int, b: FloatArray, j: int) -> float:
    """IoU of box a[i] and box b[j], whose corners belong to them."""
    width = min(a[i, 2], b[j, 2]) - max(a[i, 0], b[j, 0]) + 1.0
    height = min(a[i, 3], b[j, 3]) - max(a[i, 1], b[j, 1]) + 1.0
    if width <= 0.0 or height <= 0.0:
        return 0.0
    overlap = width * height
    area_a = (a[i, 2] - a[i, 0] + 1.0) * (a[i, 3] - a[i, 1] + 1.0)
    area_b = (b[j, 2] - b[j, 0] + 1.0) * (b[j, 3] - b[j, 1] + 1.0)
    return overlap / (area_a + area_b - overlap)


@kernel
def choose(
    groups: IntArray, boxes: FloatArray, gt_groups: IntArray, gt_boxes: FloatArray, thresholds: FloatArray
) -> IntArray:
    """Let each detection take the free ground truth of its group with the highest IoU among those it passes.

    Args:
        groups: (N,) ascending.
        boxes: (N, 4), in a group by falling score.
        gt_groups: (G,) ascending.
        gt_boxes: (G, 4).
        thresholds: (G,) the IoU from which on each ground-truth box counts as found.

    Returns:
        (N,) the index of the ground truth, or -1. Of equal IoUs the first is taken.
    """
    chosen = np.full(len(groups), -1, dtype=np.int64)
    free = np.ones(len(gt_groups), dtype=np.bool_)
    start = 0
    for i in range(len(groups)):
        while start < len(gt_groups) and gt_groups[start] < groups[i]:
            start += 1
        best = 0.0
        for j in range(start, len(gt_groups)):
            if gt_groups[j] != groups[i]:
                break
            if free[j]:
                iou = _overlap(boxes, i, gt_boxes, j)
                if iou >= thresholds[j] and iou > best:
                    best = iou
                    chosen[i] = j
        if chosen[i] >= 0:
            free[chosen[i]] = False
    return chosen


@kernel
def miss_weights(
    frames: IntArray,
    boxes: FloatArray,
    gt_frames: IntArray,
    gt_boxes: FloatArray,
    inside: NDArray[np.bool_],
    empty_weight: float,
) -> FloatArray:
    """How much each unmatched detection counts as a false positive in a range of motion, by FGFA's rule.

    1 if the object it overlaps most, of any class, is in the range, 0 if that one is outside. When both sides are
    equal, as when it touches nothing, the share of *ignored* objects in the frame: odd, but it is the rule.

    Args:
        frames: (N,) ascending.
        boxes: (N, 4).
        gt_frames: (G,) ascending, all classes.
        gt_boxes: (G, 4).
        inside: (G,) whether the motion of each is in the range.
        empty_weight: the weight in a frame without ground truth.

    Returns:
        (N,) in [0, 1].
    """
    weights = np.empty(len(frames), dtype=np.float64)
    start = 0
    for i in range(len(frames)):
        while start < len(gt_frames) and gt_frames[start] < frames[i]:
            start += 1
        best_in, best_out, num_in, num_all = -1.0, -1.0, 0, 0
        for j in range(start, len(gt_frames)):
            if gt_frames[j] != frames[i]:
                break
            num_all += 1
            iou = _overlap(boxes, i, gt_boxes, j)
            if inside[j]:
                num_in += 1
                best_in = max(best_in, iou)
            else:
                best_out = max(best_out, iou)
        if num_all == 0:
            weights[i] = empty_weight
        elif best_in != best_out:
            weights[i] = 1.0 if best_in > best_out else 0.0
        else:
            weights[i] = (num_all - num_in) / num_all
    return weights
