"""The compiled loops of Seq-NMS; :mod:`.seq_nms` says what they compute.

All of them are in this file, as numba renews its cache by the file of a function alone. No "fast math": ties are
decided by the order of the boxes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..compiled import kernel
from ..geometry import FloatArray

IntArray = NDArray[np.int64]
ByteArray = NDArray[np.uint8]


@kernel
def _iou(a: FloatArray, b: FloatArray) -> float:
    """Of two boxes with inclusive corners (+1 pixel)."""
    width = min(a[2], b[2]) - max(a[0], b[0]) + 1
    height = min(a[3], b[3]) - max(a[1], b[1]) + 1
    if width <= 0 or height <= 0:
        return 0.0
    overlap = width * height
    union = (a[2] - a[0] + 1) * (a[3] - a[1] + 1) + (b[2] - b[0] + 1) * (b[3] - b[1] + 1) - overlap
    return overlap / union if union > 0 else 0.0


@kernel
def _extend(
    row: int, scores: FloatArray, alive: ByteArray, links: IntArray, link_starts: IntArray, gain: FloatArray,
    before: IntArray,
) -> None:  # fmt: skip
    """Set gain[row], the largest sum of a sequence that ends in this box, and before[row], the box it comes from."""
    total, best = 0.0, -1
    for k in range(link_starts[row], link_starts[row + 1]):
        other = links[k]
        if alive[other] and (best < 0 or gain[other] > total):
            total, best = gain[other], other
    gain[row], before[row] = scores[row] + total, best


@kernel
def _best_in_frame(start: int, stop: int, alive: ByteArray, gain: FloatArray) -> int:
    best = -1
    for row in range(start, stop):
        if alive[row] and (best < 0 or gain[row] > gain[best]):
            best = row
    return best


@kernel
def _take(
    row: int, frame: int, number: int, boxes: FloatArray, starts: IntArray, nms_iou: float, alive: ByteArray,
    before: IntArray, sequence: IntArray,
) -> int:  # fmt: skip
    """Give the sequence that ends in a box its number, remove what overlaps it; returns its first frame."""
    while True:
        sequence[row], alive[row] = number, 0
        for other in range(starts[frame], starts[frame + 1]):
            if alive[other] and _iou(boxes[row], boxes[other]) > nms_iou:
                alive[other] = 0
        if before[row] < 0:
            return frame
        row = before[row]
        frame -= 1


@kernel
def find_sequences(
    boxes: FloatArray, scores: FloatArray, starts: IntArray, links: IntArray, link_starts: IntArray, nms_iou: float
) -> IntArray:
    """All sequences of one class: the one with the largest sum, then that of what it leaves, until nothing is left.

    Sums can only fall when boxes go. So after each sequence only those boxes are looked at again whose way there has
    gone or has become worse; all others keep the best one that they had.

    Args:
        boxes: (R, 4), the frames' boxes one after the other.
        scores: (R,), in [0, 1]; below 0 for a box that takes no part.
        starts: (F + 1,) where each frame begins in ``boxes``, and R.
        links: rows of the boxes in the frame before to which boxes are linked, ascending for each box.
        link_starts: (R + 1,) where the links of each box begin in ``links``, and their number.
        nms_iou: boxes that overlap one of a sequence by more are removed.

    Returns:
        (R,) the number of the sequence, from 0 in the order in which they were found; -1 for boxes that were removed
        or took no part. Of equal sums the first box, in the order of the rows, wins.
    """
    num_frames, alive = len(starts) - 1, (scores >= 0).astype(np.uint8)
    gain, before = np.zeros(len(scores)), np.full(len(scores), -1)
    sequence, worse = np.full(len(scores), -1), np.full(len(scores), -1)  # worse: the last time that its sum fell
    best = np.full(num_frames, -1)
    for frame in range(num_frames):
        for row in range(starts[frame], starts[frame + 1]):
            if alive[row]:
                _extend(row, scores, alive, links, link_starts, gain, before)
        best[frame] = _best_in_frame(starts[frame], starts[frame + 1], alive, gain)
    number = 0
    while True:
        last = -1
        for frame in range(num_frames):
            if best[frame] >= 0 and (last < 0 or gain[best[frame]] > gain[best[last]]):
                last = frame
        if last < 0:
            return sequence
        first = _take(best[last], last, number, boxes, starts, nms_iou, alive, before, sequence)
        for frame in range(first, num_frames):
            fell = False
            for row in range(starts[frame], starts[frame + 1]):
                source = before[row]
                if alive[row] and source >= 0 and (not alive[source] or worse[source] == number):
                    old = gain[row]
                    _extend(row, scores, alive, links, link_starts, gain, before)
                    if gain[row] < old:
                        worse[row], fell = number, True
            if frame > last and not fell:
                break
            best[frame] = _best_in_frame(starts[frame], starts[frame + 1], alive, gain)
        number += 1
