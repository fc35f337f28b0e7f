"""What is left of a video whose files aren't all there, where faults are passed over (DATASETS.ON_FAULT)."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ..faults import Leniency
from .layout import IMAGE_EXTENSION, has_all_images, missing_frame, numbered_files
from .xml_table import Ints

MISSING_VIDEO, MISSING_IMAGE, MISSING_ANNOTATION = "missing video", "missing image", "missing annotation"
GAP = "gap in frame numbers"
_XML = ".xml"


class Remaining(NamedTuple):
    """The usable frames of a video, in order.

    Attributes:
        names: of their files, without extension.
        places: (N,) in the video, from 0; what is missing leaves a gap.
        length: of the video, the missing frames included.
    """

    names: list[str]
    places: Ints
    length: int


_NOTHING = Remaining([], np.zeros(0, np.int64), 0)


def remaining_frames(
    root: str, video: str, annotated: Sequence[str], lenient: Leniency, *, count: bool = True
) -> Remaining:
    """The frames of a video that can be used.

    To train on, a frame needs image and annotation; to test on, an annotation: its image is seen to when it is read.

    Args:
        root: of the tree.
        video: its path in ``Data/VID``.
        annotated: the sorted names of its annotations.
        lenient: says what for, and counts what is missing.
        count: False where a list says which frames are missed.

    Raises:
        FileNotFoundError: what is to be tested on lacks an annotation, or all images.
        ValueError: frames are not named by numbers.
    """
    images, notes = f"{root}/Data/VID/{video}", f"{root}/Annotations/VID/{video}"
    if annotated and has_all_images(images, annotated):
        return Remaining(list(annotated), np.arange(len(annotated)), len(annotated))
    if lenient.testing:
        return _to_test(numbered_files(images, IMAGE_EXTENSION), numbered_files(notes, _XML), notes)
    try:
        pictured, described = numbered_files(images, IMAGE_EXTENSION), numbered_files(notes, _XML)
    except FileNotFoundError as error:
        lenient.pass_over(MISSING_VIDEO, images, error)
        return _NOTHING
    names = pictured | described
    if not names:
        lenient.pass_over(MISSING_VIDEO, images, f"{images} has no frames; unpack the archive again")
        return _NOTHING
    both = np.array(sorted(pictured.keys() & described.keys()), np.int64)
    for number in sorted(pictured.keys() ^ described.keys()) if count else ():
        what, folder, extension = (
            (MISSING_ANNOTATION, notes, _XML) if number in pictured else (MISSING_IMAGE, images, IMAGE_EXTENSION)
        )
        message = missing_frame(folder, names[number], extension)
        lenient.pass_over(what, f"{folder}/{names[number]}{extension}", message)
    for before, after in pairwise(sorted(names)) if count else ():
        if after > before + 1:
            path = f"{images}/{before + 1:06d}{IMAGE_EXTENSION}"
            lenient.pass_over(GAP, path, f"{path} and all up to {after - 1:06d} are missing; unpack the archive again")
    first = min(names)
    return Remaining([names[number] for number in both.tolist()], both - first, max(names) - first + 1)


def _to_test(pictured: dict[int, str], described: dict[int, str], folder: str) -> Remaining:
    """All frames, without a gap, whether they have an image or not."""
    names = pictured | described
    if not pictured:
        raise FileNotFoundError(
            f"{folder}: this video has no images; unpack the archive again, or take it off the list"
        )
    for number in range(min(names), max(names) + 1):
        if number not in described:
            raise FileNotFoundError(missing_frame(folder, names.get(number, f"{number:06d}"), _XML))
    return Remaining([described[number] for number in sorted(described)], np.arange(len(described)), len(described))


def chosen_frames(
    names: Sequence[str], wanted: Collection[str], root: str, video: str, lenient: Leniency | None
) -> Ints:
    """The places of the listed frames of a video among its frames.

    Raises:
        FileNotFoundError: a listed frame is missing, and that isn't passed over.
    """
    missing = sorted(set(wanted) - set(names))
    for name in missing:
        path = f"{root}/Data/VID/{video}/{name}{IMAGE_EXTENSION}"
        message = f"{path} is listed but missing; unpack the archive again, or take it out of the list"
        if lenient is None or lenient.testing:
            raise FileNotFoundError(message)
        if os.path.isfile(path):
            path = f"{root}/Annotations/VID/{video}/{name}{_XML}"
            lenient.pass_over(MISSING_ANNOTATION, path, f"{path} is missing, but its frame is listed")
        else:
            lenient.pass_over(MISSING_IMAGE, path, message)
    return np.array([place for place, name in enumerate(names) if name in wanted], np.int64)
