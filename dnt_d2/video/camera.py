"""Cameras of this computer, through OpenCV."""

from __future__ import annotations

import logging
import time
from collections.abc import Generator
from fractions import Fraction
from typing import Any

import cv2
import numpy as np

from .frame import DEFAULT_FPS, Opened, TimedFrame, check_size

_SECOND = 1_000_000_000  # in the unit of the clock
_log = logging.getLogger(__name__)


def open_camera(index: int) -> Opened:
    """The camera of this number. Frames have the times at which they came; the stream ends when one doesn't.

    The first frame is taken to see how large it is, and it may be long before anybody asks for the second: the clock
    stands still between them.

    Raises:
        FileNotFoundError: where no such camera can be opened.
    """
    name = f"camera:{index}"
    camera = cv2.VideoCapture(index)
    if not camera.isOpened():
        camera.release()
        raise FileNotFoundError(f"{name}: it can't be opened; is it connected, and free of other programs?")
    fps = float(camera.get(cv2.CAP_PROP_FPS))
    fps = fps if 1 <= fps <= 1000 else DEFAULT_FPS  # drivers that don't know say 0, -1 or something absurd
    return Opened(_read_camera(camera, name, fps), fps, None, live=True)


def _read_camera(camera: Any, name: str, fps: float) -> Generator[TimedFrame, None, None]:
    shape: tuple[int, ...] | None = None
    count, start = 0, 0
    try:
        while True:
            found, picture = camera.read()
            now = time.monotonic_ns()
            if not found:
                break
            image = np.asarray(picture, np.uint8)
            if count < 2:
                start = now - round(count * _SECOND / fps)
            shape = check_size(image, shape, f"{name}, frame {count}")
            yield TimedFrame(image, Fraction(now - start, _SECOND))
            count += 1
    finally:
        camera.release()
    if count:
        _log.warning("%s: no more frames after %d; was it unplugged, or taken by another program?", name, count)
    else:
        raise ValueError(f"{name}: it opens, but gives no frame; is it free of other programs, and allowed to be used?")
