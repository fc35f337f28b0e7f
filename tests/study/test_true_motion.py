"""dnt_d2/study/true_motion.py: boxes go where their objects go; all else stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dnt_d2.evaluation.ground_truth import VideoTruth
from dnt_d2.evaluation.saved_run import SavedRun
from dnt_d2.study.measure import linkings_of, plan_of
from dnt_d2.study.no_motion import with_no_motion
from dnt_d2.study.true_motion import moved_along, score_with_true_motion, with_true_motion

START = np.array([[0.0, 0, 9, 9], [50, 50, 69, 69]])
END = np.array([[20.0, 0, 29, 9], [40, 50, 79, 69]])  # ten steps right; twice as wide


def test_nothing_to_move_and_nothing_to_move_along() -> None:
    none = np.zeros((0, 4))
    assert moved_along(none, START, END).shape == (0, 4)
    np.testing.assert_array_equal(moved_along(START, none, none), START)


def test_true_boxes_end_where_objects_are() -> None:
    np.testing.assert_allclose(moved_along(START, START, END), END)


def test_a_box_moves_in_its_own_size() -> None:
    """Eq. 2, 3: a box half as wide goes half as far, and grows by the same factor."""
    boxes = np.array([[0.0, 0, 4, 9], [50, 50, 64, 69]])
    np.testing.assert_allclose(moved_along(boxes, START, END), [[10, 0, 14, 9], [42.5, 50, 72.5 - 1, 69]])


def test_boxes_of_no_object_stay() -> None:
    boxes = np.array([[5.0, 0, 14, 9], [200, 0, 209, 9]])  # an IoU of 1/3, and none
    np.testing.assert_array_equal(moved_along(boxes, START, END), boxes)


def test_the_other_way_leads_back() -> None:
    rng = np.random.default_rng(0)
    boxes = START + rng.normal(0, 0.5, (2, 4))
    np.testing.assert_allclose(moved_along(moved_along(boxes, START, END), END, START), boxes)


def test_tracklets_of_a_video(tmp_path: Path, make_run: Callable[..., SavedRun]) -> None:
    run = make_run(tmp_path, 4)
    truth, record = run.read_truth()[0], run.read(6)
    found, still = (x.tracklets for x in (with_true_motion(record, truth, 6), with_no_motion(record)))
    assert found is not None
    assert still is not None
    np.testing.assert_array_equal(found.counts, still.counts)
    old, new, stay = found.columns["boxes"][:, :4], found.columns["boxes"][:, 4:], still.columns["boxes"][:, 4:]
    np.testing.assert_array_equal(old, stay)
    moved = (new != stay).any(axis=1)
    shift = ((new[:, 0] + new[:, 2]) - (old[:, 0] + old[:, 2])) / 2 / (old[:, 2] - old[:, 0] + 1)
    assert 0 < moved.sum() < len(moved)
    assert {round(float(x), 2) for x in shift[moved]} <= {36 / 50, -28 / 50, 27 / 50, -21 / 50}  # 4 frames, then 3


def test_an_object_that_is_gone_leaves_its_boxes(tmp_path: Path, make_run: Callable[..., SavedRun]) -> None:
    run = make_run(tmp_path)
    truth, record = run.read_truth()[0], run.read(3)
    arrays = truth.arrays()
    keep = arrays["frames"] % 2 == 0
    for name in ("frames", "boxes", "classes", "tracks"):
        arrays[name] = arrays[name][keep]
    gone = with_true_motion(record, VideoTruth(num_classes=truth.num_classes, **arrays), 3).tracklets
    still = with_no_motion(record).tracklets
    assert gone is not None
    assert still is not None
    np.testing.assert_array_equal(gone.columns["boxes"], still.columns["boxes"])


def test_truth_without_tracks(tmp_path: Path, make_run: Callable[..., SavedRun]) -> None:
    run = make_run(tmp_path)
    truth = run.read_truth()[0]
    truth.tracks[:] = -1
    with pytest.raises(ValueError, match="nobody knows how they move"):
        with_true_motion(run.read(3), truth, 3)


def test_every_video_is_scored(tmp_path: Path, make_run: Callable[..., SavedRun]) -> None:
    assert score_with_true_motion(*_asked(make_run(tmp_path / "none", videos=()))) == []
    run = make_run(tmp_path / "run")
    assert [score.video_id for score in score_with_true_motion(*_asked(run))] == [3, 6]


def _asked(run: SavedRun) -> tuple[SavedRun, object]:
    return run, plan_of(run, linkings_of(run))
