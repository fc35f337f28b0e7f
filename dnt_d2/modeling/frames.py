"""What the network knows of a batch of frames, passed from the trunk to the heads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from torch import Tensor


@dataclass(frozen=True)
class FrameMaps:
    """The dense outputs for N frames of one size.

    Attributes:
        features: the trunk's maps by name, each (N, C_l, H_l, W_l).
        cls_maps: (N, k^2 (C + 1), H, W) position-sensitive class maps, x_cls in sec. 3.2; the background is last.
        box_maps: (N, 4 k^2, H, W) position-sensitive box maps, x_reg in sec. 3.2 (8 k^2 with BOX_MAPS 8).
    """

    features: dict[str, Tensor]
    cls_maps: Tensor
    box_maps: Tensor

    def __len__(self) -> int:
        return len(self.box_maps)

    def __getitem__(self, frames: slice | Tensor) -> FrameMaps:
        features = {name: x[frames] for name, x in self.features.items()}
        return FrameMaps(features, self.cls_maps[frames], self.box_maps[frames])

    def select(self, names: Sequence[str]) -> FrameMaps:
        """The same frames with only these of the trunk's maps: what a later frame still needs."""
        return FrameMaps({name: self.features[name] for name in names}, self.cls_maps, self.box_maps)

    def clone(self) -> FrameMaps:
        """The same frames in memory of their own: a slice holds on to the memory of its whole batch."""
        features = {name: x.clone() for name, x in self.features.items()}
        return FrameMaps(features, self.cls_maps.clone(), self.box_maps.clone())


@dataclass(frozen=True)
class Candidates:
    """Every regressed proposal of one frame, before any NMS, best proposals first.

    Attributes:
        boxes: (N, 4) corners in pixels of the network's input, clipped to the frame.
        probs: (N, C + 1) softmax probabilities, the background last.
        image_size: (height, width) of the frame at the network's input.
        proposals: (N, 4) corners that they were regressed from, in the same pixels, as the RPN gave them.
        looks: in how many frames the boxes were classified: ``probs`` is the mean over them.
    """

    boxes: Tensor
    probs: Tensor
    image_size: tuple[int, int]
    proposals: Tensor
    looks: int = 1

    @property
    def scores(self) -> Tensor:
        """(N, C) probabilities of the foreground classes."""
        return self.probs[:, :-1]

    def looked_again(self, probs: Tensor) -> Candidates:
        """The same boxes, when they were classified in one more frame, with the probabilities (N, C + 1)."""
        mean = (self.probs * self.looks + probs) / (self.looks + 1)
        return replace(self, probs=mean, looks=self.looks + 1)
