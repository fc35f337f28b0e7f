"""Animations: every frame comes back, at its time, and a file never passes its limit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from dnt_d2.animation import write_animation


def moving(count: int, *, noise: int = 0) -> list[NDArray[np.uint8]]:
    """A red square (BGR) that goes to the right on blue."""
    frames = []
    for i in range(count):
        frame = np.full((48, 64, 3), (200, 40, 20), np.uint8)
        frame[16:32, 4 + 8 * i : 20 + 8 * i] = (20, 30, 220)
        frame += np.random.default_rng(i).integers(0, noise + 1, frame.shape, dtype=np.uint8)
        frames.append(frame)
    return frames


def test_no_frame_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="got 0 frames"):
        write_animation([], tmp_path / "a.webp", 10)
    assert list(tmp_path.iterdir()) == []


def test_frames_come_back_at_their_time(tmp_path: Path) -> None:
    frames = moving(5)
    path = tmp_path / "new" / "a.webp"
    assert write_animation(frames, path, 12.5) == path.stat().st_size
    with Image.open(path) as file:
        assert file.info["loop"] == 0
        back, durations = [], []
        for picture in ImageSequence.Iterator(file):
            back.append(np.asarray(picture.convert("RGB")))
            durations.append(picture.info["duration"])
    assert len(back) == 5
    assert durations == [80] * 5
    for frame, picture in zip(frames, back, strict=True):
        inside = np.abs(frame[:, :, ::-1].astype(int) - picture)
        assert np.median(inside) <= 8
    assert back[4][24, 44, 0] > 150, "red, not blue"


def test_one_frame_is_a_picture(tmp_path: Path) -> None:
    write_animation(moving(1), tmp_path / "a.webp", 10)
    with Image.open(tmp_path / "a.webp") as file:
        assert file.size == (64, 48)


def test_the_limit_costs_quality_then_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.webp"
    free = write_animation(moving(4, noise=35), path, 10)
    tight = write_animation(moving(4, noise=35), path, 10, max_bytes=free - 1)
    assert tight < free
    with pytest.raises(ValueError, match=r"4 frames take 0\.\d\d MB at the lowest quality.*fewer or smaller"):
        write_animation(moving(4, noise=35), path, 10, max_bytes=100)
    assert path.stat().st_size == tight, "what was there stays"


def test_bad_input_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="ends in webp"):
        write_animation(moving(1), tmp_path / "a.png", 10)
    with pytest.raises(ValueError, match="2 frames of 2 sizes"):
        write_animation([*moving(1), moving(1)[0][:40]], tmp_path / "a.webp", 10)
    for fps in (0, -1, float("nan"), 90):
        with pytest.raises(ValueError, match="at most 50"):
            write_animation(moving(1), tmp_path / "a.webp", fps)
