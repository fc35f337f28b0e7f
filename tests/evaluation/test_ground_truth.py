"""Frames in order, their numbers, and the ground truth as flat arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dnt_d2.data.samplers import sample_frames
from dnt_d2.evaluation.ground_truth import VideoTruth


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
    assert truth.hits(frames, classes, boxes, scores).tolist() == [True, False, False, True, False]
    assert truth.hits(frames[:0], classes[:0], boxes[:0], scores[:0]).shape == (0,)
    # One at a time gives the same, as long as a frame is not split.
    assert truth.hits(frames[2:], classes[2:], boxes[2:], scores[2:]).tolist() == [False, True, False]


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
