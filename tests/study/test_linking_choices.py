"""dnt_d2/study/linking_choices.py: every answer is the tubes that it says, against the report and by hand."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnt_d2.evaluation.content import build_content
from dnt_d2.evaluation.linking import Linking
from dnt_d2.evaluation.run_scoring import score_run
from dnt_d2.evaluation.saved_run import SavedRun
from dnt_d2.formats.results import Detections
from dnt_d2.study.linking_choices import AS_IT_IS, FRAMES, OFF, TRIMS, compare_linkings, linking_choices
from dnt_d2.study.mean_ap import ap50_of_boxes
from dnt_d2.study.measure import SETTINGS, plan_of
from dnt_d2.tubes.collector import flatten_tubes
from dnt_d2.tubes.tube import Tube, trim_tube

AS_IT_IS_IN = {
    "psi": "1 along tracklets",
    "alpha": "0.5",
    "presence rule": "off",
    "NMS before linking": "0.4",
    "box voting": "on",
    "boxes of a class in a frame": "25",
    "boxes of no tube": "dropped",
    "ends of tubes below": "kept",
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, make_run: Callable[..., SavedRun]) -> SavedRun:
    return make_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def found(run: SavedRun) -> dict[str, Any]:
    return compare_linkings(run, workers=1)


def test_without_videos_nothing_is_known(tmp_path: Path, make_run: Callable[..., SavedRun]) -> None:
    nothing = compare_linkings(make_run(tmp_path, videos=()))
    assert math.isnan(nothing.pop(FRAMES))
    assert math.isnan(nothing.pop(AS_IT_IS))
    assert set(nothing) == set(AS_IT_IS_IN)
    assert all(math.isnan(value) for answers in nothing.values() for value in answers.values())


def test_every_question_has_how_it_is_among_its_answers(found: dict[str, Any]) -> None:
    assert {key for key, value in found.items() if isinstance(value, dict)} == set(AS_IT_IS_IN)
    for question, answer in AS_IT_IS_IN.items():
        assert found[question][answer] == found[AS_IT_IS]
    assert list(found["alpha"]) == [f"{x / 10:g}" for x in range(1, 11)]
    assert json.loads(json.dumps(found)) == found
    assert found[FRAMES] != found[AS_IT_IS]


def test_the_numbers_are_those_of_a_report(run: SavedRun, found: dict[str, Any]) -> None:
    some = {
        ("psi", "0: tubes follow scores alone"): Linking(SETTINGS, use_tracks=False),
        ("alpha", "0.1"): Linking(replace(SETTINGS, top_fraction=0.1)),
        ("presence rule", "below 0.02 for 10 frames"): Linking(replace(SETTINGS, absent_score=0.02)),
        ("NMS before linking", "0.7"): Linking(replace(SETTINGS, nms_iou=0.7)),
        ("box voting", "off"): Linking(replace(SETTINGS, vote_iou=1.0)),
        ("boxes of a class in a frame", "10"): Linking(replace(SETTINGS, top_k=10)),
    }
    plan = plan_of(run, {str(i): linking for i, linking in enumerate(some.values())})
    content = build_content(plan, score_run(run, plan, workers=1), {})
    for i, (question, answer) in enumerate(some):
        assert found[question][answer] == round(content["AP50"][str(i)]["mean"], 3)
    assert found[FRAMES] == round(content["AP50"]["frame"]["mean"], 3)
    assert len({found[question][answer] for question, answer in some}) > 3


def test_off_is_off(run: SavedRun) -> None:
    """Without votes a tube has boxes of the network; without NMS as many as there may be."""
    record = run.read(3)
    assert record.candidates is not None
    tubes = record.collector().link(replace(SETTINGS, vote_iou=OFF))
    boxes = record.candidates.columns["boxes"]

    def off(tubes: list[list[Tube]]) -> float:
        """How far the box that is farthest from all of the network's is from the next."""
        found = flatten_tubes(tubes).boxes
        return np.abs(found[:, None] - boxes).max(axis=2).min(axis=1).max()

    assert off(tubes) < 1e-4
    assert off(record.collector().link(SETTINGS)) > 1
    poorest = record.candidates.counts.min()
    assert [len(of_class) for of_class in record.collector().link(replace(SETTINGS, nms_iou=OFF))] == [poorest] * 3


def test_ends_are_cut_as_tubes_are_trimmed(run: SavedRun, found: dict[str, Any]) -> None:
    truth, _ = run.read_truth()
    seen = np.ones(truth.num_frames, bool)
    for score in TRIMS:
        parts = []
        for video_id, record in run.videos():
            tubes = record.collector().link(SETTINGS)
            cut = [[short for tube in of_class if (short := trim_tube(tube, score))] for of_class in tubes]
            flat = flatten_tubes(cut)
            parts.append(Detections.of(truth.numbers(video_id, flat.frames), flat.classes, flat.boxes, flat.scores))
        expected = ap50_of_boxes(parts, truth, seen)
        assert found["ends of tubes below"][f"{score:g} cut off"] == round(expected, 3)
    assert len(set(found["ends of tubes below"].values())) > 1


def test_leftovers_count(found: dict[str, Any]) -> None:
    assert len(set(found["boxes of no tube"].values())) == 2


def test_choices_are_different(found: dict[str, Any]) -> None:
    choices = linking_choices()
    assert len({(choice.question, choice.answer) for choice in choices}) == len(choices)
    for choice in choices:
        same = choice.linking == Linking(SETTINGS)
        assert same == (AS_IT_IS_IN[choice.question] == choice.answer)


def test_runs_without_candidates_are_refused(tmp_path: Path, make_run: Callable[..., SavedRun]) -> None:
    with pytest.raises(ValueError, match="saved without candidates"):
        compare_linkings(make_run(tmp_path, candidates=False), workers=1)
