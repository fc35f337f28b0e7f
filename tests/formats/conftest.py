"""A small set of videos, made without any reader."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from dnt_d2.formats import VideoSet
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
