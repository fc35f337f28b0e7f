"""Saved runs that are not what they say: each is an error of one sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dnt_d2.evaluation.ground_truth import VideoTruth
from dnt_d2.evaluation.run_check import (
    check_kinds,
    check_names,
    check_record,
    check_truth,
    check_truth_arrays,
    check_video_arrays,
    check_videos,
)
from dnt_d2.evaluation.video_record import Rows, VideoRecord
from dnt_d2.formats.results import FrameList


def _record(**changes: Any) -> VideoRecord:
    """Two frames with one detection each, of two classes, and no more."""
    columns = {"boxes": np.zeros((2, 4), np.float32), "scores": np.ones(2, np.float32), "classes": np.arange(2)}
    detections = Rows(changes.pop("counts", np.array([1, 1])), columns | changes.pop("columns", {}))
    return VideoRecord(changes.pop("frames", np.array([0, 3])), detections, **changes)


def test_nothing_at_all() -> None:
    empty = Rows(
        np.zeros(0, np.int64),
        {"boxes": np.zeros((0, 4), np.float32), "scores": np.zeros(0, np.float32), "classes": np.zeros(0, np.int16)},
    )
    check_record(VideoRecord(np.zeros(0, np.int64), empty), 2)
    check_kinds({}, {})
    assert check_videos([]) == {}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"frames": np.array([3, 0])}, "frames do not ascend"),
        ({"frames": np.array([-1, 0])}, "frames do not ascend from 0"),
        ({"frames": np.array([[0], [3]])}, "must have one dimension"),
        ({"counts": np.array([3, -1])}, "detections/counts has a number below 0"),
        ({"columns": {"boxes": np.zeros((2, 3), np.float32)}}, r"boxes is float32 \(2, 3\), not \(2, 4\)"),
        ({"columns": {"scores": np.array(["a", "b"])}}, r"scores is <U1 \(2,\), not \(2,\)"),
        ({"columns": {"classes": np.array([0, 2])}}, "classes has a number that is not one of 0 to 1"),
        ({"columns": {"more": np.zeros(2)}}, "has the columns"),
        ({"candidates": Rows(np.array([1, 0]), {"boxes": np.zeros((1, 4))})}, "candidates has the columns"),
        (
            {"candidates": Rows(np.array([1, 0]), {"boxes": np.zeros((1, 4)), "scores": np.zeros((1, 3))})},
            r"scores is float64 \(1, 3\), not \(1, 2\)",
        ),
    ],
)
def test_records(changes: dict[str, Any], message: str) -> None:
    check_record(_record(), 2)
    with pytest.raises(ValueError, match=message):
        check_record(_record(**changes), 2)


def test_numbers_need_not_be_finite() -> None:
    check_record(_record(columns={"scores": np.array([np.nan, np.inf], np.float32)}), 2)


@pytest.mark.parametrize(
    ("videos", "message"),
    [
        ([7], "without a number"),
        ([{"id": "7", "name": "a"}], "without a number"),
        ([{"id": 7}], "or a name"),
        ([{"id": 1, "name": "a"}, {"id": 1, "name": "b"}], "don't rise"),
        ([{"id": 2**63, "name": "a"}], "beyond 64 bits"),
    ],
)
def test_videos(videos: list[Any], message: str) -> None:
    assert check_videos([{"id": 1, "name": "a"}, {"id": 7, "name": "a"}]) == {1: "a", 7: "a"}
    with pytest.raises(ValueError, match=message):
        check_videos(videos)


def test_kinds() -> None:
    check_kinds({"a": 1, "b": {}}, {"a": int, "b": dict})
    with pytest.raises(ValueError, match="lacks 'a'"):
        check_kinds({}, {"a": int})
    with pytest.raises(ValueError, match="has true or false as 'a', not a whole number"):
        check_kinds({"a": True}, {"a": int})


def test_names() -> None:
    check_names({"a": 1, "b": 2}, ["b", "a"])
    with pytest.raises(ValueError, match="it lacks 'b'"):
        check_names({"a": 1}, ["a", "b"])
    with pytest.raises(ValueError, match="it has 'c', which is not one of a, b"):
        check_names({"a": 1, "b": 1, "c": 1}, ["a", "b"])


def _truth(**changes: Any) -> VideoTruth:
    arrays = {
        "video_ids": np.array([5, 5]),
        "frame_indices": np.array([0, 1]),
        "frames": np.array([0, 1]),
        "boxes": np.zeros((2, 4)),
        "classes": np.array([0, 1]),
        "tracks": np.array([3, 3]),
    }
    return VideoTruth(num_classes=2, **(arrays | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"video_ids": np.array([5, 6])}, "a video that run.json does not have"),
        ({"frames": np.array([0, 2])}, "frames has a number that is not one of 0 to 1"),
        ({"classes": np.array([0, -1])}, "classes has a number that is not one of 0 to 1"),
        ({"frames": np.array([1, 0])}, "frames do not ascend"),
        ({"tracks": np.array([3])}, r"tracks \(1,\), not \(2,\)"),
        ({"boxes": np.full((2, 4), np.nan)}, "boxes has a number that is not finite"),
    ],
)
def test_truth(changes: dict[str, Any], message: str) -> None:
    dicts = [{"video_id": 0, "frame_index": t, "image_id": t, "width": 1, "height": 1, "file_name": ""} for t in (0, 1)]
    frames = FrameList.of(dicts, ["a"], ["x", "y"])
    check_truth(_truth(), frames, [5])
    with pytest.raises(ValueError, match=message):
        check_truth(_truth(**changes), frames, [5])


def truth_arrays(**changes: Any) -> dict[str, Any]:
    whole = {name: np.zeros(2, np.int64) for name in ("video_ids", "frame_indices", "image_ids")}
    boxes = {"boxes": np.zeros((3, 4)), **{name: np.zeros(3, np.int64) for name in ("frames", "classes", "tracks")}}
    rest = {"sizes": np.zeros((2, 2), np.int64), "file_names": np.zeros(9, np.uint8)}
    return {**whole, **boxes, **rest, **changes}


def test_arrays_of_the_truth() -> None:
    check_truth_arrays(truth_arrays())
    check_truth_arrays(
        truth_arrays(**{n: np.zeros(0, np.int64) for n in ("frames", "classes", "tracks")}, boxes=np.zeros((0, 4)))
    )


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("video_ids", np.zeros((2, 1), np.int64), r"video_ids is int64 \(2, 1\), not whole numbers in 1 dimensions"),
        ("tracks", np.array(3), r"tracks is int64 \(\), not whole numbers in 1 dimensions"),
        ("boxes", np.zeros(12), r"boxes is float64 \(12,\), not numbers in 2 dimensions"),
        ("classes", np.array(["a", "b", "c"]), r"classes is <U1 \(3,\), not whole numbers"),
        ("sizes", np.zeros((3, 2), np.int64), "video_ids has 2 rows, sizes has 3"),
        ("boxes", np.zeros((2, 4)), "frames has 3 rows, boxes has 2"),
    ],
)
def test_arrays_of_the_truth_that_do_not_fit(name: str, values: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_truth_arrays(truth_arrays(**{name: values}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"frames": None}, "it lacks 'frames'"),
        ({"candidates/counts": None}, "it lacks candidates/counts"),
        ({"other/counts": np.zeros(1)}, "it has the table 'other', which is not one of detections, candidates"),
        ({"frames": np.array(1)}, r"frames is int64 \(\), not a column of numbers"),
        ({"candidates/scores": np.array([["a"]])}, "candidates/scores is <U1"),
        ({"revised": np.zeros(2)}, "revised is not a single value"),
    ],
)
def test_arrays_of_a_video(changes: dict[str, Any], message: str) -> None:
    arrays = {"frames": np.zeros(2, np.int64), "revised": np.array(True), "candidates/counts": np.zeros(2, np.int64)}
    arrays["candidates/scores"] = np.zeros((0, 3))
    check_video_arrays(arrays)
    with pytest.raises(ValueError, match=message):
        check_video_arrays({name: x for name, x in (arrays | changes).items() if x is not None})
