"""dnt_d2/formats/results.py: frames and boxes that results are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dnt_d2.formats.results import Detections, FrameList

Make = Callable[..., FrameList]


def frame(video_id: int, frame_index: int, image_id: int) -> dict[str, Any]:
    name = f"{video_id}/{frame_index}.jpg"
    return {
        "video_id": video_id,
        "frame_index": frame_index,
        "image_id": image_id,
        "width": 64 + video_id,
        "height": 48,
        "file_name": name,
    }


def test_nothing() -> None:
    frames = FrameList.of([], [], [])
    assert len(frames) == 0
    assert frames.spans() == []
    assert frames.sizes.shape == (0, 2)
    assert frames.numbers(np.array([0, -1]), np.array([0, 0])).tolist() == [-1, -1]
    empty = Detections.of([], [], [], [])
    assert len(empty) == len(empty.of_frames(0, 9)) == len(empty.where(np.zeros(0, bool))) == 0
    assert empty.boxes.shape == (0, 4)


def test_frames_come_in_the_order_of_videos() -> None:
    given = [frame(2, 0, 5), frame(0, 7, 9), frame(0, 1, 3)]
    frames = FrameList.of(given, ["a", "b", "c"], ["dog"])
    assert frames.videos.tolist() == [0, 0, 2]
    assert frames.indices.tolist() == [1, 7, 0]
    assert frames.image_ids.tolist() == [3, 9, 5]
    assert frames.sizes.tolist() == [[64, 48], [64, 48], [66, 48]]
    assert frames.file_names == ["0/1.jpg", "0/7.jpg", "2/0.jpg"]
    assert frames.spans() == [(0, 2), (2, 2), (2, 3)]
    assert frames.describe(1) == "frame 7 of video a"
    assert [entry["image_id"] for entry in given] == [5, 9, 3]


def test_frames_that_are_there_twice() -> None:
    with pytest.raises(ValueError, match="frame 1 of video b is listed twice"):
        FrameList.of([frame(1, 1, 0), frame(0, 1, 1), frame(1, 1, 2)], ["a", "b"], [])
    with pytest.raises(ValueError, match="image id 4 stands for 2 frames"):
        FrameList.of([frame(1, 1, 4), frame(0, 1, 4)], ["a", "b"], [])


def test_numbers_against_a_dict() -> None:
    rng = np.random.default_rng(0)
    places = {(int(v), int(t)) for v, t in rng.integers(0, 9, (40, 2))}
    frames = FrameList.of([frame(v, t, 100 * v + t) for v, t in places], [f"v{v}" for v in range(9)], [])
    numbers = {place: number for number, place in enumerate(sorted(places))}
    videos, indices = (part.ravel() for part in np.meshgrid(np.arange(-3, 13), [*range(-3, 13), 2**62, -(2**63)]))
    expected = [numbers.get(place, -1) for place in zip(videos.tolist(), indices.tolist(), strict=True)]
    assert frames.numbers(videos, indices).tolist() == expected
    assert sorted(set(expected)) == list(range(-1, len(frames)))


def test_a_video_that_overflows_is_no_other_one(make_frame_list: Make) -> None:
    assert make_frame_list((4,)).numbers(np.array([0, 2**62]), np.array([1, 1])).tolist() == [1, -1]


def test_boxes_keep_their_order_inside_a_frame() -> None:
    boxes = np.arange(20).reshape(5, 4)
    made = Detections.of([3, 1, 3, 0, 1], [0, 1, 2, 3, 4], boxes, [0.1, 0.2, 0.3, 0.4, 0.5], [9, 8, 7, 6, 5])
    assert made.frames.tolist() == [0, 1, 1, 3, 3]
    assert made.classes.tolist() == [3, 1, 4, 0, 2]
    assert made.boxes.tolist() == boxes[[3, 1, 4, 0, 2]].tolist()
    assert made.scores.tolist() == [0.4, 0.2, 0.5, 0.1, 0.3]
    assert made.tracks.tolist() == [6, 8, 5, 9, 7]
    assert len(made) == 5
    assert Detections.of([2, 1], [0, 0], np.zeros((2, 4)), [1, 1]).tracks.tolist() == [-1, -1]
    frames = np.random.default_rng(0).integers(0, 3, 1000)
    many = Detections.of(frames, np.zeros(1000), np.zeros((1000, 4)), np.arange(1000))
    assert many.scores.tolist() == sorted(range(1000), key=lambda place: (frames[place], place))


def test_parts(make_frame_list: Make, random_detections: Callable[..., Detections]) -> None:
    made = random_detections(make_frame_list((5, 4)), seed=1)
    for start in range(10):
        for stop in range(start, 11):
            inside = (made.frames >= start) & (made.frames < stop)
            part = made.of_frames(start, stop)
            assert part.boxes.tolist() == made.boxes[inside].tolist()
            assert part.tracks.tolist() == made.where(inside).tracks.tolist() == made.tracks[inside].tolist()


def test_arrays_that_do_not_fit() -> None:
    one, boxes = np.zeros(1, np.int64), np.zeros((1, 4))
    with pytest.raises(ValueError, match="N, N, N x 4, N, N values"):
        Detections(one, one, np.zeros((2, 4)), one.astype(float), one)
    with pytest.raises(ValueError, match="N, N, N x 4, N, N values"):
        Detections(one, one, boxes, np.zeros(2), one)
    two = np.array([1, 0])
    with pytest.raises(ValueError, match="sorted by frame"):
        Detections(two, two, np.zeros((2, 4)), np.zeros(2), two)
