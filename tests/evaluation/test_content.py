"""dnt_d2/evaluation/content.py: everything a report says, and how it is told to Detectron2."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from dnt_d2.evaluation.average_precision import evaluate_class, mean_ap
from dnt_d2.evaluation.content import build_content, results_of
from dnt_d2.evaluation.dataset import frame_list
from dnt_d2.evaluation.ground_truth import VideoTruth
from dnt_d2.evaluation.linking import standard_linkings
from dnt_d2.evaluation.plan import Plan
from dnt_d2.evaluation.scoring import VideoScore
from dnt_d2.evaluation.tables import write_json
from dnt_d2.evaluation.video_record import VideoRecorder
from dnt_d2.tubes.collector import TubeSettings

CLASSES = ["a", "b", "c"]
LENGTH = 6


def box(video: int, track: int, frame: int) -> list[float]:
    x = 10 + 90 * track + (4 + 20 * track) * frame
    return [x, 20 + video, x + 40, 70]


def dicts(tracked: bool = True) -> list[dict[str, Any]]:
    """Two videos with a track of class 0 and one of class 1; nothing is of class 2."""
    frames = []
    for video in range(2):
        for frame in range(LENGTH):
            notes = [
                {"bbox": box(video, track, frame), "category_id": track} | ({"instance_id": track} if tracked else {})
                for track in range(2)
            ]
            name = f"clip_{video}/{frame:06d}.JPEG"
            frames.append({"file_name": name, "video_id": video, "frame_index": frame, "annotations": notes})
    return frames


def plan(tracked: bool = True, metrics: tuple[str, ...] = ()) -> Plan:
    ordered = dicts(tracked)
    truth = VideoTruth.of(ordered, len(CLASSES))
    linkings = standard_linkings(TubeSettings(), 1)
    return Plan("clips", truth, frame_list(ordered, CLASSES), linkings, metrics=metrics)


def scores(of: Plan, seed: int = 0) -> list[VideoScore]:
    """Noisy candidates near all objects and elsewhere."""
    rng, scorer, found = np.random.default_rng(seed), of.scorer(), []
    for video in range(2):
        recorder = VideoRecorder(len(CLASSES))
        for frame in range(LENGTH):
            near = np.array([box(video, track, frame) for track in (0, 1, 0, 1)], dtype=np.float64)
            boxes = np.concatenate(
                [near + rng.normal(0, 4, near.shape), rng.uniform(0, 60, (4, 4)) + np.array([0, 0, 90, 90])]
            )
            class_scores = rng.dirichlet([1, 1, 1, 1], len(boxes))[:, :3]
            classes = class_scores.argmax(axis=1)
            recorder.add(
                frame,
                {
                    "detections": {"boxes": boxes, "scores": class_scores.max(axis=1), "classes": classes},
                    "candidates": {"boxes": boxes, "scores": class_scores},
                    "tracklets": {"boxes": np.zeros((0, 8))},
                    "proposals": {"boxes": boxes},
                },
            )
        found.append(scorer.score(video, recorder.record()))
    return found


def test_nothing_was_processed() -> None:
    content = build_content(plan(), [], {})
    assert content["frames"] == content["videos"] == content["boxes"] == 0
    assert content["kinds"] == ["frame"]
    assert math.isnan(content["AP50"]["frame"]["mean"])
    assert "missing" in content["recall"]
    assert "missing" in content["scores"]
    assert content["per_video"] == []
    assert math.isnan(results_of(content)["frame"]["AP50"])


def test_numbers_are_those_of_their_parts() -> None:
    asked = plan(metrics=("coco",))
    found = scores(asked)
    content = build_content(asked, found, {"date": "today"})
    assert content["kinds"] == ["frame", "tube", "tube_psi0"]
    assert (content["frames"], content["videos"], content["boxes"]) == (12, 2, 24)
    assert content["boxes_per_class"] == [12, 12, 0]
    boxes = [score.kinds["tube"].boxes for score in found]
    results = []
    for class_id in range(3):
        parts = [part.where(part.classes == class_id) for part in boxes if part is not None]
        frames, corners, values = (
            np.concatenate([getattr(p, n) for p in parts]) for n in ("frames", "boxes", "scores")
        )
        mine = asked.truth.classes == class_id
        results.append(evaluate_class(frames, corners, values, asked.truth.frames[mine], asked.truth.boxes[mine]))
    assert content["AP50"]["tube"]["mean"] == pytest.approx(100 * mean_ap(results), abs=1e-9)
    for value, result in zip(content["AP50"]["tube"]["per_class"], results, strict=True):
        assert value == pytest.approx(100 * result.ap, abs=1e-9, nan_ok=True)
    assert sum(content["speed"]["boxes"].values()) >= 24
    assert sum(content["size"]["boxes"].values()) >= 24
    assert set(content["coco"]) == {"frame", "tube"}
    histogram = content["scores"]["after"]
    assert sum(histogram["right"]) + sum(histogram["wrong"]) == sum(len(part) for part in boxes if part is not None)
    assert [row["name"] for row in content["per_video"]] == ["clip_0", "clip_1"]


def test_order_of_videos_does_not_matter() -> None:
    asked = plan(metrics=("coco", "tracks"))
    found = scores(asked)
    assert repr(build_content(asked, found[::-1], {})) == repr(build_content(asked, found, {}))


def test_curves_fall_and_end_at_the_recall() -> None:
    asked = plan()
    content = build_content(asked, scores(asked), {})
    for curve in content["curves"]["frame"][:2]:
        assert curve["recall"][0] == 0
        assert np.all(np.diff(curve["precision"]) <= 0)
        assert len(curve["recall"]) == len(curve["precision"]) <= 101
    assert content["curves"]["frame"][2] == {"recall": [], "precision": []}


def test_without_tracks_there_is_no_speed_and_the_report_says_so() -> None:
    asked = plan(tracked=False, metrics=("tracks",))
    content = build_content(asked, scores(asked), {})
    assert "no track id" in content["speed"]["missing"]
    assert "no track ids" in content["tracks"]["missing"]
    assert content["AP50"]["frame"]["mean"] == build_content(plan(), scores(plan()), {})["AP50"]["frame"]["mean"]
    assert "frame_speed" not in results_of(content)


def test_a_kind_that_some_videos_lack_is_left_out() -> None:
    asked = plan()
    first, second = scores(asked)
    alone = VideoScore(second.video_id, second.numbers, {"frame": second.kinds["frame"]}, linked=False)
    assert build_content(asked, [first, alone], {})["kinds"] == ["frame"]


def test_results_as_detectron2_has_them(tmp_path: Any) -> None:
    asked = plan(metrics=("coco", "tracks"))
    content = build_content(asked, scores(asked), {})
    results = results_of(content)
    assert {"frame", "tube", "tube_psi0", "frame_speed", "tube_size", "frame_coco", "tracks", "recall"} <= set(results)
    assert set(results["frame"]) == {"AP50", "AP50-a", "AP50-b", "AP50-c"}
    assert all(isinstance(value, float) for values in results.values() for value in values.values())
    write_json(tmp_path / "report.json", content)  # it is JSON, and NaN is null there
    assert json.loads((tmp_path / "report.json").read_text())["AP50"]["frame"]["per_class"][2] is None
