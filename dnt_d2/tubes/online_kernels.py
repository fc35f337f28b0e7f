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


class TubeStore(NamedTuple):
    """The tubes that are alive, C classes with room for S tubes each, in the order of their birth.

    Attributes:
        alive: (C,) how many tubes each class has.
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
def _overlaps(a: FloatArray, b: FloatArray, link_iou: float) -> BoolArray:
    """(N, M) whether boxes a[i] and b[j] have an IoU (without +1) of at least ``link_iou``."""
    marks = np.zeros((len(a), len(b)), np.bool_)
    for i in range(len(a)):
        area = (a[i, 2] - a[i, 0]) * (a[i, 3] - a[i, 1])
        for j in range(len(b)):
            width = max(min(a[i, 2], b[j, 2]) - max(a[i, 0], b[j, 0]), 0.0)
            height = max(min(a[i, 3], b[j, 3]) - max(a[i, 1], b[j, 1]), 0.0)
            overlap = width * height
            union = area + (b[j, 2] - b[j, 0]) * (b[j, 3] - b[j, 1]) - overlap
            marks[i, j] = (overlap / union if union > 0.0 else 0.0) >= link_iou
    return marks


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
    """Forget the tubes that have missed too many frames; the others move up, in their order."""
    kept = 0
    for slot in range(store.alive[c]):
        if store.misses[c, slot] > patience:
            continue
        if kept < slot:
            store.ids[c, kept], store.boxes[c, kept] = store.ids[c, slot], store.boxes[c, slot]
            store.misses[c, kept], store.lengths[c, kept] = store.misses[c, slot], store.lengths[c, slot]
            store.gains[c, kept] = store.gains[c, slot]
            store.recent[c, kept], store.ranked[c, kept] = store.recent[c, slot], store.ranked[c, slot]
        kept += 1
    store.alive[c] = kept


@kernel
def _link_class(
    store: TubeStore, c: int, rows: FloatArray, tracklets: FloatArray, ends: BoolArray, settings: FloatArray,
    rescored: FloatArray, ids: IntArray,
) -> None:  # fmt: skip
    """One frame of one class: tubes choose, strongest first; then the boxes that are left begin tubes."""
    link_iou, patience = settings[0], int(settings[2])
    tubes, n = store.alive[c], len(rows)
    boxes = store.boxes[c, :tubes]
    starts = _overlaps(boxes, tracklets[:, :4], link_iou)
    near = _overlaps(boxes, rows[:, :4], link_iou)
    free = np.ones(n, np.bool_)
    tracked = np.empty(n, np.bool_)
    for slot in np.argsort(-store.gains[c, :tubes], kind="mergesort"):
        tracked[:] = False
        if store.misses[c, slot] == 0:
            for t in range(len(tracklets)):
                if starts[slot, t]:
                    tracked |= ends[t]
        best = -1
        for choice in range(2):  # where a track leads; without one, where the tube's last box was
            for j in range(n):
                linked = tracked[j] if choice == 0 else near[slot, j]
                if linked and free[j] and (best < 0 or rows[j, 4] > rows[best, 4]):
                    best = j
            if best >= 0:
                break
        if best < 0:
            store.misses[c, slot] += 1
            continue
        free[best] = False
        rescored[best], ids[best] = _extend(store, c, slot, rows[best], settings), store.ids[c, slot]
    _end_tubes(store, c, patience)
    for j in range(n):
        if free[j]:
            slot = store.alive[c]
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
    for c in range(len(starts) - 1):
        here = slice(starts[c], starts[c + 1])
        rows = voted[here]
        ends = _overlaps(tracklets[:, 4:], rows[:, :4], settings[0])
        _link_class(store, c, rows, tracklets, ends, settings, rescored[here], ids[here])
    return rescored, ids
