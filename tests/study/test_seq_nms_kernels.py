"""dnt_d2/study/seq_nms_kernels.py: against all sequences, one by one."""

from __future__ import annotations

import numpy as np
import pytest

from dnt_d2.geometry import box_iou
from dnt_d2.study.seq_nms_kernels import find_sequences


def every_sequence(frames: list[list[int]], linked: np.ndarray) -> list[list[int]]:
    """All sequences of linked rows, from any frame to any later one."""
    found, ending = [], []
    for rows in frames:
        ending = [[row] for row in rows] + [[*s, row] for s in ending for row in rows if linked[row, s[-1]]]
        found += ending
    return found


def brute_force(
    boxes: np.ndarray, scores: np.ndarray, starts: list[int], linked: np.ndarray, nms_iou: float
) -> np.ndarray:
    """Of equal sums that sequence whose last box comes first; then that whose last but one does, and so on."""
    sequence, number = np.full(len(boxes), -1), 0
    overlaps = box_iou(boxes, boxes, inclusive=True) > nms_iou
    frame_of = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    alive = scores >= 0
    while alive.any():
        rows = [[int(row) for row in np.flatnonzero(alive & (frame_of == f))] for f in range(len(starts) - 1)]
        best = min(every_sequence(rows, linked), key=lambda s: (-scores[s].sum(), s[::-1]))
        for row in best:
            sequence[row] = number
            alive &= ~(overlaps[row] & (frame_of == frame_of[row]))
            alive[row] = False
        number += 1
    return sequence


def random_case(seed: int) -> tuple[np.ndarray, np.ndarray, list[int], np.ndarray]:
    """Few places for many boxes, some frames empty, and scores in eighths, whose sums are exact: so there are ties."""
    rng = np.random.default_rng(seed)
    starts = [0, *np.cumsum(rng.integers(0, 6, rng.integers(2, 7))).tolist()]
    n = starts[-1]
    corners = 10.0 * rng.integers(0, 3, (n, 2))
    boxes = np.hstack([corners, corners + 10 * rng.integers(1, 4, (n, 2))])
    scores = np.where(rng.random(n) < 0.15, -1, rng.integers(1, 9, n) / 8)
    frame_of = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    linked = (box_iou(boxes, boxes, inclusive=True) > 0.3) & (frame_of[:, None] == frame_of[None] + 1)
    return boxes, scores, starts, linked


@pytest.mark.parametrize("starts", [[0], [0, 0], [0, 0, 0]])
def test_nothing(starts: list[int]) -> None:
    none = np.zeros(0, dtype=np.int64)
    found = find_sequences(np.zeros((0, 4)), np.zeros(0), np.array(starts), none, np.zeros(1, dtype=np.int64), 0.3)
    assert found.shape == (0,)


def test_all_sequences_one_by_one() -> None:
    longest = ties = 0
    for seed in range(60):
        boxes, scores, starts, linked = random_case(seed)
        rows, links = np.nonzero(linked)
        link_starts = np.searchsorted(rows, np.arange(len(boxes) + 1))
        for nms_iou in (0.0, 0.99):
            found = find_sequences(boxes, scores, np.array(starts), links, link_starts, nms_iou)
            np.testing.assert_array_equal(found, brute_force(boxes, scores, starts, linked, nms_iou))
            longest = max(longest, np.bincount(found + 1)[1:].max(initial=0))
        ties += len(np.unique(scores)) < len(scores)
    assert longest >= 4
    assert ties > 40
