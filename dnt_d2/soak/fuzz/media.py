"""How images and videos are read on wrong files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from ...data.images import read_image
from ...formats.images import image_size
from ...video.source import VideoSource
from .harness import expect


def image(name: str) -> Callable[[Path], None]:
    """An image by this name: its pixels, and the size in its header."""

    def read(folder: Path) -> None:
        path = folder / name
        errors = []
        try:
            width, height = image_size(path)
            expect(width > 0 and height > 0, f"a size of {width} x {height}")
        except (ValueError, OSError) as error:
            errors.append(error)
        pixels = read_image(str(path))
        expect(pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 3 and pixels.size, "pixels")
        if errors:
            raise errors[0]

    return read


def video(name: str) -> Callable[[Path], None]:
    """A video by this name, to its end."""

    def read(folder: Path) -> None:
        with VideoSource(folder / name) as source:
            info, last = source.info, None
            expect(0 < info.fps <= 1000 and info.width > 0 and info.height > 0, f"it says {info}")
            for frame in source:
                expect(frame.image.shape == (info.height, info.width, 3), f"a frame of {frame.image.shape}")
                expect(frame.time is None or last is None or frame.time > last, "a time that does not rise")
                last = frame.time

    return read
