"""COCO AP, against pycocotools on JSON files from end to end."""

from __future__ import annotations

import json
import math
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from dnt_d2.evaluation.coco_ap import coco_ap, memory_needed
from dnt_d2.evaluation.ground_truth import VideoTruth
from dnt_d2.formats.results import Detections

NOTHING = Detections.of([], [], [], [])
NAMES = ["AP", "AP50", "AP75", "APs", "APm", "APl"]


def truth_of(frames: Any, boxes: Any, classes: Any, *, num_frames: int, num_classes: int) -> VideoTruth:
    return VideoTruth(
        num_classes=num_classes,
        video_ids=np.arange(num_frames) // 7,
        frame_indices=np.arange(num_frames) % 7,
        frames=np.asarray(frames, dtype=np.int64),
        boxes=np.asarray(boxes, dtype=float).reshape(-1, 4),
        classes=np.asarray(classes, dtype=np.int64),
        tracks=np.full(len(frames), -1),
    )


def random_data(seed: int, *, num_frames: int = 30, per_frame: int = 40) -> tuple[VideoTruth, Detections]:
    """Four classes, of which the last but one has no ground truth; equal scores, tiny and flat objects."""
    rng = np.random.default_rng(seed)
    gt_frames = np.sort(rng.integers(0, num_frames, 3 * num_frames))
    corners = rng.integers(0, 200, (len(gt_frames), 2))
    gt = np.hstack([corners, corners + rng.integers(0, 160, (len(gt_frames), 2))]).astype(float)
    gt_classes = rng.choice([0, 1, 3], len(gt_frames))
    frames = np.repeat(np.arange(num_frames), per_frame)
    corners = rng.uniform(0, 200, (len(frames), 2))
    boxes = np.hstack([corners, corners + rng.uniform(0, 160, (len(frames), 2))])
    classes = rng.integers(0, 4, len(frames))
    for i in np.flatnonzero(rng.random(len(frames)) < 0.6):
        near = np.flatnonzero(gt_frames == frames[i])
        if len(near):
            pick = rng.choice(near)
            boxes[i] = gt[pick] + rng.normal(0, 6, 4)
            classes[i] = gt_classes[pick]
    scores = np.round(rng.random(len(frames)), 2)
    truth = truth_of(gt_frames, gt, gt_classes, num_frames=num_frames, num_classes=4)
    return truth, Detections.of(frames, classes, boxes, scores)


def xywh(box: np.ndarray) -> list[float]:
    return [float(box[0]), float(box[1]), float(box[2] - box[0]), float(box[3] - box[1])]


def by_files(
    folder: Path, truth: VideoTruth, detections: Detections, *, seen: np.ndarray | None = None, limit: int | None = None
) -> COCOeval:
    """pycocotools as everybody runs it: a JSON file of each, all classes at once."""
    keep = np.ones(truth.num_frames, bool) if seen is None else seen
    notes = [
        {"id": i + 1, "image_id": int(f) + 50, "category_id": int(c) + 1, "bbox": xywh(b), "iscrowd": 0}
        for i, (f, c, b) in enumerate(zip(truth.frames, truth.classes, truth.boxes, strict=True))
        if keep[f]
    ]
    for note in notes:
        note["area"] = note["bbox"][2] * note["bbox"][3]
    content = {
        "info": {},
        "images": [{"id": int(f) + 50} for f in np.flatnonzero(keep)],
        "categories": [{"id": c + 1, "name": str(c)} for c in range(truth.num_classes)],
        "annotations": notes,
    }
    results = [
        {"image_id": int(f) + 50, "category_id": int(c) + 1, "bbox": xywh(b), "score": float(s)}
        for f, c, b, s in zip(detections.frames, detections.classes, detections.boxes, detections.scores, strict=True)
        if keep[f]
    ]
    (folder / "truth.json").write_text(json.dumps(content))
    (folder / "results.json").write_text(json.dumps(results))
    coco = COCO(str(folder / "truth.json"))
    judge = COCOeval(coco, coco.loadRes(str(folder / "results.json")), "bbox")
    if limit is not None:
        judge.params.maxDets = [limit]
    judge.evaluate()
    judge.accumulate()
    return judge


def expected(judge: COCOeval) -> tuple[dict[str, float], list[float], list[float]]:
    def mean(part: np.ndarray) -> float:
        return float(np.mean(part[part > -1])) * 100 if (part > -1).any() else math.nan

    p = judge.eval["precision"][..., -1]
    parts = [p[..., 0], p[0, ..., 0], p[5, ..., 0], p[..., 1], p[..., 2], p[..., 3]]
    classes = range(p.shape[2])
    return (
        dict(zip(NAMES, map(mean, parts), strict=True)),
        [mean(p[:, :, c, 0]) for c in classes],
        [mean(p[0, :, c, 0]) for c in classes],
    )


def test_without_detections_what_is_there_has_ap_0() -> None:
    big = [0, 0, 200, 200]
    result = coco_ap(truth_of([0], [big], [1], num_frames=1, num_classes=3), NOTHING)
    np.testing.assert_array_equal(list(result.summary().values()), [0, 0, 0, math.nan, math.nan, 0])
    np.testing.assert_array_equal(result.AP_per_class, [math.nan, 0, math.nan])
    np.testing.assert_array_equal(result.AP50_per_class, [math.nan, 0, math.nan])


@pytest.mark.parametrize("found", [NOTHING, Detections.of([0], [0], [[0, 0, 9, 9]], [0.5])])
def test_without_ground_truth_nothing_is_known(found: Detections) -> None:
    result = coco_ap(truth_of([], [], [], num_frames=1, num_classes=2), found)
    assert list(result.summary()) == NAMES
    assert all(math.isnan(value) for value in result.summary().values())
    np.testing.assert_array_equal(result.AP_per_class, [math.nan] * 2)
    no_frames = truth_of([], [], [], num_frames=0, num_classes=2)
    assert math.isnan(coco_ap(no_frames, NOTHING).AP)


@pytest.mark.parametrize("seed", range(4))
def test_equals_pycocotools_on_files(tmp_path: Path, seed: int) -> None:
    truth, detections = random_data(seed)
    result = coco_ap(truth, detections)
    summary, ap, ap50 = expected(by_files(tmp_path, truth, detections))
    assert result.summary() == summary  # to the last bit
    np.testing.assert_array_equal(result.AP_per_class, ap)
    np.testing.assert_array_equal(result.AP50_per_class, ap50)
    assert math.isnan(ap[2])
    assert 0 < summary["APs"] < summary["AP50"] < 100


def test_its_own_summary_agrees(tmp_path: Path) -> None:
    truth, detections = random_data(9)
    judge = by_files(tmp_path, truth, detections)
    judge.summarize()
    assert (100 * judge.stats[:6]).tolist() == list(coco_ap(truth, detections).summary().values())


@pytest.mark.parametrize("limit", [1, 3, 10])
def test_the_limit_is_per_class_and_frame(tmp_path: Path, limit: int) -> None:
    truth, detections = random_data(5, num_frames=12)
    result = coco_ap(truth, detections, max_detections=limit)
    assert result.summary() == expected(by_files(tmp_path, truth, detections, limit=limit))[0]
    assert result.AP < coco_ap(truth, detections).AP


def test_of_100_equal_ones_the_first_count(tmp_path: Path) -> None:
    wrong, right = [300.0, 300, 340, 340], [10.0, 10, 50, 50]
    for place, found in ((99, 100), (100, 0)):
        boxes = [wrong] * place + [right] + [wrong] * 10
        truth = truth_of([0], [right], [0], num_frames=1, num_classes=1)
        detections = Detections.of([0] * len(boxes), [0] * len(boxes), boxes, [0.5] * len(boxes))
        summary = coco_ap(truth, detections).summary()
        assert summary["AP50"] == pytest.approx(found / 100)
        assert summary == pytest.approx(expected(by_files(tmp_path, truth, detections))[0], nan_ok=True)


def test_perfect_detections_in_any_order_of_classes() -> None:
    truth, _ = random_data(1)
    whole = (truth.boxes[:, 2:] > truth.boxes[:, :2]).all(axis=1)
    truth = truth_of(truth.frames[whole], truth.boxes[whole], truth.classes[whole], num_frames=30, num_classes=4)
    detections = Detections.of(truth.frames, truth.classes, truth.boxes, np.ones(len(truth.frames)))
    result = coco_ap(truth, detections)
    assert list(result.summary().values()) == [pytest.approx(100)] * 6
    other = Detections.of(truth.frames, (truth.classes + 1) % 4, truth.boxes, np.ones(len(truth.frames)))
    assert coco_ap(truth, other).AP < 10


def test_objects_without_area_are_never_found() -> None:
    truth = truth_of([0, 0], [[5, 5, 5, 5], [5, 5, 5, 60]], [0, 0], num_frames=1, num_classes=1)
    result = coco_ap(truth, Detections.of([0, 0], [0, 0], truth.boxes, [0.5, 0.6]))
    assert (result.AP, result.APs) == (0, 0)
    assert math.isnan(result.APm)


def test_only_frames_that_count(tmp_path: Path) -> None:
    truth, detections = random_data(7)
    seen = truth.sampled(4)
    result = coco_ap(truth, detections, seen=seen)
    assert result.summary() == expected(by_files(tmp_path, truth, detections, seen=seen))[0]
    assert result.AP != coco_ap(truth, detections).AP


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    coco_ap(*random_data(2, num_frames=5))
    assert capfd.readouterr() == ("", "")


def test_what_does_not_fit_is_refused() -> None:
    truth = truth_of([0], [[0, 0, 9, 9]], [0], num_frames=1, num_classes=1)
    with pytest.raises(ValueError, match="at least 1, got 0"):
        coco_ap(truth, NOTHING, max_detections=0)
    with pytest.raises(ValueError, match="has the class 1, but the ground truth has 1"):
        coco_ap(truth, Detections.of([0], [1], [[0, 0, 9, 9]], [0.5]))


@pytest.mark.parametrize("per_frame", [10, 30])
def test_the_memory_that_is_told(per_frame: int) -> None:
    """Of one class, where no assumption on shares is needed."""
    rng = np.random.default_rng(0)
    num_frames = 80
    frames = np.repeat(np.arange(num_frames), per_frame)
    boxes = rng.uniform(0, 100, (len(frames), 4))
    boxes[:, 2:] += 100
    truth = truth_of(frames[::per_frame], boxes[::per_frame], [0] * num_frames, num_frames=num_frames, num_classes=1)
    detections = Detections.of(frames, [0] * len(frames), boxes, rng.random(len(frames)))
    tracemalloc.start()
    coco_ap(truth, detections)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 0.5 < memory_needed(num_frames, len(frames), 1) / peak < 2


def test_memory_of_many_frames() -> None:
    assert memory_needed(0, 0, 0) == 0
    # One class holds at most 100 detections a frame, and more classes share them.
    assert memory_needed(10, 10_000, 1) - memory_needed(10, 1_000, 1) < 100 * 9_000
    assert memory_needed(1_000, 50_000, 30) < memory_needed(1_000, 50_000, 1)
    assert 5e9 < memory_needed(176_126, 176_126 * 300, 30) < 40e9
