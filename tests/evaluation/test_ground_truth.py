"""Frames in order, their numbers, and the ground truth as flat arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from dnt_d2.data.samplers import sample_frames
from dnt_d2.evaluation.ground_truth import VideoTruth
from dnt_d2.evaluation.kernels import HIT
from dnt_d2.evaluation.outcomes import Judge


def frame(video: int, index: int, *notes: dict[str, Any]) -> dict[str, Any]:
    return {"file_name": f"{video}/{index}.JPEG", "video_id": video, "frame_index": index, "annotations": list(notes)}


def note(category: int, *bbox: float, track: int = 0) -> dict[str, Any]:
    return {"bbox": list(bbox), "bbox_mode": 0, "category_id": category, "instance_id": track}


def small() -> VideoTruth:
    """Video 4 with frames 0..4, video 2 with frames 0..2, in a jumbled order."""
    dicts = [frame(4, i, note(1, 0, 0, 30, 30, track=9)) for i in (3, 0, 4, 1, 2)]
    dicts += [frame(2, 1), frame(2, 0, note(0, 5, 5, 60, 60), note(1, 0, 0, 9, 9)), frame(2, 2)]
    return VideoTruth.of(dicts, 3)


def test_no_frames() -> None:
    truth = VideoTruth.of([], 3)
    assert truth.num_frames == 0
    assert truth.sampled(1).shape == (0,)
    assert truth.count(np.zeros(0, bool)).tolist() == [0, 0, 0]
    with pytest.raises(ValueError, match="no video 0"):
        truth.numbers(0, np.array([0]))


def test_frames_are_numbered_by_video_and_index() -> None:
    truth = small()
    assert truth.video_ids.tolist() == [2, 2, 2, 4, 4, 4, 4, 4]
    assert truth.frame_indices.tolist() == [0, 1, 2, 0, 1, 2, 3, 4]
    assert truth.numbers(4, np.array([0, 4, 2])).tolist() == [3, 7, 5]
    assert truth.last_index(2) == 2
    assert truth.describe(7) == "frame 4 of video 4"
    assert truth.frames.tolist() == [0, 0, 3, 4, 5, 6, 7]
    assert truth.classes.tolist() == [0, 1, 1, 1, 1, 1, 1]
    assert truth.tracks.tolist() == [0, 0, 9, 9, 9, 9, 9]
    assert truth.boxes[0].tolist() == [5, 5, 60, 60]


def test_a_stride_takes_the_last_frame_too() -> None:
    truth = small()
    assert truth.sampled(1).all()
    assert truth.sampled(3).tolist() == [True, False, True, True, False, False, True, True]


def test_a_stride_counts_the_frames_that_the_data_set_has() -> None:
    truth = VideoTruth.of([frame(1, i) for i in (3, 5, 7, 9, 11, 13)], 1)
    assert np.flatnonzero(truth.sampled(2)).tolist() == sample_frames(range(6), 2) == [0, 2, 4, 5]


@pytest.mark.parametrize("stride", [1, 2, 3, 9])
def test_sampled_frames_of_each_video_are_those_of_all(stride: int) -> None:
    truth = small()
    parts = [truth.sampled_of(video, stride) for video in truth.videos]
    assert np.concatenate(parts).tolist() == np.flatnonzero(truth.sampled(stride)).tolist()
    with pytest.raises(ValueError, match="no video 3"):
        truth.sampled_of(3, stride)


def test_objects_that_are_not_judged_are_left_out() -> None:
    crowd = {**note(2, 5, 5, 8, 8), "iscrowd": 1}
    truth = VideoTruth.of([frame(1, 0, note(0, 0, 0, 9, 9), crowd, {**note(1, 1, 1, 4, 4), "iscrowd": 0})], 3)
    assert truth.classes.tolist() == [0, 1]
    assert truth.boxes.tolist() == [[0, 0, 9, 9], [1, 1, 4, 4]]
    with pytest.raises(ValueError, match="class 3 is not one of 3"):  # they must be well formed all the same
        VideoTruth.of([frame(1, 0, {**note(3, 5, 5, 8, 8), "iscrowd": 1})], 3)


def test_boxes_without_track_ids() -> None:
    bare = {"bbox": [0, 0, 9, 9], "category_id": 0}
    assert VideoTruth.of([frame(1, 0, bare)], 1).tracks.tolist() == [-1]


@pytest.mark.parametrize("truth", [small(), VideoTruth.of([], 3)], ids=["small", "empty"])
def test_arrays_are_the_whole(truth: VideoTruth) -> None:
    # Of small types, as a file may hold them.
    stored = {name: v.astype(np.int16) if name != "boxes" else v for name, v in truth.arrays().items()}
    again = VideoTruth(num_classes=truth.num_classes, **stored)
    assert again.arrays().keys() == truth.arrays().keys()
    for name, values in truth.arrays().items():
        assert again.arrays()[name].dtype == values.dtype
        np.testing.assert_array_equal(again.arrays()[name], values)
    assert (again.num_frames, again.num_classes, again.videos) == (truth.num_frames, truth.num_classes, truth.videos)


def test_frames_must_ascend() -> None:
    arrays = small().arrays()
    for name in ("video_ids", "frame_indices"):
        with pytest.raises(ValueError, match="in the order of"):
            VideoTruth(num_classes=3, **{**arrays, name: arrays[name][::-1]})


def test_rows_are_the_boxes_of_some_frames() -> None:
    truth = small()
    assert truth.rows(np.zeros(0, np.int64)).tolist() == []
    rng = np.random.default_rng(0)
    for _ in range(50):
        numbers = np.flatnonzero(rng.random(8) < 0.5)
        assert truth.rows(numbers).tolist() == [r for r, f in enumerate(truth.frames) if f in numbers]


def test_marks() -> None:
    assert small().marked([]).sum() == 0
    assert small().marked([np.array([1, 2]), np.array([2, 5])]).nonzero()[0].tolist() == [1, 2, 5]


def test_frames_that_are_there() -> None:
    truth = VideoTruth.of([frame(0, 0), *(frame(1, i) for i in (3, 5, 7, 9))], 1)
    assert truth.has(1, np.array([2, 3, 4, 9, 10])).tolist() == [False, True, False, True, False]


def test_counts_are_of_the_marked_frames() -> None:
    truth = small()
    assert truth.count(np.ones(8, bool)).tolist() == [1, 6, 0]
    assert truth.count(truth.sampled(3)).tolist() == [1, 4, 0]


def test_hits() -> None:
    truth = small()
    frames = np.array([0, 0, 4, 4, 4])
    classes = np.array([0, 1, 1, 1, 2])
    boxes = np.array([[5, 5, 60, 60], [5, 5, 60, 60], [0, 0, 30, 30], [0, 0, 30, 30], [0, 0, 30, 30]])
    scores = np.array([0.5, 0.5, 0.1, 0.2, 0.9])

    def hits(part: slice) -> NDArray[np.bool_]:
        return (Judge(truth, None)(frames[part], classes[part], boxes[part], scores[part]) & HIT) > 0

    assert hits(slice(None)).tolist() == [True, False, False, True, False]
    assert hits(slice(0)).shape == (0,)
    # One at a time gives the same, as long as a frame is not split.
    assert hits(slice(2, None)).tolist() == [False, True, False]


def test_bad_data_is_refused() -> None:
    with pytest.raises(ValueError, match="frame 1 of video 2 twice"):
        VideoTruth.of([frame(2, 1), frame(2, 1)], 1)
    with pytest.raises(ValueError, match=r"2/1\.JPEG: class 3 is not one of 3"):
        VideoTruth.of([frame(2, 1, note(3, 0, 0, 9, 9))], 3)
    with pytest.raises(ValueError, match=r"2/1\.JPEG: \[9, 9, 0, 0\] is not a box"):
        VideoTruth.of([frame(2, 1, note(0, 9, 9, 0, 0))], 3)
    with pytest.raises(ValueError, match="XYXY_ABS"):
        VideoTruth.of([frame(2, 1, {**note(0, 0, 0, 9, 9), "bbox_mode": 1})], 3)
    with pytest.raises(ValueError, match=r"2/1\.JPEG has no annotations"):
        VideoTruth.of([{"file_name": "2/1.JPEG", "video_id": 2, "frame_index": 1}], 3)
    with pytest.raises(ValueError, match="no frame 9 of video 4"):
        small().numbers(4, np.array([2, 9]))
