"""Metrics of tracks: HOTA, IDF1, MOTA and their parts, computed by TrackEval's own classes.

HOTA (Luiten et al., IJCV 2021) is the mean, over the IoU thresholds 0.05, 0.10 ... 0.95, of sqrt(DetA x AssA): how well
objects are found, and how well boxes of one object stay one track. IDF1, IDP and IDR are F1, precision and recall of
boxes under the best pairing of whole tracks; MOTA is 1 - (misses + false positives + id switches) / objects; both at an
IoU of 0.5, and MOTP is the mean IoU of what is matched there. IDSW counts switches of id, Frag how often an object is
lost and found again, MT and ML objects that are found in more than 80% or less than 20% of their frames.

Boxes are those that a MOTChallenge file of them would hold: left and top from 1, width x2 - x1 + 1. So the values are
those of TrackEval on such files, one run per class, without its preprocessing for pedestrians.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats.results import Detections
from ..geometry import FloatArray
from .ground_truth import VideoTruth
from .judged import only_seen

IntArray = NDArray[np.int64]
Scores = dict[str, float]
Rows = tuple[IntArray, IntArray, FloatArray]  # frames, tracks and boxes

RATIOS = ("HOTA", "DetA", "AssA", "LocA", "IDF1", "IDP", "IDR", "MOTA", "MOTP")
COUNTS = ("IDSW", "Frag", "MT", "ML")


@dataclass(frozen=True)
class TrackMetrics:
    """Each dict has the names of ``RATIOS``, in percent (MOTA may be negative), and of ``COUNTS``, as integers.

    As TrackEval has it, LocA is 100 and MOTP is 0 where nothing was matched.

    Attributes:
        class_averaged: means of the classes with ground truth, and sums of their counts. NaN without any.
        detection_averaged: over the boxes of all classes together, so frequent classes weigh more; false positives of
            classes without ground truth count. NaN when no class has any.
        per_class: C dicts; the ratios of a class without ground truth are NaN.
    """

    class_averaged: Scores
    detection_averaged: Scores
    per_class: list[Scores]


def track_metrics(truth: VideoTruth, detections: Detections, *, seen: NDArray[np.bool_] | None = None) -> TrackMetrics:
    """The metrics of tracks, of each class and overall.

    A track is judged in each class that it has boxes of. A video with neither objects nor detections of a class has no
    say in it.

    Args:
        truth: of F frames and C classes, with tracks.
        detections: with frame numbers of ``truth``, trimmed to what is meant to be seen: every box counts, whatever
            its score. Boxes without a track (-1) are left out.
        seen: (F,) the frames that count, which are then one step of time apart; None is all.

    Raises:
        ModuleNotFoundError: TrackEval is not installed.
        ValueError: ground truth without tracks, a track that is twice in a frame and class, or detections and ground
            truth that do not fit, see :func:`.judged.only_seen`.
    """
    metrics = _metrics()
    without = np.flatnonzero(truth.tracks < 0)
    if len(without):
        raise ValueError(
            f"{len(without)} of {len(truth.tracks)} ground-truth boxes have no track, the first in "
            f"{truth.describe(int(truth.frames[without[0]]))}; tracks can be judged only where all objects have one"
        )
    truth, detections = only_seen(truth, detections, seen)
    detections = detections.where(detections.tracks >= 0)
    _check_unique(truth, truth.frames, truth.classes, truth.tracks, "ground truth")
    _check_unique(truth, detections.frames, detections.classes, detections.tracks, "detections")
    known = np.unique(truth.classes).tolist()
    classes = np.union1d(truth.classes, detections.classes).tolist()
    # TrackEval times itself, and prints, once its Evaluator has been used in this process.
    with redirect_stdout(StringIO()):
        results = {class_id: _of_class(metrics, truth, detections, class_id) for class_id in classes}
    judged = {class_id: results[class_id] for class_id in known}
    nothing: Scores = {**dict.fromkeys(RATIOS, math.nan), **dict.fromkeys(COUNTS, 0)}
    return TrackMetrics(
        class_averaged=_overall(metrics, judged, "combine_classes_class_averaged") if known else dict(nothing),
        detection_averaged=_overall(metrics, results, "combine_classes_det_averaged") if known else dict(nothing),
        per_class=[_scores(judged[i]) if i in judged else dict(nothing) for i in range(truth.num_classes)],
    )


def _metrics() -> dict[str, Any]:
    try:
        from trackeval import metrics
    except ModuleNotFoundError as error:
        if error.name != "trackeval":
            raise
        raise ModuleNotFoundError(
            "metrics of tracks need TrackEval: pip install 'dnt_d2[tracking]'", name="trackeval"
        ) from error
    return {
        "HOTA": metrics.HOTA(),
        "CLEAR": metrics.CLEAR({"PRINT_CONFIG": False}),
        "Identity": metrics.Identity({"PRINT_CONFIG": False}),
    }


def _of_class(
    metrics: Mapping[str, Any], truth: VideoTruth, detections: Detections, class_id: int
) -> dict[str, dict[str, Any]]:
    """The results of each metric, over all videos."""
    videos = [
        {name: metric.eval_sequence(video) for name, metric in metrics.items()}
        for video in _videos(truth, detections, class_id)
    ]
    return {
        name: metric.combine_sequences({i: video[name] for i, video in enumerate(videos)})
        for name, metric in metrics.items()
    }


def _overall(metrics: Mapping[str, Any], classes: Mapping[int, Mapping[str, Any]], how: str) -> Scores:
    return _scores(
        {name: getattr(metric, how)({i: c[name] for i, c in classes.items()}) for name, metric in metrics.items()}
    )


def _scores(results: Mapping[str, Mapping[str, Any]]) -> Scores:
    """Of HOTA and its parts the means over the thresholds, as TrackEval prints them."""
    values = {name: value for result in results.values() for name, value in result.items()}
    return {
        **{name: 100 * float(np.mean(values[name])) for name in RATIOS},
        **{name: int(values[name]) for name in COUNTS},
    }


def _check_unique(truth: VideoTruth, frames: IntArray, classes: IntArray, tracks: IntArray, what: str) -> None:
    order = np.lexsort((tracks, classes, frames))
    same = np.all([np.diff(values[order]) == 0 for values in (frames, classes, tracks)], axis=0)
    if same.any():
        i = int(order[np.flatnonzero(same)[0]])
        raise ValueError(
            f"{what}: the track {tracks[i]} has two boxes of the class {classes[i]} in "
            f"{truth.describe(int(frames[i]))}; leave one"
        )


def _videos(truth: VideoTruth, detections: Detections, class_id: int) -> Iterator[dict[str, Any]]:
    """What TrackEval's metrics take, for each video that has objects or detections of a class."""
    sides = []
    for rows in (truth, detections):
        mine = np.flatnonzero(rows.classes == class_id)
        sides.append((rows.frames[mine], rows.tracks[mine], rows.boxes[mine]))
    videos = [truth.video_ids[frames] for frames, _, _ in sides]
    for video in np.union1d(*videos).tolist():
        cuts = [slice(*np.searchsorted(ids, [video, video + 1])) for ids in videos]
        gt, found = ((f[cut], t[cut], b[cut]) for cut, (f, t, b) in zip(cuts, sides, strict=True))
        yield _sequence(gt, found)


def _sequence(gt: Rows, found: Rows) -> dict[str, Any]:
    """One class of one video as TrackEval's data sets give it; both sides are sorted by frame.

    Steps of time without an object and without a detection are left out: no metric that is reported looks at them.
    """
    from trackeval.datasets import MotChallenge2DBox

    steps = np.union1d(gt[0], found[0])
    gt_ids, gt_boxes = _by_step(gt, steps)
    ids, boxes = _by_step(found, steps)
    similarity = [
        MotChallenge2DBox._calculate_box_ious(a, b, box_format="xywh") for a, b in zip(gt_boxes, boxes, strict=True)
    ]
    return {
        "num_timesteps": len(steps),
        "num_gt_ids": len(np.unique(gt[1])),
        "num_tracker_ids": len(np.unique(found[1])),
        "num_gt_dets": len(gt[0]),
        "num_tracker_dets": len(found[0]),
        "gt_ids": gt_ids,
        "tracker_ids": ids,
        "similarity_scores": similarity,
    }


def _by_step(rows: Rows, steps: IntArray) -> tuple[list[IntArray], list[FloatArray]]:
    """Track numbers from 0 without gaps, and boxes as in a MOT file, for each step of time."""
    frames, tracks, corners = rows
    numbers = np.unique(tracks, return_inverse=True)[1]
    boxes = np.hstack([corners[:, :2] + 1, corners[:, 2:] - corners[:, :2] + 1])
    cuts = np.searchsorted(frames, steps)[1:]
    return np.split(numbers, cuts), np.split(boxes, cuts)
