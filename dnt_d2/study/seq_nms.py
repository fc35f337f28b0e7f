"""Seq-NMS (Han et al. 2016, "Seq-NMS for Video Object Detection", sec. 3), as a baseline of the study.

Boxes of one class in neighbouring frames are linked where they overlap. The sequence of linked boxes with the largest
sum of scores is found by dynamic programming, its boxes get the mean or the maximum of their scores, and in each of its
frames the boxes that overlap its own are suppressed. This is repeated until no box is left; a box without a
neighbour is a sequence of its own, and keeps its score.

It takes what our linker takes: all candidates of a frame before NMS. It needs no tracklets and no network of its own.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..evaluation.video_record import Rows
from ..formats.results import Detections
from ..geometry import FloatArray, box_iou
from ..tubes.checks import check_unit

IntArray = NDArray[np.int64]
Rescoring = Literal["mean", "max"]


def seq_nms_video(
    numbers: IntArray,
    candidates: Rows,
    *,
    link_iou: float = 0.5,
    nms_iou: float = 0.3,
    min_score: float = 0.001,
    rescoring: Rescoring = "mean",
) -> Detections:
    """Seq-NMS for all classes of one video.

    Args:
        numbers: (F,) ascending, the frame numbers of the data set. Frames that follow each other here are neighbours.
        candidates: of these frames, before NMS: ``boxes (N, 4)``, inclusive corners, px, and ``scores (N, C)`` in
            [0, 1]. A box that is not finite is dropped, a score that is not finite in its class.
        link_iou: in [0, 1]; boxes of neighbouring frames are linked when their IoU (+1 pixel) is larger.
        nms_iou: in [0, 1]; boxes whose IoU (+1 pixel) with one of a sequence is larger are suppressed.
        min_score: in [0, 1]; a box takes part in the classes in which it has at least this score. The paper has no
            such floor, but its time grows with the number of boxes; the default is that of single frames
            (``MODEL.ROI_HEADS.SCORE_THRESH_TEST``).
        rescoring: "mean" or "max" of the scores of a sequence.

    Returns:
        the boxes that are left, with new scores in [0, 1]; ``tracks`` numbers the sequences over all classes from 0.

    Raises:
        ValueError: a threshold is out of range, another ``rescoring``, or not one entry per frame.
    """
    for name, value in (("link_iou", link_iou), ("nms_iou", nms_iou), ("min_score", min_score)):
        check_unit(value, name)
    if rescoring not in ("mean", "max"):
        raise ValueError(f'rescoring must be "mean" or "max", got {rescoring!r}')
    if len(numbers) != len(candidates.counts):
        raise ValueError(f"{len(numbers)} frame numbers for the candidates of {len(candidates.counts)} frames")
    from .seq_nms_kernels import find_sequences  # here, not above: loading the compiler takes long

    boxes, scores = _usable(candidates, min_score)
    starts = np.append(0, np.cumsum(candidates.counts))
    links, link_starts = linked_boxes(boxes, starts, link_iou)
    frames = np.repeat(numbers, candidates.counts)
    parts, first = [], 0
    for class_id in np.flatnonzero((scores >= 0).any(axis=0)).tolist():
        of_class = np.ascontiguousarray(scores[:, class_id])
        sequence = find_sequences(boxes, of_class, starts, links, link_starts, float(nms_iou))
        kept = np.flatnonzero(sequence >= 0)
        new = _rescored(of_class[kept], sequence[kept], rescoring)
        parts.append((frames[kept], np.full(len(kept), class_id), boxes[kept], new, first + sequence[kept]))
        first += int(sequence.max(initial=-1)) + 1
    if not parts:
        return Detections.of([], [], [], [])
    return Detections.of(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def linked_boxes(boxes: FloatArray, starts: IntArray, link_iou: float) -> tuple[IntArray, IntArray]:
    """To which boxes of the frame before each box is linked. All classes share the boxes, and so these links.

    Args:
        boxes: (R, 4), the frames' boxes one after the other.
        starts: (F + 1,) where each frame begins in ``boxes``, and R.
        link_iou: see :func:`seq_nms_video`.

    Returns:
        (L,) rows of ``boxes``, ascending for each box; and (R + 1,) where the links of each box begin, and L.
    """
    links, counts = [np.zeros(0, dtype=np.int64)], [np.zeros(int(starts[1]) if len(starts) > 1 else 0, dtype=np.int64)]
    for before, start, stop in zip(starts[:-2], starts[1:-1], starts[2:], strict=True):
        linked = box_iou(boxes[start:stop], boxes[before:start], inclusive=True) > link_iou
        links.append(before + np.nonzero(linked)[1])
        counts.append(linked.sum(axis=1))
    return np.concatenate(links), np.append(0, np.cumsum(np.concatenate(counts)))


def _usable(candidates: Rows, min_score: float) -> tuple[FloatArray, FloatArray]:
    """Boxes (R, 4) and scores (R, C), -1 where a box takes no part; in float64."""
    boxes = np.asarray(candidates.columns["boxes"], dtype=np.float64).reshape(-1, 4)
    scores = np.asarray(candidates.columns["scores"], dtype=np.float64)
    finite = np.isfinite(boxes).all(axis=1, keepdims=True)
    takes_part = finite & np.isfinite(scores) & (scores >= min_score)
    return np.ascontiguousarray(np.where(finite, boxes, 0)), np.where(takes_part, scores, -1)


def _rescored(scores: FloatArray, sequence: IntArray, rescoring: Rescoring) -> FloatArray:
    """(K,) for each box the mean or the maximum of the scores of its sequence."""
    if rescoring == "mean":
        means = np.bincount(sequence, weights=scores) / np.bincount(sequence)
        return means[sequence]
    best = np.zeros(int(sequence.max(initial=-1)) + 1)
    np.maximum.at(best, sequence, scores)
    return best[sequence]
