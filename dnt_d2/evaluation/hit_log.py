"""What evaluation keeps of each detection once it has been matched: its class, its score, and whether it was right."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .average_precision import ClassAP, rank_and_measure


class _Chunk(NamedTuple):
    first_frame: int
    classes: NDArray[np.int16]
    scores: NDArray[np.floating]
    hits: NDArray[np.bool_]


class HitLog:
    """Matched detections of many frames: 7 bytes each with float32 scores, 11 with float64, instead of their boxes.

    Chunks, which come from one frame or one video each, may be added in any order, and logs of several ranks may be
    joined: what is measured depends on the frames alone.
    """

    def __init__(self) -> None:
        self._chunks: list[_Chunk] = []

    def __len__(self) -> int:
        """The number of detections."""
        return sum(len(chunk.scores) for chunk in self._chunks)

    def add(
        self,
        frames: NDArray[np.int64],
        classes: NDArray[np.integer],
        scores: NDArray[np.floating],
        hits: NDArray[np.bool_],
    ) -> None:
        """Add the detections of one frame or one video.

        Args:
            frames: (N,) frame numbers, ascending; no other chunk has frames in between.
            classes: (N,) class ids.
            scores: (N,), of any float type, copied.
            hits: (N,) whether each found a ground-truth box.
        """
        if len(frames):
            self._chunks.append(_Chunk(int(frames[0]), classes.astype(np.int16), scores.copy(), hits))

    def join(self, other: HitLog) -> None:
        """Take over the chunks of another log."""
        self._chunks += other._chunks

    def evaluate(self, num_gt: NDArray[np.int64]) -> list[ClassAP]:
        """Average precision of each class.

        Args:
            num_gt: (C,) how many ground-truth boxes each class has.

        Returns:
            C results; equal scores are ranked by frame, then by their order in it.
        """
        chunks = sorted(self._chunks, key=lambda chunk: chunk.first_frame)
        if not chunks:
            chunks = [_Chunk(0, np.zeros(0, np.int16), np.zeros(0), np.zeros(0, bool))]
        classes = np.concatenate([chunk.classes for chunk in chunks])
        scores = np.concatenate([chunk.scores for chunk in chunks])
        hits = np.concatenate([chunk.hits for chunk in chunks])
        results = []
        for class_id, count in enumerate(num_gt):
            rows = np.flatnonzero(classes == class_id)
            results.append(rank_and_measure(scores[rows], hits[rows], num_gt=int(count)))
        return results
