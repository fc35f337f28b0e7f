"""Ground truth and detections of the frames that count."""

from __future__ import annotations

import numpy as np
import pytest

from dnt_d2.evaluation.ground_truth import VideoTruth
from dnt_d2.evaluation.judged import only_seen
from dnt_d2.formats.results import Detections

BOX = [0.0, 0, 9, 9]


def truth_of(videos: list[int], indices: list[int], frames: list[int]) -> VideoTruth:
    n = len(frames)
    return VideoTruth(
        num_classes=2,
        video_ids=np.array(videos, dtype=np.int64),
        frame_indices=np.array(indices, dtype=np.int64),
        frames=np.array(frames, dtype=np.int64),
        boxes=np.array([BOX] * n).reshape(-1, 4) + np.arange(n)[:, None],
        classes=np.arange(n) % 2,
        tracks=np.arange(n),
    )


NOTHING = Detections.of([], [], [], [])


def test_nothing_of_nothing() -> None:
    truth = truth_of([], [], [])
    for seen in (None, np.zeros(0, dtype=bool)):
        part, found = only_seen(truth, NOTHING, seen)
        assert part.num_frames == len(part.frames) == len(found) == 0


def test_no_frame_counts() -> None:
    part, found = only_seen(truth_of([1], [0], [0]), Detections.of([0], [1], [BOX], [0.5]), np.array([False]))
    assert (part.num_frames, part.num_classes, len(part.frames), len(found)) == (0, 2, 0, 0)


def test_without_a_choice_nothing_is_copied() -> None:
    truth, detections = truth_of([3], [0], [0]), Detections.of([0], [1], [BOX], [0.5])
    assert only_seen(truth, detections, None) == (truth, detections)


def test_frames_that_count_are_numbered_anew() -> None:
    truth = truth_of([3, 3, 3, 5], [0, 4, 8, 2], [0, 1, 1, 3, 3])
    detections = Detections.of([0, 1, 2, 3], [0, 1, 0, 1], [BOX] * 4, [0.1, 0.2, 0.3, 0.4], [7, 8, 9, 6])
    part, found = only_seen(truth, detections, np.array([False, True, True, True]))
    assert part.video_ids.tolist() == [3, 3, 5]
    assert part.frame_indices.tolist() == [4, 8, 2]
    assert part.frames.tolist() == [0, 0, 2, 2]
    assert part.tracks.tolist() == [1, 2, 3, 4]
    assert part.classes.tolist() == [1, 0, 1, 0]
    assert part.boxes[:, 0].tolist() == [1, 2, 3, 4]
    assert found.frames.tolist() == [0, 1, 2]
    assert found.tracks.tolist() == [8, 9, 6]
    assert found.scores.tolist() == [0.2, 0.3, 0.4]
    assert found.classes.tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("detections", "message"),
    [
        (Detections.of([2], [0], [BOX], [0.5]), "detection 0 has the frame 2, but the ground truth has 2: are these"),
        (Detections.of([-1], [0], [BOX], [0.5]), "has the frame -1"),
        (
            Detections.of([0, 1], [1, 2], [BOX] * 2, [0.5] * 2),
            "detection 1 has the class 2, but the ground truth has 2",
        ),
        (
            Detections.of([0, 1], [1, 1], [BOX] * 2, [0.5, np.nan]),
            "detection 1, in frame 7 of video 4, has the score nan",
        ),
        (Detections.of([0], [1], [[0, 0, np.inf, 1]], [0.5]), "not all finite"),
    ],
)
def test_detections_that_do_not_fit_are_refused(detections: Detections, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        only_seen(truth_of([4, 4], [0, 7], [0]), detections, None)


@pytest.mark.parametrize("seen", [np.array([True]), np.array([0, 1]), np.ones((2, 1), dtype=bool)])
def test_marks_that_do_not_fit_are_refused(seen: np.ndarray) -> None:
    with pytest.raises(ValueError, match="must mark each of 2 frames by True or False"):
        only_seen(truth_of([4, 4], [0, 7], []), NOTHING, seen)
