"""Trajectories stay in view, are smooth, and as fast as the knobs say."""

from __future__ import annotations

import numpy as np
import pytest

from dnt_d2.minivid.motion import (
    FREE,
    GAITS,
    displacement,
    plan_camera,
    plan_track,
    reflect,
    smooth,
    wander,
)
from dnt_d2.minivid.settings import MiniVIDSettings
from dnt_d2.vid_classes import VID_CLASSES


def test_gaits_name_known_classes() -> None:
    assert set(GAITS) <= set(VID_CLASSES)
    assert set(VID_CLASSES) >= FREE


def test_smooth_keeps_constants_length_and_range() -> None:
    assert np.allclose(smooth(np.full(5, 2.5), 1.0), 2.5)
    values = np.random.default_rng(0).uniform(-1, 1, (40, 2))
    smoothed = smooth(values, 2.0)
    assert smoothed.shape == values.shape
    assert smoothed.std() < values.std()
    assert np.abs(smoothed).max() <= 1


def test_smooth_one_value() -> None:
    assert np.allclose(smooth(np.array([3.0]), 4.0), [3.0])


def test_reflect_is_a_ball_between_walls() -> None:
    position, direction, expected = 2, 1, []
    for _ in range(40):
        expected.append(position)
        if not 1 <= position + direction <= 5:
            direction = -direction
        position += direction
    assert np.allclose(reflect(np.arange(2.0, 42.0), 1.0, 5.0), expected)


def test_reflect_without_room() -> None:
    assert np.allclose(reflect(np.arange(4.0), 3.0, 3.0), 3.0)


def test_wander_stays_within_bounds_and_is_smooth() -> None:
    low, high = np.array([20.0, 40.0]), np.array([300.0, 200.0])
    path = wander(200, 12.0, (low, high), 0.12, 0.5, np.random.default_rng(1))
    assert (path >= low).all()
    assert (path <= high).all()
    steps = np.hypot(*np.diff(path, axis=0).T)
    assert 5 < np.median(steps) < 15
    assert np.hypot(*np.diff(path, 2, axis=0).T).max() < 2 * 12.0 * 3


def test_camera_pans_within_its_room() -> None:
    room = np.array([100.0, 40.0])
    pan, shake = plan_camera(80, room, MiniVIDSettings(pan_speed=30.0), 1.0, np.random.default_rng(2))
    assert (pan >= 0).all()
    assert (pan <= room).all()
    assert shake.shape == (80, 2)
    still, shake = plan_camera(5, np.zeros(2), MiniVIDSettings(shake=0.0), 1.0, np.random.default_rng(2))
    assert not still.any()
    assert not shake.any()


@pytest.mark.parametrize("length", [1, 2, 60])
@pytest.mark.parametrize("gait", ["walk", "fly", "swim", "drive", "hop", "slither"])
def test_track_has_one_value_per_frame(length: int, gait: str) -> None:
    rng = np.random.default_rng(3)
    track = plan_track(
        gait,
        gait == "fly",
        (60.0, 40.0),
        (320, 240),
        np.zeros((length, 2)),
        False,
        MiniVIDSettings(),
        rng,  # type: ignore[arg-type]
    )
    assert track.centre.shape == (length, 2)
    for values in (track.scale, track.facing, track.phase, track.tilt, track.depth):
        assert values.shape == (length,)
        assert np.isfinite(values).all()
    assert (np.abs(track.facing) >= 0.3).all()
    assert (np.abs(track.facing) <= 1).all()


def test_objects_face_where_they_go() -> None:
    rng = np.random.default_rng(4)
    agree = []
    for _ in range(30):
        track = plan_track("drive", False, (60.0, 40.0), (320, 240), np.zeros((60, 2)), False, MiniVIDSettings(), rng)
        velocity = np.gradient(track.centre[:, 0])
        fast = np.abs(velocity) > 5
        agree.append(np.mean(np.sign(velocity[fast]) == np.sign(track.facing[fast])))
    assert np.mean(agree) > 0.9


def test_crossing_starts_or_ends_outside() -> None:
    rng = np.random.default_rng(5)
    for _ in range(20):
        track = plan_track("drive", False, (60.0, 40.0), (320, 240), np.zeros((60, 2)), True, MiniVIDSettings(), rng)
        outside = (track.centre[:, 0] < -30) | (track.centre[:, 0] > 350)
        assert outside[0] or outside[-1]
        assert outside.mean() < 0.35


def test_walking_moves_legs_not_backs() -> None:
    v, u = np.mgrid[0:1:20j, 0:1:20j].astype(np.float32)
    moved = displacement("walk", 1.0, u, v)
    assert moved is not None
    assert np.abs(np.asarray(moved[0])[v < 0.45]).max() == 0
    assert np.abs(np.asarray(moved[0])[v > 0.9]).max() > 0.02
    assert displacement("drive", 1.0, u, v) is None
