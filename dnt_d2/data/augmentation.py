"""Resizing and mirroring, for images and for boxes with inclusive corners."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from detectron2.data import transforms as T
from numpy.typing import NDArray
from torch import Tensor

from .images import Image

Boxes4 = NDArray[np.float64]


def flip_boxes(boxes: Boxes4, width: int) -> Boxes4:
    """Mirror (N, 4) boxes x1, y1, x2, y2 in an image of ``width`` pixels: x becomes width - 1 - x."""
    return np.stack([width - 1 - boxes[:, 2], boxes[:, 1], width - 1 - boxes[:, 0], boxes[:, 3]], axis=1)


def flip_image(image: Image) -> Image:
    """Mirror (H, W, 3)."""
    return cv2.flip(image, 1)  # type: ignore[return-value]


def input_shape(height: int, width: int, shorter_side: int, longest_side: int) -> tuple[int, int]:
    """The size at which the network sees an image: Detectron2's rule of the shorter side (sec. 5.2: 600, at most 1000).

    Args:
        height, width: of the image, in pixels.
        shorter_side: 0 leaves the image as it is.
        longest_side: the longer side is never above it.

    Returns:
        (height, width).
    """
    if shorter_side == 0:
        return height, width
    shape = T.ResizeShortestEdge.get_output_shape(height, width, shorter_side, longest_side)
    return max(1, shape[0]), max(1, shape[1])  # of 5000 x 1 pixels, at most 1000 long, nothing would be left


def resize(image: Image, shape: tuple[int, int]) -> Image:
    """Resize (H, W, 3) to ``shape`` (height, width): the pixels that Detectron2's ``DefaultPredictor`` sees, too."""
    height, width = image.shape[:2]
    return image if (height, width) == shape else T.ResizeTransform(height, width, *shape).apply_image(image)


def to_tensor(image: Image) -> Tensor:
    """(H, W, 3) to a new (3, H, W) uint8 tensor."""
    return torch.from_numpy(np.array(image.transpose(2, 0, 1), order="C"))
