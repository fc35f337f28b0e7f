"""dnt_d2/layers/ps_roi_bins.py: which cells a bin has, by hand."""

from __future__ import annotations

import torch

from dnt_d2.layers.ps_roi_bins import make_bins


def test_no_rois() -> None:
    bins = make_bins(torch.zeros(0, 5), 3, 0.25, 5, 6)
    assert bins.top.shape == (0, 3)
    assert bins.weight.shape == (0, 3, 3)


def test_whole_cells() -> None:
    # From pixel 16 to pixel 47, the last included, are the cells 1 and 2, at 16 pixels a cell.
    bins = make_bins(torch.tensor([[3.0, 16, 16, 47, 47]]), 2, 1 / 16, 9, 9)
    assert [part.tolist() for part in bins] == [[3], [[1, 2]], [[2, 3]], [[1, 2]], [[2, 3]]]
    assert torch.equal(bins.weight, torch.ones(1, 2, 2, dtype=torch.float64))


def test_a_bin_covers_all_cells_that_it_touches() -> None:
    bins = make_bins(torch.tensor([[0.0, 0, 0, 47, 15]]), 2, 1 / 16, 9, 9)  # 3 cells in 2 bins, and 1 cell in 2 bins
    assert (bins.left.tolist(), bins.right.tolist()) == ([[0, 1]], [[2, 3]])
    assert (bins.top.tolist(), bins.bottom.tolist()) == ([[0, 0]], [[1, 1]])
    assert torch.equal(bins.weight, torch.full((1, 2, 2), 0.5, dtype=torch.float64))


def test_outside_and_inverted() -> None:
    bins = make_bins(
        torch.tensor([[0.0, 500, 20, 600, 40], [0, 40, 30, 10, 5], [0, -90, -90, -40, -40]]), 2, 1 / 16, 4, 6
    )
    for low, high, limit in (bins.top, bins.bottom, 4), (bins.left, bins.right, 6):
        assert (low >= 0).all()
        assert (low <= high).all()
        assert (high <= limit).all()
    assert (bins.weight[0] == 0).all()
    assert (bins.weight[2] == 0).all()


def test_halves_are_rounded_away_from_zero() -> None:
    halves = make_bins(torch.tensor([[0.0, 0.5, 2.5, 7.5, 8.5]]), 1, 1.0, 20, 20)
    assert [part.item() for part in halves[1:]] == [3, 10, 1, 9]
