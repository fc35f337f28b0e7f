"""The frames of a data set and what is in them, as flat arrays for evaluation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..geometry import FloatArray

IntArray = NDArray[np.int64]
_XYXY_ABS = 0  # the value of Detectron2's BoxMode.XYXY_ABS


class VideoTruth:
    """Frames and ground truth of a data set. A frame's number is its place in the order of (video, frame index).

    Attributes:
        num_frames: how many frames there are.
        num_classes: how many classes.
        video_ids: (F,) the video of each frame.
        frame_indices: (F,) its place in the video.
        frames: (G,) the frame number of each ground-truth box, ascending.
        boxes: (G, 4) inclusive corners.
        classes: (G,) in [0, num_classes).
        tracks: (G,) track ids, unique in a video; -1 where the data set has none.
    """

    def __init__(
        self,
        *,
        num_classes: int,
        video_ids: IntArray,
        frame_indices: IntArray,
        frames: IntArray,
        boxes: FloatArray,
        classes: IntArray,
        tracks: IntArray,
    ) -> None:
        """As the attributes, of any integer type; see :meth:`of` for a data set.

        Raises:
            ValueError: when a frame occurs twice, or frames don't ascend.
        """
        self.num_frames, self.num_classes = len(video_ids), num_classes
        self.video_ids: IntArray = np.asarray(video_ids, dtype=np.int64)
        self.frame_indices: IntArray = np.asarray(frame_indices, dtype=np.int64)
        self.frames: IntArray = np.asarray(frames, dtype=np.int64)
        self.boxes: FloatArray = np.ascontiguousarray(boxes, dtype=np.float64).reshape(-1, 4)
        self.classes: IntArray = np.asarray(classes, dtype=np.int64)
        self.tracks: IntArray = np.asarray(tracks, dtype=np.int64)
        same = np.diff(self.video_ids) == 0
        twice = np.flatnonzero(same & (np.diff(self.frame_indices) == 0))
        if len(twice):
            raise ValueError(f"the data set lists {self.describe(int(twice[0]))} twice")
        if (np.diff(self.video_ids) < 0).any() or (same & (np.diff(self.frame_indices) < 0)).any():
            raise ValueError("frames must be in the order of (video, frame index)")
        # Where the boxes of each frame, and the frames of each video, begin; and the ends.
        self._offsets = np.searchsorted(self.frames, np.arange(self.num_frames + 1))
        videos, starts = np.unique(self.video_ids, return_index=True)
        ends = [*starts[1:], self.num_frames][: len(starts)]
        self._spans = {int(v): (int(a), int(b)) for v, a, b in zip(videos, starts, ends, strict=True)}

    @classmethod
    def of(cls, dicts: Iterable[Mapping[str, Any]], num_classes: int) -> VideoTruth:
        """Read the dicts of ``DatasetCatalog``, one per frame, in any order.

        Args:
            dicts: each with video_id, frame_index, file_name and annotations (bbox in XYXY_ABS, category_id,
                instance_id). Objects with ``iscrowd`` are not judged: they are left out.
            num_classes: the number of classes.

        Raises:
            ValueError: when a frame occurs twice, or an annotation is not of the form above.
        """
        ordered = sorted(dicts, key=lambda frame: (frame["video_id"], frame["frame_index"]))
        rows = [
            (number, note.get("instance_id", -1), note["category_id"], *note["bbox"])
            for number, frame in enumerate(ordered)
            for note in _checked(frame, num_classes)
            if not note.get("iscrowd", 0)
        ]
        table = np.array(rows, dtype=np.float64).reshape(-1, 7)
        return cls(
            num_classes=num_classes,
            video_ids=np.array([frame["video_id"] for frame in ordered], dtype=np.int64),
            frame_indices=np.array([frame["frame_index"] for frame in ordered], dtype=np.int64),
            frames=table[:, 0].astype(np.int64),
            boxes=table[:, 3:],
            classes=table[:, 2].astype(np.int64),
            tracks=table[:, 1].astype(np.int64),
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arguments of the constructor, without the number of classes."""
        names = ("video_ids", "frame_indices", "frames", "boxes", "classes", "tracks")
        return {name: getattr(self, name) for name in names}

    @property
    def videos(self) -> list[int]:
        """The ids of all videos, ascending."""
        return list(self._spans)

    def describe(self, number: int) -> str:
        """A frame in words, for messages."""
        return f"frame {self.frame_indices[number]} of video {self.video_ids[number]}"

    def last_index(self, video_id: int) -> int:
        """The index of the last frame of a video."""
        return int(self.frame_indices[self._span(video_id)[1] - 1])

    def numbers(self, video_id: int, frame_indices: IntArray) -> IntArray:
        """The numbers of frames (N,) of a video.

        Raises:
            ValueError: when the data set has no such video, or the video no such frame.
        """
        start, end = self._span(video_id)
        wrong = ~self.has(video_id, frame_indices)
        if wrong.any():
            raise ValueError(f"the data set has no frame {np.asarray(frame_indices)[wrong][0]} of video {video_id}")
        return start + np.searchsorted(self.frame_indices[start:end], frame_indices)

    def has(self, video_id: int, frame_indices: IntArray) -> NDArray[np.bool_]:
        """Which of some frame indices (N,) the data set has of a video.

        Raises:
            ValueError: when it has no such video.
        """
        start, end = self._span(video_id)
        known = self.frame_indices[start:end]
        places = np.searchsorted(known, frame_indices).clip(max=len(known) - 1)
        return known[places] == frame_indices

    def sampled(self, stride: int) -> NDArray[np.bool_]:
        """(F,) the frames that are seen at a temporal stride: every ``stride``-th of a video, and its last one.

        As the sampler counts: by place among the video's frames in the data set, which may lack some.
        """
        return self.marked(self.sampled_of(video_id, stride) for video_id in self._spans)

    def sampled_of(self, video_id: int, stride: int) -> IntArray:
        """The numbers of the frames of one video that are seen at a temporal stride."""
        start, end = self._span(video_id)
        return np.unique(np.append(np.arange(start, end, stride), end - 1))

    def marked(self, numbers: Iterable[IntArray]) -> NDArray[np.bool_]:
        """(F,) the frames that occur in some lists of numbers."""
        marks = np.zeros(self.num_frames, dtype=bool)
        for some in numbers:
            marks[some] = True
        return marks

    def rows(self, numbers: IntArray) -> IntArray:
        """Which ground-truth boxes are in some frames (n,), given by ascending numbers."""
        if not len(numbers):
            return np.zeros(0, dtype=np.int64)
        rows = np.arange(self._offsets[numbers[0]], self._offsets[numbers[-1] + 1])
        places = np.searchsorted(numbers, self.frames[rows]).clip(max=len(numbers) - 1)
        return rows[numbers[places] == self.frames[rows]]

    def count(self, frames: NDArray[np.bool_]) -> IntArray:
        """(C,) how many boxes each class has in the frames that are marked in (F,)."""
        return np.bincount(self.classes[frames[self.frames]], minlength=self.num_classes)

    def _span(self, video_id: int) -> tuple[int, int]:
        if video_id not in self._spans:
            raise ValueError(f"the data set has no video {video_id}")
        return self._spans[video_id]


def _checked(frame: Mapping[str, Any], num_classes: int) -> Sequence[Mapping[str, Any]]:
    """The annotations of a frame, when they are what the arrays above need."""
    notes = frame.get("annotations")
    if notes is None:
        raise ValueError(f"{frame['file_name']} has no annotations: a data set without ground truth can't be evaluated")
    for note in notes:
        if note.get("bbox_mode", _XYXY_ABS) != _XYXY_ABS:
            raise ValueError(f"{frame['file_name']}: boxes must be x1, y1, x2, y2 in pixels (BoxMode.XYXY_ABS)")
        if not 0 <= note["category_id"] < num_classes:
            raise ValueError(f"{frame['file_name']}: class {note['category_id']} is not one of {num_classes}")
        x1, y1, x2, y2 = note["bbox"]
        if not (x1 <= x2 and y1 <= y2):
            raise ValueError(f"{frame['file_name']}: {list(note['bbox'])} is not a box x1, y1, x2, y2")
    return notes
