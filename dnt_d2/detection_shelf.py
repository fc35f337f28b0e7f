"""A shelf on the disk for what the network finds in single frames."""

from __future__ import annotations

from array import array

import numpy as np
import torch
from detectron2.structures import Boxes, Instances

from .spill import GrowingArray, SpillFile


class DetectionShelf:
    """Detections of the frames of one video, 24 bytes a box."""

    def __init__(self, file: SpillFile) -> None:
        """
        Args:
            file: where they go.
        """
        self._rows = GrowingArray(file, np.float32, 6)
        self._frames, self._starts = array("q"), array("q", [0])

    def add(self, frame_index: int, found: Instances) -> None:
        """Take those of the next frame."""
        columns = (found.pred_boxes.tensor, found.scores[:, None], found.pred_classes[:, None])
        # A class is a small whole number: float32 has it exactly.
        self._rows.append(torch.cat([column.detach().cpu().float() for column in columns], dim=1).numpy())
        self._frames.append(frame_index)
        self._starts.append(len(self._rows))

    def read(self, start: int, stop: int, size: tuple[int, int]) -> dict[int, Instances]:
        """Those of the frames from ``start`` to ``stop - 1`` that the network has seen, by frame."""
        frames = np.asarray(self._frames, dtype=np.int64)
        places = range(*np.searchsorted(frames, [start, stop]).tolist())
        return {int(frames[place]): self._instances(place, size) for place in places}

    def _instances(self, place: int, size: tuple[int, int]) -> Instances:
        rows = torch.from_numpy(self._rows.read(self._starts[place], self._starts[place + 1]))
        return Instances(
            size, pred_boxes=Boxes(rows[:, :4].clone()), scores=rows[:, 4].clone(), pred_classes=rows[:, 5].long()
        )
