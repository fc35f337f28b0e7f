"""dnt_d2/study/other_tracklets.py: which boxes go on, who moves them, and what the rest of a video becomes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dnt_d2.evaluation.saved_run import SavedRun
from dnt_d2.evaluation.video_record import VideoRecord, VideoRecorder
from dnt_d2.geometry import FloatArray
from dnt_d2.study.mean_ap import ap50_of_kind
from dnt_d2.study.measure import SETTINGS, linkings_of, plan_of
from dnt_d2.study.other_tracklets import score_changed, with_tracklets


def record_of(*scores: list[float]) -> VideoRecord:
    """A frame for each list, with boxes side by side, of one class."""
    recorder = VideoRecorder(1)
    for index, row in enumerate(scores):
        boxes = np.array([[20 * i, index, 20 * i + 9, index + 9] for i in range(len(row))], dtype=np.float32)
        columns = np.array(row, dtype=np.float32).reshape(-1, 1)
        found = {"boxes": np.zeros((0, 4)), "scores": np.zeros(0), "classes": np.zeros(0)}
        said = {"boxes": boxes.reshape(-1, 4), "scores": columns}
        recorder.add(index, {"detections": found, "candidates": said, "tracklets": {"boxes": np.zeros((0, 8))}})
    return recorder.record()


def right(place: int, boxes: FloatArray) -> FloatArray:
    return boxes + 100 * (place + 1)


def test_nothing_is_asked_where_nothing_goes_on() -> None:
    def never(place: int, boxes: FloatArray) -> FloatArray:
        raise AssertionError

    assert with_tracklets(record_of(), never).tracklets is None
    still = with_tracklets(record_of([0.9]), never).tracklets
    assert still is not None
    assert still.columns["boxes"].shape == (0, 8)


def test_boxes_above_the_threshold_are_moved() -> None:
    record = record_of([0.9, 0.1, 0.3], [], [0.5])
    found = with_tracklets(record, right, 0.2)
    assert found.tracklets is not None
    assert found.tracklets.counts.tolist() == [0, 2, 0]
    np.testing.assert_array_equal(
        found.tracklets.columns["boxes"], [[0, 0, 9, 9, 100, 100, 109, 109], [40, 0, 49, 9, 140, 100, 149, 109]]
    )
    assert found.candidates is record.candidates


def test_scores_of_several_frames_are_refused() -> None:
    record = record_of([0.9])
    revised = VideoRecord(record.frames, record.detections, record.candidates, record.tracklets, revised=True)
    with pytest.raises(ValueError, match="SCORE_AVERAGE: the scores by which boxes are tracked were not saved"):
        with_tracklets(revised, right)


def test_videos_are_changed_after_frames_are_skipped(tmp_path: Path, make_run: Callable[..., SavedRun]) -> None:
    run, seen = make_run(tmp_path), {}
    plan = plan_of(run, linkings_of(run))

    def change(video_id: int, record: VideoRecord) -> VideoRecord:
        seen[video_id] = len(record.frames)
        return record

    scores = score_changed(run, plan, change, widen=4)
    assert seen == {3: 6, 6: 4}
    assert [len(score.numbers) for score in scores] == [6, 4]
    assert next(iter(plan.linkings.values())).settings == SETTINGS
    marks = plan.truth.marked(score.numbers for score in scores)
    assert ap50_of_kind(scores, "tube", plan.truth, marks) > 0


def test_a_broken_change_names_its_file(tmp_path: Path, make_run: Callable[..., SavedRun]) -> None:
    run = make_run(tmp_path)

    def change(video_id: int, record: VideoRecord) -> VideoRecord:
        raise ValueError("no")

    with pytest.raises(ValueError, match=r"videos.000003\.npz: no"):
        score_changed(run, plan_of(run, {}), change)
