"""dnt_d2/study/stride_choices.py: every stride is judged in the same frames, and linked as the report links it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnt_d2.evaluation.content import build_content
from dnt_d2.evaluation.linking import Linking, tube_boxes
from dnt_d2.evaluation.run_scoring import score_run
from dnt_d2.evaluation.saved_run import SavedRun
from dnt_d2.formats.results import Detections
from dnt_d2.study.mean_ap import ap50_of_boxes
from dnt_d2.study.measure import SETTINGS, linkings_of, plan_of
from dnt_d2.study.no_motion import score_with_no_motion, with_no_motion
from dnt_d2.study.stride_choices import compare_strides

STRIDES = (1, 2, 4)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, make_run: Callable[..., SavedRun]) -> dict[int, SavedRun]:
    folder = tmp_path_factory.mktemp("runs")
    return {stride: make_run(folder / str(stride), stride) for stride in STRIDES}


@pytest.fixture(scope="module")
def found(runs: dict[int, SavedRun]) -> dict[str, Any]:
    return compare_strides(runs, workers=1)


def test_nothing_to_compare(tmp_path: Path, make_run: Callable[..., SavedRun]) -> None:
    with pytest.raises(ValueError, match="no runs to compare"):
        compare_strides({})
    nothing = compare_strides({2: make_run(tmp_path, 2, videos=())})
    assert set(nothing["sampled_frames"]["2"]) == {"frame", "tube", "tube_psi0", "tube_no_motion"}
    assert all(np.isnan(list(nothing["sampled_frames"]["2"].values())))


def test_what_is_there(found: dict[str, Any]) -> None:
    assert found["judged_every"] == 4
    assert list(found["sampled_frames"]) == list(found["all_frames"]) == ["1", "2", "4"]
    kinds = {"frame", "tube", "tube_psi0", "tube_no_motion"}
    assert all(set(row) == kinds for row in found["sampled_frames"].values())
    assert [kinds - set(row) for row in found["all_frames"].values()] == [set(), {"frame"}, {"frame"}]


def test_single_frames_are_the_same_at_every_stride(found: dict[str, Any]) -> None:
    assert len({row["frame"] for row in found["sampled_frames"].values()}) == 1
    for kind in ("tube", "tube_psi0", "tube_no_motion"):
        assert len({row[kind] for row in found["sampled_frames"].values()}) == 3


def test_as_the_report_has_it(runs: dict[int, SavedRun], found: dict[str, Any]) -> None:
    """The largest stride in its own frames, and the smallest in all; the others in all frames."""
    reports = {}
    for stride, run in runs.items():
        plan = plan_of(run, linkings_of(run))
        both = (score_run(run, plan, workers=1), score_with_no_motion(run, plan))
        report, still = (build_content(plan, scores, {})["AP50"] for scores in both)
        kind = "tube" if stride == 1 else "tube_all"
        assert found["all_frames"][str(stride)]["tube"] == round(report[kind]["mean"], 3)
        assert found["all_frames"][str(stride)]["tube_no_motion"] == round(still[kind]["mean"], 3)
        reports[stride] = report
    for kind in ("frame", "tube", "tube_psi0"):
        assert found["all_frames"]["1"][kind] == round(reports[1][kind]["mean"], 3)
        assert found["sampled_frames"]["4"][kind] == round(reports[4][kind]["mean"], 3)


def test_a_smaller_stride_is_linked_whole_and_judged_where_the_largest_looked(
    runs: dict[int, SavedRun], found: dict[str, Any]
) -> None:
    truth, _ = runs[2].read_truth()
    places = zip(truth.video_ids.tolist(), truth.frame_indices.tolist(), strict=True)
    seen = np.array([index % 4 == 0 or index == truth.last_index(video_id) for video_id, index in places])

    def ap(linking: Linking, *, still: bool = False) -> float:
        parts: list[Detections] = []
        for video_id, record in runs[2].videos():
            video = (with_no_motion(record) if still else record).collector()
            boxes = tube_boxes(truth, video_id, video, linking).boxes
            parts.append(boxes.where(seen[boxes.frames]))
        return round(ap50_of_boxes(parts, truth, seen), 3)

    row = found["sampled_frames"]["2"]
    assert row["tube"] == ap(Linking(SETTINGS))
    assert row["tube_psi0"] == ap(Linking(SETTINGS, use_tracks=False))
    assert row["tube_no_motion"] == ap(Linking(SETTINGS), still=True)


def test_runs_that_can_not_be_compared(
    tmp_path: Path, make_run: Callable[..., SavedRun], runs: dict[int, SavedRun]
) -> None:
    with pytest.raises(ValueError, match=r"is of every 2\. frame, not of every 3\."):
        compare_strides({3: runs[2]})
    with pytest.raises(ValueError, match=r"the finished videos of .* are \[6\], those of .* \[3, 6\]: finish both"):
        compare_strides({4: runs[4], 2: make_run(tmp_path / "part", 2, videos=(6,))})
    with pytest.raises(ValueError, match=r"3 lacks frame 4 of video 3, which is judged: give strides that divide"):
        compare_strides({3: make_run(tmp_path / "3", 3), 4: runs[4]}, workers=1)
    truth, frames = runs[2].read_truth()
    columns = truth.arrays() | {"boxes": truth.boxes + 1}
    moved = type(truth)(num_classes=truth.num_classes, **columns)
    other = SavedRun.create(tmp_path / "moved", replace(runs[2].facts), moved, frames)
    with pytest.raises(ValueError, match="moved is of other frames or objects than"):
        compare_strides({4: runs[4], 2: other})
    with pytest.raises(ValueError, match="saved without candidates"):
        compare_strides({1: make_run(tmp_path / "bare", candidates=False)}, workers=1)
