"""The Triton kernels against PyTorch in float64: on a GPU, and by Triton's interpreter in a process of its own."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from dnt_d2.layers import ps_roi_integral
from dnt_d2.layers.ps_roi_bins import make_bins

pytest.importorskip("triton")
from dnt_d2.layers.ps_roi_triton import Block, pool, spread

INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"
DEVICE = "cpu" if INTERPRETED else "cuda"
needs_kernels = pytest.mark.skipif(not (INTERPRETED or torch.cuda.is_available()), reason="needs a CUDA device")
SMALL, WIDE = Block(channels=8, cells=2), Block(channels=64, cells=8)
# A point, empty, inverted, outside on each side, far beyond all, the whole of 96 x 64 pixels, its last cells, halves.
DEGENERATE = torch.tensor(
    [
        [8, 8, 8, 8],
        [8, 8, 7, 7],
        [40, 30, 10, 5],
        [-90, -90, -40, -40],
        [500, 20, 600, 40],
        [20, 500, 30, 600],
        [-500, -500, 500, 500],
        [0, 0, 95, 63],
        [79.5, 47.5, 95, 63],
        [-0.5, -0.5, 0.5, 0.5],
        [0.49999997, 2.5, 1.5, 3.5],
        [-1e30, -1e30, 1e30, 1e30],
    ]
)


def random_maps(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    generator = torch.Generator().manual_seed(sum(shape))
    return torch.randn(shape, generator=generator).to(DEVICE, dtype)


def random_rois(number: int, pictures: int, height: float, width: float) -> Tensor:
    """Corners in and around the image, in no order; many are halves."""
    generator = torch.Generator().manual_seed(number)
    corners = (torch.rand(number, 4, generator=generator) * 1.6 - 0.3) * torch.tensor([width, height, width, height])
    corners[::2] = (corners[::2] * 2).round() / 2
    picture = torch.randint(0, pictures, (number, 1), generator=generator)
    return torch.cat([picture.float(), corners], dim=1).to(DEVICE)


def run(maps: Tensor, rois: Tensor, weights: Tensor, scale: float, block: Block) -> tuple[Tensor, Tensor]:
    """Means, and the gradient of the maps for theirs, by the kernels."""
    out = torch.full(weights.shape, torch.nan, device=DEVICE, dtype=maps.dtype)
    maps_grad = torch.full(maps.shape, torch.nan, device=DEVICE, dtype=maps.dtype)
    pool(maps, rois, out, scale, block)
    spread(weights, rois, maps_grad, scale, block)
    return out, maps_grad


def assert_agrees(maps: Tensor, rois: Tensor, k: int, scale: float, block: Block) -> None:
    """Means are those of float64, rounded; gradients are as good as sums in float32."""
    bins = make_bins(rois, k, scale, *maps.shape[2:])
    expected = ps_roi_integral.pool(maps.double(), bins, k)
    weights = torch.sin(torch.arange(expected.numel(), device=DEVICE)).reshape(expected.shape).to(maps.dtype)
    expected_grad = torch.empty(maps.shape, device=DEVICE, dtype=torch.float64)
    ps_roi_integral.spread(weights.double(), bins, expected_grad, k)
    out, maps_grad = run(maps, rois, weights, scale, block)
    # Small means are what is left of large sums, in the reference.
    torch.testing.assert_close(out, expected.to(maps.dtype), atol=1e-12, rtol=0)
    rtol = max(torch.finfo(maps.dtype).eps, 1e-5)
    torch.testing.assert_close(maps_grad.double(), expected_grad, atol=1e-5, rtol=rtol)


@pytest.mark.skipif(INTERPRETED, reason="this is the test that starts it")
def test_kernels_by_the_interpreter(run_interpreted: Callable[[str], None]) -> None:
    run_interpreted(__file__)


@needs_kernels
@pytest.mark.parametrize("pictures", [0, 2])
def test_no_rois(pictures: int) -> None:
    maps, rois = random_maps(pictures, 12, 3, 5), torch.zeros(0, 5, device=DEVICE)
    out, maps_grad = run(maps, rois, maps.new_zeros(0, 3, 2, 2), 1 / 16, SMALL)
    assert out.shape == (0, 3, 2, 2)
    assert (maps_grad == 0).all()


@needs_kernels
@pytest.mark.parametrize(
    ("pictures", "outputs", "k", "scale", "size", "block"),
    [
        (1, 1, 1, 1.0, (1, 1), SMALL),
        (2, 3, 2, 1 / 16, (5, 6), SMALL),  # more than one block of channels
        (3, 2, 7, 1 / 16, (9, 11), WIDE),  # a last block that channels do not fill
        (1, 2, 3, 0.3, (5, 2), WIDE),
        (1, 3, 1, 1 / 4, (9, 8), WIDE),
    ],
)
def test_random_rois(pictures: int, outputs: int, k: int, scale: float, size: tuple[int, int], block: Block) -> None:
    rois = random_rois(12, pictures, size[0] / scale, size[1] / scale)
    assert_agrees(random_maps(pictures, outputs * k * k, *size), rois, k, scale, block)


@needs_kernels
@pytest.mark.parametrize("k", [1, 3, 7])
def test_degenerate_rois(k: int) -> None:
    rois = torch.cat([torch.zeros(len(DEGENERATE), 1), DEGENERATE], dim=1).to(DEVICE)
    assert_agrees(random_maps(1, k * k, 4, 6), rois, k, 1 / 16, WIDE)


# The interpreter rounds to bfloat16 in its own way.
halves = [torch.float16, pytest.param(torch.bfloat16, marks=pytest.mark.skipif(INTERPRETED, reason="interpreted"))]


@needs_kernels
@pytest.mark.parametrize("dtype", halves)
def test_half_precision_is_summed_wider_and_rounded_once(dtype: torch.dtype) -> None:
    maps = 3000 * random_maps(1, 8, 9, 11, dtype=dtype).abs()  # sums do not fit float16
    assert_agrees(maps, random_rois(12, 1, 144, 176), 2, 1 / 16, WIDE)


@needs_kernels
def test_any_strides_of_memory() -> None:
    maps, rois = random_maps(2, 12, 4, 6), random_rois(9, 2, 64, 96)
    weights = torch.randn(9, 3, 1, 1, device=DEVICE).expand(9, 3, 2, 2)
    expected = run(maps, rois, weights.contiguous(), 1 / 16, WIDE)
    for others in maps.to(memory_format=torch.channels_last), maps.mT.contiguous().mT, maps.repeat(1, 2, 1, 1)[:, 12:]:
        for ours, theirs in zip(run(others, rois.T.contiguous().T, weights, 1 / 16, WIDE), expected, strict=True):
            torch.testing.assert_close(ours, theirs)


@needs_kernels
def test_rois_that_nothing_can_be_read_for() -> None:
    rois = random_rois(7, 1, 64, 96)
    for place, value in enumerate([1.0, -1.0, torch.nan, 1e30]):
        rois[place, 0] = value
    rois[4, 1], rois[5, 4] = torch.nan, torch.inf
    maps, weights = random_maps(1, 4, 4, 6), torch.ones(7, 1, 2, 2, device=DEVICE)
    out, maps_grad = run(maps, rois, weights, 1 / 16, WIDE)
    assert out[:6].isnan().all()
    alone = run(maps, rois[6:], weights[6:], 1 / 16, WIDE)
    assert torch.equal(out[6:], alone[0])
    assert torch.equal(maps_grad, alone[1])


@needs_kernels
def test_an_undefined_cell_reaches_only_its_bins() -> None:
    maps = torch.ones(1, 1, 4, 6, device=DEVICE)
    maps[..., 0, 0] = torch.nan
    rois = torch.tensor([[0.0, 0, 0, 31, 31], [0, 16, 16, 95, 63]], device=DEVICE)
    out, _ = run(maps, rois, torch.ones(2, 1, 1, 1, device=DEVICE), 1 / 16, WIDE)
    assert out[0].isnan().all()
    assert (out[1] == 1).all()
