"""dnt_d2/data/video_frames.py: which picture is shown in the place of one that can't be read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dnt_d2.data.checked_images import BrokenImage
from dnt_d2.data.video_frames import VideoFrames

LENGTHS = {7: 5, 2: 1, 4: 9}


def dicts() -> list[dict[str, Any]]:
    """Frames of the videos by turns, so that a place says nothing of the order in a video."""
    frames = [
        {"file_name": f"{video}/{t}", "video_id": video, "frame_index": t, "image_id": 100 * video + t}
        for t in range(9)
        for video in LENGTHS
        if t < LENGTHS[video]
    ]
    return [frame | {"annotations": [1], "height": 5, "width": 6} for frame in frames]


class Mapper:
    def __init__(self, broken: set[str]) -> None:
        self.broken = broken

    def __call__(self, frame: dict[str, Any]) -> dict[str, Any]:
        assert "annotations" not in frame
        if frame["file_name"] in self.broken:
            raise BrokenImage(f"{frame['file_name']}: broken", frame["file_name"])
        return frame | {"image": frame["file_name"]}


def test_no_frames() -> None:
    assert len(VideoFrames([], Mapper(set()), skip_faults=True)) == 0


def test_whole_frames_are_themselves() -> None:
    for skip in (True, False):
        found = VideoFrames(dicts(), Mapper(set()), skip_faults=skip)
        assert [found[n]["image"] for n in range(len(found))] == [d["file_name"] for d in dicts()]
        assert all("skipped" not in found[n] and "annotations" not in found[n] for n in range(len(found)))


def test_an_error_without_the_policy() -> None:
    with pytest.raises(BrokenImage, match="7/0: broken"):
        VideoFrames(dicts(), Mapper({"7/0"}))[0]


def shown_by_hand(frame: dict[str, Any], broken: set[str]) -> str | None:
    t, video = frame["frame_index"], frame["video_id"]
    order = [*range(t, -1, -1), *range(t + 1, LENGTHS[video])]
    return next((f"{video}/{k}" for k in order if f"{video}/{k}" not in broken), None)


def test_against_a_search_by_hand_in_any_order() -> None:
    rng = np.random.default_rng(0)
    for _ in range(40):
        broken = {d["file_name"] for d in dicts() if rng.random() < 0.5}
        found = VideoFrames(dicts(), Mapper(broken), skip_faults=True)
        for n in rng.permutation(len(found)):
            frame = dicts()[n]
            expected = shown_by_hand(frame, broken)
            if expected is None:
                with pytest.raises(ValueError, match=f"{frame['file_name']}: no image of this video can be read"):
                    found[n]
                continue
            item = found[n]
            assert item["image"] == expected
            assert all(item[key] == frame[key] for key in ("file_name", "video_id", "frame_index", "image_id"))
            replaced = expected != frame["file_name"]
            assert [s.path for s in item.get("skipped", [])] == ([frame["file_name"]] if replaced else [])
