"""dnt_d2/study/peers.py: a drawn run by every method, against evaluation's own report where there is one."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnt_d2.evaluation.content import build_content
from dnt_d2.evaluation.ground_truth import VideoTruth
from dnt_d2.evaluation.linking import standard_linkings
from dnt_d2.evaluation.plan import Plan
from dnt_d2.evaluation.run_scoring import score_run
from dnt_d2.evaluation.saved_run import RunFacts, SavedRun
from dnt_d2.evaluation.video_record import VideoRecorder
from dnt_d2.formats.results import FrameList
from dnt_d2.study.peers import METHODS, SHOWN, TRACKERS, WITHOUT_TRACKS, choose_threshold, measure
from dnt_d2.study.public_trackers import INSTALL
from dnt_d2.tubes.collector import TubeSettings

pytest.importorskip("trackers", reason=f"needs {INSTALL}")
pytest.importorskip("trackeval", reason="needs pip install 'dnt_d2[tracking]'")

CLASSES = ["bear", "car", "fox"]  # no fox is ever there
LENGTHS = {3: 14, 4: 10}  # video id -> frames


def true_boxes(index: int) -> np.ndarray:
    """(2, 4): a bear and a car, 6 px a frame."""
    return np.array([[20 + 6 * index, 10, 69 + 6 * index, 69], [200 - 6 * index, 90, 249 - 6 * index, 139]], float)


def frame_of(video: int, index: int, noise: float) -> dict[str, dict[str, Any]]:
    """Two boxes near each object and two strays. Scores of the objects vary by frame; without noise they are 0.9."""
    rng = np.random.default_rng([video, index])
    near = np.repeat(true_boxes(index), 2, axis=0)
    corners = rng.uniform(0, 100, (2, 2))
    boxes = np.vstack([near + noise * rng.normal(0, 4, near.shape), np.hstack([corners, corners + 40])])
    scores = noise * rng.uniform(0.01, 0.5, (6, 3))
    scores[range(4), [0, 0, 1, 1]] = 0.9 - noise * rng.uniform(0, 0.7, 4)
    rows, classes = np.nonzero(scores > 0.05)
    found = {"boxes": boxes[rows], "scores": scores[rows, classes], "classes": classes}
    steps = np.hstack([true_boxes(index - 1), true_boxes(index)]) if index else np.zeros((0, 8))
    return {
        "detections": {name: values[::2] if not noise else values for name, values in found.items()},
        "candidates": {"boxes": boxes, "scores": scores},
        "tracklets": {"boxes": steps},
    }


def make_run(folder: Path, noise: float = 1, videos: tuple[int, ...] = (3, 4)) -> tuple[SavedRun, Plan]:
    dicts = []
    for video, length in LENGTHS.items():
        for index in range(length):
            notes = [
                {"bbox": box.tolist(), "bbox_mode": 0, "category_id": c, "instance_id": c}
                for c, box in enumerate(true_boxes(index))
            ]
            place = {"video_id": video, "frame_index": index, "image_id": 100 * video + index}
            dicts.append({**place, "file_name": f"{video}/{index}", "width": 300, "height": 150, "annotations": notes})
    truth = VideoTruth.of(dicts, len(CLASSES))
    places = [{**frame, "video_id": list(LENGTHS).index(frame["video_id"])} for frame in dicts]
    frames = FrameList.of(places, ["clip_3", "clip_4"], CLASSES)
    run = SavedRun.create(folder, RunFacts("drawn"), truth, frames)
    for video in videos:
        recorder = VideoRecorder(len(CLASSES))
        for index in range(LENGTHS[video]):
            recorder.add(index, frame_of(video, index, noise))
        run.write(video, recorder.record())
    return run, Plan("drawn", truth, frames, standard_linkings(TubeSettings(), 1))


def test_no_videos(tmp_path: Path) -> None:
    run, plan = make_run(tmp_path, videos=())
    rows = [measure(run, plan, method, 0.3) for method in METHODS]
    assert [row.method for row in rows] == list(METHODS)
    for row in rows:
        assert row.ap50 is None if row.method in TRACKERS else math.isnan(row.ap50 or 0)
        assert (
            row.class_averaged is None
            if row.method in WITHOUT_TRACKS
            else math.isnan((row.class_averaged or {})["HOTA"])
        )
    with pytest.raises(ValueError, match="on at least one finished video"):
        choose_threshold(run, plan, "tube")


def test_what_is_perfect_stays_so(tmp_path: Path) -> None:
    """Whole tracks of Seq-NMS and of tubes; trackers miss the first boxes of each track, and nothing else."""
    run, plan = make_run(tmp_path, noise=0)
    rows = {row.method: row for row in (measure(run, plan, method, 0.3) for method in METHODS)}
    assert all(row.ap50 == 100 for row in rows.values() if row.method not in TRACKERS)
    frames = sum(LENGTHS.values())
    lost = {"sort": 4, "bytetrack": 2, "bytetrack_start": 2}  # in two videos
    for method in set(METHODS) - set(WITHOUT_TRACKS):
        found = rows[method].class_averaged
        assert found is not None
        assert found["IDSW"] == 0
        assert found["MOTA"] == pytest.approx(100 * (1 - lost.get(method, 0) / frames))


def test_as_the_report_has_it(tmp_path: Path) -> None:
    """One video of two is finished: the frames of the other don't count."""
    run, plan = make_run(tmp_path, videos=(4,))
    for threshold in (0.3, 0.6):
        asked = replace(plan, metrics=("tracks",), trim_score=threshold)
        content = build_content(asked, score_run(run, asked, workers=1), {})
        tube, frame = measure(run, plan, "tube", threshold), measure(run, plan, "frame")
        assert (frame.ap50, tube.ap50) == (content["AP50"]["frame"]["mean"], content["AP50"]["tube"]["mean"])
        assert measure(run, plan, "tube_psi0", threshold).ap50 == content["AP50"]["tube_psi0"]["mean"]
        for found, name in ((tube.class_averaged, "class_averaged"), (tube.detection_averaged, "detection_averaged")):
            assert found == {key: content["tracks"][name][key] for key in SHOWN}
        assert (frame.threshold, frame.class_averaged, tube.threshold) == (None, None, threshold)


def test_the_best_threshold_is_chosen(tmp_path: Path) -> None:
    run, plan = make_run(tmp_path)
    some = (0.5, 0.2, 0.8)
    for method in ("seq_nms", "sort", "bytetrack_start", "tube_online"):
        choice = choose_threshold(run, plan, method, some)
        rows = {threshold: measure(run, plan, method, threshold).class_averaged or {} for threshold in some}
        assert dict(choice.hota) == {threshold: rows[threshold]["HOTA"] for threshold in sorted(some)}
        assert choice.hota[choice.threshold] == max(choice.hota.values())
        assert len(set(choice.hota.values())) > 1
    assert choose_threshold(run, plan, "tube", [0.0, 0.01]).threshold == 0.0  # of equals the lowest


def test_the_mean_and_the_maximum_differ(tmp_path: Path) -> None:
    run, plan = make_run(tmp_path)
    mean, best = (measure(run, plan, method, 0.75).class_averaged for method in ("seq_nms", "seq_nms_max"))
    assert mean != best


def test_voted_boxes(tmp_path: Path) -> None:
    """They are other boxes than those of single frames; nothing of the run itself is changed."""
    run, plan = make_run(tmp_path)
    rows = {method: measure(run, plan, method, 0.3) for method in METHODS if method not in TRACKERS}
    assert rows["frame_voted"].ap50 != rows["frame"].ap50
    assert rows["seq_nms_voted"].class_averaged != rows["seq_nms"].class_averaged
    assert measure(run, plan, "frame").ap50 == rows["frame"].ap50


def test_bad_questions(tmp_path: Path) -> None:
    run, plan = make_run(tmp_path)
    with pytest.raises(ValueError, match="there is no method 'kcf'; these are known: frame, frame_voted, seq_nms"):
        measure(run, plan, "kcf", 0.3)
    with pytest.raises(ValueError, match="tube needs a threshold: choose it on another data set"):
        measure(run, plan, "tube")
    with pytest.raises(ValueError, match="a threshold must be in"):
        choose_threshold(run, plan, "tube", [1.5])
    with pytest.raises(ValueError, match="among at least one"):
        choose_threshold(run, plan, "tube", [])
    with pytest.raises(ValueError, match='"frame" has no tracks'):
        choose_threshold(run, plan, "frame")
    with pytest.raises(ValueError, match="has no way to link"):
        measure(run, replace(plan, linkings={}), "tube", 0.3)
    recorder = VideoRecorder(len(CLASSES))
    recorder.add(0, {"detections": frame_of(3, 0, 1)["detections"]})
    run.write(3, recorder.record())
    with pytest.raises(ValueError, match="video 3 of drawn was saved without candidates: Seq-NMS, mean needs them"):
        measure(run, plan, "seq_nms", 0.3)
