"""Outcomes in whatever order detections come, and what a judge refuses."""

from __future__ import annotations

import numpy as np
import pytest

from dnt_d2.evaluation.ground_truth import VideoTruth
from dnt_d2.evaluation.kernels import HIT, NO_TRUTH, SIZE_PLACE, SPEED_PLACE
from dnt_d2.evaluation.outcomes import Judge, falling, sizes_of, speeds_of


def truth_of(frames: list[int], boxes: list[list[float]], classes: list[int]) -> VideoTruth:
    """Four frames of one video, two classes."""
    return VideoTruth(
        num_classes=2,
        video_ids=np.zeros(4, int),
        frame_indices=np.arange(4),
        frames=np.array(frames, int),
        boxes=np.array(boxes, float),
        classes=np.array(classes, int),
        tracks=np.arange(len(frames)),
    )


def test_nothing() -> None:
    judge = Judge(truth_of([], [], []), None)
    outcomes = judge([], [], np.zeros((0, 4)), [])
    assert (outcomes.shape, outcomes.dtype) == ((0,), np.uint16)
    lone = int(judge([2], [1], [[0, 0, 9, 9]], [0.5])[0])
    assert lone & HIT == 0
    assert [(lone >> SPEED_PLACE + 2 * r) & 3 for r in range(3)] == [NO_TRUTH] * 3


def test_what_an_outcome_says() -> None:
    # 32 x 32 px: small and medium. A motion IoU of 0.7: fast and medium.
    judge = Judge(truth_of([1, 1], [[0, 0, 31, 31], [50, 0, 149, 99]], [0, 1]), np.array([0.7, 0.95]))
    boxes = [[0, 0, 31, 31], [0, 0, 31, 31], [51, 0, 149, 99], [0, 0, 31, 31]]
    first, second, wrong, other = judge([1, 1, 1, 2], [0, 0, 0, 0], boxes, [0.9, 0.8, 0.7, 0.6]).tolist()
    assert first == HIT | 0b00_01_01 << SPEED_PLACE | 0b011 << SIZE_PLACE
    assert second == 0b00_01_01 << SPEED_PLACE | 0b011 << SIZE_PLACE  # the same object again
    assert wrong == 0b01_00_00 << SPEED_PLACE | 0b100 << SIZE_PLACE  # nearest is the slow one, of another class
    assert other == 0b11_11_11 << SPEED_PLACE | 0b011 << SIZE_PLACE


def test_motion_that_is_not_known_is_in_no_range() -> None:
    truth = truth_of([1, 1], [[0, 0, 31, 31], [50, 0, 149, 99]], [0, 1])
    assert speeds_of(truth, np.array([0.9, np.nan])).tolist() == [[False, True, True], [False] * 3]
    assert not speeds_of(truth, None).any()
    assert sizes_of(truth).tolist() == [[True, True, False], [False, False, True]]


@pytest.mark.parametrize("score_type", [np.float16, np.float32, np.float64])
def test_the_order_does_not_matter(score_type: type) -> None:
    rng = np.random.default_rng(1)
    corners = rng.integers(0, 20, (60, 2))
    truth = truth_of(
        np.sort(rng.integers(0, 4, 60)).tolist(),
        np.hstack([corners, corners + rng.integers(8, 40, (60, 2))]).tolist(),
        rng.integers(0, 2, 60).tolist(),
    )
    judge = Judge(truth, rng.random(60))
    frames, classes = rng.integers(0, 4, 300), rng.integers(0, 2, 300)
    boxes = (truth.boxes[rng.integers(0, 60, 300)] + rng.integers(-3, 4, (300, 4))).astype(np.float32)
    scores = rng.permutation(300).astype(score_type) / score_type(512)  # all different
    order = np.lexsort((-scores, classes, frames))
    ordered = judge(frames[order], classes[order], boxes[order], scores[order])
    assert 10 < (ordered & HIT).sum() < 60
    np.testing.assert_array_equal(judge(frames, classes, boxes, scores)[order], ordered)
    np.testing.assert_array_equal(judge(frames, classes, boxes.astype(np.float64), scores)[order], ordered)
    # Columns of one table, as results files have them.
    table = np.column_stack([frames, classes, boxes, scores.astype(np.float64)])
    by_column = judge(table[:, 0], table[:, 1], table[:, 2:6], table[:, 6])
    np.testing.assert_array_equal(by_column[order], ordered)


def test_of_equal_scores_the_earlier_chooses_first() -> None:
    judge = Judge(truth_of([3], [[0, 0, 9, 9]], [0]), None)
    boxes = [[0, 0, 9, 9], [0, 0, 9, 9], [0, 0, 9, 9]]
    assert (judge([3, 3, 3], [0, 0, 0], boxes, [0.5, 0.5, 0.5]) & HIT).tolist() == [1, 0, 0]
    assert (judge([3, 3, 3], [0, 0, 0], boxes, [0.4, 0.5, 0.5]) & HIT).tolist() == [0, 1, 0]


@pytest.mark.parametrize("score_type", [np.float32, np.float64])
def test_falling_is_a_stable_argsort(score_type: type) -> None:
    assert falling(np.zeros(0, score_type)).shape == (0,)
    edges = np.array([0.0, -0.0, 1.0, -1.0, 1e-42, -1e-42, 3e38, -3e38, 0.0, 1.0], score_type)
    assert falling(edges).tolist() == np.argsort(-edges, kind="stable").tolist()
    rng = np.random.default_rng(2)
    for scores in (rng.normal(size=5000), rng.integers(-5, 5, 5000) / 5):
        scores = scores.astype(score_type)
        np.testing.assert_array_equal(falling(scores), np.argsort(-scores, kind="stable"))


def test_bad_input_is_refused() -> None:
    truth = truth_of([0], [[0, 0, 9, 9]], [0])
    judge, box = Judge(truth, None), [[0, 0, 9, 9]]
    with pytest.raises(ValueError, match="2 frame numbers, 1 classes, 1 boxes, 1 scores"):
        judge([0, 0], [0], box, [0.5])
    with pytest.raises(ValueError, match="score of detection 1 is nan"):
        judge([0, 0], [0, 0], box * 2, [0.5, np.nan])
    with pytest.raises(ValueError, match=r"frame 4 of detection 0 is not in \[0, 4\)"):
        judge([4], [0], box, [0.5])
    with pytest.raises(ValueError, match=r"class -1 of detection 1 is not in \[0, 2\)"):
        judge([0, 0], [0, -1], box * 2, [0.5, 0.5])
    with pytest.raises(ValueError, match="3 values of motion for 1 ground-truth boxes"):
        Judge(truth, np.ones(3))
