"""Reading the image of a dataset dict, with an error that says what kind of fault it is."""

from __future__ import annotations

import errno
from typing import Any

from detectron2.data.detection_utils import SizeMismatchError

from ..faults import no_right
from .images import Image, ImageReader

# Errors of the system that are about one file: too many open files, or no memory, are not.
_OF_THE_FILE = (errno.EIO, errno.EISDIR, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)


class Unreadable(Exception):
    """An image that can't be used: what all such errors share. The message names the file and the remedy.

    Attributes:
        what: the kind of fault, in words.
        path: of the image.
    """

    what = "unusable image"

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(message)
        self.path = path


class MissingImage(Unreadable, FileNotFoundError):
    """There is no such file."""

    what = "missing image"


class BrokenImage(Unreadable, ValueError):
    """It is cut off, empty, no image, or the disk can't give it."""

    what = "broken image"


class WrongSize(Unreadable, SizeMismatchError):
    """It is not as large as its annotation says."""

    what = "image of another size"


def read_checked(read: ImageReader, frame: dict[str, Any]) -> Image:
    """Read the image of a dataset dict.

    Raises:
        MissingImage, BrokenImage, WrongSize: it is missing, can't be read, or is not as large as the dict says. They
            are a FileNotFoundError, a ValueError and a SizeMismatchError, and :class:`Unreadable`.
        PermissionError: this user may not read it.
    """
    image = _read(read, frame["file_name"])
    found = image.shape[:2]
    expected = (frame.get("height", found[0]), frame.get("width", found[1]))
    if found != expected:
        raise WrongSize(
            f"{frame['file_name']} has {found[1]} x {found[0]} pixels, but its annotation says {expected[1]} x "
            f"{expected[0]}; image and annotation are of different releases, or the annotation's <size> is wrong",
            frame["file_name"],
        )
    return image


def _read(read: ImageReader, file_name: str) -> Image:
    try:
        return read(file_name)
    except FileNotFoundError as error:
        raise MissingImage(str(error), file_name) from None
    except PermissionError as error:
        raise no_right(error) from error
    except OSError as error:
        if error.errno not in _OF_THE_FILE:
            raise
        raise BrokenImage(f"{file_name}: can't be read ({error.strerror}); copy it anew", file_name) from error
    except ValueError as error:
        raise BrokenImage(str(error), file_name) from error
