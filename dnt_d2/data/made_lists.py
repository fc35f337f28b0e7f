"""Lists made from the folders of an ILSVRC tree, where ``ImageSets`` has none: archives come without it, too."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

from ..vid_classes import VID_CLASSES

logger = logging.getLogger(__name__)

IMAGE_EXTENSION = ".JPEG"

CLASS_LISTS = tuple(f"train_{k}" for k in range(1, len(VID_CLASSES) + 1))
"""In which ILSVRC2015 lists the training videos, class by class."""


def make_list(root: str, part: str, name: str) -> list[str]:
    """What the folder ``Data/<part>/<name>`` holds, in the order of paths; logged, since nobody wrote this list.

    Args:
        root: of the tree.
        part: "VID": folders with images, the videos; "DET": images.
        name: of the folder.

    Returns:
        paths relative to ``Data/<part>``, without extension; none where there is no such folder, or nothing in it.
    """
    top = f"{root}/Data/{part}"
    if os.path.basename(name) != name or not os.path.isdir(f"{top}/{name}"):
        return []
    find = _videos if part == "VID" else _images
    found = sorted(find(top, name))
    what = "videos" if part == "VID" else "images"
    logger.warning(f"{root}/ImageSets/{part} has no list of {name}: taking all {len(found)} {what} in {top}/{name}")
    return found


def videos_below(root: str) -> list[str]:
    """All videos in ``Data/VID/train`` and ``Data/VID/val``: folders with images. Sorted, relative to ``Data/VID``."""
    top = f"{root}/Data/VID"
    return sorted(video for name in ("train", "val") if os.path.isdir(f"{top}/{name}") for video in _videos(top, name))


def _videos(top: str, folder: str) -> Iterator[str]:
    folders, has_images = _look_into(f"{top}/{folder}")
    if has_images:
        yield folder
    for name in folders:
        yield from _videos(top, f"{folder}/{name}")


def _images(top: str, folder: str) -> Iterator[str]:
    for path, _, files in os.walk(f"{top}/{folder}", followlinks=True):
        below = os.path.relpath(path, top).replace(os.sep, "/")
        yield from (f"{below}/{name.removesuffix(IMAGE_EXTENSION)}" for name in files if name.endswith(IMAGE_EXTENSION))


def _look_into(folder: str) -> tuple[list[str], bool]:
    """The folders in a folder, and whether it has images."""
    folders, has_images = [], False
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(IMAGE_EXTENSION):
                has_images = True
            elif entry.is_dir():
                folders.append(entry.name)
    return folders, has_images
