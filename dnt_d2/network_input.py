"""From a frame of a video to what the network takes of it."""

from __future__ import annotations

from typing import Any

import numpy as np
from detectron2.config import CfgNode
from numpy.typing import NDArray

from .data.augmentation import input_shape, resize, to_tensor
from .data.images import FORMATS

Frame = NDArray[np.uint8]


class NetworkInput:
    """Resizes frames, and orders their channels, as a config says."""

    def __init__(self, cfg: CfgNode) -> None:
        """
        Args:
            cfg: ``INPUT.FORMAT, INPUT.MIN_SIZE_TEST, INPUT.MAX_SIZE_TEST``.

        Raises:
            ValueError: for a format that isn't BGR or RGB.
        """
        if cfg.INPUT.FORMAT not in FORMATS:
            raise ValueError(f"INPUT.FORMAT is {cfg.INPUT.FORMAT!r}; D&T reads {' or '.join(FORMATS)}")
        self._sides = (cfg.INPUT.MIN_SIZE_TEST, cfg.INPUT.MAX_SIZE_TEST)
        self._rgb = cfg.INPUT.FORMAT == "RGB"

    def item(self, index: int, frame: Frame) -> dict[str, Any]:
        """A frame as :class:`dnt_d2.modeling.VideoStream` takes it.

        Args:
            index: its number in the video, from 0.
            frame: (H, W, 3) uint8, BGR.
        """
        height, width = frame.shape[:2]
        picture = np.ascontiguousarray(frame[:, :, ::-1]) if self._rgb else frame
        image = to_tensor(resize(picture, input_shape(height, width, *self._sides)))
        return {"image": image, "height": height, "width": width, "video_id": 0, "frame_index": index}


def check_picture(index: int, frame: object) -> None:
    """Check what is given as a frame.

    Raises:
        ValueError: it is no (H, W, 3) uint8.
    """
    if not isinstance(frame, np.ndarray):
        raise ValueError(f"frame {index} is a {type(frame).__name__}: (H, W, 3) uint8, BGR, was expected")
    if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8:
        raise ValueError(f"frame {index} is {frame.dtype} of shape {frame.shape}: (H, W, 3) uint8, BGR, was expected")
