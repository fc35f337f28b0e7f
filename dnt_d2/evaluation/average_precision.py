"""Average precision by the rule of the ILSVRC devkit for object detection from video.

Corners are pixels that belong to the box (width x2 - x1 + 1). A ground-truth box of size w x h is found at an IoU of
min(0.5, w h / ((w + 10) (h + 10))) or more, which is below 0.5 for boxes under about 24 x 24 pixels. In each frame the
detections choose in the order of their scores, each the free box with the highest IoU among those it passes; without
one it is a false positive. AP is the area under the monotone precision-recall curve, over all frames.

Everything works on flat arrays, one class at a time, so that 176,126 frames with 750 detections each fit in memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..geometry import FloatArray
from .kernels import choose

IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ClassAP:
    """What was measured for one class. All values are fractions in [0, 1]; without ground truth they are NaN.

    Attributes:
        ap: the area under the monotone precision-recall curve.
        recall: the share of the ground truth that was found at all.
        recalls: (K,) the recall after each true positive, in the order of the scores; K is how many there are.
        precisions: (K,) the monotone envelope of the precision at the same points.
        num_gt: how many ground-truth boxes count.
        num_det: how many detections there are.
    """

    ap: float
    recall: float
    recalls: FloatArray
    precisions: FloatArray
    num_gt: int
    num_det: int


def evaluate_class(
    frames: ArrayLike, boxes: ArrayLike, scores: ArrayLike, gt_frames: ArrayLike, gt_boxes: ArrayLike
) -> ClassAP:
    """Average precision of one class.

    Args:
        frames: (N,) the frame of each detection, as integers that are unique over all videos, in any order. Equal
            scores are ranked by frame, and in a frame by their place in these arrays.
        boxes: (N, 4) inclusive corners.
        scores: (N,) finite, of any range.
        gt_frames: (G,) the frame of each ground-truth box.
        gt_boxes: (G, 4) inclusive corners.

    Raises:
        ValueError: when lengths differ, a score is not finite or a ground-truth box is inverted.
    """
    frames = np.asarray(frames, dtype=np.int64)
    hits = match_detections(frames, boxes, scores, gt_frames, gt_boxes) >= 0
    order = by_frame(frames)
    return rank_and_measure(np.asarray(scores)[order], hits[order], num_gt=len(np.asarray(gt_frames)))


def match_detections(
    groups: ArrayLike, boxes: ArrayLike, scores: ArrayLike, gt_groups: ArrayLike, gt_boxes: ArrayLike
) -> IntArray:
    """Match detections with ground truth inside each group; a group is a frame of one class.

    Args:
        groups: (N,) integers, in any order. Several classes are matched in one call when frame and class make one
            number, such as frame * classes + class.
        boxes: (N, 4) inclusive corners.
        scores: (N,) finite; in a group the higher chooses first, of equals the earlier in these arrays.
        gt_groups: (G,) the group of each ground-truth box.
        gt_boxes: (G, 4) inclusive corners.

    Returns:
        (N,) the index of the ground-truth box that each detection took, or -1. No box is taken twice.

    Raises:
        ValueError: when lengths differ, a score is not finite or a ground-truth box is inverted.
    """
    groups = np.asarray(groups, dtype=np.int64)
    scores = np.asarray(scores)
    boxes = np.ascontiguousarray(boxes, dtype=np.float64).reshape(-1, 4)
    gt_groups = np.asarray(gt_groups, dtype=np.int64)
    gt_boxes = np.ascontiguousarray(gt_boxes, dtype=np.float64).reshape(-1, 4)
    _check(groups, boxes, scores, gt_groups, gt_boxes)
    taken = np.full(len(groups), -1, dtype=np.int64)
    if not len(groups) or not len(gt_groups):
        return taken
    order = _by_group_and_score(groups, scores)
    gt_order = by_frame(gt_groups)
    sorted_gt = gt_boxes[gt_order]
    found = choose(groups[order], boxes[order], gt_groups[gt_order], sorted_gt, iou_thresholds(sorted_gt))
    gt_index = np.arange(len(gt_groups))[gt_order]
    taken[order] = np.where(found >= 0, gt_index[found], -1)
    return taken


def iou_thresholds(boxes: FloatArray) -> FloatArray:
    """The IoU at which each ground-truth box (G, 4) counts as found: min(0.5, w h / ((w + 10) (h + 10))), as (G,)."""
    width = boxes[:, 2] - boxes[:, 0] + 1
    height = boxes[:, 3] - boxes[:, 1] + 1
    return np.minimum(0.5, width * height / ((width + 10) * (height + 10)))


def rank_and_measure(
    scores: NDArray[np.floating],
    hits: NDArray[np.bool_],
    *,
    num_gt: int,
    miss_weights: FloatArray | None = None,
) -> ClassAP:
    """Average precision from what each detection of a class turned out to be.

    Args:
        scores: (N,) in the order of the frames; equal scores keep this order.
        hits: (N,) whether the detection found a ground-truth box that counts.
        num_gt: how many ground-truth boxes count.
        miss_weights: (N,) by how much a detection counts as a false positive when it is no hit, in [0, 1]; None is
            1 for all. Those with 0 are ignored.
    """
    if not num_gt:
        return measure_found(np.empty(0), num_gt=0, num_det=len(scores))
    order = np.argsort(-scores, kind="stable")
    hits = hits[order]
    misses = ~hits if miss_weights is None else np.where(hits, 0.0, miss_weights[order])
    return measure_found(np.cumsum(misses, dtype=np.float64)[hits], num_gt=num_gt, num_det=len(scores))


def measure_found(false_positives: FloatArray, *, num_gt: int, num_det: int) -> ClassAP:
    """Average precision from how many false positives stand before each true positive.

    Args:
        false_positives: (K,) for each true positive, by falling score; not falling, may be fractions.
        num_gt: how many ground-truth boxes count; with 0 nothing is measured.
        num_det: how many detections there are.
    """
    if not num_gt:
        return ClassAP(float("nan"), float("nan"), np.empty(0), np.empty(0), 0, num_det)
    true_positives = np.arange(1, len(false_positives) + 1, dtype=np.float64)
    # Between two true positives the precision only falls, so its envelope is known from its values at those.
    precisions = true_positives / (true_positives + false_positives)
    precisions = np.maximum.accumulate(precisions[::-1])[::-1]
    recalls = true_positives / num_gt
    return ClassAP(
        ap=float(precisions.sum() / num_gt),
        recall=len(recalls) / num_gt,
        recalls=recalls,
        precisions=precisions,
        num_gt=num_gt,
        num_det=num_det,
    )


def mean_ap(results: Iterable[ClassAP]) -> float:
    """The mean AP over the classes that have ground truth; NaN when none has."""
    values = [result.ap for result in results if result.num_gt]
    return float(np.mean(values)) if values else float("nan")


def by_frame(frames: IntArray) -> IntArray | slice:
    """What sorts arrays by frame and keeps the order inside a frame; a slice of everything if they are sorted."""
    if bool(np.all(frames[1:] >= frames[:-1])):
        return slice(None)
    return np.argsort(frames, kind="stable")


def _by_group_and_score(groups: IntArray, scores: NDArray[np.floating]) -> IntArray | slice:
    """Sort by group, then by falling score, stable. Detectors often give this order: then nothing is moved."""
    same = groups[1:] == groups[:-1]
    if bool(np.all((groups[1:] > groups[:-1]) | (same & (scores[1:] <= scores[:-1])))):
        return slice(None)
    return np.lexsort((-scores, groups))


def _check(
    groups: IntArray, boxes: FloatArray, scores: NDArray[np.floating], gt_groups: IntArray, gt_boxes: FloatArray
) -> None:
    if not len(groups) == len(boxes) == len(scores):
        raise ValueError(f"{len(groups)} frame numbers, {len(boxes)} boxes and {len(scores)} scores do not fit")
    if len(gt_groups) != len(gt_boxes):
        raise ValueError(f"{len(gt_groups)} frame numbers and {len(gt_boxes)} boxes of ground truth do not fit")
    if not np.isfinite(scores).all():
        index = int(np.flatnonzero(~np.isfinite(scores))[0])
        raise ValueError(f"the score of detection {index} is {scores[index]}: the network's output is broken")
    bad = ~((gt_boxes[:, 2:] >= gt_boxes[:, :2]).all(axis=1) & np.isfinite(gt_boxes).all(axis=1))
    if bad.any():
        index = int(np.flatnonzero(bad)[0])
        raise ValueError(f"ground-truth box {index} is not x1, y1, x2, y2: {gt_boxes[index].tolist()}")
