"""The log measures the same, however its detections were cut into chunks, ordered and joined."""

from __future__ import annotations

import numpy as np

from dnt_d2.evaluation.average_precision import rank_and_measure
from dnt_d2.evaluation.hit_log import HitLog


def test_nothing() -> None:
    results = HitLog().evaluate(np.array([0, 3]))
    assert len(HitLog()) == 0
    assert np.isnan(results[0].ap)
    assert (results[1].ap, results[1].num_gt, results[1].num_det) == (0.0, 3, 0)


def test_chunks_in_any_order_give_the_same() -> None:
    rng = np.random.default_rng(0)
    frames = np.sort(rng.integers(0, 12, 200))
    classes, hits = rng.integers(0, 3, 200), rng.random(200) < 0.4
    scores = rng.integers(0, 5, 200) / 5  # many ties
    num_gt = np.array([40, 60, 0])
    expected = [
        rank_and_measure(scores[classes == c], hits[classes == c], num_gt=int(n)).ap for c, n in enumerate(num_gt)
    ]
    for seed in range(3):
        logs = [HitLog(), HitLog()]
        for frame in np.random.default_rng(seed).permutation(13):  # frame 12 is empty
            rows = frames == frame
            logs[frame % 2].add(frames[rows], classes[rows], scores[rows], hits[rows])
        logs[0].join(logs[1])
        assert len(logs[0]) == 200
        np.testing.assert_array_equal([result.ap for result in logs[0].evaluate(num_gt)], expected)
