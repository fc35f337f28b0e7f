"""dnt_d2/evaluation/plan.py: what is asked of a data set, and what a reader of the results must know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from dnt_d2.evaluation.ground_truth import VideoTruth
from dnt_d2.evaluation.linking import Linking, standard_linkings
from dnt_d2.evaluation.motion import motion_iou_of
from dnt_d2.evaluation.plan import Plan
from dnt_d2.evaluation.rules import TITLES
from dnt_d2.evaluation.scoring import VideoScore
from dnt_d2.evaluation.video_record import Rows, VideoRecord
from dnt_d2.formats.results import FrameList
from dnt_d2.tubes.collector import TubeSettings

if TYPE_CHECKING:
    from conftest import Drawn


def plan_of(drawn: Drawn, **options: Any) -> Plan:
    return Plan("drawn", drawn.truth, drawn.frames, standard_linkings(TubeSettings(), 1), **options)


def scores_of(plan: Plan, drawn: Drawn, stride: int = 1, **options: Any) -> list[VideoScore]:
    scorer = plan.scorer()
    return [scorer.score(video_id, drawn.record(video_id, stride, **options)) for video_id in drawn.truth.videos]


def test_an_empty_data_set() -> None:
    plan = Plan("empty", VideoTruth.of([], 1), FrameList.of([], [], ["a"]))
    assert plan.problems([]) == []
    assert plan.settings == {"TUBES.TRIM_SCORE": 0.3}
    assert plan.titles == dict(TITLES)
    assert plan.motion is not None
    assert len(plan.motion) == 0


def test_settings_are_those_of_the_first_linking(drawn: Drawn) -> None:
    linkings = {"a": Linking(TubeSettings(top_k=7)), "b": Linking(TubeSettings(top_k=9))}
    plan = Plan("drawn", drawn.truth, drawn.frames, linkings, trim_score=0.1)
    assert plan.settings["TUBES.TOP_K"] == 7
    assert plan.settings["TUBES.TRIM_SCORE"] == 0.1
    with pytest.raises(ValueError, match='"frame" is the name of what single frames give: call the linking otherwise'):
        Plan("drawn", drawn.truth, drawn.frames, {"frame": Linking(TubeSettings())})


def test_motion_is_known_where_tracks_are(drawn: Drawn) -> None:
    np.testing.assert_array_equal(plan_of(drawn).motion, motion_iou_of(drawn.truth))
    without = {**drawn.truth.arrays(), "tracks": np.full(len(drawn.truth.frames), -1)}
    assert Plan("drawn", VideoTruth(num_classes=3, **without), drawn.frames).motion is None


@pytest.mark.parametrize(
    ("options", "boxes", "tracks"),
    [
        ({}, set(), False),
        ({"metrics": ("coco",)}, {"frame", "tube"}, False),  # without psi: AP50 is enough
        ({"metrics": ("tracks",)}, set(), True),
        ({"metrics": ("coco", "tracks"), "keep": ["tube_psi0"]}, {"frame", "tube", "tube_psi0"}, True),
        ({"keep": ["frame"]}, {"frame"}, False),
    ],
)
def test_boxes_are_kept_for_what_needs_them(drawn: Drawn, options: Any, boxes: set[str], tracks: bool) -> None:
    plan = plan_of(drawn, **options)
    score = plan.scorer().score(7, drawn.record(7))
    assert {kind for kind, of in score.kinds.items() if of.boxes is not None} == boxes
    assert (score.tracks is not None) == tracks
    if score.tracks is not None:
        kept = score.kinds["tube"].boxes
        assert 0 < len(score.tracks) < len(score.kinds["tube"].log)
        assert kept is None or len(kept) == len(score.kinds["tube"].log)


def test_a_whole_evaluation_has_no_problems(drawn: Drawn) -> None:
    plan = plan_of(drawn)
    assert plan.problems(scores_of(plan, drawn)) == []
    assert plan.problems(scores_of(plan, drawn, tubes=False)) == []  # a network without tracks


def test_frames_that_are_missing(drawn: Drawn) -> None:
    plan = plan_of(drawn)
    assert plan.problems([]) == [
        "22 frames of drawn were not processed, frame 0 of video 2 for one; the results are on the other 0"
    ]
    assert plan.problems(scores_of(plan, drawn)[1:]) == [
        "9 frames of drawn were not processed, frame 0 of video 2 for one; the results are on the other 13"
    ]


def test_a_stride_asks_for_its_frames_alone(drawn: Drawn) -> None:
    plan = plan_of(drawn, temporal_stride=5)
    scores = scores_of(plan, drawn, stride=5)
    assert plan.problems(scores) == []
    assert plan.problems(scores_of(plan, drawn)) == []  # more is welcome
    assert plan.problems(scores[:2]) == [
        "4 frames of drawn were not processed, frame 0 of video 7 for one; the results are on the other 4"
    ]


def test_some_frames_without_tubes(drawn: Drawn) -> None:
    plan = plan_of(drawn)
    scorer = plan.scorer()
    scores = [scorer.score(v, drawn.record(v, tubes=v != 5)) for v in (2, 5, 7)]
    assert plan.problems(scores) == ["1 of 22 frames came without link_candidates: no tube AP"]


def test_no_detections_at_all(drawn: Drawn) -> None:
    plan = plan_of(drawn)
    none = {"boxes": np.zeros((0, 4)), "scores": np.zeros(0), "classes": np.zeros(0, np.int64)}
    scorer = plan.scorer()
    scores = [
        scorer.score(v, VideoRecord(drawn.record(v).frames, Rows(np.zeros(n, np.int64), none)))
        for v, n in ((2, 9), (5, 1), (7, 12))
    ]
    assert plan.problems(scores) == ["no detections at all in 22 frames of drawn: AP is 0"]
