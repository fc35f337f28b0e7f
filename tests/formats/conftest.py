"""A small set of videos, and results, made without any reader."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from dnt_d2.formats import Detections, FrameList, VideoSet
from dnt_d2.formats.video_set import make_frame, make_note


def _make_videos(folder: Path, kind: str = "video") -> VideoSet:
    sizes, lengths = [(64, 48), (40, 60)], [3, 1]
    frames = []
    for video, (size, length) in enumerate(zip(sizes, lengths, strict=True)):
        for t in range(length):
            path = folder / f"source/v{video}/{t}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), np.full((size[1], size[0], 3), 40 * t, np.uint8))
            still = kind == "still"
            place = (len(frames), 0, 1) if still else (video, t, length)
            frames.append(make_frame(str(path), len(frames) + 11, size, place))
    frames[0]["annotations"] = [
        make_note((0.0, 3.0, 20.0, 30.0), 1, 4, occluded=1),
        make_note((63.0, 47.0, 63.0, 47.0), 0, 2, generated=1),
    ]
    frames[2]["annotations"] = [make_note((8.5, 4.0, 30.25, 20.0), 1, 4), make_note((1.0, 1.0, 9.0, 9.0), 0, 9)]
    frames[3]["annotations"] = [make_note((-5.0, 0.0, 100.0, 7.0), 0, 0)]
    if kind == "still":
        for frame in frames:
            for place, note in enumerate(frame["annotations"]):
                note |= {"instance_id": place, "occluded": 0, "generated": 0}
        return VideoSet(frames, ["a/s0", "a/s1", "a/s2", "b/s0"], ["screw", "lock nut"], "still")
    return VideoSet(frames, ["train/one", "two"], ["screw", "lock nut"])


@pytest.fixture
def make_videos(tmp_path: Path) -> Callable[..., VideoSet]:
    """``make_videos(kind="video")``: videos of 3 frames and of 1; an object outside its image, a frame without any."""
    return lambda kind="video": _make_videos(tmp_path, kind)


def _make_frame_list(lengths: tuple[int, ...] = (3, 0, 2, 1), num_classes: int = 3) -> FrameList:
    """Frames of videos named v/0, v/1, ...; image ids don't rise with frame numbers."""
    frames = [
        {"video_id": v, "frame_index": t, "image_id": 900 - 10 * v + t, "width": 64, "height": 48, "file_name": f"{t}"}
        for v, length in enumerate(lengths)
        for t in range(length)
    ]
    return FrameList.of(frames, [f"v/{v}" for v in range(len(lengths))], [f"class {c}" for c in range(num_classes)])


@pytest.fixture
def make_frame_list() -> Callable[..., FrameList]:
    """``make_frame_list(lengths=(3, 0, 2, 1), num_classes=3)``."""
    return _make_frame_list


def _random_numbers(rng: np.random.Generator, shape: tuple[int, ...], dtype: type) -> np.ndarray:
    """Tiny, large, whole and half ones, those of float32, and such whose sums no float64 holds exactly."""
    kinds = [
        rng.uniform(0, 2000, shape),
        rng.integers(0, 4000, shape) / 2,
        rng.uniform(0, 2000, shape).astype(np.float32).astype(np.float64),
        rng.uniform(1, 10, shape) * 10.0 ** rng.integers(-30, 9, shape),
        np.zeros(shape),
    ]
    return np.choose(rng.integers(0, len(kinds), shape), kinds).astype(dtype)


def _random_detections(frames: FrameList, seed: int, size: int = 200, dtype: type = np.float64) -> Detections:
    """Boxes in the frames, with tracks that go through them, in an order inside of a frame that is not a sorted one."""
    rng = np.random.default_rng(seed)
    numbers = np.sort(rng.integers(0, len(frames), size))
    corners = _random_numbers(rng, (size, 2, 2), dtype)
    corners[::7] -= np.asarray(1000, dtype)
    tracks = np.arange(size) - np.searchsorted(numbers, numbers)
    return Detections(
        numbers,
        rng.integers(0, len(frames.class_names), size),
        np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1),
        _random_numbers(rng, (size,), dtype),
        np.where(tracks == 2, 2**62 + 1, tracks),
    )


@pytest.fixture
def random_detections() -> Callable[..., Detections]:
    """``random_detections(frames, seed, size=200, dtype=float64)``: all with tracks."""
    return _random_detections


def _assert_same(found: Detections, expected: Detections) -> None:
    """All values are the same, in the precision of the expected ones."""
    for name in ("frames", "classes", "boxes", "scores", "tracks"):
        wanted = getattr(expected, name)
        np.testing.assert_array_equal(getattr(found, name).astype(wanted.dtype), wanted, err_msg=name)


@pytest.fixture
def assert_same() -> Callable[[Detections, Detections], None]:
    return _assert_same
