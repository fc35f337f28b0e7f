"""VideoSet: what all formats read and write."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import PurePosixPath
from typing import Any

from ..bounded.numbers import shortened
from ..bounded.paths import is_writable_path

Frame = dict[str, Any]
Note = dict[str, Any]


@dataclass(frozen=True)
class VideoSet:
    """Frames of videos, or stills, with their objects as a file has them: nothing is clipped, dropped or filtered.

    Attributes:
        frames: one dict per frame, video by video and in order, with the keys of a dataset dict: ``file_name,
            image_id, height, width, video_id`` (place of the video, from 0), ``frame_index`` (from 0), ``video_length``
            and ``annotations``, each with ``bbox`` (x1, y1, x2, y2: inclusive 0-based corners, px), ``category_id``
            (0..C-1), ``instance_id, occluded, generated, iscrowd`` (1: neither to be trained on nor to be judged).
        video_names: the name of each video; parts may be separated by "/". Of a still: its path without extension.
        class_names: the C classes, in the order of their ids.
        kind: "video", or "still": then each frame is a video of length 1.
    """

    frames: list[Frame] = field(default_factory=list)
    video_names: list[str] = field(default_factory=list)
    class_names: list[str] = field(default_factory=list)
    kind: str = "video"

    def videos(self) -> Iterator[tuple[str, list[Frame]]]:
        """Name and frames of each video."""
        for video_id, frames in groupby(self.frames, key=lambda frame: frame["video_id"]):
            yield self.video_names[video_id], list(frames)


def make_frame(file_name: str, image_id: int, size: tuple[int, int], video: tuple[int, int, int]) -> Frame:
    """A frame without objects.

    Args:
        file_name: of the image.
        image_id: unique in the data set.
        size: width and height, px.
        video: place of the video, place of the frame in it, and its length.
    """
    return {
        "file_name": file_name,
        "image_id": image_id,
        "height": size[1],
        "width": size[0],
        "video_id": video[0],
        "frame_index": video[1],
        "video_length": video[2],
        "annotations": [],
    }


def make_note(
    bbox: tuple[float, float, float, float],
    category_id: int,
    instance_id: int,
    *,
    occluded: int = 0,
    generated: int = 0,
    iscrowd: int = 0,
) -> Note:
    """One object of a frame; see :class:`VideoSet` for the values."""
    return {
        "bbox": list(bbox),
        "category_id": category_id,
        "instance_id": instance_id,
        "occluded": occluded,
        "generated": generated,
        "iscrowd": iscrowd,
    }


def check_whole_videos(videos: VideoSet, target: str) -> None:
    """For formats that number frames without gaps.

    Raises:
        ValueError: a video lacks some of its frames.
    """
    for name, frames in videos.videos():
        length = frames[0]["video_length"]
        indices = [frame["frame_index"] for frame in frames]
        if len(indices) != length or indices != list(range(length)):  # a length that a file claims fills no memory
            raise ValueError(
                f"{name}: there are {len(frames)} of the video's {length} frames, but {target} holds whole videos "
                "only; convert from a list (or JSON) that has all frames"
            )


# Letters and ends of names that can't be there; a "\\" or a ":" would even lead to another place.
_NOT_ON_WINDOWS = re.compile(r'[<>:"\\|?*\x00-\x1f]|[. ](?:/|$)|(?:^|/)(?:con|prn|aux|nul|com\d|lpt\d)(?:[./]|$)', re.I)


def check_path(name: str) -> str:
    """The name of a video or a still, when it can be a path below a folder.

    Raises:
        ValueError: it is empty, absolute, leads out of the folder, has white space, which separates words in lists, or
            what Windows, where this is it, has no file names with.
    """
    path = PurePosixPath(name)
    if not path.parts or not is_writable_path(name) or name.split() != [name]:
        raise ValueError(
            f"The video or image name {shortened(name, 300)!r} can't be a path below the target folder: names must "
            "not be empty, absolute, contain '..', white space or control characters, or be longer than 255 bytes; "
            "rename it"
        )
    if os.name == "nt" and _NOT_ON_WINDOWS.search(name):
        raise ValueError(f"The video or image name {name!r} can't be a path on Windows; rename it")
    return str(path)


def name_on_disk(name: str) -> str:
    """What tells files apart: Windows and macOS, as they come, take "Dog" and "dog" for one."""
    return name.casefold() if sys.platform in ("win32", "darwin") else name


def sequence_names(video_names: Sequence[str], becomes: str) -> list[str]:
    """The names of videos as MOTChallenge's files and folders have them: "_" stands for "/".

    Args:
        video_names: of all videos that are written or read.
        becomes: what a video becomes, for messages, with {} for the name.

    Raises:
        ValueError: a name can't be that of a file, see :func:`check_path`, or two become one.
    """
    names = [check_path(name).replace("/", "_") for name in video_names]
    files = [name_on_disk(name) for name in names]
    if len(set(files)) < len(files):
        twice = next(name for place, name in enumerate(names) if files[place] in files[:place])
        raise ValueError(f"Two videos would become {becomes.format(twice)}; give each its own name")
    return names


def plain_number(value: float) -> int | float:
    """A coordinate as people write it: 8, not 8.0."""
    return int(value) if float(value).is_integer() else float(value)
