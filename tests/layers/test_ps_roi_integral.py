"""dnt_d2/layers/ps_roi_integral.py: PyTorch alone gives what the compiled loops give."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from dnt_d2.layers import ps_roi_integral
from dnt_d2.layers.ps_roi_bins import make_bins
from dnt_d2.layers.ps_roi_ops import pool, pool_backward


def drawn(count: int, outputs: int, k: int, rois: int) -> tuple[Tensor, Tensor]:
    """Maps of 5 x 6 cells of 16 pixels, and boxes in, around and outside of them, some of them inverted."""
    generator = torch.Generator().manual_seed(count + outputs + k + rois)
    maps = torch.randn(count, outputs * k * k, 5, 6, dtype=torch.float64, generator=generator)
    boxes = torch.rand(rois, 4, generator=generator) * 160 - 40
    pictures = torch.randint(0, max(count, 1), (rois, 1), generator=generator)
    return maps, torch.cat([pictures, boxes], dim=1)


@pytest.mark.parametrize(("count", "outputs", "k", "rois"), [(1, 1, 1, 0), (0, 2, 2, 0), (1, 1, 7, 9), (3, 4, 3, 50)])
def test_both_give_the_same(count: int, outputs: int, k: int, rois: int) -> None:
    maps, boxes = (x.cpu() for x in drawn(count, outputs, k, rois))
    bins = make_bins(boxes, k, 1 / 16, 5, 6)
    expected = pool(maps, boxes, k, 1 / 16)
    found = ps_roi_integral.pool(maps, bins, k)
    assert found.is_contiguous()
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)
    grad = torch.cos(torch.arange(expected.numel(), device="cpu").double()).view_as(expected)
    spread = torch.full_like(maps, torch.nan)
    ps_roi_integral.spread(grad, bins, spread, k)
    back = pool_backward(grad, boxes, maps.shape, maps.dtype, k, 1 / 16)
    torch.testing.assert_close(spread, back, atol=1e-12, rtol=0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_narrow_maps_are_rounded_once(dtype: torch.dtype) -> None:
    maps, boxes = drawn(2, 2, 3, 20)
    narrow, bins = maps.to(dtype), make_bins(boxes, 3, 1 / 16, 5, 6)
    found = ps_roi_integral.pool(narrow, bins, 3)
    assert found.dtype == dtype
    assert torch.equal(found, ps_roi_integral.pool(narrow.double(), bins, 3).to(dtype))
