"""dnt_d2/benchmark/evaluation.py: a made-up run, evaluated by the real command, against its limits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dnt_d2.benchmark.evaluation import GIB, LIMITS, Limit, evaluation_table, measure_evaluation
from dnt_d2.benchmark.synthetic_run import RunSize

SIZE = RunSize(videos=2, frames=30, boxes=40)


@pytest.fixture(scope="module")
def row(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    parent = tmp_path_factory.mktemp("room")
    found = measure_evaluation(SIZE, Limit(60, 300.0, 8 * GIB), parent)
    assert list(parent.iterdir()) == []  # nothing is left
    return found


def test_the_limits_are_those_of_the_project() -> None:
    assert [(limit.per_frame, limit.seconds, limit.peak_bytes) for limit in LIMITS] == [
        (50, 60, 4 << 30),
        (750, 900, 4 << 30),
    ]


def test_a_small_run(row: dict[str, Any]) -> None:
    assert row["detections"] == 60 * 30
    assert row["size"]["per_frame"] == 60
    assert row["met"] is True
    assert row["seconds"] > row["reading_alone_seconds"] >= 0
    assert 0 < row["peak_GiB"] < 8
    json.dumps(row)


def test_a_limit_that_is_not_met_is_said(row: dict[str, Any], tmp_path: Path) -> None:
    table = evaluation_table([row, {**row, "met": False}])
    assert len(table.splitlines()) == 4
    assert "yes" in table.splitlines()[2]
    assert "NO" in table.splitlines()[3]
    assert evaluation_table([]).startswith("| ")


def test_a_command_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "broken"))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/numba.py").write_text("raise ImportError('no numba here')")
    (tmp_path / "room").mkdir()
    with pytest.raises(RuntimeError, match="no numba here"):
        measure_evaluation(SIZE, LIMITS[0], tmp_path / "room")
    assert list((tmp_path / "room").iterdir()) == []
