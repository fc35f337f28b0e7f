"""dnt_d2/evaluation/run_report.py: three files beside a run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from dnt_d2.evaluation.content import build_content
from dnt_d2.evaluation.linking import standard_linkings
from dnt_d2.evaluation.plan import Plan
from dnt_d2.evaluation.run_report import write_run_report
from dnt_d2.evaluation.run_scoring import score_run
from dnt_d2.evaluation.saved_run import SavedRun
from dnt_d2.tubes.collector import TubeSettings


@pytest.mark.parametrize("videos", [(), (2, 5, 7)])
def test_three_forms_and_where_they_are(
    make_run: Callable[..., SavedRun], tmp_path: Path, videos: tuple[int, ...]
) -> None:
    run = make_run(tmp_path / "run", videos=videos)
    truth, frames = run.read_truth()
    plan = Plan("drawn", truth, frames, standard_linkings(TubeSettings(), 1))
    content = build_content(plan, score_run(run, plan, workers=1), {"date": "today"})
    said = write_run_report(content, tmp_path / "out", run, plan)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"report.json", "report.md", "report.html"}
    assert json.loads((tmp_path / "out/report.json").read_text())["dataset"] == "drawn"
    assert ("clip_7" in (tmp_path / "out/report.html").read_text()) == bool(videos)
    assert str(tmp_path / "out/report.html") in said
    assert f"--run {run.folder}" in said
