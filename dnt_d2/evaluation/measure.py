"""Average precision of all classes, overall, by speed of motion and by size, from one log of outcomes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..geometry import FloatArray
from .average_precision import ClassAP, measure_found
from .ground_truth import VideoTruth
from .kernels import HIT, SIZE_PLACE, SPEED_PLACE, false_positives
from .motion import MotionTruth
from .outcome_log import OutcomeLog
from .outcomes import SIZE_RANGES, SPEED_RANGES, falling, sizes_of, speeds_of


@dataclass(frozen=True, eq=False)
class Measured:
    """What a log of outcomes comes to.

    Attributes:
        ap: for each of C classes, over all objects.
        speed: "fast", "medium" and "slow" to C results, by the rule of :mod:`.motion`; None without motion.
        size: "small", "medium" and "large" to C results, by areas as COCO has them, matched by the devkit's rule.
    """

    ap: list[ClassAP]
    speed: dict[str, list[ClassAP]] | None
    size: dict[str, list[ClassAP]]


def measure(log: OutcomeLog, truth: VideoTruth, motion: FloatArray | None, seen: NDArray[np.bool_]) -> Measured:
    """Average precision of each class.

    Args:
        log: judged detections; those in frames that don't count are left out.
        truth: the ground truth by which they were judged.
        motion: (G,) as it was given to :class:`.outcomes.Judge`; None leaves out what depends on speed.
        seen: (F,) the frames that count.

    Returns:
        Results of C classes each; equal scores are ranked by frame, then by their order in it. Where a class has no
        ground truth in a range, its values are NaN.

    Raises:
        ValueError: ``seen`` or ``motion`` is not of the length of the data set.
    """
    if len(seen) != truth.num_frames:
        raise ValueError(f"{len(seen)} marks for {truth.num_frames} frames; give one for each")
    num_gt = _count_ranges(truth, motion, seen)
    shares, empty_weights = _speed_weights(truth, motion, seen)
    meaning = _meaning()
    every_frame = bool(seen.all())
    table: list[list[ClassAP]] = [[] for _ in range(len(num_gt))]
    for class_id in range(truth.num_classes):
        frames, scores, outcomes = log.of_class(class_id)
        if not every_frame:
            kept = seen[frames]
            frames, scores, outcomes = frames[kept], scores[kept], outcomes[kept]
        counts = num_gt[:, class_id]
        # Without ground truth of the class nothing needs an order.
        order = falling(scores) if counts[0] else np.zeros(0, dtype=np.int64)
        num_hits = int((outcomes & HIT).sum())
        sums, found = false_positives(order, outcomes, num_hits, frames, meaning, shares, empty_weights)
        for results, values, k, count in zip(table, sums, found, counts, strict=True):
            results.append(measure_found(values[:k], num_gt=int(count), num_det=len(scores)))
    speed = dict(zip(SPEED_RANGES, table[1:4], strict=True))
    return Measured(table[0], None if motion is None else speed, dict(zip(SIZE_RANGES, table[4:], strict=True)))


def _count_ranges(truth: VideoTruth, motion: FloatArray | None, seen: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(7, C) the ground-truth boxes of each class in the frames that count: all, by speed, by size."""
    counted = seen[truth.frames]
    inside = np.concatenate([np.ones((1, len(counted)), bool), speeds_of(truth, motion).T, sizes_of(truth).T])
    classes, length = truth.classes, truth.num_classes
    return np.array([np.bincount(classes[counted & marks], minlength=length) for marks in inside], dtype=np.int64)


def _speed_weights(
    truth: VideoTruth, motion: FloatArray | None, seen: NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray]:
    """The weights of misses where overlaps don't decide: (F, 7) in a frame with ground truth, (7,) in one without."""
    shares, empty_weights = np.zeros((truth.num_frames, 7)), np.zeros(7)
    if motion is None:
        return shares, empty_weights
    counted = seen[truth.frames]
    frames, boxes, classes = truth.frames[counted], truth.boxes[counted], truth.classes[counted]
    of_speed = MotionTruth(frames, boxes, classes, np.asarray(motion)[counted], int(seen.sum()))
    speeds = speeds_of(truth, motion)
    in_frame = np.bincount(truth.frames, minlength=truth.num_frames)
    for q, (low, high) in enumerate(SPEED_RANGES.values(), start=1):
        inside = np.bincount(truth.frames[speeds[:, q - 1]], minlength=truth.num_frames)
        np.divide(in_frame - inside, in_frame, out=shares[:, q], where=in_frame > 0)
        empty_weights[q] = of_speed.empty_frame_weight(low, high)
    return shares, empty_weights


def _meaning() -> NDArray[np.int8]:
    """What :func:`.kernels.false_positives` makes of each outcome: (1024, 7) for all, the speeds and the sizes."""
    outcomes = np.arange(1024)
    hit = (outcomes & HIT) > 0
    columns = [np.ones(1024, dtype=np.int64)]
    columns += [(outcomes >> (SPEED_PLACE + 2 * r)) & 3 for r in range(3)]
    columns += [(outcomes >> (SIZE_PLACE + r)) & 1 for r in range(3)]
    return np.stack([np.where(hit, -column, column) for column in columns], axis=1).astype(np.int8)
