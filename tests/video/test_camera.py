"""Cameras, by a stand-in for OpenCV's reader."""

from __future__ import annotations

import time
from fractions import Fraction
from typing import Any, ClassVar

import cv2
import numpy as np
import pytest

from dnt_d2.video import VideoInfo, VideoSource, read_frames


class FakeCamera:
    """Gives ``frames`` and then none any more; a second passes with each."""

    frames: ClassVar[list[np.ndarray]] = []
    fps = 30.0
    opened: ClassVar[list[int]] = []
    released = 0
    clock = 0

    def __init__(self, index: int) -> None:
        FakeCamera.opened.append(index)
        self._left = list(FakeCamera.frames)

    def isOpened(self) -> bool:
        return True

    def get(self, prop: int) -> float:
        return FakeCamera.fps if prop == cv2.CAP_PROP_FPS else 0.0

    def read(self) -> tuple[bool, Any]:
        FakeCamera.clock += 1
        return (True, self._left.pop(0)) if self._left else (False, None)

    def release(self) -> None:
        FakeCamera.released += 1


@pytest.fixture
def camera(monkeypatch: pytest.MonkeyPatch) -> type[FakeCamera]:
    monkeypatch.setattr(cv2, "VideoCapture", FakeCamera)
    monkeypatch.setattr(time, "monotonic_ns", lambda: FakeCamera.clock * 1_000_000_000)
    FakeCamera.frames, FakeCamera.opened, FakeCamera.released = [], [], 0
    FakeCamera.fps, FakeCamera.clock = 30.0, 1000
    return FakeCamera


def flat(count: int) -> list[np.ndarray]:
    return [np.full((48, 64, 3), index, np.uint8) for index in range(count)]


def test_a_camera_that_gives_nothing_is_an_error(camera: type[FakeCamera]) -> None:
    with pytest.raises(ValueError, match="camera:1: it opens, but gives no frame"):
        VideoSource("camera:1")
    assert camera.released == 1


def test_a_camera_that_is_not_there_is_named() -> None:
    with pytest.raises(FileNotFoundError, match="camera:97: it can't be opened"):
        read_frames("camera:97")


@pytest.mark.parametrize("name", ["camera", "0", "/dev/video0"])
def test_it_is_opened_once_and_gives_every_frame(
    camera: type[FakeCamera], name: str, caplog: pytest.LogCaptureFixture
) -> None:
    camera.frames = flat(4)
    with VideoSource(name) as source:
        assert source.info == VideoInfo(30.0, 64, 48, None)
        assert (source.name, source.live) == ("camera-0", True)
        assert [int(image[0, 0, 0]) for image, _ in source] == [0, 1, 2, 3]
    assert (camera.opened, camera.released) == ([0], 1)
    assert "camera:0: no more frames after 4" in caplog.text


def test_times_are_those_at_which_frames_came_and_the_wait_for_the_second_does_not_count(
    camera: type[FakeCamera],
) -> None:
    camera.frames = flat(4)
    with VideoSource("camera") as source:
        camera.clock += 100  # a model is loaded, say
        period = Fraction(33333333, 1_000_000_000)
        assert [time for _, time in source] == [0, period, 1 + period, 2 + period]


@pytest.mark.parametrize("fps", [0.0, -1.0, 1e6, float("nan")])
def test_a_rate_that_can_t_be_is_the_default(camera: type[FakeCamera], fps: float) -> None:
    camera.frames, camera.fps = flat(1), fps
    with VideoSource("camera") as source:
        assert source.info.fps == 25


def test_it_is_freed_when_it_is_closed_or_changes_its_size(camera: type[FakeCamera]) -> None:
    camera.frames = [*flat(2), np.zeros((24, 32, 3), np.uint8)]
    with VideoSource("camera") as source:
        next(iter(source))
    assert camera.released == 1
    with pytest.raises(ValueError, match="camera:0, frame 2: it is 32x24, but the frames before are 64x48"):
        list(read_frames("camera"))
    assert camera.released == 2
