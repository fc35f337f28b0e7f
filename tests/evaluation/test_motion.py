"""Motion IoU and motion-specific AP against recorded runs of FGFA's evaluator."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnt_d2.evaluation.average_precision import evaluate_class, mean_ap
from dnt_d2.evaluation.ground_truth import VideoTruth
from dnt_d2.evaluation.motion import (
    MOTION_RANGES,
    MotionTruth,
    evaluate_motion,
    motion_iou,
    motion_iou_of,
    why_no_motion,
)
from dnt_d2.geometry import box_iou

GOLDEN = Path(__file__).parent.parent / "golden" / "average_precision"
CASES = sorted(GOLDEN.glob("ap_*.json"))


def flatten(case: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, int]:
    """Detections (frame, box, score, class), truth (frame, box, class, track, _, _, video, index, motion), frames."""
    dets, truth, number = [], [], 0
    for video, content in enumerate(case["videos"]):
        for index, frame in enumerate(content["frames"]):
            dets += [[number, *row] for row in frame["dets"]]
            rows = zip(frame["gt"], frame["motion_iou"], strict=True)
            truth += [[number, *row, video, index, motion] for row, motion in rows]
            number += 1
    return np.array(dets).reshape(-1, 7), np.array(truth).reshape(-1, 12), number


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_motion_iou_equals_the_recorded_one(path: Path) -> None:
    _, truth, _ = flatten(json.loads(path.read_text()))
    measured = motion_iou(truth[:, 9], truth[:, 10], truth[:, 6], truth[:, 1:5])
    np.testing.assert_allclose(measured, truth[:, 11], atol=1e-9)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_motion_ap_equals_the_recorded_one(path: Path) -> None:
    case = json.loads(path.read_text())
    dets, gt, num_frames = flatten(case)
    truth = MotionTruth(gt[:, 0], gt[:, 1:5], gt[:, 5], gt[:, 11], num_frames)
    results = []
    for class_id in range(1, 31):
        d = dets[dets[:, 6] == class_id]
        results.append(evaluate_motion(class_id, d[:, 0], d[:, 1:5], d[:, 5], truth))
    for name, expected in case["expected"]["motion"].items():
        assert list(MOTION_RANGES[name]) == expected["range_inclusive"]
        weight = truth.empty_frame_weight(*MOTION_RANGES[name])
        assert weight == pytest.approx(expected["weight_of_fp_in_frames_without_gt"], abs=1e-12)
        of_range = [result[name] for result in results]
        assert [r.num_gt for r in of_range] == expected["n_gt"]
        for value, result in zip(expected["ap"], of_range, strict=True):
            assert math.isnan(result.ap) if value is None else abs(result.ap - value) < 1e-9
        assert mean_ap(of_range) == pytest.approx(expected["mAP"], abs=1e-9)


def test_nothing() -> None:
    none = np.zeros((0, 4))
    assert motion_iou([], [], [], none).shape == (0,)
    truth = MotionTruth(np.zeros(0, int), none, np.zeros(0, int), np.zeros(0), 0)
    assert truth.empty_frame_weight(0, 1) == 0.0
    result = evaluate_motion(0, [], none, [], truth)
    assert set(result) == {"all", "fast", "medium", "slow"}
    assert all(math.isnan(r.ap) for r in result.values())


def test_a_lone_box_does_not_move() -> None:
    box = [[0, 0, 9, 9]]
    assert motion_iou([0], [5], [1], box).tolist() == [1.0]
    # The same track number in another video, or too far away in time, is no neighbour.
    assert motion_iou([0, 1], [5, 6], [1, 1], box * 2).tolist() == [1.0, 1.0]
    assert motion_iou([0, 0], [0, 11], [1, 1], [[0, 0, 9, 9], [50, 0, 59, 9]]).tolist() == [1.0, 1.0]
    assert motion_iou([0, 0], [0, 10], [1, 1], [[0, 0, 9, 9], [50, 0, 59, 9]]).tolist() == [0.0, 0.0]


def test_motion_iou_equals_brute_force() -> None:
    rng = np.random.default_rng(3)
    keys = np.array([(v, t, f) for v in range(3) for t in range(2) for f in range(30) if rng.random() < 0.7])
    video, track, frame = rng.permutation(keys).T
    corner = rng.uniform(0, 8, (len(keys), 2))
    boxes = np.hstack([corner, corner + rng.uniform(5, 20, (len(keys), 2))])
    expected = []
    for i in range(len(keys)):
        near = (video == video[i]) & (track == track[i]) & (abs(frame - frame[i]) <= 4) & (frame != frame[i])
        values = box_iou(boxes[i : i + 1], boxes[near], inclusive=True)
        expected.append(values.mean() if near.any() else 1.0)
    np.testing.assert_allclose(motion_iou(video, frame, track, boxes, window=4), expected, atol=1e-12)


def truth_with(tracks: list[int]) -> VideoTruth:
    """A box in the first frame of video 1, the others in the frames 4 and 5 of video 2."""
    boxes = np.array([[0, 0, 9, 9], [0, 0, 9, 9], [5, 0, 14, 9]][: len(tracks)], float).reshape(-1, 4)
    count = len(tracks)
    return VideoTruth(
        num_classes=1,
        video_ids=np.array([1, 2, 2]),
        frame_indices=np.array([0, 4, 5]),
        frames=np.arange(count),
        boxes=boxes,
        classes=np.zeros(count, int),
        tracks=np.array(tracks, int),
    )


def test_motion_of_a_data_set() -> None:
    nothing = motion_iou_of(truth_with([]))
    assert nothing is not None
    assert nothing.shape == (0,)
    known = motion_iou_of(truth_with([7, 7, 7]))
    assert known is not None
    np.testing.assert_allclose(known, [1, 1 / 3, 1 / 3])
    assert why_no_motion(truth_with([7, 7, 7])) is None


def test_why_motion_is_not_known() -> None:
    without = truth_with([7, -1, 7])
    assert motion_iou_of(without) is None
    assert why_no_motion(without) == "1 of 3 ground-truth boxes have no track id (instance_id)"
    twice = truth_with([7, 7, 7])
    twice.frames[2] = 1
    assert motion_iou_of(twice) is None
    assert why_no_motion(twice) == "track 7 has two boxes in frame 4 of video 2"


def test_the_widest_range_is_plain_ap() -> None:
    dets, gt, num_frames = flatten(json.loads(CASES[3].read_text()))
    truth = MotionTruth(gt[:, 0], gt[:, 1:5], gt[:, 5], gt[:, 11], num_frames)
    d, g = dets[dets[:, 6] == 1], gt[gt[:, 5] == 1]
    plain = evaluate_class(d[:, 0], d[:, 1:5], d[:, 5], g[:, 0], g[:, 1:5])
    assert evaluate_motion(1, d[:, 0], d[:, 1:5], d[:, 5], truth)["all"].ap == plain.ap


def test_bad_input_is_refused() -> None:
    box = [[0, 0, 9, 9]]
    with pytest.raises(ValueError, match="track 7 of video 2 has two boxes in frame 4"):
        motion_iou([2, 2], [4, 4], [7, 7], box * 2)
    with pytest.raises(ValueError, match="differ"):
        motion_iou([2], [4, 4], [7, 7], box * 2)
    with pytest.raises(ValueError, match="1 frames, but 2"):
        MotionTruth(np.array([0, 1]), np.array(box * 2), np.zeros(2), np.ones(2), 1)
