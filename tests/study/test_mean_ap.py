"""dnt_d2/study/mean_ap.py: against the report, and against the devkit's rule class by class."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from dnt_d2.evaluation.average_precision import evaluate_class
from dnt_d2.evaluation.content import build_content
from dnt_d2.evaluation.ground_truth import VideoTruth
from dnt_d2.evaluation.plan import Plan
from dnt_d2.evaluation.run_scoring import all_boxes, score_run
from dnt_d2.evaluation.saved_run import SavedRun
from dnt_d2.evaluation.scoring import VideoScore
from dnt_d2.formats.results import Detections
from dnt_d2.study.mean_ap import ap50_of_boxes, ap50_of_kind
from dnt_d2.study.measure import linkings_of, plan_of

if TYPE_CHECKING:
    from conftest import Toy


def test_nothing_has_no_ap(make_toy: Callable[..., Toy]) -> None:
    truth = make_toy([1]).truth
    none, all_of_it = np.zeros(truth.num_frames, bool), np.ones(truth.num_frames, bool)
    assert math.isnan(ap50_of_kind([], "frame", truth, none))
    assert math.isnan(ap50_of_boxes([], truth, none))
    assert ap50_of_kind([], "frame", truth, all_of_it) == ap50_of_boxes([], truth, all_of_it) == 0


@pytest.fixture(scope="module")
def scored(
    tmp_path_factory: pytest.TempPathFactory, make_run: Callable[..., SavedRun]
) -> tuple[Plan, list[VideoScore]]:
    run = make_run(tmp_path_factory.mktemp("run"))
    plan = replace(plan_of(run, linkings_of(run)), keep=("frame", "tube"))
    return plan, score_run(run, plan, workers=1)


def by_hand(truth: VideoTruth, boxes: Detections, seen: np.ndarray) -> float:
    rows, objects = seen[boxes.frames], seen[truth.frames]
    values = []
    for c in range(truth.num_classes):
        a, b = rows & (boxes.classes == c), objects & (truth.classes == c)
        if b.any():
            of_class = evaluate_class(boxes.frames[a], boxes.boxes[a], boxes.scores[a], truth.frames[b], truth.boxes[b])
            values.append(100 * of_class.ap)
    return float(np.mean(values))


@pytest.mark.parametrize("kind", ["frame", "tube"])
def test_in_all_frames_and_in_some(scored: tuple[Plan, list[VideoScore]], kind: str) -> None:
    plan, scores = scored
    truth, boxes = plan.truth, all_boxes(scores, kind)
    whole = np.ones(truth.num_frames, bool)
    content = build_content(plan, scores, {})
    assert ap50_of_kind(scores, kind, truth, whole) == content["AP50"][kind]["mean"]
    found = []
    for seen in (whole, truth.sampled(4), np.arange(truth.num_frames) < 9):
        found.append(ap50_of_kind(scores, kind, truth, seen))
        assert ap50_of_boxes([boxes], truth, seen) == pytest.approx(found[-1], abs=1e-9)
        assert by_hand(truth, boxes, seen) == pytest.approx(found[-1], abs=1e-9)
    assert len(set(found)) == 3
    parts = [boxes.of_frames(0, 7), boxes.of_frames(7, truth.num_frames)]
    assert ap50_of_boxes(parts, truth, whole) == pytest.approx(found[0], abs=1e-9)


def test_a_kind_that_is_not_there(scored: tuple[Plan, list[VideoScore]]) -> None:
    plan, scores = scored
    seen = np.ones(plan.truth.num_frames, bool)
    with pytest.raises(ValueError, match="video 3 has no results 'tube_all', only frame, tube, tube_psi0"):
        ap50_of_kind(scores, "tube_all", plan.truth, seen)
    bare = [replace(score, linked=False, kinds={"frame": score.kinds["frame"]}) for score in scores]
    with pytest.raises(ValueError, match="only frame: it was saved without candidates, and can't be linked"):
        ap50_of_kind(bare, "tube", plan.truth, seen)
