"""Average precision of slow, medium and fast objects: the motion-specific protocol of FGFA (Zhu et al., ICCV 2017).

An object's speed in a frame is its motion IoU: how much it overlaps, on average, with itself in the frames around.
Ground truth outside a range of speeds still takes part in matching, but a detection that found it is ignored. What
found nothing is a false positive to the extent that it belongs to the range, by the nearest object of any class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..geometry import FloatArray
from .average_precision import ClassAP, by_frame, match_detections, rank_and_measure
from .ground_truth import VideoTruth
from .kernels import miss_weights

IntArray = NDArray[np.int64]

MOTION_RANGES: dict[str, tuple[float, float]] = {
    "all": (0.0, 1.0),
    "fast": (0.0, 0.7),
    "medium": (0.7, 0.9),
    "slow": (0.9, 1.0),
}
"""Name to the lowest and the highest motion IoU; both ends belong to the range."""


def motion_iou(
    videos: ArrayLike, frames: ArrayLike, tracks: ArrayLike, boxes: ArrayLike, *, window: int = 10
) -> FloatArray:
    """The motion IoU of every ground-truth box: the mean IoU with its own track in the frames around it.

    Args:
        videos: (G,) the video of each box.
        frames: (G,) its frame in the video.
        tracks: (G,) its track, unique in the video.
        boxes: (G, 4) inclusive corners.
        window: how many frames before and after are looked at; the frame itself is not, nor are frames without the
            track.

    Returns:
        (G,) in [0, 1]; 1 for a box whose track is in no other frame of the window.

    Raises:
        ValueError: when a track has two boxes in one frame, or lengths differ.
    """
    videos, frames, tracks = (np.asarray(values, dtype=np.int64) for values in (videos, frames, tracks))
    boxes = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    if not len(videos) == len(frames) == len(tracks) == len(boxes):
        raise ValueError(f"{len(videos)} videos, {len(frames)} frames, {len(tracks)} tracks, {len(boxes)} boxes differ")
    order = np.lexsort((frames, tracks, videos))
    video, frame, track, box = videos[order], frames[order], tracks[order], boxes[order]
    total, count = np.zeros(len(order)), np.zeros(len(order))
    # In a sorted track the box `step` places later is at least `step` frames later: no pair of the window is missed.
    for step in range(1, window + 1):
        near = (
            (video[step:] == video[:-step]) & (track[step:] == track[:-step]) & (frame[step:] - frame[:-step] <= window)
        )
        first = np.flatnonzero(near)
        if step == 1:
            _check_unique(video, frame, track, first[frame[first] == frame[first + 1]])
        overlap = _paired_iou(box[first], box[first + step])
        # Inside one step every index occurs once on either side, so plain indexed sums are right.
        total[first] += overlap
        count[first] += 1
        total[first + step] += overlap
        count[first + step] += 1
    values = np.ones(len(order))
    values[order] = np.divide(total, count, out=np.ones(len(order)), where=count > 0)
    return values


def motion_iou_of(truth: VideoTruth) -> FloatArray | None:
    """The motion IoU (G,) of the ground truth of a data set; None where :func:`why_no_motion` has a reason."""
    if why_no_motion(truth) is not None:
        return None
    return motion_iou(truth.video_ids[truth.frames], truth.frame_indices[truth.frames], truth.tracks, truth.boxes)


def why_no_motion(truth: VideoTruth) -> str | None:
    """Why the motion of a data set's objects isn't known, in words; None when it is."""
    without = int((truth.tracks < 0).sum())
    if without:
        return f"{without} of {len(truth.tracks)} ground-truth boxes have no track id (instance_id)"
    order = np.lexsort((truth.tracks, truth.frames))
    frames, tracks = truth.frames[order], truth.tracks[order]
    doubles = np.flatnonzero((np.diff(frames) == 0) & (np.diff(tracks) == 0))
    if len(doubles):
        i = int(doubles[0])
        return f"track {tracks[i]} has two boxes in {truth.describe(int(frames[i]))}"
    return None


@dataclass(frozen=True, eq=False)
class MotionTruth:
    """The ground truth of all classes with its motion.

    Attributes:
        frames: (G,) the frame of each box, as integers that are unique over all videos; sorted on construction.
        boxes: (G, 4) inclusive corners.
        classes: (G,) class ids.
        motion: (G,) motion IoU, see :func:`motion_iou`.
        num_frames: how many frames are evaluated, those without ground truth included.
    """

    frames: IntArray
    boxes: FloatArray
    classes: IntArray
    motion: FloatArray
    num_frames: int

    def __post_init__(self) -> None:
        frames = np.asarray(self.frames, dtype=np.int64)
        order = by_frame(frames)
        object.__setattr__(self, "frames", frames[order])
        object.__setattr__(self, "boxes", np.asarray(self.boxes, dtype=np.float64).reshape(-1, 4)[order])
        object.__setattr__(self, "classes", np.asarray(self.classes, dtype=np.int64)[order])
        object.__setattr__(self, "motion", np.asarray(self.motion, dtype=np.float64)[order])
        if self.num_frames < self.num_frames_with_boxes:
            raise ValueError(f"{self.num_frames} frames, but {self.num_frames_with_boxes} have ground truth")

    @property
    def num_frames_with_boxes(self) -> int:
        """How many frames have ground truth of any class."""
        return len(np.unique(self.frames))

    def in_range(self, low: float, high: float) -> NDArray[np.bool_]:
        """(G,) whether the motion of each box is in the range, both ends included."""
        return (self.motion >= low) & (self.motion <= high)

    def empty_frame_weight(self, low: float, high: float) -> float:
        """The weight of a false positive in a frame without ground truth: the share of the range in all boxes.

        A frame without ground truth counts as one more box of motion IoU 0, as in the published file.
        """
        empty = self.num_frames - self.num_frames_with_boxes
        total = len(self.frames) + empty
        inside = int(self.in_range(low, high).sum()) + (empty if low <= 0 else 0)
        return inside / total if total else 0.0


def evaluate_motion(
    class_id: int,
    frames: ArrayLike,
    boxes: ArrayLike,
    scores: ArrayLike,
    truth: MotionTruth,
    *,
    ranges: Mapping[str, tuple[float, float]] = MOTION_RANGES,
) -> dict[str, ClassAP]:
    """Average precision of one class in each range of motion.

    Args:
        class_id: the class of the detections.
        frames: (N,) the frame of each detection, numbered as in ``truth``.
        boxes: (N, 4) inclusive corners.
        scores: (N,) finite.
        truth: the ground truth of all classes.
        ranges: name to (lowest, highest) motion IoU, both included.

    Returns:
        Name of the range to the result; without ground truth of the class in the range its values are NaN.
    """
    frames = np.asarray(frames, dtype=np.int64)
    of_class = np.flatnonzero(truth.classes == class_id)
    taken = match_detections(frames, boxes, scores, truth.frames[of_class], truth.boxes[of_class])
    order = by_frame(frames)
    frames, taken, scores = frames[order], taken[order], np.asarray(scores)[order]
    boxes = np.ascontiguousarray(boxes, dtype=np.float64).reshape(-1, 4)[order]
    ranking = np.argsort(-scores, kind="stable")  # once; sorting what is sorted, below, costs next to nothing
    results = {}
    for name, (low, high) in ranges.items():
        inside = truth.in_range(low, high)
        counts = inside[of_class]
        num_gt = int(counts.sum())
        weights = np.zeros(len(frames))
        if num_gt:
            lost = taken < 0
            empty_weight = truth.empty_frame_weight(low, high)
            weights[lost] = miss_weights(frames[lost], boxes[lost], truth.frames, truth.boxes, inside, empty_weight)
        hits = (taken >= 0) & (np.append(counts, False)[taken])
        results[name] = rank_and_measure(scores[ranking], hits[ranking], num_gt=num_gt, miss_weights=weights[ranking])
    return results


def _check_unique(videos: IntArray, frames: IntArray, tracks: IntArray, doubles: IntArray) -> None:
    if len(doubles):
        i = int(doubles[0])
        raise ValueError(f"track {tracks[i]} of video {videos[i]} has two boxes in frame {frames[i]}")


def _paired_iou(a: FloatArray, b: FloatArray) -> FloatArray:
    """IoU (+1 pixel) of row i of a with row i of b."""
    size = np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2]) + 1
    overlap = size.clip(min=0).prod(axis=1)
    return overlap / ((a[:, 2:] - a[:, :2] + 1).prod(axis=1) + (b[:, 2:] - b[:, :2] + 1).prod(axis=1) - overlap)
