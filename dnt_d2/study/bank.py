"""Banks: results of an evaluation, in the few numbers that AP50 under any choice of videos needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..evaluation.average_precision import measure_found
from ..evaluation.ground_truth import VideoTruth
from ..evaluation.kernels import HIT
from ..evaluation.outcome_log import ClassLog, OutcomeLog
from ..evaluation.outcomes import falling
from ..evaluation.scoring import VideoScore
from ..geometry import FloatArray

IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ClassBank:
    """What AP needs of one class: for each of K true positives, by falling score, the false positives above it.

    A tie is the boxes of one video with one score. Where a video stands twice, its tie is passed twice, as a whole:
    equal scores are ranked by video.

    Attributes:
        num_gt: (V,) objects in each video.
        videos: (K,) the place of its video.
        above: (K, V) false positives in each video that rank above its tie.
        tied: (K,) false positives of its tie that rank above it.
        ties: (K,) all false positives of its tie.
        num_det: how many boxes there are.
    """

    num_gt: IntArray
    videos: IntArray
    above: IntArray
    tied: IntArray
    ties: IntArray
    num_det: int

    @classmethod
    def of(cls, log: ClassLog, places: IntArray, num_gt: IntArray) -> ClassBank:
        """From the boxes of a class (N,) in the order of their frames, and the place (N,) of the video of each."""
        order = falling(log.scores)
        scores, videos, hits = log.scores[order], places[order], (log.outcomes[order] & HIT) > 0
        begins = np.append(True, (scores[1:] != scores[:-1]) | (videos[1:] != videos[:-1]))[: len(order)]
        edges = np.append(np.flatnonzero(begins), len(order))
        rows = np.flatnonzero(hits)
        tie = np.cumsum(begins)[rows] - 1
        starts, ends = edges[tie], edges[tie + 1]
        misses = np.append(0, np.cumsum(~hits))
        of_videos = [np.searchsorted(np.flatnonzero(~hits & (videos == v)), starts) for v in range(len(num_gt))]
        above = np.stack(of_videos, axis=1) if of_videos else np.zeros((len(rows), 0), dtype=np.int64)
        tied, ties = misses[rows] - misses[starts], misses[ends] - misses[starts]
        return cls(num_gt, videos[rows], above, tied, ties, len(order))

    def resampled(self, weights: IntArray) -> FloatArray:
        """AP50 (B,) in [0, 1] when videos count as often as (B, V) says; NaN where no object is left."""
        num_gt = weights @ self.num_gt
        # Float products go to BLAS, and are exact for such numbers.
        above = weights.astype(np.float64) @ self.above.T.astype(np.float64) + self.tied
        found = np.full(len(weights), np.nan)
        for b in np.flatnonzero(num_gt):
            copies = weights[b, self.videos]
            ends = np.cumsum(copies)
            copy = np.arange(copies.sum()) - np.repeat(ends - copies, copies)  # 0 for the first of each, 1 for the next
            false_positives = np.repeat(above[b], copies) + copy * np.repeat(self.ties, copies)
            false_positives.sort()  # the hits of a tie stand copy by copy
            found[b] = measure_found(false_positives, num_gt=int(num_gt[b]), num_det=self.num_det).ap
        return found


@dataclass(frozen=True, eq=False)
class Bank:
    """One kind of result of one run, ready to be resampled.

    Attributes:
        videos: V ids, ascending.
        num_gt: (V, C) objects of each class in each video.
        classes: a bank for each class that has objects.
    """

    videos: list[int]
    num_gt: IntArray
    classes: list[ClassBank]


class Gathered(NamedTuple):
    """The boxes of one kind of all videos, and what is there to find.

    Attributes:
        videos: V ids, ascending.
        log: of all boxes.
        num_gt: (V, C) objects of each class in each video.
    """

    videos: list[int]
    log: OutcomeLog
    num_gt: IntArray

    def of_class(self, class_id: int, truth: VideoTruth) -> tuple[ClassLog, IntArray]:
        """The boxes of a class (N,), in the order of their frames, and the place (N,) of the video of each."""
        boxes = self.log.of_class(class_id)
        return boxes, np.searchsorted(np.array(self.videos), truth.video_ids[boxes.frames])

    def bank(self, truth: VideoTruth) -> Bank:
        """Ready to be resampled."""
        present = np.flatnonzero(self.num_gt.sum(axis=0)).tolist()
        banks = [ClassBank.of(*self.of_class(c, truth), self.num_gt[:, c]) for c in present]
        return Bank(self.videos, self.num_gt, banks)


def gather(scores: Sequence[VideoScore], kind: str, truth: VideoTruth) -> Gathered:
    """Join the scores of videos; arguments and errors are those of :func:`build_bank`."""
    scores = sorted(scores, key=lambda score: score.video_id)
    ids = [score.video_id for score in scores]
    log, counts = OutcomeLog(), np.zeros((len(ids), truth.num_classes), dtype=np.int64)
    for place, score in enumerate(scores):
        if place and ids[place - 1] == ids[place]:
            raise ValueError(f"video {ids[place]} is there twice; give one score for each video")
        if kind not in score.kinds:
            raise ValueError(f"video {ids[place]} has no results {kind!r}, only {', '.join(score.kinds)}; link it so")
        of_kind = score.kinds[kind]
        log.join(of_kind.log)
        counts[place] = np.bincount(truth.classes[truth.rows(of_kind.numbers)], minlength=truth.num_classes)
    return Gathered(ids, log, counts)


def build_bank(scores: Sequence[VideoScore], kind: str, truth: VideoTruth) -> Bank:
    """Gather what the resampling needs.

    Args:
        scores: one for each video, in any order.
        kind: "frame", or the name of a way to link.
        truth: the ground truth by which they were judged.

    Raises:
        ValueError: a video is there twice, or lacks this kind.
    """
    return gather(scores, kind, truth).bank(truth)


def resampled_means(bank: Bank, weights: IntArray) -> FloatArray:
    """Mean AP50 when each video counts so many times, as in a data set where it stands so often, copy after copy.

    Args:
        bank: of V videos.
        weights: (B, V) whole numbers, 0 or more.

    Returns:
        (B,) percent. A class without an object in a resample does not count in its mean; NaN where no class has any.

    Raises:
        ValueError: weights of another shape, or that are no such numbers.
    """
    weights = np.asarray(weights)
    if weights.ndim != 2 or weights.shape[1] != len(bank.videos):
        raise ValueError(f"weights of {len(bank.videos)} videos must be (B, {len(bank.videos)}), got {weights.shape}")
    if not np.issubdtype(weights.dtype, np.integer) or (weights < 0).any():
        raise ValueError("weights say how often a video counts: give whole numbers, 0 or more")
    weights = weights.astype(np.int64)
    table = np.array([of_class.resampled(weights) for of_class in bank.classes])
    table = table.reshape(len(bank.classes), len(weights))  # whatever is empty
    return np.array([100 * _mean(column[~np.isnan(column)]) for column in table.T])


def _mean(values: FloatArray) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
