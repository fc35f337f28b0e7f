"""Average precision by the rule of COCO, computed by pycocotools.

AP is the mean of the precision at the recalls 0, 0.01 ... 1 over the IoU thresholds 0.50, 0.55 ... 0.95 and over the
classes with ground truth; AP50 and AP75 take one threshold. In a frame the detections of a class choose in the order of
their scores, at most 100 of them. APs, APm and APl count objects of an area up to 32 x 32, up to 96 x 96, and above.

A box is what this project's COCO-VID files hold: left and top, and width x2 - x1 and height y2 - y1 of the inclusive
corners. So COCO's boxes are one pixel narrower and lower than the devkit's, and an object one pixel wide has no area,
and is never found. COCO's AP50 is not the devkit's: that one lowers its threshold for small objects, keeps every
detection and takes the area under the whole curve.
"""

from __future__ import annotations

import math
from collections import defaultdict
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..formats.results import Detections
from ..geometry import FloatArray
from .ground_truth import VideoTruth
from .judged import only_seen

if TYPE_CHECKING:
    from pycocotools.cocoeval import COCOeval

IntArray = NDArray[np.int64]

MAX_FRAMES = 20_000
"""Up to as many frames it is quick: 500 detections in each and 30 classes take about 6 ms a frame, so two minutes."""

# What pycocotools keeps of each detection of a class, and of each frame with one; what ranking needs of any detection.
_BYTES_PER_DETECTION, _BYTES_PER_FRAME, _BYTES_PER_ROW = 1_300, 10_000, 60


@dataclass(frozen=True)
class CocoAP:
    """In percent; NaN without ground truth, of the class or of the size.

    Attributes:
        AP: over the IoU thresholds 0.50:0.05:0.95.
        AP50: at the threshold 0.50.
        AP75: at the threshold 0.75.
        APs: AP of objects with an area of at most 32^2 px.
        APm: from 32^2 to 96^2 px, both included.
        APl: of at least 96^2 px.
        AP_per_class: C values of AP.
        AP50_per_class: C values of AP50.
    """

    AP: float
    AP50: float
    AP75: float
    APs: float
    APm: float
    APl: float
    AP_per_class: list[float]
    AP50_per_class: list[float]

    def summary(self) -> dict[str, float]:
        """The six means over all classes, by name."""
        return {name: getattr(self, name) for name in ("AP", "AP50", "AP75", "APs", "APm", "APl")}


def coco_ap(
    truth: VideoTruth, detections: Detections, *, seen: NDArray[np.bool_] | None = None, max_detections: int = 100
) -> CocoAP:
    """COCO's average precision; see the top of this file for its rule.

    Equal scores are ranked by frame, and in a frame by their place in ``detections``.

    Args:
        truth: of F frames and C classes.
        detections: with frame numbers of ``truth``. Tracks are not looked at.
        seen: (F,) the frames to judge; others are left out, and their ground truth too. None is all.
        max_detections: per class and frame; COCO's is 100.

    Raises:
        ValueError: detections and ground truth do not fit, see :func:`.judged.only_seen`, or ``max_detections`` is
            below 1.
    """
    if max_detections < 1:
        raise ValueError(f"max_detections must be at least 1, got {max_detections}")
    truth, detections = only_seen(truth, detections, seen)
    kept = _best(detections, max_detections)
    classes = np.unique(truth.classes).tolist()
    # A dict per detection is what makes pycocotools large: one class at a time needs a fraction of it.
    tables = [_precision(truth, detections, kept, class_id, max_detections) for class_id in classes]
    AP_per_class = [math.nan] * truth.num_classes
    AP50_per_class = [math.nan] * truth.num_classes
    for class_id, table in zip(classes, tables, strict=True):
        AP_per_class[class_id] = _mean(table[..., 0])
        AP50_per_class[class_id] = _mean(table[0, ..., 0])
    every = np.concatenate(tables, axis=2) if tables else np.full((10, 101, 1, 4), -1.0)
    return CocoAP(
        AP=_mean(every[..., 0]),
        AP50=_mean(every[0, ..., 0]),
        AP75=_mean(every[5, ..., 0]),
        APs=_mean(every[..., 1]),
        APm=_mean(every[..., 2]),
        APl=_mean(every[..., 3]),
        AP_per_class=AP_per_class,
        AP50_per_class=AP50_per_class,
    )


def memory_needed(num_frames: int, num_detections: int, num_classes: int) -> int:
    """About how many bytes :func:`coco_ap` takes at its peak, beside what it is given.

    Measured on one class, with 10 to 100 detections a frame. The class with the most detections decides: it is taken
    to have four times its even share, but never more than 100 a frame.

    Args:
        num_frames: frames that are judged.
        num_detections: in them, of all classes.
        num_classes: over which they are spread.
    """
    fullest = min(num_detections, 100 * num_frames, 4 * num_detections // max(num_classes, 1))
    return _BYTES_PER_DETECTION * fullest + _BYTES_PER_FRAME * num_frames + _BYTES_PER_ROW * num_detections


def _mean(precision: FloatArray) -> float:
    """As ``COCOeval.summarize``: -1 marks what has no ground truth."""
    known = precision[precision > -1]
    return float(np.mean(known)) * 100 if len(known) else math.nan


def _best(detections: Detections, limit: int) -> IntArray:
    """(K,) the best ``limit`` of each class and frame, by class, frame and falling score, equal scores in order."""
    order = np.lexsort((-detections.scores, detections.frames, detections.classes))
    classes, frames = detections.classes[order], detections.frames[order]
    first = np.append(True, (np.diff(classes) != 0) | (np.diff(frames) != 0))[: len(order)]
    starts = np.maximum.accumulate(np.where(first, np.arange(len(order)), 0))
    return order[np.arange(len(order)) - starts < limit]


def _precision(
    truth: VideoTruth, detections: Detections, kept: IntArray, class_id: int, max_detections: int
) -> FloatArray:
    """COCOeval's table of precisions of one class: (10 thresholds, 101 recalls, 1, 4 ranges of area)."""
    mine = kept[slice(*np.searchsorted(detections.classes[kept], [class_id, class_id + 1]))]
    objects = np.flatnonzero(truth.classes == class_id)
    judge = _judge(
        truth.frames[objects],
        _xywh(truth.boxes[objects]),
        detections.frames[mine],
        _xywh(detections.boxes[mine]),
        detections.scores[mine],
    )
    judge.params.maxDets = [max_detections]
    with redirect_stdout(StringIO()):
        judge.evaluate()
        judge.accumulate()
    return judge.eval["precision"][..., 0]


def _xywh(corners: FloatArray) -> FloatArray:
    return np.hstack([corners[:, :2], corners[:, 2:] - corners[:, :2]])


def _judge(gt_frames: IntArray, gt_boxes: FloatArray, frames: IntArray, boxes: FloatArray, scores: FloatArray) -> Any:
    """A COCOeval of one class that is fed from arrays: without files, without its index, and without a box in a dict.

    Args:
        gt_frames: (G,) ascending.
        gt_boxes: (G, 4) left, top, width, height.
        frames: (N,) ascending.
        boxes: (N, 4).
        scores: (N,) falling inside a frame.
    """
    from pycocotools import mask
    from pycocotools.cocoeval import COCOeval

    class ArrayEval(COCOeval):
        def _prepare(self) -> None:
            self._gts, self._dts = defaultdict(list), defaultdict(list)
            # Ids begin with 1: COCOeval takes a match with the id 0 for none.
            for i, (frame, area) in enumerate(zip(gt_frames.tolist(), _areas(gt_boxes), strict=True), 1):
                self._gts[frame, 0].append({"id": i, "area": area, "iscrowd": 0, "ignore": 0})
            values = zip(frames.tolist(), scores.tolist(), _areas(boxes), strict=True)
            for i, (frame, score, area) in enumerate(values, 1):
                self._dts[frame, 0].append({"id": i, "score": score, "area": area})

        def computeIoU(self, imgId: int, catId: int) -> Any:
            g = gt_boxes[slice(*np.searchsorted(gt_frames, [imgId, imgId + 1]))]
            d = boxes[slice(*np.searchsorted(frames, [imgId, imgId + 1]))]
            return mask.iou(d, g, [0] * len(g)) if len(g) and len(d) else []

    judge: COCOeval = ArrayEval(iouType="bbox")
    # Frames without an object or a detection of the class have no say.
    judge.params.imgIds = np.union1d(gt_frames, frames).tolist()
    judge.params.catIds = [0]
    return judge


def _areas(boxes: FloatArray) -> list[float]:
    return (boxes[:, 2] * boxes[:, 3]).tolist()
