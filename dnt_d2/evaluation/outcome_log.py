"""What evaluation keeps of each detection: its class, its frame, its score and its outcome, in about six bytes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .kernels import OutcomeArray

BLOCK = 1 << 18
"""How many detections are collected before they are put in order; less than a video when 1,000 frames have 300."""


class _Rows(NamedTuple):
    """Detections as they were added."""

    frames: NDArray[np.int32]
    classes: NDArray[np.int16]
    scores: NDArray[np.floating]
    outcomes: OutcomeArray


class ClassLog(NamedTuple):
    """The detections of one class.

    Attributes:
        frames: (N,) frame numbers, ascending; in a frame the detections are in the order in which they were added.
        scores: (N,) of any float type.
        outcomes: (N,) see :func:`.kernels.judge`.
    """

    frames: NDArray[np.int32]
    scores: NDArray[np.floating]
    outcomes: OutcomeArray


class _Block(NamedTuple):
    """Detections in the order of (class, frame). A run is what a class has in a frame.

    Class ``classes[k]`` has the runs ``run_starts[k]`` to ``run_starts[k + 1]`` and the rows ``starts[k]`` to
    ``starts[k + 1]``.
    """

    classes: NDArray[np.int16]
    starts: NDArray[np.int64]
    run_starts: NDArray[np.int64]
    run_frames: NDArray[np.int32]
    run_counts: NDArray[np.int32]
    scores: NDArray[np.floating]
    outcomes: OutcomeArray


class OutcomeLog:
    """Judged detections of many frames: with float32 scores 6 bytes each, and 8 for each class in each frame.

    Chunks, which come from one frame or one video each, may be added in any order, and logs of several ranks may be
    joined: what is measured depends on the frames alone, as long as a frame is not cut.
    """

    def __init__(self) -> None:
        self._blocks: list[_Block] = []
        self._new: list[_Rows] = []
        self._num_new = 0

    def __len__(self) -> int:
        """The number of detections."""
        return sum(len(block.scores) for block in self._blocks) + self._num_new

    @property
    def num_bytes(self) -> int:
        """The memory of its arrays."""
        return sum(array.nbytes for rows in (*self._blocks, *self._new) for array in rows)

    def add(
        self,
        frames: NDArray[np.integer],
        classes: NDArray[np.integer],
        scores: NDArray[np.floating],
        outcomes: OutcomeArray,
    ) -> None:
        """Add the detections of some frames. The arrays are copied.

        Args:
            frames: (N,) frame numbers, in any order. All detections of a frame come in one call.
            classes: (N,) class ids.
            scores: (N,) finite. They stay float32 or float64, whichever they are.
            outcomes: (N,) from :class:`.outcomes.Judge`.

        Raises:
            ValueError: lengths differ.
        """
        if not len(frames) == len(classes) == len(scores) == len(outcomes):
            counts = f"{len(frames)} frames, {len(classes)} classes, {len(scores)} scores, {len(outcomes)} outcomes"
            raise ValueError(f"{counts} do not fit: give one of each for every detection")
        if not len(frames):
            return
        exact = np.float64 if scores.dtype.itemsize > 4 else np.float32
        rows = _Rows(
            frames.astype(np.int32), classes.astype(np.int16), scores.astype(exact), outcomes.astype(np.uint16)
        )
        self._new.append(rows)
        self._num_new += len(frames)
        if self._num_new >= BLOCK:
            self.settle()

    def join(self, other: OutcomeLog) -> None:
        """Take over the detections of another log, of other frames."""
        self._blocks += other._blocks
        self._new += other._new
        self._num_new += other._num_new

    def of_class(self, class_id: int) -> ClassLog:
        """The detections of a class, in the order of their frames."""
        self.settle()
        frames, counts = [np.zeros(0, np.int32)], [np.zeros(0, np.int32)]
        scores: list[NDArray[np.floating]] = [np.zeros(0, np.float32)]
        outcomes = [np.zeros(0, np.uint16)]
        for block in self._blocks:
            k = int(np.searchsorted(block.classes, class_id))
            if k == len(block.classes) or block.classes[k] != class_id:
                continue
            runs = slice(block.run_starts[k], block.run_starts[k + 1])
            rows = slice(block.starts[k], block.starts[k + 1])
            frames.append(block.run_frames[runs])
            counts.append(block.run_counts[runs])
            scores.append(block.scores[rows])
            outcomes.append(block.outcomes[rows])
        run_frames, run_counts = np.concatenate(frames), np.concatenate(counts)
        log = ClassLog(np.repeat(run_frames, run_counts), np.concatenate(scores), np.concatenate(outcomes))
        if (run_frames[1:] >= run_frames[:-1]).all():
            return log
        order = np.argsort(log.frames, kind="stable")
        return ClassLog(log.frames[order], log.scores[order], log.outcomes[order])

    def settle(self) -> None:
        """Put what was added since the last time in order, which halves its memory; it happens in time by itself."""
        if self._new:
            frames = np.concatenate([rows.frames for rows in self._new])
            classes = np.concatenate([rows.classes for rows in self._new])
            scores = np.concatenate([rows.scores for rows in self._new])
            outcomes = np.concatenate([rows.outcomes for rows in self._new])
            self._blocks.append(_ordered(_Rows(frames, classes, scores, outcomes)))
        self._new, self._num_new = [], 0


def _ordered(rows: _Rows) -> _Block:
    if (rows.frames[1:] >= rows.frames[:-1]).all():
        order = np.argsort(rows.classes, kind="stable")  # of 16 bits: a radix sort
    else:
        order = np.lexsort((rows.frames, rows.classes))
    frames, classes = rows.frames[order], rows.classes[order]
    new_class = np.append(True, classes[1:] != classes[:-1])
    runs = np.flatnonzero(new_class | np.append(True, frames[1:] != frames[:-1]))
    starts = np.flatnonzero(new_class)
    return _Block(
        classes=classes[starts],
        starts=np.append(starts, len(order)),
        run_starts=np.append(np.searchsorted(runs, starts), len(runs)),
        run_frames=frames[runs],
        run_counts=np.diff(runs, append=len(order)).astype(np.int32),
        scores=rows.scores[order],
        outcomes=rows.outcomes[order],
    )
