"""dnt_d2/benchmark/linking.py: the made-up video, and the stage."""

from __future__ import annotations

import numpy as np
import pytest

from dnt_d2.benchmark.linking import TOP_K, make_video, measure_linking
from dnt_d2.benchmark.options import Options


def test_a_video_is_what_a_network_might_say() -> None:
    video = make_video(3, 60, 4, seed=0)
    assert [part[0].shape for part in video] == [(60, 4), (60, 4), (60, 8)]
    assert all((boxes[:, :2] < boxes[:, 2:]).mean() > 0.9 for boxes in video.boxes)
    assert all((scores >= 0).all() and (scores <= 1).all() for scores in video.scores)
    for boxes, tracklets in zip(video.boxes, video.tracklets, strict=True):
        assert np.array_equal(boxes, tracklets[:, :4])
    again = make_video(3, 60, 4, seed=0)
    assert all(np.array_equal(a, b) for a, b in zip(video.boxes, again.boxes, strict=True))


def test_voting_fills_every_class() -> None:
    assert {len(rows) for rows in make_video(1, 300, 2, seed=0).voted[0]} == {TOP_K}


def test_the_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dnt_d2.benchmark.linking.matmul_rate", lambda: 1e10)
    monkeypatch.setattr("dnt_d2.benchmark.linking.CLASSES", 3)
    stage = measure_linking(Options(scale=0.04))
    assert [limit.limit for limit in stage.limits] == [1.0, 20.0]
    assert [scaling.sizes for scaling in stage.scaling] == [(2, 4, 8), (1, 3, 6), (15, 30, 60), (12, 25, 50)]
    assert all(comparison.after == "compiled" for comparison in stage.comparisons)
