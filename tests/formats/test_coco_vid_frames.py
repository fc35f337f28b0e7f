"""dnt_d2/formats/coco_vid_frames.py: which frame stands where."""

from __future__ import annotations

from typing import Any

import pytest

from dnt_d2.formats.coco_vid_frames import frame_ids, text, whole_number

VIDEOS: dict[int, dict[str, Any]] = {1: {"id": 1, "name": "a"}, 2: {"id": 2, "name": "b"}}


def images(*values: Any, key: str = "frame_id") -> list[dict[str, Any]]:
    return [{"id": i, key: value} for i, value in enumerate(values)]


def test_nothing() -> None:
    assert frame_ids({}, {}, "x.json") == {}
    assert frame_ids(VIDEOS, {1: [], 2: []}, "x.json") == {}  # videos without frames


def test_places_are_kept() -> None:
    assert frame_ids(VIDEOS, {1: images(2, 0, 5), 2: images(0)}, "x.json") == {1: ([2, 0, 5], 6), 2: ([0], 1)}


def test_length_tells_how_many_frames_there_are() -> None:
    videos = {1: {"id": 1, "length": 8}, 2: {"id": 2, "length": 2}}
    # A video that says less than it has is believed no further.
    assert frame_ids(videos, {1: images(2, 0), 2: images(0, 3)}, "x.json") == {1: ([2, 0], 8), 2: ([0, 3], 4)}


def test_a_file_that_counts_from_one() -> None:
    assert frame_ids(VIDEOS, {1: images(2, 1, 3), 2: images(1)}, "x.json") == {1: ([1, 0, 2], 3), 2: ([0], 1)}
    # One video that begins with 0, or lacks a frame, or is longer: then these are places from 0.
    assert frame_ids(VIDEOS, {1: images(1, 2), 2: images(0)}, "x.json")[1] == ([1, 2], 3)
    assert frame_ids(VIDEOS, {1: images(1, 3), 2: images(1)}, "x.json")[1] == ([1, 3], 4)
    assert frame_ids({1: {"id": 1, "length": 3}}, {1: images(1, 2)}, "x.json")[1] == ([1, 2], 3)


def test_frames_without_ids_say_nothing_of_how_the_file_counts() -> None:
    members = {1: images(2, 1), 2: images("7.jpg", "8.jpg", key="file_name")}
    assert frame_ids(VIDEOS, members, "x.json") == {1: ([1, 0], 2), 2: ([0, 1], 2)}
    members[1] = images(2, 0)
    assert frame_ids(VIDEOS, members, "x.json") == {1: ([2, 0], 3), 2: ([0, 1], 2)}


def test_order_by_file_name() -> None:
    found = frame_ids(VIDEOS, {1: images("v/f10.jpg", "v/f9.jpg", "v/f2.jpg", key="file_name")}, "x.json")
    assert found == {1: ([2, 1, 0], 3)}
    assert frame_ids(VIDEOS, {1: images("30.jpg", "20.jpg", key="file_name")}, "x.json") == {1: ([1, 0], 2)}


@pytest.mark.parametrize(
    "names",
    [
        ("v/1.jpg", "w/2.jpg"),  # two folders
        ("a1.jpg", "b2.jpg"),
        ("1.jpg", "2.png"),
        ("1.jpg", "01.jpg"),
        ("first.jpg", "second.jpg"),
        ("1.jpg", "second.jpg"),
    ],
)
def test_names_that_order_nothing(names: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match=r"x\.json: video 1: its frames have no 'frame_id'"):
        frame_ids(VIDEOS, {1: images(*names, key="file_name")}, "x.json")


@pytest.mark.parametrize(("value", "expected"), [(3, 3), (3.0, 3), (True, 1), (False, 0), (-2, -2)])
def test_whole_numbers(value: Any, expected: int) -> None:
    assert whole_number({"id": 1, "k": value}, "k", "image", "x.json") == expected


@pytest.mark.parametrize("value", [None, 0.5, "3", [], float("nan"), float("inf")])
def test_no_whole_numbers(value: Any) -> None:
    with pytest.raises(ValueError, match=r"x\.json: image 1: 'k'"):
        whole_number({"id": 1, "k": value}, "k", "image", "x.json")


@pytest.mark.parametrize("value", [None, "", 3])
def test_no_text(value: Any) -> None:
    with pytest.raises(ValueError, match=r"x\.json: video 1: 'k'"):
        text({"id": 1, "k": value}, "k", "video", "x.json")
    assert text({"k": "name"}, "k", "video", "x.json") == "name"
