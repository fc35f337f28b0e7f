"""Images, bounded: how many pixels one has is read from its header before it is decoded."""

from __future__ import annotations

import io
import os
import re
import stat
import warnings
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

PIXELS_VARIABLE = "DNT_D2_MEGAPIXELS"

_MOST_PIXELS = 1 << 26
_MOST_BYTES = 1 << 30  # of a file
_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
# Starts of frames in JPEG: 0xC0 ... 0xCF but for those that define tables.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
_MOST_SEGMENTS = 10_000  # before the pixels; a profile of colours may take hundreds
_SCAN, _END = 0xDA, 0xD9
_MARKER = re.compile(rb"\xff[^\x00\xff]")  # others are filling, or none


class TooLarge(ValueError):
    """An image, or its file, that is larger than allowed. The message lacks the file."""


def most_pixels() -> int:
    """How many pixels an image may have: 2^26, or $DNT_D2_MEGAPIXELS times 2^20.

    Raises:
        ValueError: the variable is no number.
    """
    text = os.environ.get(PIXELS_VARIABLE, "")
    if not text:
        return _MOST_PIXELS
    if not (text.isdecimal() and len(text) < 7 and int(text)):
        raise ValueError(f"{PIXELS_VARIABLE} is {text[:40]!r}; set it to a number of megapixels, 1 or more")
    return int(text) << 20


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """The content of an image file.

    Raises:
        OSError: it can't be read.
        TooLarge: it is larger than any image.
    """
    about = os.stat(path)
    if about.st_size > _MOST_BYTES:
        raise TooLarge(f"its file has more than {_MOST_BYTES >> 20} MiB, as no image has")
    if not (stat.S_ISREG(about.st_mode) or stat.S_ISDIR(about.st_mode)):  # a folder is an error when it is opened
        raise TooLarge("it is a pipe or a device, which may never end; give a file")
    with open(path, "rb") as file:
        return file.read()


def decode(data: bytes, flags: int = cv2.IMREAD_COLOR) -> NDArray[Any] | None:
    """Decode an image; of an animation, or a file with several, the first.

    Args:
        data: content of a file.
        flags: of ``cv2.imdecode``.

    Returns:
        its pixels, in OpenCV's order of colours; None where it can't be decoded.

    Raises:
        TooLarge: it has more than :func:`most_pixels`; it isn't decoded then.
    """
    size = header_size(data)
    if size is None:
        return None
    if size[0] * size[1] > most_pixels():
        raise TooLarge(
            f"it has {size[0]} x {size[1]} pixels, more than {most_pixels() >> 20} megapixels; shrink it, or set "
            f"{PIXELS_VARIABLE} to more if you trust it"
        )
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except (cv2.error, MemoryError):  # what a decoder makes of broken data, or of its own limits
        return None


def header_size(data: bytes) -> tuple[int, int] | None:
    """Width and height as the header has them; None where it has none, or the format isn't known."""
    if data.startswith(_JPEG):
        return _jpeg_size(data)
    if data.startswith(_PNG):
        known = len(data) >= 24 and data[12:16] == b"IHDR"
        return (int.from_bytes(data[16:20]), int.from_bytes(data[20:24])) if known else None
    return _other_size(data)


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    at = 2
    for _ in range(_MOST_SEGMENTS):
        found = _MARKER.search(data, at)
        if found is None or found.end() + 7 > len(data):
            return None
        at, marker = found.start(), data[found.start() + 1]
        if marker in _FRAMES:
            return int.from_bytes(data[at + 7 : at + 9]), int.from_bytes(data[at + 5 : at + 7])
        elif marker in (_SCAN, _END):
            return None
        else:
            at += 2 if marker in _WITHOUT_LENGTH else 2 + int.from_bytes(data[at + 2 : at + 4])
    return None


def _other_size(data: bytes) -> tuple[int, int] | None:
    from PIL import Image  # only here: almost all images are of the two formats above

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data)) as image:
                return image.size
    except Image.DecompressionBombError as error:
        raise TooLarge(f"it has too many pixels ({error})") from None
    except Exception:  # whatever broken headers lead to in Pillow's readers
        return None
