"""dnt_d2/layers/ps_roi_kernels.py: integral images, and means of plain slices."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dnt_d2.layers import ps_roi_kernels
from dnt_d2.layers.ps_roi_bins import make_bins


@pytest.mark.parametrize("height", range(10))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sums(height: int, dtype: type) -> None:
    cells = np.random.default_rng(height).integers(-9, 9, (height, 5)).astype(dtype)
    integral = np.zeros((height + 1, 6))
    ps_roi_kernels._sum_up(cells, integral)
    np.testing.assert_array_equal(integral[1:, 1:], cells.astype(np.float64).cumsum(0).cumsum(1))
    assert not integral[0].any()
    assert not integral[:, 0].any()


@pytest.mark.parametrize(("k", "scale"), [(7, 1 / 16), (3, 0.3), (1, 1.0), (5, 1 / 3)])
def test_bins_are_those_of_pytorch_to_the_last_bit(k: int, scale: float) -> None:
    generator = torch.Generator().manual_seed(k)
    rois = torch.rand(20_000, 5, generator=generator) * 1.6 - 0.3
    rois *= torch.tensor([2.0, 60 / scale, 40 / scale, 60 / scale, 40 / scale], device="cpu")
    rois[::2] = (rois[::2] * 2).round() / 2  # halves
    rois[:4, 1:] = torch.tensor([1e30, -1e30, 0.49999997, 1e9], device="cpu")
    rois[:, 0] = torch.arange(len(rois), device="cpu") % 3
    expected = make_bins(rois, k, scale, 38, 63)
    found = ps_roi_kernels.cut(rois.numpy(), k, np.float32(scale), 38, 63)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs.numpy())


def test_means_and_their_gradient() -> None:
    rng = np.random.default_rng(0)
    maps = rng.normal(size=(2, 2 * 4, 6, 7))
    picture = np.array([1, 0, 1])
    top, left = rng.integers(0, 4, (3, 2)), rng.integers(0, 5, (3, 2))
    bottom, right = top + np.array([[2, 1], [0, 2], [2, 2]]), left + np.array([[1, 2], [2, 2], [1, 1]])
    out, grad, spread = np.full((3, 8), np.nan), rng.normal(size=(3, 8)), np.full(maps.shape, np.nan)
    ps_roi_kernels.pool(maps, picture, top, bottom, left, right, out)
    ps_roi_kernels.spread(grad, picture, top, bottom, left, right, spread)
    expected, expected_spread = np.zeros((3, 8)), np.zeros(maps.shape)
    for r in range(3):
        for channel in range(8):
            row, col = channel // 2 % 2, channel % 2
            place = picture[r], channel, slice(top[r, row], bottom[r, row]), slice(left[r, col], right[r, col])
            if maps[place].size:
                expected[r, channel] = maps[place].mean()
                expected_spread[place] += grad[r, channel] / maps[place].size
    np.testing.assert_allclose(out, expected, atol=1e-12)
    np.testing.assert_allclose(spread, expected_spread, atol=1e-12)
