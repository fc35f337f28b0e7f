"""Re-weighting: own score plus the mean of the tube's best."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dnt_d2.tubes.rescoring import rescore


def test_empty_and_one() -> None:
    assert rescore([]).shape == (0,)
    assert rescore(np.zeros((0, 7))).shape == (0, 7)
    np.testing.assert_array_equal(rescore([0.25]), [0.5])


@pytest.mark.parametrize(
    ("fraction", "mean"),
    [(0.2, 0.9), (0.21, 0.8), (0.5, (0.9 + 0.7 + 0.5) / 3), (1.0, (0.9 + 0.7 + 0.5 + 0.3 + 0.1) / 5)],
)
def test_closed_forms(fraction: float, mean: float) -> None:
    scores = np.array([0.1, 0.9, 0.5, 0.3, 0.7])
    np.testing.assert_allclose(rescore(scores, fraction), scores + mean, rtol=1e-14)


def test_the_count_is_not_fooled_by_binary_fractions() -> None:
    assert math.ceil(0.07 * 100) == 8  # what would be taken without care
    scores = np.arange(100.0) / 100
    np.testing.assert_allclose(rescore(scores, 0.07) - scores, np.mean(scores[-7:]))


def test_properties() -> None:
    scores = np.random.default_rng(0).random((4, 9))
    before = scores.copy()
    rescored = rescore(scores)
    np.testing.assert_array_equal(scores, before)
    np.testing.assert_array_equal(rescored, [rescore(row) for row in scores])
    assert rescored.min() >= 0
    assert rescored.max() <= 2
    # The order within a tube stays, and the order of its frames is of no concern.
    np.testing.assert_array_equal(np.argsort(rescored, axis=1), np.argsort(scores, axis=1))
    np.testing.assert_allclose(rescore(scores[:, ::-1]), rescored[:, ::-1], rtol=1e-15)


def test_fraction_is_checked() -> None:
    for bad in (0.0, 1.5, float("nan")):
        with pytest.raises(ValueError, match="top_fraction"):
            rescore([0.5], bad)
