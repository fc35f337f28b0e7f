"""The parts of a report that need boxes, not outcomes alone: COCO AP by pycocotools, track metrics by TrackEval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats.results import Detections
from .ground_truth import VideoTruth
from .plan import Plan
from .scoring import VideoScore

MAX_FRAMES = 20_000
"""Up to so many frames these metrics are a part of every report; above, they are computed when asked for."""
METRICS = ("coco", "tracks")


def default_metrics(num_frames: int) -> tuple[str, ...]:
    """What a report has without being asked."""
    return METRICS if num_frames <= MAX_FRAMES else ()


def join_boxes(parts: Sequence[Detections]) -> Detections:
    """The boxes of several videos, which come in the order of their frames."""
    parts = [Detections.of([], [], np.zeros((0, 4)), []), *parts]
    names = ("frames", "classes", "boxes", "scores", "tracks")
    frames, classes, boxes, scores, tracks = (np.concatenate([getattr(p, name) for p in parts]) for name in names)
    return Detections(frames, classes, boxes, scores, tracks)


def boxes_of(scores: Sequence[VideoScore], kind: str) -> Detections | None:
    """The boxes of a kind in all videos; None where they were not kept."""
    kept = [score.kinds[kind].boxes for score in scores if kind in score.kinds]
    found = [boxes for boxes in kept if boxes is not None]
    return join_boxes(found) if kept and len(found) == len(kept) else None


def coco_block(
    truth: VideoTruth, scores: Sequence[VideoScore], seen: Mapping[str, NDArray[np.bool_]], asked: bool
) -> dict[str, Any]:
    """COCO AP of every kind whose boxes were kept, or why there is none."""
    if not asked:
        return {"missing": _not_asked(truth, "coco", "COCO AP")}
    from .coco_ap import coco_ap

    block: dict[str, Any] = {}
    for kind, frames in seen.items():
        boxes = boxes_of(scores, kind)
        if boxes is not None:
            found = coco_ap(truth, boxes, seen=frames)
            block[kind] = {name: getattr(found, name) for name in ("AP", "AP50", "AP75", "APs", "APm", "APl")}
    return block or {"missing": "no boxes were kept"}


def tracks_block(
    plan: Plan, scores: Sequence[VideoScore], seen: Mapping[str, NDArray[np.bool_]], asked: bool
) -> dict[str, Any]:
    """Track metrics of the trimmed tubes, or why there are none."""
    if not asked:
        return {"missing": _not_asked(plan.truth, "tracks", "track metrics")}
    tracks = [score.tracks for score in scores if score.tracks is not None]
    if not tracks:
        return {"missing": "there are no tracks"}
    if (plan.truth.tracks < 0).any():
        return {"missing": "the ground truth has no track ids (instance_id)"}
    from .track_metrics import track_metrics

    kind = next((name for name in seen if name != "frame"), "frame")
    found = track_metrics(plan.truth, join_boxes(tracks), seen=seen[kind])
    names = plan.frames.class_names
    return {
        "trim_score": plan.trim_score,
        "class_averaged": dict(found.class_averaged),
        "detection_averaged": dict(found.detection_averaged),
        "per_class": {name: dict(values) for name, values in zip(names, found.per_class, strict=True)},
    }


def _not_asked(truth: VideoTruth, metric: str, title: str) -> str:
    how = f"python -m dnt_d2.evaluation --run RUN --metrics {metric}"
    if truth.num_frames <= MAX_FRAMES:
        return f"not asked for: {how}"
    return f"{title} of {truth.num_frames:,} frames takes much memory and time; ask for it: {how}"
