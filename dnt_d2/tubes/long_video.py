"""LongVideo: links a video of any length, of which the disk holds all that linking needs later.

Voting looks at one frame, and psi of eq. 6 at two neighbours: both are done as frames come. What is left to do at the
end, the search for the best paths, needs the scores and the links of one class at a time.
"""

from __future__ import annotations

from array import array
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..geometry import FloatArray
from ..spill import GrowingArray, SpillFile
from .box_voting import check_voting, vote_frame
from .checks import as_rows, check_fraction, check_frame, check_unit, finite_rows
from .collector import TubeSettings
from .presence import rescore_where_present
from .rescoring import rescore
from .tube import IntArray

_NO_TRACKLETS = np.zeros((0, 8))


class ClassTubes(NamedTuple):
    """The tubes of one class, all through the same frames, without boxes (:meth:`LongVideo.boxes` has those).

    Attributes:
        frames: (L,) frame numbers.
        first_rows: (L + 1,) where the boxes of each of these frames begin among those of the class, and their number.
        indices: (K, L) int32, which box of the frame each tube has.
        scores: (K, L) own scores, in [0, 1]; :meth:`LongVideo.rescored` has what they gain.
        linked: (K, L - 1) 1 where a tracklet leads from a tube's box to its next one (psi of eq. 6), else 0.
    """

    frames: IntArray
    first_rows: IntArray
    indices: NDArray[np.int32]
    scores: FloatArray
    linked: NDArray[np.uint8]


class _End(NamedTuple):
    """Where the tubes of a class have come to: the last frame with boxes, and the tracklets that start there."""

    place: int
    rows: FloatArray
    tracklets: FloatArray


class LongVideo:
    """The sampled frames of one video; offline tubes, equal to those of :class:`.collector.VideoCollector`.

    A frame leaves at most C ``top_k`` boxes of 40 bytes, 4 for each link and 4 more a box: 33 kB for 30 classes and 25
    boxes of each. They are in a temporary file (:class:`dnt_d2.spill.SpillFile`), but for 16 kB in each of 6 C + 1
    arrays. To link a class takes about 1 kB of memory a frame, for a while.
    """

    def __init__(self, settings: TubeSettings, file: SpillFile) -> None:
        """
        Args:
            settings: thresholds and numbers; ``online`` is not looked at.
            file: where the frames go.
        """
        check_voting(settings.nms_iou, settings.vote_iou, settings.top_k)
        check_unit(settings.link_iou, "link_iou")
        check_fraction(settings.top_fraction)
        self._settings, self._file = settings, file
        self._frames = array("q")
        self._classes: list[_ClassBoxes] = []
        self._ends: dict[int, _End] = {}

    def __len__(self) -> int:
        """The number of frames."""
        return len(self._frames)

    @property
    def num_classes(self) -> int:
        """C; 0 before the first frame."""
        return len(self._classes)

    def add(self, frame_index: int, boxes: ArrayLike, scores: ArrayLike, tracklets: ArrayLike) -> None:
        """Take the next frame, whose scores are final.

        Args:
            frame_index: the frame's number in its video, larger than that of the frame before.
            boxes: (N, 4) candidates of all classes, before NMS.
            scores: (N, C) their scores, in [0, 1], foreground classes only.
            tracklets: (M, 8) the tracklets that end here: a box in the frame before, and where it is in this one.
                The first frame has none.

        Raises:
            ValueError: when frames come in a wrong order, or the shapes don't fit.
        """
        before = self._frames[-1] if self._frames else None
        found = check_frame(frame_index, boxes, scores, tracklets, before=before, num_classes=self.num_classes or None)
        if not self._classes:
            self._classes = [_ClassBoxes(self._file) for _ in range(found.scores.shape[1])]
        tracks = finite_rows(found.tracklets, 8, "tracklets")
        voting = (self._settings.nms_iou, self._settings.vote_iou, self._settings.top_k)
        voted = vote_frame(as_rows(found.boxes, 4, "boxes"), found.scores.astype(np.float64), *voting)
        place = len(self._frames)
        for category, rows in enumerate(voted):
            self._extend(category, place, np.ascontiguousarray(rows), tracks)
        self._frames.append(int(frame_index))

    def _extend(self, category: int, place: int, rows: FloatArray, tracks: FloatArray) -> None:
        """One class in the next frame. Frames without boxes are passed over, by the tracklets of the last with some."""
        from . import kernels  # here, not above: loading the compiler takes longer than the rest of the package

        end = self._ends.get(category)
        if end is not None and end.place == place - 1:
            end = self._ends[category] = end._replace(tracklets=tracks)
        if not len(rows):
            return
        if end is None:
            self._classes[category].begin(place, rows)
        else:
            links, degrees = kernels.pair_links(end.rows, rows, end.tracklets, float(self._settings.link_iou))
            self._classes[category].extend(place, rows, links, degrees)
        self._ends[category] = _End(place, rows, _NO_TRACKLETS)

    def link(self, category: int) -> ClassTubes:
        """Link all frames so far in one class. Nothing is consumed.

        Returns:
            The tubes, in the order in which they were found; with K = 0 where the class has no boxes.
        """
        from . import kernels  # see above

        found = self._classes[category]
        places = found.places.read()
        first_rows = np.concatenate([np.zeros(1, np.int64), np.cumsum(found.counts.read(), dtype=np.int64)])
        frames = np.asarray(self._frames, dtype=np.int64)[places]
        if not len(frames):
            none = np.zeros((0, 0))
            return ClassTubes(frames, first_rows, none.astype(np.int32), none, none.astype(np.uint8))
        link_starts = np.zeros(len(found.scores) + 1, np.int32)
        link_starts[1 : len(found.degrees) + 1] = np.cumsum(found.degrees.read(), dtype=np.int32)
        link_starts[len(found.degrees) + 1 :] = len(found.links)  # nothing follows the last frame
        links = found.links.read()
        indices = kernels.paths_through(found.scores.read(), first_rows, links, link_starts)
        linked = kernels.mark_linked(indices, first_rows, links, link_starts)
        del links, link_starts  # before the next arrays of this length
        every, scores = found.scores.read(), np.empty(indices.shape)
        for row, path in zip(scores, indices, strict=True):
            row[:] = every[first_rows[:-1] + path]
        return ClassTubes(frames, first_rows, indices, scores, linked)

    def rescored(self, found: ClassTubes, k: int) -> FloatArray:
        """The re-scored values (L,) of a tube, in [0, 2]."""
        settings = self._settings
        if settings.absent_score == 0:
            return rescore(found.scores[k], settings.top_fraction)
        presence: dict[str, Any] = {"absent_score": settings.absent_score, "absent_frames": settings.absent_frames}
        return rescore_where_present(found.scores[k], found.frames, top_fraction=settings.top_fraction, **presence)

    def boxes(self, category: int, start: int, stop: int) -> FloatArray:
        """The boxes (R, 4) of a class, from one of its rows to another."""
        return self._classes[category].boxes.read(start, stop)


class _ClassBoxes:
    """The boxes of one class, frame after frame, those frames left out that have none.

    Attributes:
        places: (L,) of these frames among those of the video.
        counts: (L,) how many boxes each has.
        boxes: (R, 4) after voting.
        scores: (R,).
        links: to which rows, counted over all of R, boxes are linked.
        degrees: how many links each row has; those of the last frame are not there yet.
    """

    def __init__(self, file: SpillFile) -> None:
        # One number a frame: an array for each of 4,096 of them would take more memory than all the rest.
        self.places = GrowingArray(file, np.int32, held_bytes=1 << 9)
        self.counts = GrowingArray(file, np.int32, held_bytes=1 << 9)
        self.boxes, self.scores = GrowingArray(file, np.float64, 4), GrowingArray(file, np.float64)
        self.links, self.degrees = GrowingArray(file, np.int32), GrowingArray(file, np.int32)

    def begin(self, place: int, rows: FloatArray) -> None:
        """Take the first frame with boxes."""
        self.places.append(place)
        self.counts.append(len(rows))
        self.boxes.append(rows[:, :4])
        self.scores.append(rows[:, 4])

    def extend(self, place: int, rows: FloatArray, links: ArrayLike, degrees: ArrayLike) -> None:
        """Take another frame; ``links`` and ``degrees`` are of the frame before it, by the rows of this one."""
        self.links.append(np.asarray(links) + len(self.scores))
        self.degrees.append(degrees)
        self.begin(place, rows)
