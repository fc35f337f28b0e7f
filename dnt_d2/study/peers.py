"""Seq-NMS, SORT, ByteTrack and the tubes of D&T side by side, on what one network said about the same videos.

Seq-NMS and tubes take the candidates before NMS, trackers the boxes of single frames. All work class by class. Seq-NMS
and tubes give new scores, and so have an AP of their own; trackers leave the scores as they are. Tubes are made of
voted boxes (see :mod:`.voted_frames`): single frames and Seq-NMS are there with these, too.

Metrics of tracks depend on which boxes are meant to be seen. For each method that is one threshold, of the same few,
chosen by HOTA on another data set (:func:`choose_threshold`) than the one that is reported (:func:`measure`). Tracks of
every method are cut at both ends where their scores stay below it, as evaluation cuts tubes (``TUBES.TRIM_SCORE``);
trackers are given no box below it either, or, as "bytetrack_start", begin their tracks there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ..evaluation.extra_metrics import join_boxes
from ..evaluation.linking import Linking, trim_tracks, tube_boxes
from ..evaluation.plan import Plan
from ..evaluation.saved_run import SavedRun
from ..evaluation.scoring import single_frames
from ..evaluation.track_metrics import TrackMetrics, track_metrics
from ..evaluation.video_record import VideoRecord
from ..formats.results import Detections
from ..tubes.checks import check_unit
from .mean_ap import ap50_of_boxes
from .public_trackers import TrackerName, track_video
from .seq_nms import seq_nms_video
from .voted_frames import voted_rows

METHODS = MappingProxyType(
    {
        "frame": "single frames",
        "frame_voted": "single frames, voted",
        "seq_nms": "Seq-NMS, mean",
        "seq_nms_voted": "Seq-NMS, mean, of voted boxes",
        "seq_nms_max": "Seq-NMS, maximum",
        "sort": "SORT",
        "bytetrack": "ByteTrack",
        "bytetrack_start": "ByteTrack, its start chosen",
        "tube_online": "D&T tubes, online",
        "tube_psi0": "D&T tubes without tracks (psi = 0)",
        "tube": "D&T tubes",
    }
)
"""What is compared, and names for people. Trackers and "tube_online" know the past alone, the others whole videos."""

WITHOUT_TRACKS = ("frame", "frame_voted")
"""Those that link nothing: there are no tracks to judge, and no threshold is needed."""

TRACKERS = ("sort", "bytetrack", "bytetrack_start")
"""Those that run anew for each threshold, and don't give new scores."""

THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
"""Among which one is chosen for each method."""

LOW_SCORE = 0.1
"""The least score of a box for "bytetrack_start": what ByteTrack's paper has for its second round."""

SHOWN = ("HOTA", "IDF1", "MOTA", "IDSW")
"""Which metrics of tracks a row has."""


@dataclass(frozen=True)
class Choice:
    """A threshold and what led to it.

    Attributes:
        method: one of ``METHODS``.
        threshold: the best; of equals the lowest.
        hota: by threshold, the mean over classes, in percent.
    """

    method: str
    threshold: float
    hota: Mapping[float, float]


@dataclass(frozen=True)
class PeerRow:
    """What one method comes to.

    Attributes:
        method: one of ``METHODS``.
        title: for people.
        threshold: at which tracks were cut; None without tracks.
        ap50: devkit AP50 in percent, the mean over classes; NaN without ground truth, None for trackers.
        class_averaged: by the names of ``SHOWN``, in percent: means over classes, and the sum of id switches. None
            without tracks.
        detection_averaged: the same over the boxes of all classes together.
    """

    method: str
    title: str
    threshold: float | None
    ap50: float | None
    class_averaged: Mapping[str, float] | None
    detection_averaged: Mapping[str, float] | None


def choose_threshold(run: SavedRun, plan: Plan, method: str, thresholds: Sequence[float] = THRESHOLDS) -> Choice:
    """The threshold at which the mean HOTA over classes is largest.

    Args:
        run: of another data set than that which will be reported, of the same network.
        plan: of its data set. The first way to link is that of the tubes.
        method: one of ``METHODS`` that has tracks.
        thresholds: in [0, 1], at least one.

    Raises:
        ModuleNotFoundError: TrackEval, or the package of the trackers, is not installed.
        ValueError: no threshold, no finished video, or as :func:`measure`.
    """
    if not thresholds or not run.finished:
        raise ValueError(f"{run.folder}: a threshold is chosen among at least one, on at least one finished video")
    hota = hota_curve(run, plan, method, thresholds)
    return Choice(method, max(hota, key=lambda threshold: hota[threshold]), hota)


def hota_curve(run: SavedRun, plan: Plan, method: str, thresholds: Sequence[float] = THRESHOLDS) -> dict[float, float]:
    """The mean HOTA over classes, in percent, at each threshold, ascending; for arguments see :func:`choose_threshold`.

    On the data set that is reported it tells what a method would have had at its best threshold there.
    """
    _check(method, thresholds)
    if method in WITHOUT_TRACKS:
        raise ValueError(f'"{method}" has no tracks, and so no threshold')
    records = dict(run.videos())
    seen = _seen(plan, records)
    fixed = None if method in TRACKERS else _boxes(plan, records, method, 0.0)
    hota = {}
    for threshold in sorted(thresholds):
        boxes = _boxes(plan, records, method, threshold) if fixed is None else fixed
        hota[threshold] = _judge_tracks(plan, boxes, threshold, seen).class_averaged["HOTA"]
    return hota


def measure(run: SavedRun, plan: Plan, method: str, threshold: float | None = None) -> PeerRow:
    """Link the finished videos of a run by one method, and judge what comes out in the frames that the network saw.

    Args:
        run: to be read.
        plan: of its data set. The first way to link is that of the tubes.
        method: one of ``METHODS``.
        threshold: in [0, 1], see above; methods without tracks need none.

    Raises:
        ModuleNotFoundError: TrackEval, or the package of the trackers, is not installed.
        ValueError: there is no such method, a threshold is missing, a video has no candidates, or the ground truth
            has no tracks.
    """
    _check(method, [] if threshold is None else [threshold])
    if threshold is None and method not in WITHOUT_TRACKS:
        raise ValueError(f"{method} needs a threshold: choose it on another data set")
    records = dict(run.videos())
    seen = _seen(plan, records)
    cut = 0.0 if threshold is None else threshold
    boxes = _boxes(plan, records, method, cut)
    ap50 = None if method in TRACKERS else ap50_of_boxes(boxes, plan.truth, seen)
    if method in WITHOUT_TRACKS:
        return PeerRow(method, METHODS[method], None, ap50, None, None)
    found = _judge_tracks(plan, boxes, cut, seen)
    averages = [{name: of[name] for name in SHOWN} for of in (found.class_averaged, found.detection_averaged)]
    return PeerRow(method, METHODS[method], cut, ap50, *averages)


def _check(method: str, thresholds: Sequence[float]) -> None:
    if method not in METHODS:
        raise ValueError(f"there is no method {method!r}; these are known: {', '.join(METHODS)}")
    for threshold in thresholds:
        check_unit(threshold, "a threshold")


def _seen(plan: Plan, records: Mapping[int, VideoRecord]) -> NDArray[np.bool_]:
    """(F,) the frames of the data set that the network saw."""
    return plan.truth.marked(plan.truth.numbers(video_id, record.frames) for video_id, record in records.items())


def _boxes(plan: Plan, records: Mapping[int, VideoRecord], method: str, threshold: float) -> list[Detections]:
    """For each video its boxes, whole tracks."""
    return [_of_video(plan, video_id, record, method, threshold) for video_id, record in records.items()]


def _of_video(plan: Plan, video_id: int, record: VideoRecord, method: str, threshold: float) -> Detections:
    numbers = plan.truth.numbers(video_id, record.frames)
    if method == "frame":
        return single_frames(numbers, record.detections)
    if method == "bytetrack_start":
        return track_video(numbers, record.detections, "bytetrack", score=LOW_SCORE, start=threshold)
    if method in TRACKERS:
        tracker: TrackerName = "sort" if method == "sort" else "bytetrack"
        return track_video(numbers, record.detections, tracker, score=threshold)
    if record.candidates is None:
        raise ValueError(
            f"video {video_id} of {plan.dataset} was saved without candidates: {METHODS[method]} needs them"
        )
    if method == "frame_voted":
        return single_frames(numbers, voted_rows(record)[0])
    if method == "seq_nms_voted":
        return seq_nms_video(numbers, voted_rows(record)[1])
    if method.startswith("seq_nms"):
        return seq_nms_video(numbers, record.candidates, rescoring="max" if method == "seq_nms_max" else "mean")
    return tube_boxes(plan.truth, video_id, record.collector(), _linking(plan, method)).boxes


def _linking(plan: Plan, method: str) -> Linking:
    """The way to link of the plan, with one change where the method is not "tube"."""
    if not plan.linkings:
        raise ValueError(f"the plan of {plan.dataset} has no way to link: give it evaluation.linking.standard_linkings")
    linking = next(iter(plan.linkings.values()))
    if method == "tube_online":
        return replace(linking, settings=replace(linking.settings, online=True))
    return replace(linking, use_tracks=linking.use_tracks and method != "tube_psi0")


def _judge_tracks(plan: Plan, boxes: Sequence[Detections], threshold: float, seen: NDArray[np.bool_]) -> TrackMetrics:
    """Of the tracks of each video, cut at the threshold."""
    return track_metrics(plan.truth, join_boxes([trim_tracks(part, threshold) for part in boxes]), seen=seen)
