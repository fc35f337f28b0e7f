"""NMS, the best few, and box voting: what a class's candidates go through before they are linked."""

from __future__ import annotations

import operator
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..geometry import FloatArray, box_iou
from .checks import as_rows, check_unit


def vote_boxes(detections: ArrayLike, *, nms_iou: float = 0.4, vote_iou: float = 0.5, top_k: int = 25) -> FloatArray:
    """Thin out the candidates of one class in one frame, and let the removed ones correct those that stay.

    First greedy NMS by descending score, then the best ``top_k``. Then each kept box becomes the weighted mean, per
    coordinate, of all candidates (removed ones and itself included) that overlap it by ``vote_iou`` or more, with
    weights max(0, score) + 2.2e-16. Scores don't change. Both IoUs are of inclusive corners (+1 pixel).

    Args:
        detections: (N, 5) x1, y1, x2, y2, score. Rows that are not finite are dropped.
        nms_iou: in [0, 1]; a box is removed when its IoU with a better one is larger. In float32, as the authors do.
        vote_iou: in [0, 1].
        top_k: at least 1.

    Returns:
        (K, 5), K <= top_k, by descending score; equal scores keep the order of the input.

    Raises:
        ValueError: a wrong shape, or a threshold out of range.
    """
    rows = as_rows(detections, 5, "detections")
    check_voting(nms_iou, vote_iou, top_k)
    return vote_frame(rows[:, :4], rows[:, 4:], nms_iou, vote_iou, top_k)[0]


def check_voting(nms_iou: float, vote_iou: float, top_k: int) -> None:
    """Check the three settings of voting.

    Raises:
        ValueError: one is out of range.
    """
    check_unit(nms_iou, "nms_iou")
    check_unit(vote_iou, "vote_iou")
    if operator.index(top_k) < 1:
        raise ValueError(f"top_k must be at least 1, got {top_k}")


def vote_frame(boxes: FloatArray, scores: FloatArray, nms_iou: float, vote_iou: float, top_k: int) -> list[FloatArray]:
    """:func:`vote_classes`, as C arrays (K_c, 5)."""
    voted, starts = vote_classes(boxes, scores, nms_iou, vote_iou, top_k)
    return [voted[start:stop] for start, stop in pairwise(starts)]


def vote_classes(
    boxes: FloatArray, scores: FloatArray, nms_iou: float, vote_iou: float, top_k: int
) -> tuple[FloatArray, NDArray[np.int64]]:
    """:func:`vote_boxes` for all classes of one frame, which share the boxes and so their overlaps.

    Args:
        boxes: (N, 4).
        scores: (N, C). A box that is not finite is dropped in all classes, a score that is not finite in its own.
        nms_iou: see :func:`vote_boxes`; the settings are not checked here.
        vote_iou: likewise.
        top_k: likewise.

    Returns:
        (R, 5) the rows of all classes, class after class; and (C + 1,) where each class begins, and R.
    """
    from . import voting_kernels  # here, not above: loading the compiler takes longer than the rest of the package

    finite = np.isfinite(boxes).all(axis=1)
    by_class = np.ascontiguousarray(scores[finite].T)
    return voting_kernels.vote_classes(boxes[finite], by_class, np.float32(nms_iou), float(vote_iou), int(top_k))


def vote_boxes_numpy(
    detections: ArrayLike, *, nms_iou: float = 0.4, vote_iou: float = 0.5, top_k: int = 25
) -> FloatArray:
    """The same as :func:`vote_boxes`, in NumPy alone: slower, and the one to read."""
    rows = as_rows(detections, 5, "detections")
    check_voting(nms_iou, vote_iou, top_k)
    rows = rows[np.isfinite(rows).all(axis=1)]
    kept = nms(rows, nms_iou)[:top_k]
    votes = box_iou(rows[:, :4], rows[:, :4], inclusive=True) >= vote_iou
    np.fill_diagonal(votes, True)  # a box without area has IoU 0 even with itself, and still stands for itself
    weights = votes[kept] * (np.maximum(rows[:, 4], 0) + np.finfo(np.float64).eps)
    voted = weights @ rows[:, :4] / weights.sum(axis=1, keepdims=True)
    return np.concatenate([voted, rows[kept, 4:]], axis=1)


def nms(detections: FloatArray, nms_iou: float) -> list[int]:
    """Greedy non-maximum suppression, in float32.

    Args:
        detections: (N, 5) x1, y1, x2, y2, score, finite.
        nms_iou: a box is removed when its IoU (+1 pixel) with a kept one is larger than this.

    Returns:
        The rows that stay, by descending score; equal scores keep their order.
    """
    single = detections[:, :4].astype(np.float32)
    removes = box_iou(single, single, inclusive=True) > np.float32(nms_iou)
    alive = np.ones(len(detections), dtype=bool)
    kept = []
    for i in np.argsort(-detections[:, 4], kind="stable"):
        if alive[i]:
            kept.append(int(i))
            alive &= ~removes[i]
    return kept
