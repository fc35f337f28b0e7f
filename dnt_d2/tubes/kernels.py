"""The compiled loops of linking and voting. Each has a NumPy form beside its caller, which says what it computes.

All of them live in this file: numba renews its cache when the file of a function changes, but does not look into
other files. Arguments are contiguous, writable arrays, float64 or int64, so that each loop is compiled only once.
No "fast math": the order of the arithmetic is that of the NumPy forms, and ties are decided alike.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..compiled import kernel
from ..geometry import FloatArray

IntArray = NDArray[np.int64]
ByteArray = NDArray[np.uint8]


@kernel
def _match(box: FloatArray, ends: FloatArray, link_iou: float, match: ByteArray) -> None:
    """Set match[t] where ``box`` and the box ends[:, t] have an IoU (without +1) of at least ``link_iou``.

    Coordinates in rows, and no branches: so the compiler handles several tracklets at a time, 8 times faster.
    """
    x1, y1, x2, y2 = box[0], box[1], box[2], box[3]
    area = (x2 - x1) * (y2 - y1)
    for t in range(ends.shape[1]):
        width = max(min(x2, ends[2, t]) - max(x1, ends[0, t]), 0.0)
        height = max(min(y2, ends[3, t]) - max(y1, ends[1, t]), 0.0)
        overlap = width * height
        union = area + (ends[2, t] - ends[0, t]) * (ends[3, t] - ends[1, t]) - overlap
        match[t] = (overlap / union if union > 0.0 else 0.0) >= link_iou


@kernel
def _mark_links(here: FloatArray, there: FloatArray, tracklets: FloatArray, link_iou: float, links: ByteArray) -> None:
    """Set links[i, j] to 1 where one tracklet starts at here[i] and ends at there[j].

    Where a tracklet ends is looked at only if it starts at some box of this class: often most of them don't.
    """
    by_row = tracklets.T.copy()
    starts = np.empty((len(here), len(tracklets)), np.uint8)
    used = np.zeros(len(tracklets), np.uint8)
    for i in range(len(here)):
        _match(here[i], by_row[:4], link_iou, starts[i])
        used |= starts[i]
    chosen = np.flatnonzero(used)
    targets = np.ascontiguousarray(by_row[4:, chosen])
    ends = np.empty(len(chosen), np.uint8)
    for j in range(len(there)):
        _match(there[j], targets, link_iou, ends)
        for u in range(len(chosen)):
            if ends[u]:
                for i in range(len(here)):
                    links[i, j] |= starts[i, chosen[u]]


@kernel
def _all_links(
    detections: FloatArray, starts: IntArray, tracklets: FloatArray, tracklet_starts: IntArray, link_iou: float
) -> tuple[IntArray, IntArray]:
    """Where each box is linked to: rows of ``detections``, ascending, and (R + 1,) where those of each box begin."""
    counts = starts[1:] - starts[:-1]
    ends = np.empty((counts[:-1] * counts[1:]).sum(), np.int64)
    link_starts = np.zeros(len(detections) + 1, np.int64)
    count = 0
    for f in range(len(counts) - 1):
        here, there = detections[starts[f] : starts[f + 1]], detections[starts[f + 1] : starts[f + 2]]
        links = np.zeros((counts[f], counts[f + 1]), np.uint8)
        _mark_links(here, there, tracklets[tracklet_starts[f] : tracklet_starts[f + 1]], link_iou, links)
        for i in range(counts[f]):
            for j in range(counts[f + 1]):
                if links[i, j]:
                    ends[count] = starts[f + 1] + j
                    count += 1
            link_starts[starts[f] + i + 1] = count
    link_starts[starts[-2] :] = count  # nothing follows the last frame
    return ends[:count], link_starts


@kernel
def _score_to_go(
    scores: FloatArray, starts: IntArray, links: IntArray, link_starts: IntArray, gain: FloatArray, step: IntArray
) -> int:
    """One backward pass over the boxes that remain, whose scores are finite; returns the best box of frame 0.

    For each of them, gain[i] becomes the best sum from there on, this box counted as the end of an edge, and step[i]
    its best successor. Without a link all boxes have the same one, that of the largest gain: it is looked for once per
    frame, and then only the linked boxes can be better. Of equal sums the first box wins.
    """
    last = len(starts) - 2
    first, best_gain, best = starts[last], -np.inf, -1
    for i in range(starts[last], starts[last + 1]):
        gain[i] = scores[i]
        if gain[i] > best_gain:
            best_gain, best = gain[i], i
        if first == i and scores[i] == -np.inf:
            first += 1
    for f in range(last - 1, -1, -1):
        total_best, next_gain, next_best = -np.inf, -np.inf, -1
        for i in range(starts[f], starts[f + 1]):
            gain[i] = -np.inf
            if scores[i] == -np.inf:
                continue
            total, successor = best_gain, best
            for k in range(link_starts[i], link_starts[i + 1]):
                linked = gain[links[k]] + 1.0
                if linked > total or (linked == total and links[k] < successor):
                    total, successor = linked, links[k]
            total += scores[i]
            gain[i], step[i] = scores[i] + total, successor
            if gain[i] > next_gain:
                next_gain, next_best = gain[i], i
            if total > total_best:
                total_best, first = total, i
        best_gain, best = next_gain, next_best
    return first


@kernel
def find_paths(
    detections: FloatArray, starts: IntArray, tracklets: FloatArray, tracklet_starts: IntArray, link_iou: float
) -> IntArray:
    """All tubes of one class: the best path, then the best path through what it leaves, until a frame runs out.

    Args:
        detections: (R, 5), the frames' detections one after the other, none of the frames empty.
        starts: (F + 1,) where each frame begins in ``detections``, and R.
        tracklets: (Q, 8), the frames' tracklets one after the other.
        tracklet_starts: (F + 1,) where each frame begins in ``tracklets``, and Q.
        link_iou: see :func:`dnt_d2.tubes.link_tubes`.

    Returns:
        (K, F) int64: for each tube, the position of its box among the detections of each frame.
    """
    links, link_starts = _all_links(detections, starts, tracklets, tracklet_starts, link_iou)
    counts = starts[1:] - starts[:-1]
    scores = detections[:, 4].copy()
    gain, step = np.empty(len(scores)), np.zeros(len(scores), np.int64)
    paths = np.empty((counts.min(), len(counts)), np.int64)
    for k in range(len(paths)):
        box = _score_to_go(scores, starts, links, link_starts, gain, step)
        for f in range(len(counts)):
            paths[k, f] = box - starts[f]
            scores[box] = -np.inf  # it is taken
            box = step[box]
    return paths


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
