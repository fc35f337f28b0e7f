"""The compiled loops against plain ones, and the one-pass kernel against those that look at one range at a time."""

from __future__ import annotations

import numpy as np
import pytest

from dnt_d2.evaluation.average_precision import iou_thresholds
from dnt_d2.evaluation.kernels import (
    HIT,
    NO_TRUTH,
    SHARE_OF_FRAME,
    SIZE_PLACE,
    SPEED_PLACE,
    choose,
    falls_in_frames,
    false_positives,
    judge,
    miss_weights,
)

AREAS = np.array([[0.0, 900.0], [900.0, 2500.0], [2500.0, np.inf]])
NUM_FRAMES, NUM_CLASSES = 40, 3


def random_boxes(rng: np.random.Generator, count: int) -> np.ndarray:
    """Integers in few places: many equal and many exact overlaps, also areas at the ends of ranges."""
    corner = rng.integers(0, 16, (count, 2))
    return np.hstack([corner, corner + rng.integers(9, 60, (count, 2))]).astype(np.float64)


def starts_of(gt_frames: np.ndarray) -> np.ndarray:
    return np.searchsorted(gt_frames, np.arange(NUM_FRAMES + 1))


def test_nothing() -> None:
    ints, boxes, none = np.zeros(0, np.int64), np.zeros((0, 4)), np.zeros(0)
    speeds = np.zeros((0, 3), bool)
    assert choose(ints, boxes, ints, boxes, none).shape == (0,)
    assert miss_weights(ints, boxes, ints, boxes, np.zeros(0, bool), 0.5).shape == (0,)
    assert falls_in_frames(ints, ints, none, 1)
    starts = np.zeros(2, np.int64)
    outcomes = judge(ints, ints, boxes, starts, ints, boxes, none, np.zeros(0, np.uint16), speeds, AREAS)
    assert (outcomes.shape, outcomes.dtype) == ((0,), np.uint16)
    table = np.zeros((1024, 7), np.int8)
    sums, found = false_positives(ints, outcomes, 0, ints.astype(np.int32), table, np.zeros((0, 7)), np.zeros(7))
    assert (sums.shape, found.tolist()) == ((7, 0), [0] * 7)


def test_a_frame_without_truth() -> None:
    ints, speeds = np.zeros(0, np.int64), np.zeros((0, 3), bool)
    one = np.zeros(1, np.int64)
    box = np.array([[0.0, 0.0, 29.0, 29.0]])  # 900 px^2
    outcome = judge(
        one, one, box, np.zeros(2, np.int64), ints, np.zeros((0, 4)), np.zeros(0), np.zeros(0, np.uint16), speeds, AREAS
    )
    states = [(int(outcome[0]) >> SPEED_PLACE + 2 * r) & 3 for r in range(3)]
    assert (int(outcome[0]) & HIT, states, int(outcome[0]) >> SIZE_PLACE) == (0, [NO_TRUTH] * 3, 0b011)


@pytest.mark.parametrize("box_type", [np.float32, np.float64])
@pytest.mark.parametrize("seed", range(3))
def test_one_pass_equals_three(seed: int, box_type: type) -> None:
    rng = np.random.default_rng(seed)
    frames = np.sort(rng.integers(0, NUM_FRAMES, 600))
    classes = rng.integers(0, NUM_CLASSES, 600)
    boxes = random_boxes(rng, 600)
    boxes[::5] += 500  # these touch nothing
    gt_frames = np.sort(rng.integers(0, NUM_FRAMES - 5, 120))
    gt_classes, gt_boxes, speeds = rng.integers(0, NUM_CLASSES, 120), random_boxes(rng, 120), rng.random((120, 3)) < 0.4
    thresholds = iou_thresholds(gt_boxes)
    # A mark for each box of the ground truth: then an outcome says which one was found.
    marks = (HIT + 2 * np.arange(120)).astype(np.uint16)
    starts = starts_of(gt_frames)
    outcomes = judge(
        frames, classes, boxes.astype(box_type), starts, gt_classes, gt_boxes, thresholds, marks, speeds, AREAS
    ).astype(int)

    groups, gt_groups = frames * NUM_CLASSES + classes, gt_frames * NUM_CLASSES + gt_classes
    order, gt_order = np.argsort(groups, kind="stable"), np.argsort(gt_groups, kind="stable")
    found = choose(groups[order], boxes[order], gt_groups[gt_order], gt_boxes[gt_order], thresholds[gt_order])
    expected = np.full(600, -1)
    expected[order] = np.where(found >= 0, gt_order[found], -1)
    hit = (outcomes & HIT) > 0
    np.testing.assert_array_equal(np.where(hit, outcomes >> 1, -1), expected)
    assert 30 < hit.sum() < 110

    missed = outcomes[~hit]
    in_frame = np.bincount(gt_frames, minlength=NUM_FRAMES)[frames[~hit]]
    for r in range(3):
        state = (missed >> SPEED_PLACE + 2 * r) & 3
        weights = miss_weights(frames[~hit], boxes[~hit], gt_frames, gt_boxes, speeds[:, r], 0.37)
        inside = np.bincount(gt_frames[speeds[:, r]], minlength=NUM_FRAMES)[frames[~hit]]
        share = (in_frame - inside) / in_frame.clip(min=1)
        meant = np.select([state == NO_TRUTH, state == SHARE_OF_FRAME], [0.37, share], state)
        np.testing.assert_array_equal(meant, weights)
        assert set(state) == {0, 1, SHARE_OF_FRAME, NO_TRUTH}
    area = (boxes[~hit, 2:] - boxes[~hit, :2] + 1).prod(axis=1)
    for r, (low, high) in enumerate(AREAS):
        np.testing.assert_array_equal((missed >> SIZE_PLACE + r) & 1, (area >= low) & (area <= high))


def test_of_equal_overlaps_the_first_is_taken() -> None:
    one, two = np.zeros(1, np.int64), np.zeros(2, np.int64)
    gt_boxes = np.array([[0.0, 0.0, 9.0, 9.0]] * 2)
    marks = np.array([HIT, HIT + 2], np.uint16)
    truth = (np.array([0, 2]), two, gt_boxes, np.full(2, 0.25), marks, np.zeros((2, 3), bool))
    assert judge(one, one, gt_boxes[:1], *truth, AREAS).tolist() == [HIT]
    assert judge(two, two, gt_boxes, *truth, AREAS).tolist() == [HIT, HIT + 2]


def test_a_box_turned_inside_out_has_no_area() -> None:
    one = np.zeros(1, np.int64)
    gt_box = np.array([[0.0, 0.0, 9.0, 9.0]])
    truth = (np.array([0, 1]), one, gt_box, np.array([0.25]), np.array([HIT], np.uint16), np.zeros((1, 3), bool))
    for box in ([90.0, 10.0, 10.0, 90.0], [10.0, 90.0, 90.0, 10.0], [90.0, 90.0, 10.0, 10.0]):
        outcome = judge(one, one, np.array([box]), *truth, AREAS)
        assert int(outcome[0]) >> SIZE_PLACE == 0b001


def test_whether_scores_fall() -> None:
    def falls(frames: list[int], classes: list[int], scores: list[float]) -> bool:
        return falls_in_frames(np.array(frames), np.array(classes), np.array(scores), 2)

    assert falls([0, 0, 0, 1], [0, 1, 0, 0], [0.5, 0.9, 0.5, 0.7])  # each class by itself, anew in each frame
    assert not falls([0, 0], [1, 1], [0.5, 0.6])
    assert not falls([1, 0], [0, 0], [0.5, 0.4])
    assert not falls([0, 0, 0], [0, 1, 0], [0.5, 0.9, 0.6])


def test_counting_equals_a_plain_loop() -> None:
    rng = np.random.default_rng(5)
    outcomes = rng.integers(0, 8, 300).astype(np.uint16)
    order, frames = rng.permutation(300), rng.integers(0, 6, 300).astype(np.int32)
    meaning = np.zeros((1024, 2), np.int8)
    meaning[0:8:2] = [[0, 1], [1, 2], [2, 3], [3, 0]]  # misses
    meaning[1:8:2] = [[-1, 0], [-1, -1], [0, -1], [0, 0]]
    shares, empty_weights = rng.random((6, 2)), np.array([0.2, 0.3])
    num_hits = int((outcomes & HIT).sum())
    sums, found = false_positives(order, outcomes, num_hits, frames, meaning, shares, empty_weights)
    assert sums.shape == (2, num_hits)
    for q in range(2):
        total, expected = 0.0, []
        for i in order:
            kind = meaning[outcomes[i], q]
            if kind < 0:
                expected.append(total)
            else:
                total += [0.0, 1.0, shares[frames[i], q], empty_weights[q]][kind]
        np.testing.assert_array_equal(sums[q, : found[q]], expected)
