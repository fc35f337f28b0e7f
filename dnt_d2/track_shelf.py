"""A shelf on the disk for what is shown of a linked video: by tube in, by frame out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .detection_shelf import DetectionShelf
from .frame_result import FrameResult, Tracked
from .geometry import FloatArray
from .spill import GrowingArray, SpillFile
from .tubes.identities import Identities, jump
from .tubes.long_video import ClassTubes, LongVideo

_FRAMES_AT_A_TIME = 256


@dataclass
class ShownTube:
    """A part of a tube as far as it is shown.

    Attributes:
        category: its class.
        first: the first frame.
        last: the last frame.
        mean: of its scores there.
        row: where its boxes begin on the shelf.
        begin: the place, among the frames of its class, of that box.
        part: its number among all parts of tubes.
    """

    category: int
    first: int
    last: int
    mean: float
    row: int
    begin: int
    part: int


class Trim(NamedTuple):
    """Which part of a tube is shown.

    Attributes:
        score: in [0, 1]: from the first to the last frame whose re-scored value, halved, is at least this.
        min_frames: a part of a tube that is shown in fewer frames is not shown at all.
    """

    score: float
    min_frames: int = 1


class Joints(NamedTuple):
    """How a tube goes on from one window to the next.

    Attributes:
        part: the part of a tube that goes on in the frame that two windows share; None where none does.
        shown: it was shown to the end of the window before: then it is shown from its first frame on, if at all.
        border: the frame that the window shares with the next one; None in the last window.
    """

    part: int | None
    shown: bool
    border: int | None


class _FrameRows(NamedTuple):
    """The shown boxes of a frame: x1, y1, x2, y2, re-scored value, own score; their classes and parts of tubes."""

    values: FloatArray
    categories: NDArray[np.int64]
    parts: NDArray[np.int64]

    def numbered(self, frame: int, identities: Identities) -> Tracked:
        numbers = identities.number(frame, self.values[:, :4], self.categories, self.parts)
        order = np.argsort(numbers)
        values = self.values[order]
        return Tracked(values[:, :4], values[:, 4] / 2, values[:, 5], self.categories[order], numbers[order])


class _Tube(NamedTuple):
    """One of :class:`.tubes.long_video.ClassTubes`, whose attributes these are."""

    category: int
    frames: NDArray[np.int64]
    first_rows: NDArray[np.int64]
    indices: NDArray[np.int32]
    scores: FloatArray
    rescored: FloatArray
    linked: NDArray[np.uint8]


class TrackShelf:
    """The tubes of a linked video. Their boxes stay where the video has them; the rest is 20 bytes a box."""

    def __init__(self, video: LongVideo, file: SpillFile, parts: Iterator[int]) -> None:
        """
        Args:
            video: that is linked.
            file: where the tubes go.
            parts: numbers for the parts of tubes.
        """
        self._video, self._parts = video, parts
        self._paths = GrowingArray(file, np.int32)
        self._values = GrowingArray(file, np.float64, 2)
        self._tubes: list[ShownTube] = []
        self._classes: dict[int, tuple[NDArray[np.int32], NDArray[np.int32]]] = {}

    def add(self, category: int, found: ClassTubes, k: int, trim: Trim, joints: Joints) -> Joints:
        """Take a tube as far as it is shown: cut where it jumps, and of each part from the first to the last frame of
        at least the trim score.

        Between sampled frames scores are interpolated, see :func:`dnt_d2.tubes.interpolate_tube`.

        Args:
            category: its class.
            found: the tubes of the class.
            k: which of them.
            trim: what is shown.
            joints: how it goes on from the window before, and where this window ends.

        Returns:
            How it goes on in the next window.
        """
        values = found.indices[k], found.scores[k], self._video.rescored(found, k), found.linked[k]
        tube = _Tube(category, found.frames, found.first_rows, *values)
        part, shown = joints.part, None
        jumps = self._jumps(tube) if tube.rescored.max() / 2 >= trim.score else []
        for begin, end in pairwise([0, *jumps, len(tube.frames)]):
            goes_on = begin == 0 and joints.shown
            part = part if begin == 0 and part is not None else next(self._parts)
            shown = self._cut(tube, slice(begin, end), trim, goes_on=goes_on, border=joints.border)
            if shown is not None:
                shown.part = part
                self._tubes.append(shown)
        return Joints(part, shown is not None and shown.last == joints.border, None)

    def _jumps(self, tube: _Tube) -> list[int]:
        """The places before which the tube is to be cut."""
        cuts: list[int] = []
        loose = np.flatnonzero(tube.linked == 0)
        for start in range(0, len(tube.frames), _FRAMES_AT_A_TIME):
            places = loose[(loose >= start) & (loose < start + _FRAMES_AT_A_TIME)]
            if len(places):
                first, last = tube.first_rows[places[0]], tube.first_rows[places[-1] + 2]
                boxes = self._video.boxes(tube.category, int(first), int(last))
                here, there = (tube.first_rows[at] + tube.indices[at] - first for at in (places, places + 1))
                cuts += (places[jump(boxes[here], boxes[there])] + 1).tolist()
        return cuts

    def _cut(self, tube: _Tube, places: slice, trim: Trim, *, goes_on: bool, border: int | None) -> ShownTube | None:
        """Put on the shelf what is shown of a part of a tube."""
        frames = tube.frames[places]
        every = np.arange(frames[0], frames[-1] + 1)
        confidence = np.interp(every, frames, tube.rescored[places]) / 2
        strong = np.flatnonzero(confidence >= trim.score)
        if not len(strong):
            return None
        start, stop = 0 if goes_on else int(strong[0]), int(strong[-1]) + 1
        first, last = int(every[start]), int(every[stop - 1])
        if stop - start < trim.min_frames and not goes_on and last != border:
            return None
        low, high = (places.start + place for place in _around(frames, first, last))
        mean = float(confidence[start:stop].mean())
        shown = ShownTube(tube.category, first, last, mean, row=len(self._paths), begin=low, part=-1)
        self._paths.append(tube.indices[low:high].copy())  # a view would keep the tubes of the whole class
        self._values.append(np.stack([tube.rescored[low:high], tube.scores[low:high]], axis=1))
        if tube.category not in self._classes:
            self._classes[tube.category] = tube.frames.astype(np.int32), tube.first_rows.astype(np.int32)
        return shown

    def results(
        self, start: int, stop: int, size: tuple[int, int], detections: DetectionShelf, identities: Identities
    ) -> Iterator[FrameResult]:
        """The frames from ``start`` to ``stop - 1`` in order; inside a frame tracks go by their numbers."""
        self._tubes.sort(key=lambda tube: (tube.first, -tube.mean))
        for begin in range(start, stop, _FRAMES_AT_A_TIME):
            end = min(begin + _FRAMES_AT_A_TIME, stop)
            alone = detections.read(begin, end, size)
            for frame, rows in zip(range(begin, end), self._by_frame(begin, end), strict=True):
                tracked = rows.numbered(frame, identities)
                yield FrameResult(frame, tracked.to_instances(size), alone.get(frame))

    def _by_frame(self, begin: int, end: int) -> Iterator[_FrameRows]:
        tubes = [tube for tube in self._tubes if tube.first < end and tube.last >= begin]
        blocks: dict[int, FloatArray] = {}
        found = [self._part(tube, begin, end, blocks) for tube in tubes]
        frames = np.concatenate([np.zeros(0, np.int64), *(frames for frames, _ in found)])
        values = np.concatenate([np.zeros((0, 6)), *(values for _, values in found)])
        lengths = [len(frames) for frames, _ in found]
        categories = np.repeat(np.array([tube.category for tube in tubes], np.int64), lengths)
        parts = np.repeat(np.array([tube.part for tube in tubes], np.int64), lengths)
        order = np.argsort(frames, kind="stable")
        edges = np.searchsorted(frames[order], np.arange(begin, end + 1))
        for low, high in pairwise(edges.tolist()):
            here = order[low:high]
            yield _FrameRows(values[here], categories[here], parts[here])

    def _part(
        self, tube: ShownTube, begin: int, end: int, blocks: dict[int, FloatArray]
    ) -> tuple[NDArray[np.int64], FloatArray]:
        """Frame numbers, and x1, y1, x2, y2, re-scored value and own score, of a tube in the frames of a block."""
        first, last = max(tube.first, begin), min(tube.last, end - 1)
        frames, first_rows = self._classes[tube.category]
        low, high = _around(frames, first, last)
        # One read serves all tubes of a class: its boxes in all frames from which these are interpolated.
        wide_low, wide_high = _around(frames, max(begin, int(frames[0])), min(end - 1, int(frames[-1])))
        if tube.category not in blocks:
            rows = int(first_rows[wide_low]), int(first_rows[wide_high])
            blocks[tube.category] = self._video.boxes(tube.category, *rows)
        places = slice(tube.row + low - tube.begin, tube.row + high - tube.begin)
        paths, values = self._paths.read(places.start, places.stop), self._values.read(places.start, places.stop)
        boxes = blocks[tube.category][first_rows[low:high] + paths - first_rows[wide_low]]
        every = np.arange(first, last + 1)
        known = np.concatenate([boxes, values], axis=1)
        return every, np.stack([np.interp(every, frames[low:high], column) for column in known.T], axis=1)


def _around(frames: NDArray[np.int64] | NDArray[np.int32], first: int, last: int) -> tuple[int, int]:
    """The places, from the one to before the other, of the sampled frames between which ``first`` to ``last`` lie."""
    begin = int(np.searchsorted(frames, first, side="right")) - 1
    return begin, int(np.searchsorted(frames, last, side="left")) + 1
