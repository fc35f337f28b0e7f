"""Which of the results people want: some classes, and what the network is sure of."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch
from detectron2.structures import Instances

from ..frame_result import FrameResult
from ..steadiness import shown_steadily


class Choice:
    """Takes the results of one video, frame after frame, and leaves out what is not wanted.

    A track is shown from the frame in which it reaches the score, until it ends or falls below half of it, see
    :func:`dnt_d2.steadiness.shown_steadily`: without the lower limit, a track whose object has left would stay, online,
    for seconds.

    Args:
        score: what a track must have reached, and what a detection of the frame alone must have; in [0, 1].
        classes: their ids; None is all.
    """

    def __init__(self, score: float = 0.0, classes: Sequence[int] | None = None) -> None:
        self._score = score
        self._classes = None if classes is None else torch.tensor(classes, dtype=torch.int64)
        self._shown: set[int] = set()  # the tracks of the frame before

    def __call__(self, result: FrameResult) -> FrameResult:
        """What is wanted of the next frame; the result itself is not changed."""
        found = self._of_classes(result.instances)
        ids = found.track_ids.tolist()
        kept = shown_steadily(ids, found.scores.tolist(), self._score, self._shown).tolist()
        self._shown = {track for track, keep in zip(ids, kept, strict=True) if keep}
        alone = result.detections
        if alone is not None:
            alone = self._of_classes(alone)
            alone = alone[alone.scores >= self._score]
        return dataclasses.replace(result, instances=found[torch.tensor(kept, dtype=torch.bool)], detections=alone)

    def _of_classes(self, found: Instances) -> Instances:
        return found if self._classes is None else found[torch.isin(found.pred_classes, self._classes)]
