"""The compiled loops of evaluation: matching, and the weights of false positives by motion.

All work on flat arrays that are sorted by frame, detections and ground truth alike, in one pass over both. They live
in this one file: numba renews its cache when the file of a function changes, but does not look into others.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..compiled import kernel
from ..geometry import FloatArray

IntArray = NDArray[np.int64]
OutcomeArray = NDArray[np.uint16]

HIT = 1  # an outcome, see `judge`: set in this bit, or begun at these places
SPEED_PLACE = 1
SIZE_PLACE = 7
SHARE_OF_FRAME = 2
NO_TRUTH = 3


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


@kernel
def falls_in_frames(frames: IntArray, classes: IntArray, scores: NDArray[np.floating], num_classes: int) -> bool:
    """Whether frames (N,) ascend and, in each frame, the scores (N,) of each class (N,) fall or stay."""
    last_frame = np.full(num_classes, -1, dtype=np.int64)
    last_score = np.zeros(num_classes, dtype=scores.dtype)
    for i in range(len(frames)):
        if i and frames[i] < frames[i - 1]:
            return False
        c = classes[i]
        if last_frame[c] == frames[i] and scores[i] > last_score[c]:
            return False
        last_frame[c] = frames[i]
        last_score[c] = scores[i]
    return True


@kernel
def judge(
    frames: IntArray,
    classes: IntArray,
    boxes: NDArray[np.floating],
    gt_starts: IntArray,
    gt_classes: IntArray,
    gt_boxes: FloatArray,
    thresholds: FloatArray,
    gt_outcomes: OutcomeArray,
    speeds: NDArray[np.bool_],
    areas: FloatArray,
) -> OutcomeArray:
    """What each detection turned out to be: :func:`choose` and :func:`miss_weights` for three ranges in one pass.

    Args:
        frames: (N,) ascending.
        classes: (N,) in any order.
        boxes: (N, 4), those of a class in a frame by falling score.
        gt_starts: (F + 1,) where the ground truth of each frame begins, and the end.
        gt_classes: (G,).
        gt_boxes: (G, 4).
        thresholds: (G,) the IoU from which on each ground-truth box counts as found.
        gt_outcomes: (G,) the outcome of a detection that finds it.
        speeds: (G, 3) whether the motion of each is in each range.
        areas: (3, 2) lowest and highest area of each range of sizes, px^2.

    Returns:
        (N,) of a miss two bits for each range of speeds from SPEED_PLACE on: 0 and 1 for these weights, SHARE_OF_FRAME
        or NO_TRUTH; and a bit for each range of sizes from SIZE_PLACE on.
    """
    outcomes = np.empty(len(frames), dtype=np.uint16)
    if len(frames) == 0:
        return outcomes
    offset = gt_starts[frames[0]]
    free = np.ones(gt_starts[frames[-1] + 1] - offset, dtype=np.bool_)
    best_in, best_out = np.empty(3), np.empty(3)
    for i in range(len(frames)):
        start, stop = gt_starts[frames[i]], gt_starts[frames[i] + 1]
        best, chosen = 0.0, -1
        best_in[:], best_out[:] = -1.0, -1.0
        for j in range(start, stop):
            iou = _overlap(boxes, i, gt_boxes, j)
            if gt_classes[j] == classes[i] and free[j - offset] and iou >= thresholds[j] and iou > best:
                best, chosen = iou, j
            for r in range(3):
                if speeds[j, r]:
                    best_in[r] = max(best_in[r], iou)
                else:
                    best_out[r] = max(best_out[r], iou)
        if chosen >= 0:
            free[chosen - offset] = False
            outcomes[i] = gt_outcomes[chosen]
            continue
        outcome = 0
        for r in range(3):
            state = int(best_in[r] > best_out[r])
            if best_in[r] == best_out[r]:
                state = NO_TRUTH if start == stop else SHARE_OF_FRAME
            outcome |= state << (SPEED_PLACE + 2 * r)
        width = max(boxes[i, 2] - boxes[i, 0] + 1.0, 0.0)
        area = width * max(boxes[i, 3] - boxes[i, 1] + 1.0, 0.0)
        for r in range(3):
            if areas[r, 0] <= area <= areas[r, 1]:
                outcome |= 1 << (SIZE_PLACE + r)
        outcomes[i] = outcome
    return outcomes


@kernel
def false_positives(
    order: IntArray,
    outcomes: OutcomeArray,
    num_hits: int,
    frames: NDArray[np.int32],
    meaning: NDArray[np.int8],
    shares: FloatArray,
    empty_weights: FloatArray,
) -> tuple[FloatArray, IntArray]:
    """Count the false positives before each true positive, for Q ranges at once.

    Args:
        order: (N,) detections by falling score.
        outcomes: (N,), ``num_hits`` of them with HIT.
        frames: (N,) frame numbers.
        meaning: (1024, Q) what an outcome is in a range: -1 a true positive, 0 ignored, 1 a false positive,
            SHARE_OF_FRAME or NO_TRUTH, a false positive with the weight below.
        shares: (F, Q) the weight of SHARE_OF_FRAME in each frame.
        empty_weights: (Q,) the weight of NO_TRUTH.

    Returns:
        (Q, num_hits) the sum of weights so far at each true positive, and (Q,) how many of these each range has.
    """
    num_ranges = meaning.shape[1]
    sums = np.zeros((num_ranges, num_hits))
    totals, found = np.zeros(num_ranges), np.zeros(num_ranges, dtype=np.int64)
    for i in order:
        outcome = outcomes[i]
        for q in range(num_ranges):
            kind = meaning[outcome, q]
            if kind == -1:
                sums[q, found[q]] = totals[q]
                found[q] += 1
            elif kind == 1:
                totals[q] += 1.0
            elif kind == SHARE_OF_FRAME:
                totals[q] += shares[frames[i], q]
            elif kind == NO_TRUTH:
                totals[q] += empty_weights[q]
    return sums, found
