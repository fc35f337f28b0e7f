"""The numbers of a saved run are those of its evaluation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dnt_d2.evaluation.content import build_content, results_of
from dnt_d2.evaluation.linking import Linking
from dnt_d2.evaluation.run_scoring import score_run
from dnt_d2.evaluation.saved_run import SavedRun
from dnt_d2.study.measure import SETTINGS, linkings_of, measure_online, measure_run, plan_of, scores_of

Make = Callable[..., SavedRun]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, make_run: Make) -> SavedRun:
    return make_run(tmp_path_factory.mktemp("run"))


def test_without_videos_nothing_is_known(tmp_path: Path, make_run: Make) -> None:
    found = measure_run(make_run(tmp_path, videos=()), workers=1)
    assert all("AP50" not in values for values in found.values())


def test_the_numbers_of_a_report_without_the_unknown(run: SavedRun) -> None:
    found = measure_run(run, workers=1)
    plan = plan_of(run, linkings_of(run), metrics=("tracks",))
    report = results_of(build_content(plan, score_run(run, plan, workers=1), {}))
    assert found["tube"]["AP50"] == round(report["tube"]["AP50"], 3)
    assert found["frame"]["AP50-bear"] == round(report["frame"]["AP50-bear"], 3)
    assert "AP50-fox" not in found["frame"]
    assert found["tracks"]["HOTA"] == round(report["tracks"]["HOTA"], 3)
    assert {"frame", "tube", "tube_psi0", "frame_speed", "tracks"} <= found.keys()


def test_no_motion_changes_tubes_alone(run: SavedRun) -> None:
    own, still = measure_run(run, workers=1), measure_run(run, no_motion=True, workers=1)
    assert own["frame"] == still["frame"]
    assert own["tube_psi0"] == still["tube_psi0"]
    assert own["tube"] != still["tube"]
    scores = scores_of(run, no_motion=True, workers=1)
    assert [score.video_id for score in scores] == run.finished


def test_online_is_another_way_to_link(run: SavedRun) -> None:
    found = measure_online(run, workers=1)
    plan = plan_of(run, {"tube": Linking(replace(SETTINGS, online=True))})
    report = results_of(build_content(plan, score_run(run, plan, workers=1), {}))
    assert found["tube"]["AP50"] == round(report["tube"]["AP50"], 3) != measure_run(run, workers=1)["tube"]["AP50"]


def test_with_a_stride_tubes_are_judged_in_all_frames_too(tmp_path: Path, make_run: Make) -> None:
    assert "tube_all" in measure_run(make_run(tmp_path, 4), workers=1)
