"""Offline tracks: tubes through a whole video, or through one window of it after the other, as users get them.

The windows share a frame: the last of one is the first of the next. It has the same boxes in both, so that a tube that
ends in one of them goes on as the tube that begins there, and keeps its number.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any, NamedTuple

from detectron2.structures import Instances
from numpy.typing import NDArray

from .detection_shelf import DetectionShelf
from .frame_result import FrameResult
from .spill import SpillFile
from .track_shelf import Joints, TrackShelf, Trim
from .tubes.collector import TubeSettings
from .tubes.identities import Identities
from .tubes.long_video import LongVideo

Results = Iterator[FrameResult]


class Linked(NamedTuple):
    """A frame that the network has seen.

    Attributes:
        frame_index: in the video.
        boxes, scores, tracklets: see :meth:`dnt_d2.tubes.long_video.LongVideo.add`.
        detections: of the frame alone, on the CPU.
    """

    frame_index: int
    boxes: NDArray[Any]
    scores: NDArray[Any]
    tracklets: NDArray[Any]
    detections: Instances


class OfflineTracks:
    """Links a video, or a window of it after the other. All but a bounded part is in temporary files.

    A tube is cut where it jumps (:mod:`dnt_d2.tubes.identities`), and each part is shown from its first to its last box
    with a score of at least the trim score, if that is long enough; in a window, one that was shown to the end of the
    window before is shown from the beginning.
    """

    def __init__(self, settings: TubeSettings, trim: Trim, *, window: int | None = None, patience: int = 8) -> None:
        """
        Args:
            settings: of linking.
            trim: which part of a tube is shown.
            window: how many frames are linked at a time, at least 1; None for the whole video.
            patience: see :class:`dnt_d2.tubes.identities.Identities`.
        """
        self._settings, self._trim, self._window = settings, trim, window
        self._identities, self._parts = Identities(patience), count()
        self._open: dict[tuple[int, int], Joints] = {}
        self._last: Linked | None = None
        self._begin(0)

    @property
    def spilled_bytes(self) -> int:
        """Of the window under way, on the disk."""
        return self._file.size

    def _begin(self, frame_index: int) -> None:
        self._start, self._file = frame_index, SpillFile()
        self._video, self._detections = LongVideo(self._settings, self._file), DetectionShelf(self._file)

    def add(self, frame: Linked, size: tuple[int, int], revised: NDArray[Any] | None = None) -> Results:
        """Take the next sampled frame.

        Args:
            frame: what the network said of it.
            size: height and width of the video's frames.
            revised: (N', C) new scores of the frame before, from score averaging.

        Returns:
            The results of a window that is complete now, which read from its file; otherwise none.

        Raises:
            ValueError: see :meth:`dnt_d2.tubes.long_video.LongVideo.add`; or revised scores of another shape.
        """
        done: Results = iter(())
        if self._last is None and revised is not None:
            raise ValueError(f"frame {frame.frame_index}: revised scores {revised.shape} for no frame before")
        if self._last is not None:
            last = self._last if revised is None else _revise(self._last, revised)
            self._take(last)
            if self._window is not None and last.frame_index - self._start >= self._window:
                done = self._results(last.frame_index, size, border=last.frame_index)
                self._begin(last.frame_index)
                self._take(last._replace(tracklets=last.tracklets[:0]))
        self._last = frame
        return done

    def finish(self, num_frames: int, size: tuple[int, int]) -> Results:
        """The results of all frames whose results are not out yet; nothing can be added then.

        Args:
            num_frames: of the video; those after the last sampled one have no tracks.
            size: height and width.
        """
        if self._last is not None:
            self._take(self._last)
        return self._results(num_frames, size, border=None)

    def _take(self, frame: Linked) -> None:
        self._video.add(frame.frame_index, frame.boxes, frame.scores, frame.tracklets)
        self._detections.add(frame.frame_index, frame.detections)

    def _results(self, stop: int, size: tuple[int, int], border: int | None) -> Results:
        """Those of the frames from the start of the window to ``stop - 1``; linked now, read when asked for."""
        shelf = TrackShelf(self._video, self._file, self._parts)
        trim = self._trim._replace(min_frames=min(self._trim.min_frames, stop - self._start))
        going_on: dict[tuple[int, int], Joints] = {}
        for category in range(self._video.num_classes):
            found = self._video.link(category)
            for k in range(len(found.indices)):
                joints = Joints(None, False, border)
                if found.frames[0] == self._start:
                    before = self._open.get((category, int(found.indices[k, 0])), joints)
                    joints = before._replace(border=border)
                after = shelf.add(category, found, k, trim, joints)
                if found.frames[-1] == border:
                    going_on[category, int(found.indices[k, -1])] = after
            del found  # of a long video, before the next class needs as much
        self._open = going_on
        return shelf.results(self._start, stop, size, self._detections, self._identities)


def _revise(frame: Linked, scores: NDArray[Any]) -> Linked:
    if scores.shape != frame.scores.shape:
        raise ValueError(f"frame {frame.frame_index}: revised scores {scores.shape} for {frame.scores.shape}")
    return frame._replace(scores=scores)
