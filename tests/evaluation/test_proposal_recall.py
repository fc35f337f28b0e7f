"""Recall of proposals, against loops."""

from __future__ import annotations

import numpy as np
import pytest

from dnt_d2.evaluation import count_found, found_within, mean_recall, recall_by_class


def iou(a: np.ndarray, b: np.ndarray) -> float:
    """Pixels counted one by one: the corners belong to the boxes."""
    pixels = [
        {(x, y) for x in range(int(c[0]), int(c[2]) + 1) for y in range(int(c[1]), int(c[3]) + 1)} for c in (a, b)
    ]
    return len(pixels[0] & pixels[1]) / len(pixels[0] | pixels[1])


def random_boxes(rng: np.random.Generator, number: int) -> np.ndarray:
    corners = rng.integers(0, 12, (number, 2))
    return np.hstack([corners, corners + rng.integers(0, 9, (number, 2))]).astype(float)


def test_frames_without_proposals_or_objects() -> None:
    nothing = np.zeros((0, 4))
    box = np.array([[1.0, 2, 5, 6]])
    assert found_within(nothing, [], nothing, [10, 300]).shape == (2, 0)
    assert found_within(box, [0.3], nothing, [10]).shape == (1, 0)
    assert not found_within(nothing, [], box, [10, 300]).any()
    assert found_within(box, [0.3], box, [1, 300]).tolist() == [[True], [True]]
    assert found_within(box, [0.3], box, []).shape == (0, 1)


@pytest.mark.parametrize("seed", range(6))
def test_against_loops(seed: int) -> None:
    rng = np.random.default_rng(seed)
    limits = [1, 3, 10, 300]
    boxes, objects = random_boxes(rng, 14), random_boxes(rng, 5)
    scores = rng.integers(-3, 3, 14).astype(float)  # with ties: the earlier comes first
    found = found_within(boxes, scores, objects, limits)
    order = sorted(range(14), key=lambda i: (-scores[i], i))
    for row, limit in zip(found, limits, strict=True):
        for g, hit in enumerate(row):
            assert hit == any(iou(boxes[i], objects[g]) >= 0.5 for i in order[:limit])
    assert (found[:-1] <= found[1:]).all()  # more proposals find no less


def test_corners_are_pixels_and_half_is_enough() -> None:
    """(0, 0, 9, 9) has 100 pixels: 50 of them are an IoU of exactly 0.5, which without +1 would be 36/81."""
    whole, half = np.array([[0.0, 0, 9, 9]]), np.array([[0.0, 0, 9, 4]])
    assert found_within(half, [1.0], whole, [1]).all()
    assert not found_within(half, [1.0], whole, [1], iou=0.51).any()


def test_one_proposal_finds_all_that_it_covers() -> None:
    assert found_within([[0, 0, 9, 9]], [1.0], [[0, 0, 9, 9], [0, 0, 9, 8], [20, 0, 29, 9]], [1]).tolist() == [
        [True, True, False]
    ]


def test_classes_and_their_mean() -> None:
    found = np.array([[True, False, False, True], [True, True, False, True]])
    counts = count_found(found, np.array([0, 0, 0, 2]), 4)
    assert counts.tolist() == [[1, 0, 1, 0], [2, 0, 1, 0]]
    recalls = recall_by_class(counts, np.array([3, 0, 1, 0]))
    assert recalls[:, [0, 2]].tolist() == [[1 / 3, 1.0], [2 / 3, 1.0]]
    assert np.isnan(recalls[:, [1, 3]]).all()
    assert mean_recall(recalls) == pytest.approx([2 / 3, 5 / 6])
    assert np.isnan(mean_recall(recall_by_class(np.zeros((2, 3), int), np.zeros(3, int)))).all()
    assert count_found(np.zeros((2, 0), bool), np.zeros(0, int), 3).tolist() == [[0, 0, 0]] * 2


def test_what_does_not_fit_is_refused() -> None:
    box = [[0, 0, 1, 1]]
    with pytest.raises(ValueError, match="1 proposals and 2 scores do not fit"):
        found_within(box, [1.0, 2.0], box, [1])
    with pytest.raises(ValueError, match="not finite"):
        found_within(box, [np.nan], box, [1])
    with pytest.raises(ValueError, match=r"at least one proposal, got the limits \[0\]"):
        found_within(box, [1.0], box, [0])
