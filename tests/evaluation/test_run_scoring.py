"""dnt_d2/evaluation/run_scoring.py: runs and results on disk, scored by one process and by several."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from dnt_d2.evaluation import run_scoring
from dnt_d2.evaluation.linking import standard_linkings
from dnt_d2.evaluation.plan import Plan
from dnt_d2.evaluation.run_scoring import all_boxes, records_of, score_detections, score_run
from dnt_d2.evaluation.saved_run import RunFacts, SavedRun
from dnt_d2.evaluation.scoring import VideoScore
from dnt_d2.formats.results import Detections
from dnt_d2.tubes.collector import TubeSettings

if TYPE_CHECKING:
    from conftest import Drawn

Make = Callable[..., SavedRun]


def plan_of(drawn: Drawn, **options: Any) -> Plan:
    linkings = standard_linkings(TubeSettings(), options.get("temporal_stride", 1))
    return Plan("drawn", drawn.truth, drawn.frames, linkings, **options)


def assert_equal_scores(a: list[VideoScore], b: list[VideoScore], kinds: set[str] | None = None) -> None:
    assert [score.video_id for score in a] == [score.video_id for score in b]
    for x, y in zip(a, b, strict=True):
        assert x.kinds.keys() == y.kinds.keys()
        for kind in kinds or set(x.kinds):
            p, q = x.kinds[kind], y.kinds[kind]
            np.testing.assert_array_equal(p.numbers, q.numbers)
            np.testing.assert_array_equal(p.ap50, q.ap50)
            for class_id in range(3):
                for u, v in zip(p.log.of_class(class_id), q.log.of_class(class_id), strict=True):
                    np.testing.assert_array_equal(u, v)
        for name in ("numbers", "found", "histograms"):
            np.testing.assert_array_equal(getattr(x, name), getattr(y, name))
        assert (x.tracks is None) == (y.tracks is None)
        if x.tracks is not None and y.tracks is not None:
            assert_equal_boxes(x.tracks, y.tracks)


def assert_equal_boxes(a: Detections, b: Detections) -> None:
    for name in ("frames", "classes", "boxes", "scores", "tracks"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


@pytest.mark.parametrize("workers", [1, 2, None])
def test_a_run_without_videos(drawn: Drawn, make_run: Make, tmp_path: Path, workers: int | None) -> None:
    assert score_run(make_run(tmp_path, videos=()), plan_of(drawn), workers=workers) == []


def test_processes_that_are_killed_cost_nothing(
    drawn: Drawn,
    make_run: Make,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each time they end as one begins: in a script without a guard, too, they can't even begin."""
    run, plan = make_run(tmp_path), plan_of(drawn, keep=["tube"])
    monkeypatch.setattr(run_scoring, "_start_worker", exit)
    assert_equal_scores(score_run(run, plan, workers=2), score_run(run, plan, workers=1))
    assert "have ended early; this one goes on alone. Was there too little memory (then --workers 1)" in caplog.text


def test_the_number_of_workers_changes_nothing(drawn: Drawn, make_run: Make, tmp_path: Path) -> None:
    run, plan = make_run(tmp_path), plan_of(drawn, metrics=("tracks",), keep=["tube"])
    one, two = score_run(run, plan, workers=1), score_run(run, plan, workers=2)
    direct = [plan.scorer().score(video, drawn.record(video)) for video in drawn.truth.videos]
    assert_equal_scores(one, direct)
    assert_equal_scores(two, direct)
    assert_equal_boxes(all_boxes(two, "tube"), all_boxes(direct, "tube"))


def test_finished_videos_alone_are_scored(drawn: Drawn, make_run: Make, tmp_path: Path) -> None:
    plan = plan_of(drawn)
    scores = score_run(make_run(tmp_path, videos=(7,)), plan, workers=2)
    assert_equal_scores(scores, [plan.scorer().score(7, drawn.record(7))])


def test_a_wider_step(drawn: Drawn, make_run: Make, tmp_path: Path) -> None:
    plan = plan_of(drawn, temporal_stride=4)
    scores = score_run(make_run(tmp_path), plan, widen=4, workers=1)
    assert_equal_scores(scores, [plan.scorer().score(v, drawn.record(v).widened(4)) for v in drawn.truth.videos])
    assert scores[0].numbers.tolist() == [0, 4, 8]
    # Of single frames it is what the network says at this stride.
    strided = score_run(make_run(tmp_path / "strided", stride=4), plan, workers=1)
    for a, b in zip(scores, strided, strict=True):
        assert a.kinds["frame"].ap50 == b.kinds["frame"].ap50


@pytest.mark.parametrize("workers", [1, 2])
def test_a_broken_video_is_named(drawn: Drawn, make_run: Make, tmp_path: Path, workers: int) -> None:
    run = make_run(tmp_path)
    run.path(5).write_bytes(run.path(5).read_bytes()[:100])
    with pytest.raises(ValueError, match=r"000005\.npz is broken"):
        score_run(run, plan_of(drawn), workers=workers)


def frame_boxes(drawn: Drawn) -> Detections:
    plan = plan_of(drawn, keep=["frame"])
    return all_boxes([plan.scorer().score(v, drawn.record(v)) for v in drawn.truth.videos], "frame")


def test_detections_from_elsewhere_score_as_those_of_the_network(drawn: Drawn) -> None:
    plan, detections = plan_of(drawn), frame_boxes(drawn)
    scores = score_detections(plan, detections)
    direct = [plan.scorer().score(v, drawn.record(v, tubes=False)) for v in drawn.truth.videos]
    assert not any(score.linked for score in scores)
    assert_equal_scores(scores, direct)


def test_no_detections_from_elsewhere(drawn: Drawn) -> None:
    none = Detections.of([], [], np.zeros((0, 4)), [])
    assert [len(record.frames) for _, record in records_of(drawn.truth, none)] == [9, 1, 12]
    for score in score_detections(plan_of(drawn), none):
        assert (len(score.kinds["frame"].log), score.kinds["frame"].ap50) == (0, 0)


@pytest.mark.parametrize("only", [None, 0, 9, 21])
def test_records_hold_every_box_once(drawn: Drawn, only: int | None) -> None:
    detections = frame_boxes(drawn)
    if only is not None:
        detections = detections.where(detections.frames == only)
    tracked = Detections.of(*(getattr(detections, n) for n in ("frames", "classes", "boxes", "scores")))
    tracked = Detections(*list(vars(tracked).values())[:4], np.arange(len(tracked)) - 1)
    parts = []
    for video, record in records_of(drawn.truth, tracked):
        numbers = drawn.truth.numbers(video, record.frames)
        columns = record.detections.columns
        frames = np.repeat(numbers, record.detections.counts)
        parts.append((frames, *(columns[name] for name in ("classes", "boxes", "scores", "tracks"))))
    assert_equal_boxes(Detections(*(np.concatenate(column) for column in zip(*parts, strict=True))), tracked)


def test_a_record_of_results_can_be_saved(drawn: Drawn, tmp_path: Path) -> None:
    run, plan = SavedRun.create(tmp_path, RunFacts("drawn"), drawn.truth, drawn.frames), plan_of(drawn)
    detections = frame_boxes(drawn)
    for video, record in records_of(drawn.truth, detections):
        run.write(video, record)
    assert_equal_scores(score_run(run, plan, workers=1), score_detections(plan, detections))


def test_boxes_that_were_not_kept(drawn: Drawn) -> None:
    plan, detections = plan_of(drawn), frame_boxes(drawn)
    with pytest.raises(ValueError, match="there are no boxes of 'frame'"):
        all_boxes(score_detections(plan, detections), "frame")
    kept = score_detections(plan_of(drawn, keep=["frame"]), detections)
    assert_equal_boxes(all_boxes(kept, "frame"), detections)
    for kind in ("tube", "nonsense"):
        with pytest.raises(ValueError, match=f"there are no boxes of '{kind}'"):
            all_boxes(kept, kind)
    with pytest.raises(ValueError, match="there are no boxes"):
        all_boxes([], "frame")
