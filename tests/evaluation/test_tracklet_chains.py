"""dnt_d2/evaluation/tracklet_chains.py: against following each tracklet by hand."""

from __future__ import annotations

import numpy as np
import pytest

from dnt_d2.evaluation.tracklet_chains import join_tracklets


def iou(a: np.ndarray, b: np.ndarray) -> float:
    width, height = (min(a[2 + i], b[2 + i]) - max(a[i], b[i]) + 1 for i in (0, 1))
    overlap = max(width, 0) * max(height, 0)
    areas = [(x[2] - x[0] + 1) * (x[3] - x[1] + 1) for x in (a, b)]
    return float(overlap / (areas[0] + areas[1] - overlap))


def chains_one_by_one(steps: list[np.ndarray], link_iou: float) -> list[list[float]]:
    """Follow every tracklet of the first step."""
    found = []
    for first in steps[0]:
        here = first
        for step in steps[1:]:
            overlaps = [iou(here[4:], other[:4]) for other in step]
            if not overlaps or max(overlaps) < link_iou:
                break
            here = step[overlaps.index(max(overlaps))]
        else:
            found.append([*first[:4], *here[4:]])
    return found


@pytest.mark.parametrize("link_iou", [0.1, 0.5, 0.9])
def test_chains_against_following_each(link_iou: float) -> None:
    rng, lengths = np.random.default_rng(5), set()
    for _ in range(60):
        steps = []
        for _ in range(rng.integers(1, 5)):
            corners = rng.integers(0, 12, (rng.integers(0, 7), 2, 2))
            steps.append(np.concatenate([corners, corners + rng.integers(8, 20, corners.shape)], 2).reshape(-1, 8))
        expected = chains_one_by_one(steps, link_iou)
        np.testing.assert_array_equal(join_tracklets(steps, link_iou), np.reshape(expected, (-1, 8)))
        lengths.add((len(steps), len(expected) > 0))
    assert lengths >= {(1, True), (2, True), (2, False)} or link_iou == 0.9


def test_chains_of_nothing() -> None:
    none, one = np.zeros((0, 8)), np.array([[0, 0, 9, 9, 0, 0, 9, 9.0]])
    assert join_tracklets([none]).shape == join_tracklets([one, none]).shape == join_tracklets([none, one]).shape
    np.testing.assert_array_equal(join_tracklets([one]), one)
    np.testing.assert_array_equal(join_tracklets([one, one, one]), one)
