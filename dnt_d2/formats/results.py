"""What a detector or tracker says about videos, as all result files hold it: boxes with class, score and track."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..geometry import FloatArray

IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class FrameList:
    """The frames that results speak of, in the order of (video, frame index). A frame's number is its place here.

    Attributes:
        video_names: V names.
        class_names: C names, in the order of their ids.
        videos: (F,) the place of each frame's video in ``video_names``, ascending.
        indices: (F,) its 0-based index in the video, ascending inside a video.
        image_ids: (F,) unique.
        sizes: (F, 2) width and height, px.
        file_names: F paths of images.
    """

    video_names: list[str]
    class_names: list[str]
    videos: IntArray
    indices: IntArray
    image_ids: IntArray
    sizes: IntArray
    file_names: list[str]

    def __len__(self) -> int:
        """The number of frames."""
        return len(self.videos)

    @classmethod
    def of(
        cls, frames: Sequence[Mapping[str, Any]], video_names: Sequence[str], class_names: Sequence[str]
    ) -> FrameList:
        """From frames as :class:`dnt_d2.formats.VideoSet` and ``DatasetCatalog`` have them, in any order.

        Args:
            frames: dicts with ``video_id, frame_index, image_id, width, height, file_name``.
            video_names: by ``video_id``.
            class_names: by class id.

        Raises:
            ValueError: a frame, or an image id, is there twice.
        """
        ordered = sorted(frames, key=lambda frame: (frame["video_id"], frame["frame_index"]))
        keys = ("video_id", "frame_index", "image_id", "width", "height")
        table = np.array([[int(frame[key]) for key in keys] for frame in ordered], dtype=np.int64).reshape(-1, 5)
        videos, indices, image_ids = (np.ascontiguousarray(table[:, column]) for column in range(3))
        twice = np.flatnonzero((np.diff(videos) == 0) & (np.diff(indices) == 0))
        if len(twice):
            i = int(twice[0])
            raise ValueError(f"frame {indices[i]} of video {video_names[videos[i]]} is listed twice; list it once")
        ids, counts = np.unique(image_ids, return_counts=True)
        if (counts > 1).any():
            raise ValueError(f"image id {ids[counts > 1][0]} stands for {counts.max()} frames; give each its own")
        names = [str(frame["file_name"]) for frame in ordered]
        return cls(list(video_names), list(class_names), videos, indices, image_ids, table[:, 3:], names)

    def numbers(self, videos: IntArray, indices: IntArray) -> IntArray:
        """The numbers of frames (N,) that are given by video and 0-based index; -1 for those that are not here."""
        # One column: an index beyond the last one, or below 0, must not pass for one of the next video.
        step = int(self.indices.max(initial=0)) + 1
        inside = (indices >= 0) & (indices < step) & (videos >= 0) & (videos < len(self.video_names))
        wanted = np.where(inside, videos, 0) * step + np.where(inside, indices, 0)
        known = self.videos * step + self.indices
        places = np.searchsorted(known, wanted)
        found = inside & (np.append(known, -1)[places] == wanted)
        return np.where(found, places, -1)

    def describe(self, number: int) -> str:
        """A frame in words, for messages."""
        return f"frame {self.indices[number]} of video {self.video_names[self.videos[number]]}"

    def spans(self) -> list[tuple[int, int]]:
        """For each of V videos the number of its first frame, and one more than that of its last."""
        edges = np.searchsorted(self.videos, np.arange(len(self.video_names) + 1)).tolist()
        return list(pairwise(edges))


@dataclass(frozen=True, eq=False)
class Detections:
    """Boxes in the frames of a :class:`FrameList`.

    Attributes:
        frames: (N,) frame numbers, ascending.
        classes: (N,) class ids in [0, C).
        boxes: (N, 4) inclusive 0-based corners x1, y1, x2, y2, px.
        scores: (N,) finite.
        tracks: (N,) track ids, unique in a video over all classes; -1 for a box without a track.

    Raises:
        ValueError: the arrays are not of one length, or the frames do not ascend.
    """

    frames: IntArray
    classes: IntArray
    boxes: FloatArray
    scores: FloatArray
    tracks: IntArray

    def __post_init__(self) -> None:
        n = len(self.frames)
        shapes = [values.shape for values in (self.frames, self.classes, self.boxes, self.scores, self.tracks)]
        if shapes != [(n,), (n,), (n, 4), (n,), (n,)]:
            raise ValueError(f"frames, classes, boxes, scores, tracks must have N, N, N x 4, N, N values, got {shapes}")
        if (np.diff(self.frames) < 0).any():
            raise ValueError("detections must be sorted by frame")

    def __len__(self) -> int:
        """The number of boxes."""
        return len(self.frames)

    @classmethod
    def of(cls, frames: Any, classes: Any, boxes: Any, scores: Any, tracks: Any | None = None) -> Detections:
        """From arrays or lists in any order of frames, which inside a frame stays. Without ``tracks`` they are -1."""
        numbers = np.asarray(frames, dtype=np.int64).reshape(-1)
        order = np.argsort(numbers, kind="stable")
        ids = np.full(len(numbers), -1) if tracks is None else np.asarray(tracks)
        return cls(
            numbers[order],
            np.asarray(classes, dtype=np.int64).reshape(-1)[order],
            np.asarray(boxes, dtype=np.float64).reshape(-1, 4)[order],
            np.asarray(scores, dtype=np.float64).reshape(-1)[order],
            ids.astype(np.int64).reshape(-1)[order],
        )

    def where(self, rows: slice | NDArray[np.bool_] | IntArray) -> Detections:
        """Some of the boxes, in rising order of their places."""
        return Detections(self.frames[rows], self.classes[rows], self.boxes[rows], self.scores[rows], self.tracks[rows])

    def of_frames(self, start: int, stop: int) -> Detections:
        """Those in the frames ``start`` to ``stop - 1``; numbers stay."""
        return self.where(slice(*np.searchsorted(self.frames, [start, stop])))
