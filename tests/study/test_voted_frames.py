"""dnt_d2/study/voted_frames.py: single frames get the boxes that linking starts from, and those alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dnt_d2.evaluation.saved_run import SavedRun
from dnt_d2.evaluation.video_record import VideoRecorder
from dnt_d2.study.leftover_boxes import with_leftovers
from dnt_d2.study.mean_ap import ap50_of_boxes, ap50_of_kind
from dnt_d2.study.measure import SETTINGS
from dnt_d2.study.voted_frames import score_voted_frames, voted_boxes, voted_rows
from dnt_d2.tubes import vote_boxes


def test_nothing_to_vote_with(tmp_path: Path, make_run: Callable[..., SavedRun]) -> None:
    bare = make_run(tmp_path / "bare", candidates=False)
    with pytest.raises(ValueError, match=r"3\.npz.*without candidates"):
        score_voted_frames(bare)
    with pytest.raises(ValueError, match="without candidates"):
        voted_boxes(VideoRecorder(3).record())
    assert score_voted_frames(make_run(tmp_path / "none", videos=())) == []


def test_each_box_in_its_class(tmp_path: Path, make_run: Callable[..., SavedRun]) -> None:
    record = make_run(tmp_path).read(6)
    assert record.candidates is not None
    settings = replace(SETTINGS, nms_iou=0.3, top_k=4)
    detections, candidates = voted_rows(record, settings)
    said = zip(record.candidates.split("boxes"), record.candidates.split("scores"), strict=True)
    found = zip(*(detections.split(name) for name in ("boxes", "scores", "classes")), strict=True)
    for (boxes, scores), (new, own, classes) in zip(said, found, strict=True):
        for c in range(3):
            expected = vote_boxes(np.column_stack([boxes, scores[:, c]]), nms_iou=0.3, top_k=4)
            rows = np.column_stack([new, own])[classes == c]
            np.testing.assert_allclose(rows, expected, rtol=1e-6)
    np.testing.assert_array_equal(candidates.columns["boxes"], detections.columns["boxes"])
    one_of_each = candidates.columns["scores"]
    rows = np.arange(len(one_of_each))
    np.testing.assert_array_equal(one_of_each[rows, detections.columns["classes"]], detections.columns["scores"])
    assert (np.count_nonzero(one_of_each, axis=1) <= 1).all()


def test_they_are_what_tubes_are_made_of(tmp_path: Path, make_run: Callable[..., SavedRun]) -> None:
    """Tubes and leftovers have the same boxes: only their scores are others."""
    run = make_run(tmp_path)
    truth, _ = run.read_truth()
    scores = score_voted_frames(run)
    seen = truth.marked(score.numbers for score in scores)
    boxes = [with_leftovers(truth, video_id, record, SETTINGS) for video_id, record in run.videos()]
    columns = [voted_rows(record)[0].columns["boxes"] for _, record in run.videos()]
    for part, voted in zip(boxes, columns, strict=True):
        order = [np.lexsort(rows.T) for rows in (part.boxes.astype(np.float32), voted)]
        np.testing.assert_allclose(part.boxes[order[0]], voted[order[1]], rtol=1e-6)
    own = ap50_of_kind(scores, "frame", truth, seen)
    assert 0 < own < 100
    assert own != ap50_of_boxes(boxes, truth, seen)
