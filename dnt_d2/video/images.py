"""Images as a video: one file, a folder, or all that a pattern finds."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path

import numpy as np

from ..bounded.images import TooLarge, decode, read_bytes
from .frame import DEFAULT_FPS, Frame, Opened, TimedFrame, check_size

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm"})


def open_images(paths: Sequence[Path]) -> Opened:
    """Images in the order given, read when their turn comes.

    The frames raise ValueError, with the file's name, for an image that can't be decoded or has another size than
    the first.
    """
    return Opened(_read_images(paths), DEFAULT_FPS, len(paths))


def find_images(paths: Iterable[Path]) -> list[Path]:
    """Those that are images by their names, in natural order: 2.jpg before 10.jpg."""
    return sorted(filter(is_image, paths), key=_natural_key)


def is_image(path: Path) -> bool:
    """By its name; a Mac's ``._1.jpg`` is none."""
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")


def _natural_key(path: Path) -> list[str | int]:
    """Text and numbers in turn, so that any two keys compare."""
    return [int(part) if part.isdecimal() else part.lower() for part in re.split(r"([0-9]+)", str(path))]


def _read_images(paths: Sequence[Path]) -> Generator[TimedFrame, None, None]:
    shape: tuple[int, ...] | None = None
    for path in paths:
        image = _read_image(path)
        shape = check_size(image, shape, str(path))
        yield TimedFrame(image, None)


def _read_image(path: Path) -> Frame:
    # Not imread: it takes no other than ASCII names on Windows, and says nothing about a file that it can't read.
    try:
        data = read_bytes(path)
        image = decode(data)
    except TooLarge as error:
        raise ValueError(f"{path}: {error}") from None
    if image is None:
        raise ValueError(f"{path}: this image can't be decoded ({len(data)} bytes); replace it or take it out")
    return np.asarray(image, np.uint8)
