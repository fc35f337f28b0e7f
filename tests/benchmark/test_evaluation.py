"""dnt_d2/benchmark/evaluation.py: a made-up run, evaluated by the real command, against its limits."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnt_d2.benchmark import evaluation
from dnt_d2.benchmark.evaluation import ALLOWED, Allowed, evaluate, made_run, measure_evaluation
from dnt_d2.benchmark.measuring import Cost
from dnt_d2.benchmark.options import Options
from dnt_d2.benchmark.synthetic_run import RunSize

SIZE = RunSize(videos=2, frames=30, boxes=40)


def test_the_limits_are_those_of_the_project() -> None:
    assert (Allowed(50, 60.0, 4.0), Allowed(750, 900.0, 4.0)) == ALLOWED


def test_the_command_is_run_and_nothing_is_left(tmp_path: Path) -> None:
    with made_run(SIZE, tmp_path) as run:
        cost = evaluate(run)
        assert len(list(tmp_path.iterdir())) == 1
    assert 0 < cost.seconds < 300
    assert 1 << 20 < cost.peak_bytes < 8 << 30
    assert list(tmp_path.iterdir()) == []


def test_a_command_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "broken"))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/numba.py").write_text("raise ImportError('no numba here')")
    (tmp_path / "room").mkdir()
    with pytest.raises(RuntimeError, match="no numba here"), made_run(SIZE, tmp_path / "room") as run:
        evaluate(run)
    assert list((tmp_path / "room").iterdir()) == []


def test_the_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "evaluate", lambda run, *_: Cost(61.0, 3 << 30))
    stage = measure_evaluation(Options(scale=0.001, folder=tmp_path))
    assert [(limit.figure, limit.met) for limit in stage.limits] == [(61, False), (3, True), (61, True), (3, True)]
    assert [scaling.sizes for scaling in stage.scaling] == [(22, 44, 88), (50, 100, 200)]
    assert [comparison.faster for comparison in stage.comparisons] == [1.0]
    assert all(figure.floor is not None and 0 < figure.floor < figure.seconds for figure in stage.figures)
