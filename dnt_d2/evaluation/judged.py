"""What detections are judged by when only some frames count, as at a temporal stride."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..formats.results import Detections
from .ground_truth import VideoTruth


def only_seen(
    truth: VideoTruth, detections: Detections, seen: NDArray[np.bool_] | None
) -> tuple[VideoTruth, Detections]:
    """The ground truth and the detections of the frames that count, with these frames numbered from 0 in their order.

    Args:
        truth: of F frames.
        detections: in frames of the same numbers.
        seen: (F,) which frames count; None is all.

    Returns:
        ground truth of ``seen.sum()`` frames, which keep their videos and their indices, and detections in them. With
        None both are given back as they are.

    Raises:
        ValueError: a detection is in no frame or of no class of the ground truth, its score or its box is not finite,
            or ``seen`` does not fit.
    """
    _check(truth, detections)
    if seen is None:
        return truth, detections
    seen = np.asarray(seen)
    if seen.shape != (truth.num_frames,) or seen.dtype != bool:
        raise ValueError(
            f"seen must mark each of {truth.num_frames} frames by True or False, got {seen.dtype} {seen.shape}"
        )
    places = np.cumsum(seen) - 1
    boxes, found = seen[truth.frames], seen[detections.frames]
    part = VideoTruth(
        num_classes=truth.num_classes,
        video_ids=truth.video_ids[seen],
        frame_indices=truth.frame_indices[seen],
        frames=places[truth.frames[boxes]],
        boxes=truth.boxes[boxes],
        classes=truth.classes[boxes],
        tracks=truth.tracks[boxes],
    )
    kept = detections.where(found)
    return part, replace(kept, frames=places[kept.frames])


def _check(truth: VideoTruth, detections: Detections) -> None:
    for values, end, name in (
        (detections.frames, truth.num_frames, "frame"),
        (detections.classes, truth.num_classes, "class"),
    ):
        wrong = np.flatnonzero((values < 0) | (values >= end))
        if len(wrong):
            raise ValueError(
                f"detection {wrong[0]} has the {name} {values[wrong[0]]}, but the ground truth has {end}: are these "
                "results of another data set?"
            )
    broken = np.flatnonzero(~(np.isfinite(detections.scores) & np.isfinite(detections.boxes).all(axis=1)))
    if len(broken):
        i = int(broken[0])
        raise ValueError(
            f"detection {i}, in {truth.describe(int(detections.frames[i]))}, has the score {detections.scores[i]} and "
            f"the box {detections.boxes[i].tolist()}, which are not all finite; leave it out of the results"
        )
