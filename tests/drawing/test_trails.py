"""Trails: bounded, fading, broken at jumps, blended as a plain sum says."""

from __future__ import annotations

import numpy as np
import pytest

from dnt_d2.colors import track_color
from dnt_d2.drawing.style import Style, style_for
from dnt_d2.drawing.trails import Trails, draw_trails

STYLE = style_for(180, 240)


def walk(xs: list[float | None], size: float = 20, length: int = 12) -> np.ndarray:
    """The trail of a box that is at these places in a row; None where it is not seen."""
    trails, found = Trails(length), {}
    for x in xs:
        boxes = [] if x is None else [[x - size / 2, 90 - size / 2, x + size / 2, 90 + size / 2]]
        found = trails.step(np.zeros(len(boxes), np.int64), np.array(boxes, np.float64).reshape(-1, 4))
    return found.get(0, np.zeros((0, 3)))


def test_no_tracks() -> None:
    assert Trails(5).step(np.zeros(0, np.int64), np.zeros((0, 4))) == {}
    assert Trails(5).step(np.array([-1]), np.zeros((1, 4))) == {}
    assert Trails(0).step(np.array([1]), np.zeros((1, 4))) == {}
    canvas = np.zeros((9, 9, 3), np.uint8)
    draw_trails(canvas, {}, STYLE)
    assert not canvas.any()


def test_strength_grows_to_one() -> None:
    trail = walk([10, 20, 30, 40, 50, 60], length=4)
    np.testing.assert_allclose(trail, [[30, 90, 0.25], [40, 90, 0.5], [50, 90, 0.75], [60, 90, 1]])
    faded = walk([10, 20, 30, None, None], length=4)
    np.testing.assert_allclose(faded, [[20, 90, 0.25], [30, 90, 0.5]])
    assert len(walk([10, 20, None, None, None, None], length=4)) == 0


@pytest.mark.parametrize(
    ("xs", "kept"),
    [
        ([10, 20, 100], 1),  # a jump
        ([10, 20, 41], 3),  # farther than its size from where it was, not from where it was going
        ([10, 29], 2),  # overlaps
        ([10, 40], 1),
        ([10, 45, 80, 115], 1),  # a small thing that moves fast begins with a jump ...
        ([10, 29, 60, 92, 125], 5),  # ... and has a trail once its speed is known
        ([10, 20, None, None, None, 75], 3),  # hidden for a while, and went on
        ([10, 20, None, None, None, 200], 1),
        ([10, 20, 30, 100, 110], 2),
    ],
)
def test_it_breaks_at_jumps(xs: list[float | None], kept: int) -> None:
    assert len(walk(xs)) == kept


def test_a_long_trail_keeps_the_same_places_in_all_frames() -> None:
    trails, before = Trails(30), set()
    for t in range(80):
        trail = trails.step(np.zeros(1, np.int64), np.array([[t, 0, t + 20, 20]], np.float64))[0]
        places = set(trail[:-1, 0])
        assert trail[-1, 0] == t + 10
        assert len(places - before) <= 1
        before = set(trail[:, 0])
        assert len(trail) <= 12
    assert trail[0, 0] == pytest.approx(t + 10 - 30, abs=3)


def test_memory_is_bounded() -> None:
    trails = Trails(5)
    for index in range(40):
        found = trails.step(np.array([index // 10]), np.array([[index, 0, index + 9, 9]], np.float64))
        assert sum(map(len, found.values())) <= 10
    for _ in range(5):
        found = trails.step(np.zeros(0, np.int64), np.zeros((0, 4)))
    assert found == trails._seen == {}


def test_it_shows_its_colour_where_strong_and_the_picture_where_weak() -> None:
    canvas = np.full((180, 240, 3), 128, np.uint8)
    trail = np.array([[x, 90, x / 240] for x in range(10, 240, 10)], np.float64)
    draw_trails(canvas, {1: trail}, STYLE)
    distance = np.abs(canvas[90].astype(int) - np.array(track_color(1))).sum(axis=1)
    assert distance[228] < 40
    assert (np.diff(distance[15:228:20]) < 0).all()
    assert (canvas[: 90 - STYLE.rimmed] == 128).all()
    assert (canvas[90 + STYLE.rimmed :] == 128).all()


def test_an_object_at_rest_has_no_trail() -> None:
    canvas = np.full((180, 240, 3), 128, np.uint8)
    jitter = np.array([[100 + i % 2, 90 - i % 2, 1] for i in range(30)], np.float64)
    draw_trails(canvas, {1: jitter}, STYLE)
    assert (canvas == 128).all()


@pytest.mark.parametrize("far", [300.0, 1e5, 1e12])
def test_a_trail_may_leave_the_picture(far: float) -> None:
    canvas = np.full((180, 240, 3), 128, np.uint8)
    draw_trails(canvas, {1: np.array([[120, 90, 1], [far, 90, 1]]), 2: np.array([[far, 0, 1], [far, far, 1]])}, STYLE)
    assert (canvas[90, 125:] != 128).any(axis=1).all()
    assert (canvas[:80] == 128).all()


def test_where_a_trail_crosses_itself_it_is_blended_once() -> None:
    canvas = np.full((180, 240, 3), 128, np.uint8)
    points = [[40, 40, 0.5], [200, 140, 0.5], [200, 40, 0.5], [40, 140, 0.5]]
    draw_trails(canvas, {1: np.array(points)}, Style(3, 1, 11, 2))
    half = (128 + np.array(track_color(1))) / 2
    np.testing.assert_allclose(canvas[90, 120], half, atol=3)  # the crossing
    np.testing.assert_allclose(canvas[90, 200], half, atol=3)
