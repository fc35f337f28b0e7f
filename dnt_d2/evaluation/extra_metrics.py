"""The parts of a report that need boxes, not outcomes alone: COCO AP by pycocotools, track metrics by TrackEval."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats.results import Detections
from .coco_ap import MAX_FRAMES, coco_ap, memory_needed
from .plan import Plan
from .scoring import VideoScore
from .track_metrics import track_metrics

METRICS = ("coco", "tracks")
"""What a report has without being asked up to MAX_FRAMES frames; above, it must be asked for."""


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


def coco_block(plan: Plan, scores: Sequence[VideoScore], seen: Mapping[str, NDArray[np.bool_]]) -> dict[str, Any]:
    """COCO AP of every kind whose boxes were kept, or why there is none."""
    if "coco" not in plan.metrics:
        num_detections = sum(len(score.kinds[kind].log) for score in scores for kind in seen)
        needed = memory_needed(int(seen["frame"].sum()), num_detections, plan.truth.num_classes)
        return {"missing": _not_asked(plan, "coco", f"pycocotools would need about {needed / 1e9:.0f} GB and long")}
    block: dict[str, Any] = {}
    for kind, frames in seen.items():
        boxes = boxes_of(scores, kind)
        if boxes is not None:
            block[kind] = coco_ap(plan.truth, boxes, seen=frames).summary()
    return block or {"missing": "no boxes were kept"}


def tracks_block(plan: Plan, scores: Sequence[VideoScore], seen: Mapping[str, NDArray[np.bool_]]) -> dict[str, Any]:
    """Track metrics of the trimmed tubes, or why there are none."""
    if "tracks" not in plan.metrics:
        return {"missing": _not_asked(plan, "tracks", "TrackEval would take long")}
    if not importlib.util.find_spec("trackeval"):
        return {"missing": "TrackEval is not installed: pip install 'dnt_d2[tracking]'"}
    tracks = [score.tracks for score in scores if score.tracks is not None]
    if not tracks:
        return {"missing": "there are no tracks"}
    if (plan.truth.tracks < 0).any():
        return {"missing": "the ground truth has no track ids (instance_id)"}
    kind = next((name for name in seen if name != "frame"), "frame")
    found = track_metrics(plan.truth, join_boxes(tracks), seen=seen[kind])
    return {
        "trim_score": plan.trim_score,
        "class_averaged": dict(found.class_averaged),
        "detection_averaged": dict(found.detection_averaged),
        "per_class": {name: dict(of) for name, of in zip(plan.frames.class_names, found.per_class, strict=True)},
    }


def _not_asked(plan: Plan, metric: str, cost: str) -> str:
    how = f"python -m dnt_d2.evaluation --run RUN --metrics {metric}"
    if plan.truth.num_frames <= MAX_FRAMES:
        return f"not asked for: {how}"
    return f"{plan.truth.num_frames:,} frames are too many to do this unasked ({cost}): {how}"
