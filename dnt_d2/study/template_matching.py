"""Template matching: where an object went by its pixels alone, to measure the track head against."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..geometry import FloatArray

Image = NDArray[np.uint8]

LEAST_SIDE = 4
"""Pixels; what is smaller says nothing about what it belongs to."""


def match_templates(first: Image, second: Image, boxes: FloatArray, reach: int) -> FloatArray:
    """Where the pictures of boxes are in another frame: the shift of the highest normalised correlation of pixels.

    It knows no sizes but that of the box, and no place but whole pixels, within the frame.

    Args:
        first, second: (H, W, C) frames of one size.
        boxes: (N, 4) inclusive corners in the first frame, px; what lies outside of it is not looked at.
        reach: how far it searches in each direction, px.

    Returns:
        (N, 4) the boxes, shifted. One stays where it is if it shows less than 4 x 4 px, or a single colour.

    Raises:
        ValueError: the frames differ in size, or ``reach`` is below 0.
    """
    if first.shape != second.shape:
        raise ValueError(f"the frames' shapes differ: {first.shape} and {second.shape}")
    if reach < 0:
        raise ValueError(f"reach is {reach}: it is a number of pixels, 0 or more")
    shifts = [_shift(first, second, box, reach) for box in boxes]
    return boxes + np.tile(np.array(shifts, np.float64).reshape(-1, 2), 2)


def _shift(first: Image, second: Image, box: FloatArray, reach: int) -> tuple[int, int]:
    """(x, y) in pixels."""
    height, width = first.shape[:2]
    x1, y1 = np.clip(np.rint(box[:2]), 0, [width, height]).astype(int).tolist()
    x2, y2 = np.clip(np.rint(box[2:]) + 1, 0, [width, height]).astype(int).tolist()
    if min(x2 - x1, y2 - y1) < LEAST_SIDE:
        return 0, 0
    patch = first[y1:y2, x1:x2]
    if (patch == patch[0, 0]).all():  # correlates with everything
        return 0, 0
    left, top = max(x1 - reach, 0), max(y1 - reach, 0)
    answers = cv2.matchTemplate(second[top : y2 + reach, left : x2 + reach], patch, cv2.TM_CCOEFF_NORMED)
    _, _, _, (x, y) = cv2.minMaxLoc(answers)
    return left + x - x1, top + y - y1
