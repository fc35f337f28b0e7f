"""The Triton kernels against the definition: on a GPU, and by Triton's interpreter in a process of its own."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from dnt_d2.benchmark.references import shifted_products
from dnt_d2.layers.correlation_phase import phases

pytest.importorskip("triton")
from dnt_d2.layers import correlation_triton
from dnt_d2.layers.correlation_triton import Tiles, backpropagate, correlate

INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"
DEVICE = "cpu" if INTERPRETED else "cuda"
needs_kernels = pytest.mark.skipif(not (INTERPRETED or torch.cuda.is_available()), reason="needs a CUDA device")
SMALL, WIDE = Tiles(4, 4, 32, 32, warps=1), Tiles(2, 16, 64, 32)


def random_maps(*shape: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(sum(shape))
    x, y = (torch.randn(shape, generator=generator) for _ in range(2))
    return x.to(DEVICE, dtype), y.to(DEVICE, dtype)


def strided_products(x: Tensor, y: Tensor, radius: int, stride: int, displacement_stride: int) -> Tensor:
    maps = shifted_products(x, y, radius * displacement_stride)[:, :, ::stride, ::stride]
    side = 2 * radius * displacement_stride + 1
    return maps.unflatten(1, (side, side))[:, ::displacement_stride, ::displacement_stride]


def run(x: Tensor, y: Tensor, weights: Tensor, geometry: tuple[int, int, int], tiles: Tiles) -> tuple[Tensor, ...]:
    """Output and gradients by the kernels. Cells that they leave out are undefined, or zero in gradients."""
    out, x_grad, y_grad = torch.full_like(weights, torch.nan), torch.zeros_like(x), torch.zeros_like(y)
    for phase in phases(x, y, out, *geometry):
        correlate(phase, tiles)
    targets = phases(x_grad, y_grad, weights, *geometry)
    for phase, target in zip(phases(x, y, weights, *geometry), targets, strict=True):
        backpropagate(phase, target.x, target.y, tiles)
    return out, x_grad, y_grad


def assert_agrees(x: Tensor, y: Tensor, geometry: tuple[int, int, int], tiles: Tiles) -> None:
    """Output and gradients are those of the definition in float64, rounded once."""
    wide = x.double().requires_grad_(), y.double().requires_grad_()
    expected = strided_products(*wide, *geometry)
    weights = torch.sin(torch.arange(expected.numel(), device=DEVICE)).reshape(expected.shape).to(x.dtype)
    eps = torch.finfo(x.dtype).eps
    references = expected, *torch.autograd.grad(expected, wide, weights.double())
    for ours, theirs in zip(run(x, y, weights, geometry, tiles), references, strict=True):
        atol = 1e-6 * float(theirs.detach().abs().max()) + 1e-6
        torch.testing.assert_close(ours.double(), theirs, rtol=max(eps, 1e-5), atol=atol)


@pytest.mark.skipif(INTERPRETED, reason="this is the test that starts it")
def test_kernels_by_the_interpreter(run_interpreted: Callable[[str], None]) -> None:
    run_interpreted(__file__)


@needs_kernels
@pytest.mark.parametrize(
    ("shape", "geometry", "tiles"),
    [
        ((1, 1, 1, 1), (0, 1, 1), SMALL),
        ((2, 3, 5, 6), (1, 1, 1), SMALL),  # more than one tile, and more than one piece of its window
        ((1, 35, 2, 19), (2, 1, 1), WIDE),  # channels that fill no step
        ((1, 3, 7, 5), (2, 2, 1), SMALL),
        ((1, 3, 5, 7), (1, 1, 2), SMALL),
        ((1, 3, 5, 7), (1, 2, 3), SMALL),
        ((1, 3, 5, 7), (1, 3, 2), SMALL),
        ((1, 2, 2, 3), (5, 1, 1), SMALL),  # further than the map
        ((1, 2, 9, 9), (0, 4, 1), SMALL),  # cells of y that no position reaches
    ],
)
def test_output_and_gradients(shape: tuple[int, ...], geometry: tuple[int, int, int], tiles: Tiles) -> None:
    assert_agrees(*random_maps(*shape, dtype=torch.float32), geometry, tiles)


# The interpreter gets products of bfloat16 wrong.
halves = [torch.float16, pytest.param(torch.bfloat16, marks=pytest.mark.skipif(INTERPRETED, reason="interpreted"))]


@needs_kernels
@pytest.mark.parametrize("dtype", halves)
def test_half_precision_is_summed_in_float32(dtype: torch.dtype) -> None:
    x, y = random_maps(1, 300, 2, 5, dtype=dtype)  # sums of 300 * 900 do not fit float16
    assert_agrees(30 * x, 30 * y, (1, 1, 1), Tiles(4, 4, 32, 64))


@needs_kernels
def test_any_strides_of_memory() -> None:
    x, y = random_maps(1, 3, 3, 5, dtype=torch.float32)
    weights = torch.randn(1, 1, 1, 1, 5, device=DEVICE).expand(1, 3, 3, 3, 5)
    expected = run(x, y, weights.contiguous(), (1, 1, 1), SMALL)
    others = x.to(memory_format=torch.channels_last), y.mT.contiguous().mT
    for ours, theirs in zip(run(*others, weights, (1, 1, 1), SMALL), expected, strict=True):
        assert torch.equal(ours, theirs)


@needs_kernels
@pytest.mark.skipif(INTERPRETED, reason="runs one program after the other")
def test_the_same_bits_every_time() -> None:
    x, y = random_maps(2, 64, 19, 33, dtype=torch.float32)
    weights = torch.randn(2, 17, 17, 19, 33, device=DEVICE)
    default = [run(x, y, weights, (8, 1, 1), correlation_triton.FORWARD) for _ in range(2)]
    for first, second in zip(*default, strict=True):
        assert torch.equal(first, second)
