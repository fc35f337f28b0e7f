"""Which frames are of one video, and in which order, found without making a dict for each."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .frame_dicts import FrameDicts
from .joined_frames import parts_of
from .xml_table import Ints

Video = tuple[str, Hashable]
"""(data set, video_id)"""


@dataclass(frozen=True, eq=False)
class VideoIndex:
    """The frames of V videos, video by video and in order of ``frame_index``; videos in order of their first frame.

    Attributes:
        videos: of each its (data set, video_id). A dict without ``video_id`` is a video of its own.
        place: (N,) of each frame among the dicts.
        frame_index: (N,)
        start: (V + 1,) the first frame of each video, and N.
    """

    videos: list[Video]
    place: Ints
    frame_index: Ints
    start: Ints

    @property
    def video(self) -> Ints:
        """(N,) the video of each frame, from 0."""
        return np.repeat(np.arange(len(self.videos)), np.diff(self.start))


def index_videos(dicts: Sequence[dict[str, Any]]) -> VideoIndex:
    """Find the videos among dataset dicts."""
    numbers: dict[Video, int] = {}
    video, frame_index = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for name, part in parts_of(dicts):
        offset = sum(map(len, video))
        found = (
            _of_columns(part, name, numbers) if isinstance(part, FrameDicts) else _of_dicts(part, name, offset, numbers)
        )
        video.append(found[0])
        frame_index.append(found[1])
    of_video, of_frame = np.concatenate(video), np.concatenate(frame_index)
    order = np.lexsort((of_frame, of_video))  # stable
    count = np.bincount(of_video, minlength=len(numbers))
    return VideoIndex(list(numbers), order, of_frame[order], np.concatenate([[0], np.cumsum(count)]))


def _of_columns(frames: FrameDicts, name: str, numbers: dict[Video, int]) -> tuple[Ints, Ints]:
    ids, first, place = np.unique(frames.video_id, return_index=True, return_inverse=True)
    number = np.empty(len(ids), np.int64)
    for i in np.argsort(first).tolist():
        number[i] = numbers.setdefault((name, int(ids[i])), len(numbers))
    return number[place], frames.frame_index


def _of_dicts(dicts: Sequence[dict[str, Any]], name: str, offset: int, numbers: dict[Video, int]) -> tuple[Ints, Ints]:
    keys = (
        (name or d.get("dataset", ""), d.get("video_id", f"image {place}")) for place, d in enumerate(dicts, offset)
    )
    video = [numbers.setdefault(key, len(numbers)) for key in keys]
    return np.array(video, np.int64), np.array([d.get("frame_index", 0) for d in dicts], np.int64)


def group_by_video(dicts: Sequence[dict[str, Any]]) -> dict[Video, list[int]]:
    """For each video, known by (data set, video_id), the places of its frames, in order of ``frame_index``.

    Videos are in order of their first frame. A dict without ``video_id`` is a video of its own.
    """
    index = index_videos(dicts)
    place, edges = index.place.tolist(), index.start.tolist()
    return {video: place[a:b] for video, a, b in zip(index.videos, edges, edges[1:], strict=False)}
