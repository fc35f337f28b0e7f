"""Reading images from files, with an optional memory of decoded ones."""

from __future__ import annotations

from collections import OrderedDict

import cv2
import numpy as np
from numpy.typing import NDArray

from ..bounded.images import TooLarge, decode, read_bytes

Image = NDArray[np.uint8]

FORMATS = ("BGR", "RGB")
_JPEG_START, _SCAN_START, _JPEG_END = b"\xff\xd8", b"\xff\xda", b"\xff\xd9"


def read_image(file_name: str, image_format: str = "BGR") -> Image:
    """Read an 8 bit colour image.

    The orientation that a camera may have noted in the file is not applied: annotations are in stored pixels.

    Args:
        file_name: any file that OpenCV decodes and Pillow knows.
        image_format: "BGR" or "RGB".

    Returns:
        (H, W, 3), values 0 to 255.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is broken, cut off, no image or too large (:func:`dnt_d2.bounded.images.decode`). The message
            names the file and the remedy.
    """
    try:
        data = read_bytes(file_name)
        flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
        image = decode(data, flags) if data and not _is_cut_off(data) else None
    except TooLarge as error:
        raise ValueError(f"{file_name}: {error}") from None
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{file_name}: this image is missing; unpack the archive again, or take it out of the list"
        ) from None
    if image is None:
        raise ValueError(
            f"{file_name}: broken or cut-off image ({len(data)} bytes); unpack the archive again, or take it out of "
            "the list"
        )
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB) if image_format == "RGB" else image  # type: ignore[return-value]


def _is_cut_off(data: bytes) -> bool:
    # The decoder only warns, and fills what is missing with grey. Neither marker occurs within compressed pixels, so
    # in a whole JPEG the last start of a scan (a thumbnail has one, too) comes before the last end of an image.
    return data.startswith(_JPEG_START) and data.rfind(_JPEG_END) < data.rfind(_SCAN_START)


class ImageReader:
    """:func:`read_image` for many images: sees to their format and size, and can keep decoded ones in memory.

    The memory is for data sets that fit into it; it drops the images that were not used for longest. Each loader
    worker has its own.
    """

    def __init__(self, image_format: str = "BGR", cache_mb: float = 0) -> None:
        """
        Args:
            image_format: "BGR" or "RGB".
            cache_mb: memory for decoded images, in MiB; 0 keeps none.

        Raises:
            ValueError: for another format.
        """
        if image_format not in FORMATS:
            raise ValueError(f"INPUT.FORMAT is {image_format!r}; D&T reads {' or '.join(FORMATS)}")
        self.image_format = image_format
        self.capacity = int(cache_mb * 2**20)
        self.used = 0
        self._images: OrderedDict[str, Image] = OrderedDict()

    def __call__(self, file_name: str) -> Image:
        """(H, W, 3) uint8; don't write into it."""
        if file_name in self._images:
            self._images.move_to_end(file_name)
            return self._images[file_name]
        image = read_image(file_name, self.image_format)
        if image.nbytes <= self.capacity:
            image.flags.writeable = False
            self._images[file_name] = image
            self.used += image.nbytes
            while self.used > self.capacity:
                self.used -= self._images.popitem(last=False)[1].nbytes
        return image
