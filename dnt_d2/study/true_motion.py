"""Tubes with psi = 1 as they would be if motion were predicted without error: what there is to gain by tracking.

A box of frame t that overlaps a true object moves as that object does (eq. 2, 3, from t to the next sampled frame);
one that overlaps none, or whose object is gone then, stays where it is. Boxes, scores, psi and thresholds are the
network's own, as with "no motion" tracklets (:mod:`.no_motion`).
"""

from __future__ import annotations

import numpy as np

from ..evaluation.ground_truth import VideoTruth
from ..evaluation.plan import Plan
from ..evaluation.saved_run import SavedRun
from ..evaluation.scoring import VideoScore
from ..evaluation.video_record import VideoRecord
from ..geometry import FloatArray, box_iou
from .other_tracklets import score_changed, with_tracklets

OVERLAP = 0.5
"""IoU from which a box is of an object."""


def with_true_motion(record: VideoRecord, truth: VideoTruth, video_id: int) -> VideoRecord:
    """The same video with tracklets of true motion in the place of its own, if it has any.

    Args:
        record: of any network.
        truth: of the data set.
        video_id: of the record.

    Raises:
        ValueError: the data set has no such video or frame, or no tracks; or see
            :func:`.other_tracklets.with_tracklets`.
    """
    if (truth.tracks < 0).any():
        raise ValueError("the data set doesn't say which boxes are of one object: nobody knows how they move")
    numbers = truth.numbers(video_id, record.frames)

    def move(place: int, boxes: FloatArray) -> FloatArray:
        now, later = truth.rows(numbers[place : place + 1]), truth.rows(numbers[place + 1 : place + 2])
        pairs = np.nonzero(truth.tracks[now][:, None] == truth.tracks[later][None, :])
        ends = truth.boxes[now].copy()
        ends[pairs[0]] = truth.boxes[later][pairs[1]]
        return moved_along(boxes, truth.boxes[now], ends)

    return with_tracklets(record, move)


def moved_along(boxes: FloatArray, starts: FloatArray, ends: FloatArray) -> FloatArray:
    """Boxes, each moved as the object that it overlaps the most, if it is of one.

    Args:
        boxes: (M, 4) inclusive corners, px.
        starts, ends: (N, 4) the objects in this frame and in the next.

    Returns:
        (M, 4).
    """
    if not len(boxes) or not len(starts):
        return boxes
    overlap = box_iou(boxes.astype(np.float64), starts, inclusive=True)
    best = overlap.argmax(axis=1)
    center, size = _center_and_size(boxes)
    (old, old_size), (new, new_size) = _center_and_size(starts[best]), _center_and_size(ends[best])
    center = center + (new - old) / old_size * size
    half = size * new_size / old_size / 2 - 0.5
    moved = np.concatenate([center - half, center + half], axis=1)
    return np.where(overlap.max(axis=1, keepdims=True) >= OVERLAP, moved, boxes)


def score_with_true_motion(run: SavedRun, plan: Plan) -> list[VideoScore]:
    """As :func:`dnt_d2.evaluation.run_scoring.score_run` in one process, linking with tracklets of true motion.

    Raises:
        ValueError: a video can't be read or linked; the message names its file.
    """
    return score_changed(run, plan, lambda video_id, record: with_true_motion(record, plan.truth, video_id))


def _center_and_size(boxes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(M, 2) each."""
    first, last = boxes[:, :2].astype(np.float64), boxes[:, 2:].astype(np.float64)
    return (first + last) / 2, last - first + 1
