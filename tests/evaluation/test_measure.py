"""AP overall, by speed and by size from outcomes: recorded runs of other evaluators, and plain loops."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnt_d2.evaluation.average_precision import ClassAP, evaluate_class, mean_ap
from dnt_d2.evaluation.ground_truth import VideoTruth
from dnt_d2.evaluation.measure import Measured, measure
from dnt_d2.evaluation.motion import MotionTruth, evaluate_motion, motion_iou_of
from dnt_d2.evaluation.outcome_log import OutcomeLog
from dnt_d2.evaluation.outcomes import SIZE_RANGES, SPEED_RANGES, Judge

CASES = sorted((Path(__file__).parent.parent / "golden" / "average_precision").glob("ap_*.json"))


def frame_dict(video: int, index: int, notes: list[list[float]]) -> dict[str, Any]:
    """Notes are x1, y1, x2, y2, class, track."""
    keys = [{"bbox": note[:4], "category_id": int(note[4]), "instance_id": int(note[5])} for note in notes]
    return {"video_id": video, "frame_index": index, "file_name": f"{video}/{index}.jpg", "annotations": keys}


def run(truth: VideoTruth, motion: np.ndarray | None, dets: np.ndarray, seen: np.ndarray | None = None) -> Measured:
    """Detections are frame, x1, y1, x2, y2, score, class; one chunk for each frame, the last frame first."""
    judge, log = Judge(truth, motion), OutcomeLog()
    for frame in np.unique(dets[:, 0])[::-1]:
        rows = dets[dets[:, 0] == frame]
        outcomes = judge(rows[:, 0], rows[:, 6], rows[:, 1:5], rows[:, 5])
        log.add(rows[:, 0], rows[:, 6], rows[:, 5], outcomes)
    return measure(log, truth, motion, np.ones(truth.num_frames, bool) if seen is None else seen)


def random_case(seed: int, num_classes: int = 3) -> tuple[VideoTruth, np.ndarray]:
    """Few places for boxes, so that overlaps are many, and few scores, so that ties are."""
    rng = np.random.default_rng(seed)
    dicts, dets, number = [], [], 0
    for video in range(3):
        for index in range(12):
            notes = [
                [*(corner := rng.integers(0, 60, 2)), *(corner + rng.integers(8, 140, 2)), rng.integers(num_classes), t]
                for t in range(4)
                if rng.random() < 0.5 and index % 5
            ]
            dicts.append(frame_dict(video, index, notes))
            for note in notes * 2:
                label = note[4] if rng.random() < 0.8 else rng.integers(num_classes)
                dets.append([number, *(np.array(note[:4]) + rng.integers(-6, 7, 4)), rng.integers(9) / 8, label])
            for _ in range(rng.integers(0, 4)):
                corner = rng.integers(0, 200, 2)
                size = rng.choice([10, 31, 32, 95, 150], 2)
                dets.append([number, *corner, *(corner + size), rng.integers(9) / 8, rng.integers(num_classes)])
            number += 1
    return VideoTruth.of(dicts, num_classes), np.array(dets, dtype=float)


def assert_same(measured: ClassAP, expected: ClassAP) -> None:
    np.testing.assert_array_equal(measured.ap, expected.ap)
    np.testing.assert_array_equal(measured.recall, expected.recall)
    np.testing.assert_array_equal(measured.recalls, expected.recalls)
    np.testing.assert_array_equal(measured.precisions, expected.precisions)
    assert (measured.num_gt, measured.num_det) == (expected.num_gt, expected.num_det)


def test_nothing() -> None:
    empty = VideoTruth.of([], 2)
    measured = measure(OutcomeLog(), empty, motion_iou_of(empty), np.zeros(0, bool))
    assert measured.speed is not None
    for results in (measured.ap, *measured.speed.values(), *measured.size.values()):
        assert [math.isnan(result.ap) for result in results] == [True, True]
    one = VideoTruth.of([frame_dict(0, 0, [[0, 0, 9, 9, 1, 5]])], 2)
    results = measure(OutcomeLog(), one, None, np.ones(1, bool))
    assert results.speed is None
    assert (results.ap[1].ap, results.size["small"][1].ap) == (0.0, 0.0)
    assert math.isnan(results.ap[0].ap)
    assert math.isnan(results.size["large"][1].ap)
    # A frame that isn't seen counts neither by what is in it, nor by what was found.
    unseen = run(one, None, np.array([[0, 0, 0, 9, 9, 0.9, 1]]), np.zeros(1, bool))
    assert (unseen.ap[1].num_gt, unseen.ap[1].num_det) == (0, 0)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
@pytest.mark.parametrize("score_type", [np.float32, np.float64])
def test_equals_the_recorded_runs(path: Path, score_type: type) -> None:
    case = json.loads(path.read_text())
    dicts, dets = [], []
    for video, content in enumerate(case["videos"]):
        for index, frame in enumerate(content["frames"]):
            dets += [[len(dicts), *row] for row in frame["dets"]]
            dicts.append(frame_dict(video, index, [[*row[:4], row[4] - 1, row[5]] for row in frame["gt"]]))
    table = np.array(dets).reshape(-1, 7)
    table[:, 6] -= 1
    table[:, 5] = table[:, 5].astype(score_type)
    truth = VideoTruth.of(dicts, 30)
    measured = run(truth, motion_iou_of(truth), table)
    expected = case["expected"]
    assert measured.speed is not None
    assert [result.num_det for result in measured.ap] == expected["n_det"]
    for results, wanted in [(measured.ap, expected)] + [
        (measured.speed[n], expected["motion"][n]) for n in SPEED_RANGES
    ]:
        assert [result.num_gt for result in results] == wanted["n_gt"]
        for result, value in zip(results, wanted["ap"], strict=True):
            assert math.isnan(result.ap) if value is None else abs(result.ap - value) < 1e-9
        assert mean_ap(results) == pytest.approx(wanted["mAP"], abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_equals_evaluation_of_one_class_and_one_range_at_a_time(seed: int) -> None:
    truth, dets = random_case(seed)
    motion = motion_iou_of(truth)
    assert motion is not None
    motion[::7] = np.nan  # of these the motion isn't known
    motion[1::7] = 0.9  # at the end of two ranges
    seen = np.random.default_rng(seed).random(truth.num_frames) < 0.7
    for marks in (np.ones(truth.num_frames, bool), seen):
        measured = run(truth, motion, dets, marks)
        gt = marks[truth.frames]
        motion_truth = MotionTruth(truth.frames[gt], truth.boxes[gt], truth.classes[gt], motion[gt], int(marks.sum()))
        counted = dets[marks[dets[:, 0].astype(int)]]
        for c in range(3):
            d, of_class = counted[counted[:, 6] == c], gt & (truth.classes == c)
            plain = evaluate_class(d[:, 0], d[:, 1:5], d[:, 5], truth.frames[of_class], truth.boxes[of_class])
            assert_same(measured.ap[c], plain)
            by_speed = evaluate_motion(c, d[:, 0], d[:, 1:5], d[:, 5], motion_truth, ranges=SPEED_RANGES)
            assert measured.speed is not None
            for name, expected in by_speed.items():
                assert_same(measured.speed[name][c], expected)


def size_ap(truth: VideoTruth, dets: np.ndarray, class_id: int, low: float, high: float) -> float:
    """By loops: what finds an object of another size is ignored, what finds nothing only if it has that size."""
    objects = [(f, b) for f, b, c in zip(truth.frames, truth.boxes, truth.classes, strict=True) if c == class_id]
    area = lambda b: (b[2] - b[0] + 1) * (b[3] - b[1] + 1)  # noqa: E731
    num_gt = sum(low <= area(box) <= high for _, box in objects)
    order = sorted((row for row in dets.tolist() if row[6] == class_id), key=lambda row: (-row[5], row[0]))
    free, tp, fp, curve = [True] * len(objects), 0, 0, []
    for frame, *box, _, _ in order:
        best, found = 0.0, None
        for k, (gt_frame, gt) in enumerate(objects):
            width, height = min(box[2], gt[2]) - max(box[0], gt[0]) + 1, min(box[3], gt[3]) - max(box[1], gt[1]) + 1
            overlap = max(width, 0) * max(height, 0)
            iou = overlap / (area(box) + area(gt) - overlap)
            threshold = min(0.5, area(gt) / ((gt[2] - gt[0] + 11) * (gt[3] - gt[1] + 11)))
            if gt_frame == frame and free[k] and iou >= threshold and iou > best:
                best, found = iou, k
        if found is None:
            fp += low <= area(box) <= high
        else:
            free[found] = False
            if low <= area(objects[found][1]) <= high:
                tp += 1
                curve.append(tp / (tp + fp))
    return sum(max(curve[k:]) for k in range(len(curve))) / num_gt if num_gt else math.nan


@pytest.mark.parametrize("seed", range(4))
def test_sizes_equal_brute_force(seed: int) -> None:
    truth, dets = random_case(10 + seed)
    measured = run(truth, None, dets)
    values = [[result.ap for result in measured.size[name]] for name in SIZE_RANGES]
    expected = [[size_ap(truth, dets, c, *ends) for c in range(3)] for ends in SIZE_RANGES.values()]
    np.testing.assert_allclose(values, expected, atol=1e-12)
    assert np.nanstd(values) > 0.01  # ranges and classes do differ


def test_an_area_at_an_end_belongs_to_both_ranges() -> None:
    truth = VideoTruth.of([frame_dict(0, 0, [[0, 0, 31, 31, 0, 1], [100, 0, 195, 95, 0, 2]])], 1)
    measured = run(truth, None, np.zeros((0, 7)))
    assert [measured.size[name][0].num_gt for name in ("small", "medium", "large")] == [1, 2, 1]


def test_wrong_lengths_are_refused() -> None:
    truth, _ = random_case(0)
    with pytest.raises(ValueError, match="5 marks for 36 frames"):
        measure(OutcomeLog(), truth, None, np.ones(5, bool))
    with pytest.raises(ValueError, match="2 values of motion"):
        measure(OutcomeLog(), truth, np.ones(2), np.ones(36, bool))
