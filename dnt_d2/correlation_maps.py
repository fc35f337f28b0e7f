"""What the correlation layers answer for two frames (sec. 3.4, eq. 4), in pixels of the frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from detectron2.config import CfgNode
from numpy.typing import NDArray

from .data.augmentation import input_shape, resize, to_tensor
from .modeling import DetectAndTrack

Frame = NDArray[np.uint8]
Box = Sequence[float]

GAP = 1  # cells between two maps of an array


@dataclass(frozen=True)
class CorrelationMaps:
    """The answers of one correlation layer (eq. 4) for a pair of frames, as the tracking head gets them.

    Attributes:
        name: of the features that are correlated.
        values: (G, G, H, W); ``values[r + q, r + p]``, r = G // 2, is the map of the displacement p to the right and
            q downwards.
        step: pixels of the frame from one displacement to the next.
        cell: pixels of the frame from one position of a map to the next.
    """

    name: str
    values: NDArray[np.float32]
    step: float
    cell: float

    @property
    def radius(self) -> int:
        """The largest displacement, in steps."""
        return len(self.values) // 2

    def at(self, box: Box) -> NDArray[np.float32]:
        """(G, G): the mean over the positions whose centre lies in a box, corners in pixels of the frame.

        A box without any, or one outside of the frame, has the position that is nearest to its centre.
        """
        height, width = self.values.shape[2:]
        rows, columns = (_inside(box[i], box[i + 2], self.cell, n) for i, n in ((1, height), (0, width)))
        return self.values[:, :, rows][..., columns].mean(axis=(2, 3))

    def peak(self, box: Box) -> tuple[float, float]:
        """Where the things in a box seem to have gone: the displacement of the highest answer, (x, y) in pixels."""
        row, column = np.unravel_index(self.at(box).argmax(), self.values.shape[:2])
        return float(column - self.radius) * self.step, float(row - self.radius) * self.step

    def crop(self, radius: int) -> CorrelationMaps:
        """Only the displacements of at most so many steps."""
        cut = max(self.radius - radius, 0)
        kept = slice(cut, len(self.values) - cut)
        return CorrelationMaps(self.name, self.values[kept, kept], self.step, self.cell)

    def array(self) -> NDArray[np.float32]:
        """The maps side by side, as in figure 4: a row for each q, a column for each p; NaN between them."""
        size, _, height, width = self.values.shape
        tall, wide = height + GAP, width + GAP
        array = np.full((size * tall - GAP, size * wide - GAP), np.nan, np.float32)
        for q in range(size):
            for p in range(size):
                array[q * tall :, p * wide :][:height, :width] = self.values[q, p]
        return array


def _inside(start: float, end: float, cell: float, count: int) -> slice:
    """The cells whose centre lies between two corners, and at least one."""
    first, last = int(np.ceil(start / cell - 0.5)), int(np.floor(end / cell - 0.5))
    if last < first or last < 0 or first >= count:
        first = last = min(max(int((start + end) / 2 / cell), 0), count - 1)
    return slice(max(first, 0), min(last, count - 1) + 1)


@torch.no_grad()
def correlate_frames(cfg: CfgNode, model: DetectAndTrack, first: Frame, second: Frame) -> list[CorrelationMaps]:
    """What each of the network's correlation layers answers for two frames, the layer of the finest features first.

    Args:
        cfg: that the network was built from: the size of its input, and the order of colours.
        model: a network with a track head, in evaluation mode.
        first, second: (H, W, 3) uint8, BGR, of one size: frames t and t + tau.

    Raises:
        ValueError: the frames' sizes differ, or the network tracks nothing (D).
    """
    if first.shape != second.shape:
        raise ValueError(f"the frames' shapes differ: {first.shape} and {second.shape}")
    head = model.track_head
    if head is None:
        raise ValueError("the network has no track head (D), so it correlates nothing: give a D&T config")
    height, width = first.shape[:2]
    shape = input_shape(height, width, cfg.INPUT.MIN_SIZE_TEST, cfg.INPUT.MAX_SIZE_TEST)
    inputs = []
    for frame in (first, second):
        picture = np.ascontiguousarray(frame[:, :, ::-1]) if cfg.INPUT.FORMAT == "RGB" else frame
        inputs.append(to_tensor(resize(picture, shape)))
    maps = model.encode(model.preprocess(inputs))
    shapes, pixel = model.backbone.output_shape(), height / shape[0]
    found = []
    with model.autocast():
        answers = head.correlate(maps[:1], maps[1:])
    for name, answer, (stride, displacement_stride) in zip(head.in_features, answers, head.strides, strict=True):
        side, cells = int(answer.shape[1] ** 0.5), pixel * shapes[name].stride
        values = answer[0].float().cpu().numpy().reshape(side, side, *answer.shape[2:])
        found.append(CorrelationMaps(name, values, cells * displacement_stride, cells * stride))
    return sorted(found, key=lambda layer: (shapes[layer.name].stride, layer.name))
