"""A network that has nothing to compute: frames of a video that never ends, with outputs of the usual sizes."""

from __future__ import annotations

from typing import Any

import torch
from detectron2.structures import Boxes, Instances
from torch import Tensor

Output = dict[str, Instances]


class StandIn:
    """Takes the place of a predictor's ``stream_model``: boxes that wander, some of which are sure of their class.

    Attributes:
        num_boxes: candidates, detections and tracklets of a frame, N.
        num_classes: C.
    """

    def __init__(self, num_boxes: int = 300, num_classes: int = 30, *, sure: int = 20, seed: int = 0) -> None:
        """
        Args:
            num_boxes: N.
            num_classes: C.
            sure: how many boxes are objects, which every frame shows; the others score below 0.2.
            seed: of everything.
        """
        self.num_boxes, self.num_classes, self._sure, self._seed = num_boxes, num_classes, sure, seed
        self.reset()

    def reset(self) -> None:
        """Begin another video, which is the same."""
        self._random = torch.Generator().manual_seed(self._seed)
        self._phase = 6.3 * self._rand(self.num_boxes, 2)
        self._sides = 0.05 + 0.2 * self._rand(self.num_boxes, 2)
        self._before: Tensor | None = None

    def __call__(self, items: list[dict[str, Any]]) -> list[Output]:
        """The outputs of frames, as :class:`dnt_d2.modeling.VideoStream` gives them."""
        return [self._frame(x["frame_index"], (x["height"], x["width"])) for x in items]

    def _frame(self, t: int, size: tuple[int, int]) -> Output:
        centers = 0.5 + 0.4 * torch.sin(self._phase + t / 50)
        corners = torch.cat([centers - self._sides / 2, centers + self._sides / 2], dim=1)
        boxes = (corners * torch.tensor([size[1], size[0]] * 2)).contiguous()
        scores = 0.2 * self._rand(self.num_boxes, self.num_classes) ** 4
        objects = torch.arange(min(self._sure, self.num_boxes))
        scores[objects, objects % self.num_classes] = 0.4 + 0.5 * self._rand(len(objects))
        best, classes = scores.max(dim=1)
        before = boxes[:0] if self._before is None else self._before
        self._before = boxes
        return {
            "instances": Instances(size, pred_boxes=Boxes(boxes), scores=best, pred_classes=classes),
            "link_candidates": Instances(size, pred_boxes=Boxes(boxes), class_scores=scores),
            "tracklets": Instances(size, start_boxes=Boxes(before), end_boxes=Boxes(boxes[: len(before)])),
        }

    def _rand(self, *shape: int) -> Tensor:
        return torch.rand(*shape, generator=self._random)
