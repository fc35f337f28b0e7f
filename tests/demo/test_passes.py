"""One pass and two: frames meet their results, in bounded memory."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from detectron2.config import CfgNode

from dnt_d2 import VideoPredictor
from dnt_d2.demo import track_live, track_twice
from dnt_d2.demo.passes import NO_IMAGE, read_again
from dnt_d2.modeling import DetectAndTrack
from dnt_d2.video import TimedFrame, VideoSource

Make = Callable[..., Any]


def timed(count: int, told: list[int] | None = None) -> Iterator[TimedFrame]:
    for t in range(count):
        if told is not None:
            told.append(t)
        yield TimedFrame(np.full((64, 64, 3), t, np.uint8), Fraction(t, 25))


def test_no_frames(predictor: Any) -> None:
    assert list(track_live(predictor, [])) == []
    assert list(track_twice(predictor, [], [])) == []


@pytest.fixture(scope="module")
def model(trained: CfgNode, small_model: Make) -> DetectAndTrack:
    return small_model(trained, lively=True)


@pytest.mark.parametrize("settings", [{"mode": "online"}, {"window": 4}, {}])
def test_frames_meet_their_results_and_few_wait(
    trained: CfgNode, model: DetectAndTrack, settings: dict[str, Any]
) -> None:
    predictor = VideoPredictor(trained, model=model, **settings)
    read: list[weakref.ref[Any]] = []
    most = 0

    def frames() -> Iterator[TimedFrame]:
        for one in timed(20):
            read.append(weakref.ref(one.image))
            yield one

    tracked = track_twice(predictor, frames(), timed(20)) if not settings else track_live(predictor, frames())
    for t, one in enumerate(tracked):
        assert (one.result.frame_index, one.image[0, 0, 0], one.time) == (t, t, Fraction(t, 25))
        most = max(most, sum(image() is not None for image in read))
    assert t == 19
    # Of 20 frames those wait that are read ahead (2), in the network (2), or in the window (4).
    assert most <= 10


def test_the_second_pass_begins_after_the_first(trained: CfgNode, model: DetectAndTrack) -> None:
    first: list[int] = []
    second: list[int] = []
    predictor = VideoPredictor(trained, model=model)
    tracked = track_twice(predictor, timed(6, first), timed(6, second))
    assert (first, second) == ([], [])
    next(tracked)
    assert (first, second) == ([0, 1, 2, 3, 4, 5], [0])
    assert [one.result.frame_index for one in tracked] == [1, 2, 3, 4, 5]


def test_without_pictures_nothing_is_read_twice(predictor: Any) -> None:
    assert all(one.image is NO_IMAGE and one.time is None for one in track_twice(predictor, timed(3), None))


def test_an_input_that_got_shorter_is_an_error_after_its_last_frame(predictor: Any) -> None:
    tracked = track_twice(predictor, timed(4), timed(2))
    assert [next(tracked).result.frame_index for _ in range(2)] == [0, 1]
    with pytest.raises(ValueError, match="ends before frame 2 when it is read again"):
        next(tracked)


def test_reading_again_opens_the_source_when_it_is_asked_to(clip: Path) -> None:
    nothing = read_again(clip / "nothing.mp4")
    with pytest.raises(FileNotFoundError, match=r"nothing\.mp4"):
        next(nothing)
    with VideoSource(clip) as source:
        assert all(np.array_equal(a.image, b.image) for a, b in zip(read_again(clip), source, strict=True))
