"""Results on their frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dnt_d2.demo import ResultDrawer
from dnt_d2.visualize import TrackDrawer, compare_frames, draw_tracks

Make = Callable[..., Any]
NAMES = ["dog", "car", "bird"]
FRAME = np.full((48, 64, 3), 90, np.uint8)


def test_a_frame_without_anything_stays_as_it_is(result: Make) -> None:
    assert np.array_equal(ResultDrawer(NAMES)(FRAME, result(0, [])), FRAME)
    assert np.array_equal(ResultDrawer(NAMES, scale=2)(FRAME, result(0, [])), FRAME.repeat(2, 0).repeat(2, 1))
    assert np.array_equal(ResultDrawer(NAMES, compare=True)(FRAME, result(0, [])), compare_frames(FRAME, FRAME))


def test_the_score_hides_weak_boxes_in_both_halves(result: Make) -> None:
    found = result(0, [(1, 0, 0.4)], detections=1)  # whose score is 0.8
    assert np.array_equal(ResultDrawer(NAMES, score=0.5)(FRAME, found), FRAME)
    assert not np.array_equal(ResultDrawer(NAMES, score=0.3)(FRAME, found), FRAME)
    empty = compare_frames(FRAME, FRAME)
    assert np.array_equal(ResultDrawer(NAMES, score=0.9, compare=True)(FRAME, found), empty)
    half = ResultDrawer(NAMES, score=0.5, compare=True)(FRAME, found)
    middle = len(empty) // 2
    assert not np.array_equal(half[:middle], empty[:middle])
    assert np.array_equal(half[middle:], empty[middle:])


def test_boxes_are_scaled_with_the_picture_and_tell_both_scores(result: Make) -> None:
    drawn = ResultDrawer(NAMES, scale=3)(FRAME, result(0, [(7, 1, 0.9)]))
    box = [[15.0, 18.0, 75.0, 90.0]]
    expected = TrackDrawer().draw(FRAME.repeat(3, 0).repeat(3, 1), box, ["car"], [7], [0.9], raw_scores=[0.45])
    assert np.array_equal(drawn, expected)


def test_above_are_the_boxes_of_the_frame_in_the_colours_of_their_tubes(result: Make) -> None:
    """Track 1 is where the frame's detection is; for track 2 the frame alone has no box, so that it stands out."""
    found = result(0, [(1, 0, 0.9), (2, 1, 0.7)], detections=1)
    drawn = ResultDrawer(NAMES, compare=True)(FRAME, found)
    boxes = found.instances.pred_boxes.tensor.numpy()
    single = draw_tracks(FRAME, boxes[:1], ["dog"], [-1], [0.8], color_ids=[1])
    tubes = TrackDrawer().draw(FRAME, boxes, ["dog", "car"], [1, 2], [0.9, 0.7], [0.45, 0.35], tinted=[False, True])
    assert np.array_equal(drawn, compare_frames(single, tubes))


def test_a_frame_that_the_network_did_not_see_has_no_single_boxes(result: Make) -> None:
    found = result(0, [(1, 0, 0.9)], detections=None)
    alone = ResultDrawer(NAMES)(FRAME, found)
    assert np.array_equal(ResultDrawer(NAMES, compare=True)(FRAME, found), compare_frames(FRAME, alone))
