"""dnt_d2/benchmark/inference.py: the whole stage on a small network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dnt_d2.benchmark import inference
from dnt_d2.benchmark.options import Options
from dnt_d2.benchmark.timing import take_turns

Make = Callable[..., Any]


def test_sizes_are_scaled() -> None:
    assert inference.scaled((600, 1000), Options(), 1.0) == (600, 1000)
    assert inference.scaled((600, 1000), Options(scale=0.5), 0.5) == (152, 248)
    assert inference.scaled((600, 1000), Options(scale=0.01), 1.0) == (64, 64)


def test_ways_have_names() -> None:
    assert inference.way("float32", False) == "float32"
    assert inference.way("bfloat16", True) == "bfloat16, channels-last"


def test_the_stage(small_cfg: Make, device: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each comparison, both ways are there; the limit is the paper's question: what does tracking cost?"""
    pytest.importorskip("av")
    monkeypatch.setattr(inference, "load_config", lambda name, *overrides: small_cfg(*overrides))
    monkeypatch.setattr(inference, "matmul_rate", lambda *_: 1e10)
    monkeypatch.setattr(inference, "FULL", (96, 128))
    monkeypatch.setattr(inference, "peak_extra_bytes", lambda call, _: call() and None)
    monkeypatch.setattr(
        inference,
        "take_turns",
        lambda calls, *, rounds, device: take_turns(calls, rounds=1, device=device, at_least=1e-6),
    )
    stage = inference.measure_inference(Options(device=device.type, scale=0.1))
    (limit,) = stage.limits
    assert limit.limit == 1.08
    assert limit.figure > 0
    alone, tracked = stage.figures
    assert alone.floor is not None
    assert tracked.floor is not None
    assert tracked.floor > alone.floor > 0
    befores = [x.before for x in stage.comparisons]
    assert befores[:3] == [inference.SERIAL, inference.PAIRS, inference.APART]
    assert {"bfloat16", "bfloat16, channels-last", "float32, channels-last"} <= {x.after for x in stage.comparisons}
    assert [x.of for x in stage.scaling] == ["frames", "proposals", "classes"]
    assert len(stage.tables) == 1
