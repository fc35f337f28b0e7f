"""The compiled loops of online linking: one frame of all classes at a time. `online.py` says what they compute.

Everything is in this file, as in `kernels.py`: numba renews its cache when the file of a function changes, but does
not look into other files. No "fast math": ties are decided as a plain loop would decide them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..compiled import kernel
from ..geometry import FloatArray

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
ByteArray = NDArray[np.uint8]


class TubeStore(NamedTuple):
    """The tubes that are alive, C classes with room for S tubes each.

    Attributes:
        alive: (C,) how many tubes each class has.
        order: (C, S) where they lie: the first alive[c] places by birth, then those that are free.
        ids: (C, S) their numbers.
        boxes: (C, S, 4) the last box of each.
        misses: (C, S) for how many frames it has found no box; 0: it has one in the last frame.
        lengths: (C, S) how many boxes it has had.
        gains: (C, S) the mean of the best of its scores: what its next box gains, and its rank.
        recent: (C, S, W) its last W scores, as a ring.
        ranked: (C, S, W) the same scores, descending.
        next_id: (1,) the number of the next tube.
    """

    alive: IntArray
    order: IntArray
    ids: IntArray
    boxes: FloatArray
    misses: IntArray
    lengths: IntArray
    gains: FloatArray
    recent: FloatArray
    ranked: FloatArray
    next_id: IntArray


def empty_store(num_classes: int, slots: int, memory: int) -> TubeStore:
    """A store without tubes."""
    per_slot = (num_classes, slots)
    return TubeStore(
        np.zeros(num_classes, np.int64),
        np.tile(np.arange(slots), (num_classes, 1)),
        np.zeros(per_slot, np.int64),
        np.zeros((*per_slot, 4)),
        np.zeros(per_slot, np.int64),
        np.zeros(per_slot, np.int64),
        np.zeros(per_slot),
        np.zeros((*per_slot, memory)),
        np.zeros((*per_slot, memory)),
        np.zeros(1, np.int64),
    )


@kernel
def _overlaps(box: FloatArray, others: FloatArray, link_iou: float, marks: ByteArray) -> None:
    """Set marks[j] where ``box`` and the box others[:, j] have an IoU (without +1) of at least ``link_iou``.

    Coordinates in rows, and no branches: so the compiler handles several boxes at a time, 8 times faster.
    """
    x1, y1, x2, y2 = box[0], box[1], box[2], box[3]
    area = (x2 - x1) * (y2 - y1)
    for j in range(others.shape[1]):
        width = max(min(x2, others[2, j]) - max(x1, others[0, j]), 0.0)
        height = max(min(y2, others[3, j]) - max(y1, others[1, j]), 0.0)
        overlap = width * height
        union = area + (others[2, j] - others[0, j]) * (others[3, j] - others[1, j]) - overlap
        marks[j] = (overlap / union if union > 0.0 else 0.0) >= link_iou


@kernel
def _remember(score: float, length: int, recent: FloatArray, ranked: FloatArray) -> None:
    """Put the score of the next box, after ``length`` boxes, into its memory; of a full one the oldest falls out."""
    memory = len(recent)
    held = min(length, memory)
    if held == memory:
        oldest = recent[length % memory]
        place = 0
        while ranked[place] != oldest:
            place += 1
        for p in range(place, held - 1):
            ranked[p] = ranked[p + 1]
        held -= 1
    place = held
    while place > 0 and ranked[place - 1] < score:
        ranked[place] = ranked[place - 1]
        place -= 1
    ranked[place] = score
    recent[length % memory] = score


@kernel
def _gain(ranked: FloatArray, held: int, least: int, top_fraction: float) -> float:
    """The mean of the best ceil(top_fraction * max(held, least)) scores, zeros for those that aren't there."""
    best = max(1, int(np.ceil(top_fraction * max(held, least) - 1e-9)))
    total = 0.0
    for p in range(min(best, held)):
        total += ranked[p]
    return total / best


@kernel
def _extend(store: TubeStore, c: int, slot: int, row: FloatArray, settings: FloatArray) -> float:
    """Give a tube its next box; returns the re-scored value."""
    length = store.lengths[c, slot]
    _remember(row[4], length, store.recent[c, slot], store.ranked[c, slot])
    store.lengths[c, slot] = length + 1
    store.misses[c, slot] = 0
    store.boxes[c, slot] = row[:4]
    held = min(length + 1, store.recent.shape[2])
    store.gains[c, slot] = _gain(store.ranked[c, slot], held, int(settings[3]), settings[1])
    return row[4] + store.gains[c, slot]


@kernel
def _end_tubes(store: TubeStore, c: int, patience: int) -> None:
    """Forget the tubes that have missed too many frames; the others keep their order."""
    alive, kept = store.alive[c], 0
    order = store.order[c, :alive].copy()
    for slot in order:
        if store.misses[c, slot] <= patience:
            store.order[c, kept] = slot
            kept += 1
    store.alive[c] = kept
    for slot in order:
        if store.misses[c, slot] > patience:
            store.order[c, kept] = slot
            kept += 1


@kernel
def _choose(linked: ByteArray, free: BoolArray, scores: FloatArray) -> int:
    """The free box with the highest score of those that are linked, the first of equal ones; -1 if there is none."""
    best = -1
    for j in range(len(free)):
        if linked[j] and free[j] and (best < 0 or scores[j] > scores[best]):
            best = j
    return best


@kernel
def _mark_tracked(box: FloatArray, tracks: FloatArray, ends: ByteArray, link_iou: float, linked: ByteArray) -> None:
    """Set linked[j] where a tracklet leads from ``box`` to box j; ends[t, j] says which tracklets end there."""
    starts = np.empty(tracks.shape[1], np.uint8)
    _overlaps(box, tracks[:4], link_iou, starts)
    linked[:] = 0
    for t in range(len(starts)):
        if starts[t]:
            linked |= ends[t]


@kernel
def _link_class(
    store: TubeStore, c: int, rows: FloatArray, tracks: FloatArray, settings: FloatArray,
    rescored: FloatArray, ids: IntArray,
) -> None:  # fmt: skip
    """One frame of one class: tubes choose, strongest first; then the boxes that are left begin tubes."""
    link_iou, n = settings[0], len(rows)
    corners, scores = rows[:, :4].T.copy(), rows[:, 4].copy()
    ends = np.empty((tracks.shape[1], n), np.uint8)
    for t in range(len(ends)):
        _overlaps(tracks[4:, t], corners, link_iou, ends[t])
    linked, free = np.empty(n, np.uint8), np.ones(n, np.bool_)
    by_birth = store.order[c, : store.alive[c]]
    for slot in by_birth[np.argsort(-store.gains[c][by_birth], kind="mergesort")]:
        box, best = store.boxes[c, slot], -1
        if store.misses[c, slot] == 0:
            _mark_tracked(box, tracks, ends, link_iou, linked)
            best = _choose(linked, free, scores)
        if best < 0:  # without a track, where the tube's last box was
            _overlaps(box, corners, link_iou, linked)
            best = _choose(linked, free, scores)
        if best < 0:
            store.misses[c, slot] += 1
            continue
        free[best] = False
        rescored[best], ids[best] = _extend(store, c, slot, rows[best], settings), store.ids[c, slot]
    _end_tubes(store, c, int(settings[2]))
    for j in range(n):
        if free[j]:
            slot = store.order[c, store.alive[c]]
            store.alive[c] += 1
            store.lengths[c, slot] = 0
            store.ids[c, slot] = ids[j] = store.next_id[0]
            store.next_id[0] += 1
            rescored[j] = _extend(store, c, slot, rows[j], settings)


@kernel
def link_frame(
    store: TubeStore, voted: FloatArray, starts: IntArray, tracklets: FloatArray, settings: FloatArray
) -> tuple[FloatArray, IntArray]:
    """Take the next frame.

    Args:
        store: the tubes so far; changed.
        voted: (R, 5) the boxes of all classes after voting, class after class.
        starts: (C + 1,) where each class begins, and R.
        tracklets: (M, 8) from the frame before to this one.
        settings: (4,) link_iou, top_fraction, patience, and over how many scores at least a gain is taken.

    Returns:
        (R,) the re-scored values and (R,) the numbers of the tubes of the boxes.
    """
    rescored, ids = np.empty(len(voted)), np.empty(len(voted), np.int64)
    tracks = tracklets.T.copy()
    for c in range(len(starts) - 1):
        here = slice(starts[c], starts[c + 1])
        _link_class(store, c, voted[here], tracks, settings, rescored[here], ids[here])
    return rescored, ids
