"""What a source of frames gives, and says about itself."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]

# What a folder of images is played at, and a file or a camera that does not tell.
DEFAULT_FPS = 25.0


class TimedFrame(NamedTuple):
    """A frame, and when it is shown.

    Attributes:
        image: BGR uint8 (H, W, 3); the rotation that phones and EXIF ask for is applied.
        time: in seconds after the first frame, rising; None in folders of images, which have no times.
    """

    image: Frame
    time: Fraction | None


@dataclass(frozen=True)
class VideoInfo:
    """What a source says about itself.

    Attributes:
        fps: frames per second, the average where the rate varies; ``DEFAULT_FPS`` where the source has none, as a
            folder of images.
        width: of the first frame as it is shown (a phone's rotation applied), in pixels.
        height: likewise.
        num_frames: as the file's header counts them, or the number of images; None where nobody knows.
    """

    fps: float
    width: int
    height: int
    num_frames: int | None


@dataclass(frozen=True)
class Opened:
    """A source that is open: what :mod:`images`, :mod:`camera` and :mod:`container` make of a name.

    Attributes:
        frames: started by its first frame; closing it frees what is open.
        fps, num_frames: as in :class:`VideoInfo`.
        live: nobody can read it a second time.
    """

    frames: Generator[TimedFrame, None, None]
    fps: float
    num_frames: int | None
    live: bool = False


def check_size(image: Frame, shape: tuple[int, ...] | None, where: str) -> tuple[int, ...]:
    """Refuse an image of another size than the first: tracks need one coordinate system.

    Args:
        image: BGR (H, W, 3).
        shape: that of the first; None for the first.
        where: the file or the frame, with which the error begins.

    Returns:
        The shape of the first.

    Raises:
        ValueError: for another size.
    """
    if shape is not None and image.shape != shape:
        old, new = (f"{width}x{height}" for height, width, _ in (shape, image.shape))
        raise ValueError(f"{where}: it is {new}, but the frames before are {old}; bring all to one size")
    return image.shape
