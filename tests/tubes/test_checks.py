"""Checks of arguments: what passes, in which form, and what the errors say."""

from __future__ import annotations

import numpy as np
import pytest

from dnt_d2.tubes.checks import as_rows, as_tracklets, check_fraction, check_length, check_unit, finite_rows


def test_unit_and_fraction() -> None:
    assert check_unit(0, "x") == 0.0
    assert check_unit(1, "x") == 1.0
    assert check_fraction(1) == 1.0
    for bad in (-0.1, 1.1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=r"nms_iou must be in \[0, 1\]"):
            check_unit(bad, "nms_iou")
    for bad in (0.0, -0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match=r"top_fraction must be in \(0, 1\]"):
            check_fraction(bad)


@pytest.mark.parametrize("empty", [[], np.zeros(0), np.zeros((0, 4)), np.zeros((0, 5), np.float32)])
def test_anything_empty_is_no_row(empty: object) -> None:
    rows = as_rows(empty, 4, "boxes")
    assert rows.shape == (0, 4)
    assert rows.dtype == np.float64


def test_rows_become_float64_and_contiguous() -> None:
    rows = as_rows(np.asfortranarray(np.arange(8, dtype=np.float32).reshape(2, 4)), 4, "boxes")
    assert rows.dtype == np.float64
    assert rows.flags.c_contiguous
    for bad in (np.zeros((2, 5)), np.zeros(4), np.zeros((1, 2, 4))):
        with pytest.raises(ValueError, match=r"boxes\[3\] must have shape \(N, 4\), got"):
            as_rows(bad, 4, "boxes[3]")


def test_tracklets() -> None:
    assert as_tracklets([], 0) == []
    rows = np.arange(24.0).reshape(3, 8)
    rows[1, 6] = np.nan
    checked = as_tracklets([rows, "anything"], 2)  # the last entry leads nowhere and is not looked at
    np.testing.assert_array_equal(checked[0], rows[[0, 2]])
    assert checked[1].shape == (0, 8)
    with pytest.raises(ValueError, match=r"tracklets\[0\] must have shape"):
        as_tracklets([np.zeros((2, 4)), []], 2)


def test_length() -> None:
    check_length([[], []], 2, "scores")
    with pytest.raises(ValueError, match="scores must have one entry per frame: 3 frames, but 2 entries"):
        check_length([[], []], 3, "scores")


def test_rows_that_are_not_finite_are_left_out() -> None:
    assert finite_rows([], 4, "boxes").shape == (0, 4)
    rows = finite_rows([[0, 1], [np.nan, 1], [2, np.inf], [3, 4]], 2, "rows")
    assert rows.tolist() == [[0, 1], [3, 4]]
    assert rows.flags.c_contiguous
    with pytest.raises(ValueError, match=r"rows must have shape \(N, 3\), got \(1, 2\)"):
        finite_rows([[0, 1]], 3, "rows")
