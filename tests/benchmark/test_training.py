"""dnt_d2/benchmark/training.py: the stage measures what it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dnt_d2.benchmark import training
from dnt_d2.benchmark.options import Options

Make = Callable[..., Any]


def test_the_stage(monkeypatch: pytest.MonkeyPatch, small_cfg: Make) -> None:
    monkeypatch.setattr(training, "load_config", lambda _name, *keys: small_cfg(*keys))
    monkeypatch.setattr(training, "matmul_rate", lambda *_: 1e9)
    monkeypatch.setattr(training, "FULL", (64, 96))
    turns = training.take_turns
    monkeypatch.setattr(training, "take_turns", lambda calls, **keys: turns(calls, **(keys | {"rounds": 1})))
    stage = training.measure_training(Options())
    assert [figure.what.partition(",")[0] for figure in stage.figures] == ["D", "D&T"]
    assert [limit.limit for limit in stage.limits] == [1.15]
    assert [c.after for c in stage.comparisons] == [
        *("bfloat16", "float32 channels-last", "bfloat16 channels-last"),
        *("one pass of the trunk", "one forward pass"),
    ]
    assert stage.scaling[0].sizes == (1, 2, 4)
    (table,) = stage.tables
    parts = {row[0]: row[1:] for row in table.rows}
    assert parts["correlation"][0] == 0 < parts["correlation"][1]
    assert parts["all"][1] == pytest.approx(sum(row[2] for row in table.rows[:-1]))
