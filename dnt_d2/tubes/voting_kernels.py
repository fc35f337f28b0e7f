"""The compiled loops of voting. The NumPy form beside their caller says what they compute.

As in ``kernels.py``: contiguous, writable arrays; no "fast math", so that ties are decided alike.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..compiled import kernel
from ..geometry import FloatArray

IntArray = NDArray[np.int64]
ByteArray = NDArray[np.uint8]


@kernel
def _compare_boxes(boxes: FloatArray, nms_iou: np.float32, vote_iou: float) -> tuple[ByteArray, ByteArray]:
    """(N, N) flags: which box removes which in NMS (IoU in float32), and which votes for which (in float64)."""
    n = len(boxes)
    one, zero = np.float32(1), np.float32(0)
    single = boxes.astype(np.float32)
    removes, votes = np.zeros((n, n), np.uint8), np.zeros((n, n), np.uint8)
    area = (boxes[:, 2] - boxes[:, 0] + 1) * (boxes[:, 3] - boxes[:, 1] + 1)
    area32 = (single[:, 2] - single[:, 0] + one) * (single[:, 3] - single[:, 1] + one)
    for i in range(n):
        votes[i, i] = 1
        for j in range(i):
            w = max(min(boxes[i, 2], boxes[j, 2]) - max(boxes[i, 0], boxes[j, 0]) + 1, 0.0)
            h = max(min(boxes[i, 3], boxes[j, 3]) - max(boxes[i, 1], boxes[j, 1]) + 1, 0.0)
            union = area[i] + area[j] - w * h
            if (w * h / union if union > 0 else 0.0) >= vote_iou:
                votes[i, j] = votes[j, i] = 1
            w32 = max(min(single[i, 2], single[j, 2]) - max(single[i, 0], single[j, 0]) + one, zero)
            h32 = max(min(single[i, 3], single[j, 3]) - max(single[i, 1], single[j, 1]) + one, zero)
            union32 = area32[i] + area32[j] - w32 * h32
            if (w32 * h32 / union32 if union32 > zero else zero) > nms_iou:
                removes[i, j] = removes[j, i] = 1
    return removes, votes


@kernel
def _vote_class(
    boxes: FloatArray, scores: FloatArray, removes: ByteArray, votes: ByteArray, top_k: int, voted: FloatArray
) -> int:
    """Write the kept boxes of one class into ``voted``, best first, and return how many there are.

    NMS needs no sorting: while a kept box removes its neighbours and gathers its votes, the best of those left is
    found in the same pass. Of equal scores the first is taken, as a stable sort would.
    """
    n = len(scores)
    alive, weights = np.zeros(n, np.uint8), np.zeros(n)
    best = -1
    for j in range(n):
        if np.isfinite(scores[j]):
            alive[j], weights[j] = 1, max(scores[j], 0.0) + np.finfo(np.float64).eps
            if best < 0 or scores[j] > scores[best]:
                best = j
    count = 0
    while best >= 0 and count < top_k:
        i, best = best, -1
        alive[i] = 0
        total = x1 = y1 = x2 = y2 = 0.0
        for j in range(n):
            if votes[i, j]:
                w = weights[j]
                total += w
                x1, y1 = x1 + w * boxes[j, 0], y1 + w * boxes[j, 1]
                x2, y2 = x2 + w * boxes[j, 2], y2 + w * boxes[j, 3]
            if removes[i, j]:
                alive[j] = 0
            if alive[j] and (best < 0 or scores[j] > scores[best]):
                best = j
        voted[count, 0], voted[count, 1], voted[count, 2] = x1 / total, y1 / total, x2 / total
        voted[count, 3], voted[count, 4] = y2 / total, scores[i]
        count += 1
    return count


@kernel
def vote_classes(
    boxes: FloatArray, scores: FloatArray, nms_iou: np.float32, vote_iou: float, top_k: int
) -> tuple[FloatArray, IntArray]:
    """NMS, top k and box voting of all classes of one frame, on one matrix of overlaps.

    Args:
        boxes: (N, 4), finite.
        scores: (C, N), one row per class; entries that are not finite take no part.
        nms_iou: as float32, so that an IoU of exactly this value does not remove.
        vote_iou: see :func:`dnt_d2.tubes.vote_boxes`.
        top_k: at least 1.

    Returns:
        (R, 5) the kept boxes, class after class, and (C + 1,) where each class begins, and R.
    """
    num_classes, n = scores.shape
    removes, votes = _compare_boxes(boxes, nms_iou, vote_iou)
    voted = np.empty((num_classes * min(top_k, n), 5))
    starts = np.zeros(num_classes + 1, np.int64)
    for c in range(num_classes):
        begin = starts[c]
        starts[c + 1] = begin + _vote_class(boxes, scores[c], removes, votes, top_k, voted[begin:])
    return voted[: starts[-1]].copy(), starts
