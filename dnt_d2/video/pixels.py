"""From a decoder's pixels to BGR, and from BGR to those of an encoder.

H.264 and the like hold brightness and two colour differences. Which matrix makes them of red, green and blue is a
matter of convention: BT.601 for small pictures, BT.709 for large ones, unless the file says.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import cv2
import numpy as np

from .frame import Frame

# The numbers of these colour spaces in FFmpeg.
ITU709, ITU601, _UNSPECIFIED = 1, 5, 2


def to_bgr(frame: Any) -> Frame:
    """A decoded frame of PyAV, of any pixel format, as BGR uint8 (H, W, 3), turned as it is to be shown.

    A phone's rotation is applied. Where nothing tells the colour space, a picture larger than 1024x576 counts as
    BT.709, as players have it.
    """
    large = frame.width > 1024 or frame.height > 576
    guessed = ITU709 if large and frame.colorspace == _UNSPECIFIED else None
    image = frame.reformat(format="bgr24", src_colorspace=guessed).to_ndarray()
    return np.ascontiguousarray(np.rot90(image, round(frame.rotation / 90)))  # counter-clockwise, in degrees


def from_bgr(image: Frame, av: ModuleType) -> Any:
    """A frame of PyAV in yuv420p, BT.709. An odd size is padded by repeating the last row or column."""
    height, width = image.shape[:2]
    if height % 2 or width % 2:
        image = np.asarray(cv2.copyMakeBorder(image, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE), np.uint8)
    picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24")
    return picture.reformat(format="yuv420p", dst_colorspace=ITU709)
