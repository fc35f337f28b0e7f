"""dnt_d2/study/no_motion.py: against linking with boxes that stay; all that uses no tracklets is as it was."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from dnt_d2.evaluation.linking import standard_linkings
from dnt_d2.evaluation.plan import Plan
from dnt_d2.evaluation.run_scoring import score_run
from dnt_d2.evaluation.saved_run import RunFacts, SavedRun
from dnt_d2.evaluation.scoring import KindScore, VideoScore
from dnt_d2.evaluation.video_record import VideoRecord, VideoRecorder
from dnt_d2.study.no_motion import score_with_no_motion, with_no_motion
from dnt_d2.tubes import Tube, link_video
from dnt_d2.tubes.collector import TubeSettings

if TYPE_CHECKING:
    from conftest import Toy

NUM_CLASSES = 4


def record_of(num_frames: int, seed: int = 0, *, candidates: bool = True) -> VideoRecord:
    """What D says: boxes near two slow objects and stray ones, and no tracklets."""
    rng, recorder = np.random.default_rng(seed), VideoRecorder(NUM_CLASSES)
    for index in range(num_frames):
        near = np.repeat([[10, 10, 49, 49], [60, 10, 99, 49]], 4, axis=0) + 3 * index + rng.normal(0, 3, (8, 4))
        stray = rng.uniform(0, 100, (4, 2))
        boxes = np.vstack([near, np.hstack([stray, stray + 30])]).astype(np.float32)
        scores = (rng.uniform(0, 0.7, (12, NUM_CLASSES)) ** 4).astype(np.float32)
        found = {"boxes": boxes, "scores": scores.max(axis=1), "classes": scores.argmax(axis=1)}
        tables = {"candidates": {"boxes": boxes, "scores": scores}, "tracklets": {"boxes": np.zeros((0, 8))}}
        recorder.add(index, {"detections": found, **(tables if candidates else {})})
    return recorder.record()


def assert_same_tubes(found: list[list[Tube]], expected: list[list[Tube]]) -> None:
    assert [len(tubes) for tubes in found] == [len(tubes) for tubes in expected]
    for a, b in zip(chain(*found), chain(*expected), strict=True):
        np.testing.assert_array_equal(a.frames, b.frames)
        np.testing.assert_array_equal(a.boxes, b.boxes)
        np.testing.assert_array_equal(a.rescored, b.rescored)


def assert_same(a: KindScore, b: KindScore) -> None:
    for class_id in range(NUM_CLASSES):
        for x, y in zip(a.log.of_class(class_id), b.log.of_class(class_id), strict=True):
            np.testing.assert_array_equal(x, y)


def differ(a: KindScore, b: KindScore) -> bool:
    logs = [[kind.log.of_class(c).scores for c in range(NUM_CLASSES)] for kind in (a, b)]
    return not all(np.array_equal(x, y) for x, y in zip(*logs, strict=True))


def test_a_video_without_frames() -> None:
    recorder = VideoRecorder(NUM_CLASSES)
    empty = with_no_motion(recorder.record())
    assert (len(empty.frames), empty.tracklets) == (0, None)


def test_a_still_has_no_tracklets() -> None:
    still = with_no_motion(record_of(1))
    assert still.tracklets is not None
    assert still.tracklets.counts.tolist() == [0]
    assert still.tracklets.columns["boxes"].shape == (0, 8)


def test_without_candidates_nothing_changes() -> None:
    record = record_of(3, candidates=False)
    assert with_no_motion(record) is record


@pytest.mark.parametrize("score_thresh", [0.01, 0.1])
def test_linked_as_if_every_box_stayed(score_thresh: float) -> None:
    record = record_of(9)
    assert record.candidates is not None
    boxes, scores = record.candidates.split("boxes"), record.candidates.split("scores")
    expected = link_video(boxes, scores, boxes, tracklet_score=score_thresh)
    found = with_no_motion(record, score_thresh).collector().link(TubeSettings())
    assert_same_tubes(found, expected)
    starts = with_no_motion(record, score_thresh).tracklets
    assert starts is not None
    assert 0 < starts.counts.sum() < 8 * 12 if score_thresh > 0.05 else starts.counts.sum() > 80


def test_averaged_scores_are_refused() -> None:
    record = record_of(2)
    revised = VideoRecord(record.frames, record.detections, record.candidates, record.tracklets, revised=True)
    with pytest.raises(ValueError, match="SCORE_AVERAGE: the scores by which boxes are tracked were not saved"):
        with_no_motion(revised)


@pytest.fixture(scope="module")
def scored(
    tmp_path_factory: pytest.TempPathFactory, make_toy: Callable[..., Toy]
) -> tuple[SavedRun, Plan, list[VideoScore]]:
    """A saved run of D, its plan, and its scores without "no motion"."""
    toy = make_toy([1, 1, 1])
    run = SavedRun.create(tmp_path_factory.mktemp("run"), RunFacts("toy"), toy.truth, toy.plan.frames)
    for place, video_id in enumerate(toy.truth.videos):
        run.write(video_id, record_of(2 + place, place))
    plan = Plan("toy", toy.truth, toy.plan.frames, standard_linkings(TubeSettings(), 1))
    return run, plan, score_run(run, plan, workers=1)


def test_only_what_uses_tracklets_changes(scored: tuple[SavedRun, Plan, list[VideoScore]]) -> None:
    run, plan, before = scored
    after = score_with_no_motion(run, plan)
    assert [score.video_id for score in after] == [score.video_id for score in before] == plan.truth.videos
    for old, new in zip(before, after, strict=True):
        assert_same(old.kinds["tube"], old.kinds["tube_psi0"])  # D without tracklets: psi has nothing to add
        assert_same(new.kinds["frame"], old.kinds["frame"])
        assert_same(new.kinds["tube_psi0"], old.kinds["tube_psi0"])
        assert differ(new.kinds["tube"], old.kinds["tube"])


def test_skipped_frames_are_skipped_before_boxes_stay(scored: tuple[SavedRun, Plan, list[VideoScore]]) -> None:
    run, plan, _ = scored
    (video_id,) = plan.truth.videos[2:]
    wide = plan.scorer().score(video_id, with_no_motion(run.read(video_id).widened(2)))
    found = score_with_no_motion(run, plan, widen=2)[2]
    assert len(found.numbers) < len(plan.scorer().score(video_id, run.read(video_id)).numbers)
    np.testing.assert_array_equal(found.numbers, wide.numbers)
    assert_same(found.kinds["tube"], wide.kinds["tube"])


def test_a_broken_video_is_named(tmp_path: Path, make_toy: Callable[..., Toy]) -> None:
    toy = make_toy([1])
    run = SavedRun.create(tmp_path, RunFacts("toy"), toy.truth, toy.plan.frames)
    assert score_with_no_motion(run, toy.plan) == []
    run.write(0, record_of(9))  # the video has 2 frames
    with pytest.raises(ValueError, match=r"videos.000000\.npz: the data set has no frame 2 of video 0"):
        score_with_no_motion(run, toy.plan)
