"""Frames with their results: in one pass as they come, or in two, where the tubes need the whole video first.

Both hold a few frames at a time, however long the video is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..frame_result import FrameResult
from ..predictor import VideoPredictor
from ..video import Frame, TimedFrame, VideoSource

NO_IMAGE: Frame = np.empty((0, 0, 3), np.uint8)


class Shown(NamedTuple):
    """A frame and what was found in it.

    Attributes:
        image: BGR uint8 (H, W, 3), as it was read or as it was drawn; ``NO_IMAGE`` where nobody wants to see it.
        time: seconds after the first frame, where the source has times.
        result: what the predictor said of it.
    """

    image: Frame
    time: Fraction | None
    result: FrameResult


def track_live(predictor: VideoPredictor, frames: Iterable[TimedFrame]) -> Iterator[Shown]:
    """One pass: frames wait with their images until their results are known.

    Args:
        predictor: in mode "online", or offline with a window. Offline without one, all frames would wait for the
            last: that is for :func:`track_twice`.
        frames: as :class:`dnt_d2.video.VideoSource` gives them; read in a background thread.
    """
    waiting: deque[TimedFrame] = deque()

    def kept() -> Iterator[Frame]:
        for timed in frames:
            waiting.append(timed)
            yield timed.image

    for result in predictor.stream(kept()):
        image, time = waiting.popleft()
        yield Shown(image, time, result)


def track_twice(
    predictor: VideoPredictor, frames: Iterable[TimedFrame], again: Iterable[TimedFrame] | None
) -> Iterator[Shown]:
    """Two passes: the first tracks, and keeps no image; the second meets the results with their frames.

    Args:
        predictor: in mode "offline".
        frames: of the first pass, which may end early.
        again: the same frames from the start, not touched before the first pass is over, see :func:`read_again`.
            None if nobody wants pictures; then nothing is read a second time.

    Raises:
        ValueError: where the second pass has fewer frames.
    """
    results = predictor.stream(timed.image for timed in frames)
    if again is None:
        yield from (Shown(NO_IMAGE, None, result) for result in results)
        return
    second: Iterator[TimedFrame] | None = None
    for result in results:
        second = iter(again) if second is None else second
        timed = next(second, None)
        if timed is None:
            raise ValueError(f"the input ends before frame {result.frame_index} when it is read again: did it change?")
        yield Shown(*timed, result)


def read_again(source: str | Path) -> Iterator[TimedFrame]:
    """The frames of a source that is opened when the first of them is asked for."""
    with VideoSource(source) as opened:
        yield from opened
