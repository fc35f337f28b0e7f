"""What one video comes to: its detections judged, in few bytes. An evaluation is the list of these scores."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ..formats.results import Detections
from ..geometry import FloatArray
from ..tubes.collector import VideoCollector
from .average_precision import mean_ap, rank_and_measure
from .ground_truth import VideoTruth
from .kernels import HIT
from .linking import Linking, TubeBoxes, trim_tracks, tube_boxes
from .outcome_log import OutcomeLog
from .outcomes import Judge, OutcomeArray
from .proposal_recall import RECALL_LIMITS, count_found, found_within
from .video_record import Rows, VideoRecord

IntArray = NDArray[np.int64]

SCORE_BINS = 50
"""How many bins the histograms of scores have."""


@dataclass(frozen=True, eq=False)
class KindScore:
    """One kind of result (single frames, or one way to link) of one video.

    Attributes:
        numbers: (n,) the frames in which it is judged, ascending.
        log: the outcome of every box.
        ap50: the mean AP of the video's own classes, a fraction; NaN without ground truth.
        boxes: the boxes themselves, where they were to be kept; float32, or float64 of tubes.
    """

    numbers: IntArray
    log: OutcomeLog
    ap50: float
    boxes: Detections | None = None


@dataclass(frozen=True, eq=False)
class VideoScore:
    """What one video, or one frame of a data set without videos, comes to.

    Attributes:
        video_id: of the data set.
        numbers: (n,) the frames that the network saw, ascending.
        kinds: by name; "frame" is there always.
        linked: whether the video was complete, and its tubes are among the kinds.
        found: (L, C) how many objects of each class the best 10, 100, 300 proposals find; None without proposals.
        histograms: (4, B) of scores in [0, 1] of the first way to link: right and wrong boxes before re-scoring,
            right and wrong ones after; None without tubes.
        tracks: the trimmed boxes of the first way to link, or of a tracker; None where nobody asked for them.
        replaced: the frames whose image couldn't be read: the network saw another frame's.
    """

    video_id: int
    numbers: IntArray
    kinds: Mapping[str, KindScore]
    linked: bool = True
    found: IntArray | None = None
    histograms: IntArray | None = None
    tracks: Detections | None = None
    replaced: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


class Scorer:
    """Scores videos, one by one. It knows the data set and what is asked for, and keeps nothing of a video."""

    def __init__(
        self,
        truth: VideoTruth,
        motion: FloatArray | None,
        linkings: Mapping[str, Linking],
        *,
        keep_boxes: Collection[str] = (),
        trim_score: float | None = None,
    ) -> None:
        """
        Args:
            truth: of the data set.
            motion: (G,) motion IoU, see :func:`.motion.motion_iou_of`; None where tracks are not known.
            linkings: ways to link, by the names of their results.
            keep_boxes: of these kinds the boxes are kept, for metrics that need them.
            trim_score: for track metrics, tubes are cut where they stay below this; None keeps no tracks.
        """
        self._truth, self._linkings = truth, linkings
        self._keep_boxes, self._trim_score = keep_boxes, trim_score
        self._judge = Judge(truth, motion)

    def score(self, video_id: int, record: VideoRecord, widen: int = 1) -> VideoScore:
        """Judge the single frames of a video, link it in all ways, and judge the tubes.

        Args:
            video_id: of the data set.
            record: what the network said.
            widen: judge every so-many-th of its frames alone, and the last; see :meth:`.VideoRecord.widened`.

        Raises:
            ValueError: the record has frames, classes or scores that can't be.
        """
        # Without tracklets: single frames have no use for chains of them.
        seen = replace(record, tracklets=None).widened(widen)
        numbers = self._truth.numbers(video_id, seen.frames)
        detections = single_frames(numbers, seen.detections)
        kinds = {"frame": self._kind("frame", numbers, detections, self._outcomes(detections))}
        histograms, tracks = None, None
        if record.candidates is not None:
            for name, (frames, tubes) in self._tubes(video_id, record, widen):
                outcomes = self._outcomes(tubes.boxes)
                kinds[name] = self._kind(name, frames, tubes.boxes, outcomes)
                if histograms is None:
                    histograms = _histograms(tubes, outcomes)
                    tracks = self._trimmed(tubes.boxes)
        elif (detections.tracks >= 0).any():
            tracks = self._trimmed(detections)
        linked = record.candidates is not None
        replaced = self._truth.numbers(video_id, seen.replaced)
        return VideoScore(video_id, numbers, kinds, linked, self._found(numbers, seen), histograms, tracks, replaced)

    def _tubes(
        self, video_id: int, record: VideoRecord, widen: int
    ) -> Iterator[tuple[str, tuple[IntArray, TubeBoxes]]]:
        """For each way to link its name, the frames in which it is judged, and its boxes."""
        videos: dict[tuple[int, float], tuple[IntArray, VideoCollector]] = {}
        for name, linking in self._linkings.items():
            # What is not widened is the same for all thresholds, and its votes are shared.
            factor = widen * linking.widen
            step = factor, linking.settings.link_iou if factor > 1 else 0.0
            if step not in videos:
                wide = record.widened(*step)
                videos[step] = wide.frames, wide.collector()
            frames, video = videos[step]
            numbers = self._truth.numbers(video_id, frames)
            if linking.every_frame and len(numbers):
                numbers = np.arange(numbers[0], numbers[-1] + 1)
            yield name, (numbers, tube_boxes(self._truth, video_id, video, linking))

    def _trimmed(self, boxes: Detections) -> Detections | None:
        return None if self._trim_score is None else trim_tracks(boxes, self._trim_score)

    def _outcomes(self, boxes: Detections) -> OutcomeArray:
        return self._judge(boxes.frames, boxes.classes, boxes.boxes, boxes.scores)

    def _kind(self, name: str, numbers: IntArray, boxes: Detections, outcomes: OutcomeArray) -> KindScore:
        log = OutcomeLog()
        log.add(boxes.frames, boxes.classes, boxes.scores, outcomes)
        log.settle()
        part = self._truth.rows(numbers)
        num_gt = np.bincount(self._truth.classes[part], minlength=self._truth.num_classes)
        results = []
        for class_id in np.flatnonzero(num_gt):
            rows = boxes.classes == class_id
            hits = (outcomes[rows] & HIT) > 0
            results.append(rank_and_measure(boxes.scores[rows], hits, num_gt=int(num_gt[class_id])))
        return KindScore(numbers, log, mean_ap(results), boxes if name in self._keep_boxes else None)

    def _found(self, numbers: IntArray, record: VideoRecord) -> IntArray | None:
        if record.proposals is None:
            return None
        total = np.zeros((len(RECALL_LIMITS), self._truth.num_classes), dtype=np.int64)
        for number, boxes in zip(numbers, record.proposals.split("boxes"), strict=True):
            part = self._truth.rows(np.array([number]))
            found = found_within(boxes, -np.arange(len(boxes)), self._truth.boxes[part], RECALL_LIMITS)
            total += count_found(found, self._truth.classes[part], self._truth.num_classes)
        return total


def single_frames(numbers: IntArray, detections: Rows) -> Detections:
    """The detections of a video's single frames, whose numbers in the data set are (F,) ``numbers``."""
    columns = detections.columns
    tracks = columns.get("tracks", np.full(len(columns["scores"]), -1))
    frames = np.repeat(numbers, detections.counts)
    return Detections(frames, columns["classes"], columns["boxes"], columns["scores"], tracks)


def _histograms(tubes: TubeBoxes, outcomes: OutcomeArray) -> IntArray:
    right = (outcomes & HIT) > 0
    parts = [scores[rows] for scores in (tubes.own_scores, tubes.boxes.scores) for rows in (right, ~right)]
    return np.array([np.histogram(part.clip(0, 1), SCORE_BINS, (0, 1))[0] for part in parts], dtype=np.int64)
