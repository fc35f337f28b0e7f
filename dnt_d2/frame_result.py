"""What is in one frame of a video, as users get it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from detectron2.structures import Boxes, Instances
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class FrameResult:
    """What is in one frame of a video.

    Attributes:
        frame_index: 0-based, in the order in which frames were given.
        instances: Detectron2 ``Instances`` in the frame's pixels, on the CPU: ``pred_boxes``, ``scores`` (re-scored,
            in [0, 1]), ``raw_scores`` (before re-scoring, in [0, 1]), ``pred_classes``, ``track_ids`` (N,) int64, and
            ``ID``, the same as a list, by which Detectron2's ``VideoVisualizer`` keeps colours.
        detections: what the network found in the frame alone, without tubes, as ``DefaultPredictor`` gives it; None
            for frames that the network did not see (temporal stride).
    """

    frame_index: int
    instances: Instances
    detections: Instances | None = None


class TrackIDs(list[int]):
    """Ids as ``VideoVisualizer`` wants them, which looks them up in a dict, in a list that a mask can select from."""

    def __getitem__(self, item: Any) -> Any:
        if isinstance(item, torch.Tensor):
            return TrackIDs(torch.tensor(list(self), dtype=torch.int64)[item.cpu()].tolist())
        chosen = super().__getitem__(item)
        return TrackIDs(chosen) if isinstance(item, slice) else chosen


class Tracked(NamedTuple):
    """The tracked boxes of a frame as plain arrays or lists, each of length N.

    Attributes:
        boxes: (N, 4) corners in the frame's pixels.
        scores: re-scored / 2, in [0, 1].
        raw_scores: before re-scoring.
        classes: class ids.
        track_ids: unique in the video.
    """

    boxes: ArrayLike
    scores: ArrayLike
    raw_scores: ArrayLike
    classes: ArrayLike
    track_ids: ArrayLike

    def to_instances(self, size: tuple[int, int]) -> Instances:
        """As the ``instances`` of a :class:`FrameResult`, for a frame of ``size`` (height, width)."""
        result = Instances(size)
        result.pred_boxes = Boxes(torch.from_numpy(np.array(self.boxes, dtype=np.float32).reshape(-1, 4)))
        result.scores = torch.from_numpy(np.array(self.scores, dtype=np.float32))
        result.raw_scores = torch.from_numpy(np.array(self.raw_scores, dtype=np.float32))
        result.pred_classes = torch.from_numpy(np.array(self.classes, dtype=np.int64))
        result.track_ids = torch.from_numpy(np.array(self.track_ids, dtype=np.int64))
        result.ID = TrackIDs(result.track_ids.tolist())
        return result
