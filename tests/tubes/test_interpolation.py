"""Tubes of sampled frames become tubes of all frames."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from dnt_d2.tubes import Tube, interpolate_tube
from dnt_d2.tubes.interpolation import hold_tube


def make_tube(frames: list[int], seed: int = 0) -> Tube:
    rng = np.random.default_rng(seed)
    n = len(frames)
    return Tube(np.array(frames, np.int64), np.arange(n) + 3, rng.random((n, 4)) * 100, rng.random(n), rng.random(n))


def test_empty_and_one_frame() -> None:
    assert len(interpolate_tube(make_tube([]))) == 0
    assert len(interpolate_tube(make_tube([]), [0, 10])) == 0
    one = make_tube([7])
    filled = interpolate_tube(one)
    assert filled.frames.tolist() == [7]
    np.testing.assert_array_equal(filled.boxes, one.boxes)


def test_a_tube_without_gaps_stays() -> None:
    tube = make_tube([4, 5, 6])
    filled = interpolate_tube(tube)
    for name in ("frames", "indices", "boxes", "scores", "rescored"):
        np.testing.assert_array_equal(getattr(filled, name), getattr(tube, name))


def test_closed_form_with_a_short_last_step() -> None:
    boxes = np.array([[0.0, 0, 10, 10], [10, 20, 30, 40], [13, 20, 30, 43]])
    tube = Tube(np.array([0, 10, 13]), np.array([1, 0, 2]), boxes, np.array([0.0, 1, 0.4]), np.array([1.0, 2, 1.4]))
    filled = interpolate_tube(tube)
    assert filled.frames.tolist() == list(range(14))
    assert filled.indices.tolist() == [1, *[-1] * 9, 0, -1, -1, 2]
    np.testing.assert_allclose(filled.boxes[3], [3, 6, 16, 19])
    np.testing.assert_allclose(filled.boxes[11], [11, 20, 30, 41])
    np.testing.assert_allclose(filled.scores[[3, 11]], [0.3, 0.8])
    np.testing.assert_allclose(filled.rescored[[3, 11]], [1.3, 1.8])


def test_known_frames_are_untouched_and_steps_are_even() -> None:
    tube = make_tube([2, 5, 9, 30], seed=1)
    filled = interpolate_tube(tube)
    known = tube.frames - 2
    np.testing.assert_array_equal(filled.boxes[known], tube.boxes)
    np.testing.assert_array_equal(filled.rescored[known], tube.rescored)
    np.testing.assert_array_equal(np.flatnonzero(filled.indices >= 0), known)
    for start, stop in itertools.pairwise(known):
        np.testing.assert_allclose(np.diff(filled.boxes[start : stop + 1], n=2, axis=0), 0, atol=1e-12)


def test_frame_numbers_place_sampled_frames_in_the_video() -> None:
    tube = make_tube([0, 2, 3])  # sampled frame 1 held no box
    by_number = Tube(np.array([0, 20, 25]), tube.indices, tube.boxes, tube.scores, tube.rescored)
    filled, expected = interpolate_tube(tube, [0, 10, 20, 25]), interpolate_tube(by_number)
    np.testing.assert_array_equal(filled.frames, np.arange(26))
    np.testing.assert_array_equal(filled.boxes, expected.boxes)


def test_errors() -> None:
    with pytest.raises(ValueError, match="must ascend"):
        interpolate_tube(make_tube([3, 2]))
    with pytest.raises(ValueError, match="must ascend"):
        interpolate_tube(make_tube([0, 1]), [5, 5])
    with pytest.raises(ValueError, match="frame 2, but frame_numbers has 2 entries"):
        interpolate_tube(make_tube([0, 2]), [0, 10])


def test_held_boxes() -> None:
    """Each box stands until the next sampled frame, whether the tube has that or not."""
    boxes = np.arange(12.0).reshape(3, 4)
    tube = Tube(np.array([0, 4, 12]), np.array([7, 8, 9]), boxes, np.array([0.1, 0.2, 0.3]), np.array([0.4, 0.5, 0.6]))
    held = hold_tube(tube, [0, 4, 8, 12, 13])
    assert held.frames.tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 12]
    assert held.indices.tolist() == [7, -1, -1, -1, 8, -1, -1, -1, 9]
    np.testing.assert_array_equal(held.boxes, boxes[[0, 0, 0, 0, 1, 1, 1, 1, 2]])
    np.testing.assert_array_equal(held.scores, np.repeat([0.1, 0.2, 0.3], [4, 4, 1]))
    np.testing.assert_array_equal(held.rescored, np.repeat([0.4, 0.5, 0.6], [4, 4, 1]))
    assert len(hold_tube(tube.part(0, 0), [])) == 0
    # The last sampled frame is followed by nothing.
    assert hold_tube(tube, [0, 4, 12]).frames.tolist() == [*range(13)]
    with pytest.raises(ValueError, match="a frame that was not sampled"):
        hold_tube(tube, [0, 12])
    with pytest.raises(ValueError, match="must ascend"):
        hold_tube(tube, [4, 0, 12])
