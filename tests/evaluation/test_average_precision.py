"""AP against the recorded runs of the ILSVRC devkit, and against a plain double loop on random data."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnt_d2.evaluation.average_precision import (
    ClassAP,
    evaluate_class,
    iou_thresholds,
    match_detections,
    mean_ap,
    rank_and_measure,
)
from dnt_d2.geometry import box_iou

GOLDEN = Path(__file__).parent.parent / "golden" / "average_precision"
CASES = sorted(GOLDEN.glob("ap_*.json"))
NONE = np.zeros((0, 4))


def flatten(case: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Rows of (frame number, ...) of all detections and of all ground truth."""
    frames = [frame for video in case["videos"] for frame in video["frames"]]
    dets = [[i, *row] for i, frame in enumerate(frames) for row in frame["dets"]]
    truth = [[i, *row] for i, frame in enumerate(frames) for row in frame["gt"]]
    return np.array(dets).reshape(-1, 7), np.array(truth).reshape(-1, 9)


def evaluate_case(dets: np.ndarray, truth: np.ndarray) -> list[ClassAP]:
    results = []
    for class_id in range(1, 31):
        d, g = dets[dets[:, 6] == class_id], truth[truth[:, 5] == class_id]
        results.append(evaluate_class(d[:, 0], d[:, 1:5], d[:, 5], g[:, 0], g[:, 1:5]))
    return results


def same(expected: float | None, measured: float) -> bool:
    return math.isnan(measured) if expected is None else abs(expected - measured) < 1e-9


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_equals_the_devkit(path: Path) -> None:
    case = json.loads(path.read_text())
    expected = case["expected"]
    results = evaluate_case(*flatten(case))
    assert [r.num_gt for r in results] == expected["n_gt"]
    assert [r.num_det for r in results] == expected["n_det"]
    assert all(same(e, r.ap) for e, r in zip(expected["ap"], results, strict=True))
    assert all(same(e, r.recall) for e, r in zip(expected["recall"], results, strict=True))
    assert same(expected["mAP"], mean_ap(results))


def test_all_golden_cases_are_there() -> None:
    assert len(CASES) == 5


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_order_of_the_input_does_not_matter(path: Path) -> None:
    dets, truth = flatten(json.loads(path.read_text()))
    rng = np.random.default_rng(0)
    expected = evaluate_case(dets, truth)
    shuffled = evaluate_case(rng.permutation(dets), rng.permutation(truth))
    for a, b in zip(expected, shuffled, strict=True):
        np.testing.assert_array_equal(a.precisions, b.precisions)
        np.testing.assert_equal(a.ap, b.ap)


def test_no_detections_and_no_ground_truth() -> None:
    nothing = evaluate_class([], NONE, [], [], NONE)
    assert math.isnan(nothing.ap)
    assert math.isnan(nothing.recall)
    missed = evaluate_class([], NONE, [], [0, 1], [[0, 0, 9, 9], [0, 0, 9, 9]])
    assert (missed.ap, missed.recall, missed.num_gt, missed.num_det) == (0.0, 0.0, 2, 0)
    unknown = evaluate_class([0], [[0, 0, 9, 9]], [0.5], [], NONE)
    assert math.isnan(unknown.ap)
    assert (unknown.num_gt, unknown.num_det) == (0, 1)
    assert math.isnan(mean_ap([nothing, unknown]))
    assert mean_ap([nothing, missed]) == 0.0


def test_a_perfect_detector_has_one() -> None:
    boxes = np.array([[0, 0, 30, 30], [50, 0, 80, 30], [5, 5, 60, 60]], float)
    result = evaluate_class([3, 3, 7], boxes, [0.2, 0.9, 0.4], [3, 3, 7], boxes)
    assert result.ap == result.recall == 1.0
    np.testing.assert_array_equal(result.recalls, [1 / 3, 2 / 3, 1])
    np.testing.assert_array_equal(result.precisions, [1, 1, 1])


def test_small_boxes_need_less_overlap() -> None:
    boxes = np.array([[0, 0, 9, 9], [0, 0, 99, 99], [5, 5, 5, 5]], float)
    np.testing.assert_allclose(iou_thresholds(boxes), [0.25, 0.5, 1 / 121])
    # 25 of 100 pixels: exactly the threshold of a 10 x 10 box counts.
    assert evaluate_class([0], [[0, 0, 4, 4]], [1.0], [0], boxes[:1]).ap == 1.0
    assert evaluate_class([0], [[0, 0, 4, 3]], [1.0], [0], boxes[:1]).ap == 0.0


def test_equal_scores_keep_frame_then_rank() -> None:
    box, far = [0, 0, 30, 30], [100, 100, 130, 130]
    # The false positive of frame 0 is ranked before the hit of frame 1, wherever it stands in the arrays.
    for order in ([0, 1], [1, 0]):
        result = evaluate_class(np.array([0, 1])[order], np.array([far, box])[order], [0.5, 0.5], [1], [box])
        assert result.ap == 0.5
    assert evaluate_class([1, 1], [box, far], [0.5, 0.5], [1], [box]).ap == 1.0
    assert evaluate_class([1, 1], [far, box], [0.5, 0.5], [1], [box]).ap == 0.5


def test_ignored_detections_do_not_count() -> None:
    scores, hits = np.array([0.9, 0.8, 0.7]), np.array([False, True, True])
    assert rank_and_measure(scores, hits, num_gt=2).ap == pytest.approx(2 / 3)
    assert rank_and_measure(scores, hits, num_gt=2, miss_weights=np.zeros(3)).ap == 1.0
    assert rank_and_measure(scores, hits, num_gt=2, miss_weights=np.full(3, 0.5)).ap == pytest.approx(2 / 2.5)


def brute_force(
    frames: np.ndarray, boxes: np.ndarray, scores: np.ndarray, gt_frames: np.ndarray, gt_boxes: np.ndarray
) -> np.ndarray:
    """Which ground truth each detection takes: the rule, read aloud."""
    taken = np.full(len(frames), -1)
    thresholds = iou_thresholds(gt_boxes)
    for i in sorted(range(len(frames)), key=lambda i: (-scores[i], i)):
        candidates = []
        for j in range(len(gt_frames)):
            iou = box_iou(boxes[i : i + 1], gt_boxes[j : j + 1], inclusive=True)[0, 0]
            if gt_frames[j] == frames[i] and j not in taken and iou >= thresholds[j]:
                candidates.append((iou, -j))
        if candidates:
            taken[i] = -max(candidates)[1]
    return taken


@pytest.mark.parametrize("seed", range(5))
def test_matching_equals_brute_force(seed: int) -> None:
    rng = np.random.default_rng(seed)
    corner = rng.integers(0, 40, (60, 2)).astype(float)
    gt_boxes = np.hstack([corner, corner + rng.integers(0, 40, (60, 2))])
    frames, gt_frames = rng.integers(0, 8, 150), rng.integers(0, 10, 60)
    boxes = gt_boxes[rng.integers(0, 60, 150)] + rng.normal(0, 3, (150, 4))
    scores = rng.integers(0, 20, 150) / 20
    expected = brute_force(frames, boxes, scores, gt_frames, gt_boxes)
    np.testing.assert_array_equal(match_detections(frames, boxes, scores, gt_frames, gt_boxes), expected)
    assert (expected >= 0).sum() > 10


def test_float32_detections_are_taken_as_they_are() -> None:
    box = np.array([[0, 0, 30, 30]], np.float32)
    result = evaluate_class(np.array([2], np.int32), box, np.array([0.5], np.float32), np.array([2], np.int16), box)
    assert result.ap == 1.0


def test_bad_input_is_refused() -> None:
    box = [[0, 0, 9, 9]]
    with pytest.raises(ValueError, match="do not fit"):
        evaluate_class([0, 1], box, [0.5], [0], box)
    with pytest.raises(ValueError, match="ground truth do not fit"):
        evaluate_class([0], box, [0.5], [0, 1], box)
    with pytest.raises(ValueError, match="detection 0 is nan"):
        evaluate_class([0], box, [float("nan")], [0], box)
    with pytest.raises(ValueError, match="ground-truth box 0"):
        evaluate_class([0], box, [0.5], [0], [[9, 9, 0, 0]])
