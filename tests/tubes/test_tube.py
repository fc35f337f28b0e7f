"""Tubes and how they are cut."""

from __future__ import annotations

import numpy as np
import pytest

from dnt_d2.tubes import Tube, trim_tube


def make_tube(rescored: list[float]) -> Tube:
    length = len(rescored)
    boxes = np.arange(4.0 * length).reshape(length, 4)
    values = np.array(rescored, dtype=np.float64)
    return Tube(np.arange(length) + 10, np.arange(length), boxes, values / 2, values)


def test_empty_tube() -> None:
    tube = make_tube([])
    assert len(tube) == 0
    assert tube.confidence.shape == (0,)
    assert trim_tube(tube, 0.0) is None


def test_lengths_must_agree() -> None:
    good = make_tube([1.0, 2.0])
    for bad in (good.boxes[:1], good.boxes[:, :3], good.boxes[0]):
        with pytest.raises(ValueError, match="of one length"):
            Tube(good.frames, good.indices, bad, good.scores, good.rescored)
    with pytest.raises(ValueError, match="of one length"):
        Tube(good.frames, good.indices, good.boxes, good.scores[:1], good.rescored)


def test_confidence_is_half_of_the_rescored_value() -> None:
    np.testing.assert_array_equal(make_tube([2.0, 0.5]).confidence, [1.0, 0.25])


@pytest.mark.parametrize(
    ("rescored", "score", "expected"),
    [
        ([0.2, 1.0, 1.2, 0.4], 0.5, [11, 12]),  # exactly the score stays
        ([0.2, 1.0, 0.1, 1.0], 0.5, [11, 12, 13]),  # nothing is cut in the middle
        ([1.0, 1.0], 0.5, [10, 11]),
        ([0.2, 0.3], 0.0, [10, 11]),
        ([0.2, 1.0, 0.2], 0.5, [11]),
        ([0.2, 0.3], 0.5, None),
    ],
)
def test_trim(rescored: list[float], score: float, expected: list[int] | None) -> None:
    tube = make_tube(rescored)
    cut = trim_tube(tube, score)
    if expected is None:
        assert cut is None
        return
    assert cut is not None
    assert cut.frames.tolist() == expected
    rows = cut.frames - 10
    np.testing.assert_array_equal(cut.boxes, tube.boxes[rows])
    np.testing.assert_array_equal(cut.rescored, tube.rescored[rows])
    np.testing.assert_array_equal(cut.indices, tube.indices[rows])


def test_trim_checks_the_score() -> None:
    for bad in (-0.1, 1.5, float("nan")):
        with pytest.raises(ValueError, match=r"score must be in \[0, 1\]"):
            trim_tube(make_tube([1.0]), bad)
