"""COCO-VID JSON: its annotations, as objects of frames."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..bounded.numbers import shortened
from .coco_vid_frames import Entry, named, whole_number
from .video_set import Frame, Note, make_note


def image_of(entry: Entry, frames: Mapping[int, Frame], images: Mapping[int, Entry], path: str) -> tuple[Frame, Entry]:
    """The frame of an annotation, and the entry of its image.

    Raises:
        ValueError: there is no such image, or it is of another video.
    """
    key = whole_number(entry, "image_id", "annotation", path)
    if key not in frames:
        raise ValueError(
            f"{path}: annotation {named(entry)} is of image {key}, which is not in 'images'; "
            "add the image, or take the annotation out"
        )
    image, video = images[key], entry.get("video_id")
    if video is not None and video != image.get("video_id"):
        raise ValueError(
            f"{path}: annotation {named(entry)} is of video {shortened(repr(video))}, but its image {key} is of "
            f"video {image.get('video_id')!r}; correct one of them"
        )
    return frames[key], image


def note_of(entry: Entry, frame: Frame, categories: Mapping[int, Entry], tracked: bool, path: str) -> Note:
    """An annotation as an object of its frame.

    Args:
        entry: the annotation.
        frame: whose objects are numbered by position where they have no tracks.
        categories: by id; ``place`` is the class id.
        tracked: whether it must have a track.
        path: of the file, for messages.

    Raises:
        ValueError: something is missing or wrong; the message names the file, and the annotation by its id.
    """
    category = whole_number(entry, "category_id", "annotation", path)
    if category not in categories:
        raise ValueError(
            f"{path}: annotation {named(entry)} has category {category}, which is not in 'categories'; "
            "add it, or take the annotation out"
        )
    bbox = entry.get("bbox")
    if not (isinstance(bbox, list) and len(bbox) == 4 and all(map(_is_number, bbox))):
        found = shortened(repr(bbox))
        raise ValueError(
            f"{path}: annotation {named(entry)}: 'bbox' is {found}, not [x, y, width, height] of finite numbers; "
            "correct the file"
        )
    x, y, width, height = map(float, bbox)
    if not (math.isfinite(x + width) and math.isfinite(y + height)):
        raise ValueError(f"{path}: annotation {named(entry)}: 'bbox' is {bbox}, too large a number; correct the file")
    flags = {
        key: whole_number(entry, key, "annotation", path) if entry.get(key) is not None else 0
        for key in ("occluded", "generated", "iscrowd", "ignore")
    }
    key = "track_id" if entry.get("instance_id") is None and "track_id" in entry else "instance_id"
    return make_note(
        (x, y, x + width, y + height),
        categories[category]["place"],
        whole_number(entry, key, "annotation", path) if tracked else len(frame["annotations"]),
        occluded=flags["occluded"],
        generated=flags["generated"],
        iscrowd=flags["iscrowd"] | flags["ignore"],
    )


def _is_number(value: Any) -> bool:
    return (type(value) is int and value.bit_length() < 64) or (type(value) is float and math.isfinite(value))
