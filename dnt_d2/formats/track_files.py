"""The boxes and tracks of one video, written frame by frame: a video of any length in constant memory.

    with TrackWriter("clip.txt", video="clip", class_names=["dog", "cat"]) as writer:
        for result in predictor.stream(frames):
            x = result.instances
            writer.write(result.frame_index, (w, h), x.pred_boxes.tensor, x.scores, x.pred_classes, x.track_ids)

The text is the same as that of ``write_mot_results`` and its like, which take all videos of a data set at once.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .growing_file import GrowingFile
from .result_rows import check_boxes, check_ids
from .results import Detections
from .track_forms import FORMS, VideoHead
from .video_set import plain_number

TRACK_FORMATS = tuple(FORMS)
_SUFFIXES = {".txt": "mot", ".json": "coco_vid", ".csv": "csv"}
# Not one letter alone: that is a drive of Windows.
_NAMED = re.compile(r"([A-Za-z_]{2,}):(.*)", re.DOTALL)


def parse_target(text: str) -> tuple[str, Path]:
    """What people write to say where tracks go: a path, or a format, a colon, and a path.

    Args:
        text: "out.txt" is MOT, "out.json" COCO-VID, "out.csv" CSV; "ilsvrc:out.txt" and "coco:results.json" name one
            of ``TRACK_FORMATS``.

    Returns:
        the format and the path.

    Raises:
        ValueError: there is no such format, or a path without one has another suffix.
    """
    match = _NAMED.fullmatch(text)
    if match is None:
        return _form_of(Path(text)), Path(text)
    form, path = match[1].lower(), match[2]
    if form not in FORMS:
        known = ", ".join(TRACK_FORMATS)
        raise ValueError(f"{text}: there is no format {match[1]!r} of tracks, there are {known}; a file: ./{text}")
    if not path:
        raise ValueError(f"{text}: there is no path after the format; write {form}:FILE")
    return form, Path(path)


def _form_of(path: Path) -> str:
    form = _SUFFIXES.get(path.suffix.lower())
    if form is None:
        raise ValueError(
            f"{path}: tracks go to a .txt (MOT), a .json (COCO-VID) or a .csv; for another name or format write "
            f"FORMAT:PATH, with one of {', '.join(TRACK_FORMATS)}"
        )
    return form


class TrackWriter:
    """Writes the boxes of one video to a file, frame after frame.

    The file takes its name, and an older file's place, when it is closed. A ``with`` block that is left by an error
    closes it, too: what was done is kept, unless that is not one frame.

    Attributes:
        path: of the file.
        form: one of ``TRACK_FORMATS``.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        form: str | None = None,
        video: str,
        class_names: Sequence[str],
        fps: float | None = None,
    ) -> None:
        """Nothing is written yet, but what would stop it later is said.

        Args:
            path: of the file; its folder is made where it is missing.
            form: one of ``TRACK_FORMATS``; None: by the suffix, see :func:`parse_target`.
            video: its name, in formats that have one.
            class_names: of the C classes, in the order of their ids.
            fps: frames per second, for COCO-VID.

        Raises:
            OSError: there can be no such file.
            ValueError: no such format or suffix; no name; two classes of one name; an ``fps`` that is no rate.
        """
        self.form = _form_of(Path(path)) if form is None else form
        if self.form not in FORMS:
            raise ValueError(f"there is no format {form!r} of tracks; there are {', '.join(TRACK_FORMATS)}")
        if fps is not None and not 0 < fps < math.inf:
            raise ValueError(f"fps is {fps}, but must be positive; leave it out where nobody knows")
        if not video or video != video.encode(errors="ignore").decode():
            raise ValueError(f"the name of the video is {video!r}; rename it to one that is text")
        rate = None if fps is None else plain_number(fps)
        self._form = FORMS[self.form](VideoHead(video, list(class_names), rate))
        self._num_classes = len(class_names)
        self._file = GrowingFile(path)
        self.path = self._file.path
        self._last_index = -1
        self._closed = False

    @property
    def num_frames(self) -> int:
        """The frames that are written."""
        return self._file.num_parts

    def write(
        self,
        frame_index: int,
        size: tuple[int, int],
        boxes: ArrayLike,
        scores: ArrayLike,
        classes: ArrayLike,
        track_ids: ArrayLike,
    ) -> None:
        """Write a frame, also one without boxes; each once, in order. Arrays may be tensors on the CPU.

        Args:
            frame_index: its place in the video, from 0; larger than that of the frame before.
            size: width and height, px.
            boxes: (N, 4) inclusive 0-based corners x1, y1, x2, y2, px.
            scores: (N,) in [0, 1].
            classes: (N,) class ids in [0, C).
            track_ids: (N,) from 0, each once in a frame; -1 for a box without a track, which MOT can't hold.

        Raises:
            OSError: it can't be written, the disk may be full. The file is closed then, with the frames before.
            ValueError: something in it is wrong. Nothing of the frame is written, and the next one may come.
        """
        if self._closed:
            raise ValueError(f"{self.path}: it is closed already; make a new writer, which replaces the file")
        index, (width, height) = int(frame_index), map(int, size)
        if index <= self._last_index:
            order = "write each frame once, in order, from 0"
            raise ValueError(f"{self.path}: frame {index} can't follow frame {self._last_index}; {order}")
        if min(width, height) < 1:
            raise ValueError(f"{self.path}: frame {index} is {width} x {height}; give its true size")
        try:
            found = _detections(index, boxes, scores, classes, track_ids)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{self.path}: frame {index}: {error}") from error
        self._check(found, index)
        text, later = self._form.frame((width, height), index, found)
        if not self.num_frames:
            text, later = self._form.start + text, later + self._form.end_size
        try:
            self._file.append(text.encode(), later)
        except OSError as error:
            self.close(keep_empty=False)
            kept = f"is kept with the {self.num_frames} frames before" if self.num_frames else "is not written"
            reason = f"{error.strerror} at frame {index}; the file {kept}"
            raise OSError(f"{self.path}: {reason}; make room, or write elsewhere") from error
        self._last_index = index

    def close(self, *, keep_empty: bool = True) -> None:
        """Finish the file and give it its name; a second call does nothing.

        Args:
            keep_empty: write the file also when it has no frames.

        Raises:
            OSError: it can't be; the message says where what was written is.
        """
        if self._closed:
            return
        self._closed = True
        if self.num_frames or keep_empty:
            start = [] if self.num_frames else [self._form.start]
            self._file.finish(text.encode() for text in chain(start, self._form.end(self.num_frames)))
        else:
            self._file.discard()

    def __enter__(self) -> TrackWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close(keep_empty=kind is None)

    def _check(self, found: Detections, index: int) -> None:
        def place(row: int) -> str:
            return f"{self.path}: box {row} of frame {index}"

        check_ids(found.classes, self._num_classes, "class", "classes", place)
        check_boxes(found.frames, found.boxes, found.scores, found.tracks, place)
        self._form.check(found, place)


def _detections(index: int, boxes: Any, scores: Any, classes: Any, tracks: Any) -> Detections:
    """The boxes of a frame. Those of float32 stay so: their texts are shorter, and the same."""
    single = np.asarray(boxes).dtype == np.asarray(scores).dtype == np.float32
    precision: Any = np.float32 if single else np.float64
    corners = np.asarray(boxes, dtype=precision).reshape(-1, 4)
    return Detections(
        np.full(len(corners), index),
        np.asarray(classes, dtype=np.int64).reshape(-1),
        corners,
        np.asarray(scores, dtype=precision).reshape(-1),
        np.asarray(tracks, dtype=np.int64).reshape(-1),
    )
