"""The compiled loops of linking. Each has a NumPy form beside its caller, which says what it computes.

All of them live in this file: numba renews its cache when the file of a function changes, but does not look into
other files. Arguments are contiguous, writable arrays, so that each loop is compiled only once. Positions of boxes
are int32: with a video of a hundred thousand frames it matters. No "fast math": the order of the arithmetic is that
of the NumPy forms, and ties are decided alike.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..compiled import kernel
from ..geometry import FloatArray

IntArray = NDArray[np.int64]
SmallIntArray = NDArray[np.int32]
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
def pair_links(
    here: FloatArray, there: FloatArray, tracklets: FloatArray, link_iou: float
) -> tuple[SmallIntArray, SmallIntArray]:
    """Psi of eq. 6 for one class of two neighbouring frames, as lists.

    Args:
        here: (N, 5) in the first frame.
        there: (N', 5) in the second.
        tracklets: (M, 8) from the first frame to the second.
        link_iou: see :func:`dnt_d2.tubes.link_tubes`.

    Returns:
        Rows of ``there`` that are linked, ascending for each of ``here``, and (N,) how many each of these has.
    """
    links = np.zeros((len(here), len(there)), np.uint8)
    _mark_links(here, there, tracklets, link_iou, links)
    ends, degrees = np.empty(links.sum(), np.int32), np.zeros(len(here), np.int32)
    count = 0
    for i in range(len(here)):
        for j in range(len(there)):
            if links[i, j]:
                ends[count] = j
                count += 1
                degrees[i] += 1
    return ends, degrees


@kernel
def _all_links(
    detections: FloatArray, starts: IntArray, tracklets: FloatArray, tracklet_starts: IntArray, link_iou: float
) -> tuple[SmallIntArray, SmallIntArray]:
    """Where each box is linked to: rows of ``detections``, ascending, and (R + 1,) where those of each box begin."""
    counts = starts[1:] - starts[:-1]
    ends = np.empty((counts[:-1] * counts[1:]).sum(), np.int32)
    link_starts = np.zeros(len(detections) + 1, np.int32)
    count = 0
    for f in range(len(counts) - 1):
        here, there = detections[starts[f] : starts[f + 1]], detections[starts[f + 1] : starts[f + 2]]
        tracks = tracklets[tracklet_starts[f] : tracklet_starts[f + 1]]
        linked, degrees = pair_links(here, there, tracks, link_iou)
        for k in range(len(linked)):
            ends[count + k] = starts[f + 1] + linked[k]
        for i in range(counts[f]):
            count += degrees[i]
            link_starts[starts[f] + i + 1] = count
    link_starts[starts[-2] :] = count  # nothing follows the last frame
    return ends[:count].copy(), link_starts


@kernel
def _score_to_go(
    scores: FloatArray, starts: IntArray, links: SmallIntArray, link_starts: SmallIntArray, gain: FloatArray,
    step: SmallIntArray,
) -> int:  # fmt: skip
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
) -> SmallIntArray:
    """All tubes of one class: the best path, then the best path through what it leaves, until a frame runs out.

    Args:
        detections: (R, 5), the frames' detections one after the other, none of the frames empty.
        starts: (F + 1,) where each frame begins in ``detections``, and R.
        tracklets: (Q, 8), the frames' tracklets one after the other.
        tracklet_starts: (F + 1,) where each frame begins in ``tracklets``, and Q.
        link_iou: see :func:`dnt_d2.tubes.link_tubes`.

    Returns:
        (K, F) int32: for each tube, the position of its box among the detections of each frame.
    """
    links, link_starts = _all_links(detections, starts, tracklets, tracklet_starts, link_iou)
    return paths_through(detections[:, 4].copy(), starts, links, link_starts)


@kernel
def paths_through(
    scores: FloatArray, starts: IntArray, links: SmallIntArray, link_starts: SmallIntArray
) -> SmallIntArray:
    """The same, where the links are known.

    Args:
        scores: (R,) of all boxes of the class, frame after frame. They are used up: boxes that are taken become -inf.
        starts: (F + 1,) where each frame begins in ``scores``, and R.
        links: to which rows of ``scores`` boxes are linked, ascending for each box.
        link_starts: (R + 1,) where the links of each box begin in ``links``, and their number.

    Returns:
        (K, F) int32, see :func:`find_paths`.
    """
    counts = starts[1:] - starts[:-1]
    gain, step = np.empty(len(scores)), np.zeros(len(scores), np.int32)
    paths = np.empty((counts.min(), len(counts)), np.int32)
    for k in range(len(paths)):
        box = _score_to_go(scores, starts, links, link_starts, gain, step)
        for f in range(len(counts)):
            paths[k, f] = box - starts[f]
            scores[box] = -np.inf  # it is taken
            box = step[box]
    return paths


@kernel
def mark_linked(paths: SmallIntArray, starts: IntArray, links: SmallIntArray, link_starts: SmallIntArray) -> ByteArray:
    """(K, F - 1) 1 where a tracklet leads from a tube's box to its next; for arguments see :func:`paths_through`."""
    marks = np.zeros((paths.shape[0], paths.shape[1] - 1), np.uint8)
    for k in range(len(paths)):
        for f in range(paths.shape[1] - 1):
            box, successor = starts[f] + paths[k, f], starts[f + 1] + paths[k, f + 1]
            for place in range(link_starts[box], link_starts[box + 1]):
                if links[place] == successor:
                    marks[k, f] = 1
    return marks
