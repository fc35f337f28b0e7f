"""dnt_d2/benchmark/correlation.py: the stage, and that its peers compute the same."""

from __future__ import annotations

import pytest
import torch

from dnt_d2.benchmark import correlation
from dnt_d2.benchmark.correlation import make_maps, measure_correlation, strips
from dnt_d2.benchmark.figures import Stage
from dnt_d2.benchmark.options import Options
from dnt_d2.layers import local_correlation


def test_maps() -> None:
    x, y = make_maps((1, 3, 4, 5), Options(channels_last=True, dtype="bfloat16"))
    assert x.dtype == torch.bfloat16
    assert x.is_contiguous(memory_format=torch.channels_last)
    assert not torch.equal(x, y)
    assert torch.equal(x, make_maps((1, 3, 4, 5), Options(dtype="bfloat16"))[0])


def test_strips_compute_the_same() -> None:
    x, y = make_maps((2, 3, 9, 20), Options())
    torch.testing.assert_close(strips(x, y), local_correlation(x, y, 8))


def test_the_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(correlation, "matmul_rate", lambda device, dtype: 1e10)
    monkeypatch.setattr(correlation, "spatial_correlation_sampler", lambda: None)
    stage = measure_correlation(Options(scale=0.02))
    limits = {limit.what: limit.limit for limit in stage.limits}
    assert limits["correlation, forward, contiguous maps: against the floor"] == 4
    assert limits["correlation, forward, channels-last maps: against the floor"] == 4
    assert limits["correlation, backward: against forward"] == 3
    assert limits["correlation, forward: bfloat16 against float32"] == 1
    assert correlation.SAMPLER not in {comparison.before for comparison in stage.comparisons}
    assert any("can't be imported" in note for note in stage.notes)
    assert [scaling.sizes for scaling in stage.scaling] == [(1, 2, 4), (10, 20, 40), (2, 4, 8), (4, 8, 16)]


def test_the_stage_with_the_usual_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(correlation, "spatial_correlation_sampler", lambda: lambda x, y, patch_size: x)
    stage = Stage("correlation", "")
    correlation._peers(stage, (1, 16, 2, 3), Options())
    assert correlation.SAMPLER in {comparison.before for comparison in stage.comparisons}
    assert stage.notes == []
