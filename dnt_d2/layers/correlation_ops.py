"""The operators behind `local_correlation`: opaque to `torch.compile`, and the choice of who does the arithmetic.

``torch.ops.dnt_d2.local_correlation`` and its ``_backward`` know nothing of autograd; `correlation` has that. An
operator, because a compiler that follows the loops over strips makes a graph of hundreds of small products of them.
"""

from __future__ import annotations

from functools import cache
from types import ModuleType

import torch
from torch import Tensor

from . import correlation_strip
from .correlation_phase import Phase, phases
from .operators import declare, triton_kernels


def correlate(x: Tensor, y: Tensor, radius: int, stride: int, displacement_stride: int) -> Tensor:
    """The operator: (N, C, H, W) twice to (N, G * G, ceil(H / stride), ceil(W / stride)), G = 2 radius + 1."""
    out = new_output(x, y, radius, stride)
    grid = 2 * radius + 1
    for phase in phases(x, y, out.unflatten(1, (grid, grid)), radius, stride, displacement_stride):
        _path(phase).correlate(phase)
    return out


def correlate_backward(
    grad: Tensor, x: Tensor, y: Tensor, radius: int, stride: int, displacement_stride: int
) -> tuple[Tensor, Tensor]:
    """The gradients of ``x`` and ``y`` for that of the output, ``grad``, in the dtypes of ``x`` and ``y``."""
    x_grad, y_grad = _new_gradients(grad, x, y)
    maps, geometry = grad.unflatten(1, (2 * radius + 1, 2 * radius + 1)), (radius, stride, displacement_stride)
    targets = phases(x_grad, y_grad, maps, *geometry)
    for phase, target in zip(phases(x, y, maps, *geometry), targets, strict=True):
        _path(phase).backpropagate(phase, target.x, target.y)
    return x_grad, y_grad


def new_output(x: Tensor, y: Tensor, radius: int, stride: int, _displacement_stride: int = 1) -> Tensor:
    (count, _, height, width), grid = x.shape, 2 * radius + 1
    shape = count, grid * grid, -(-height // stride), -(-width // stride)
    return x.new_empty(shape, dtype=torch.promote_types(x.dtype, y.dtype))


def _new_gradients(_grad: Tensor, x: Tensor, y: Tensor, *_geometry: int) -> tuple[Tensor, Tensor]:
    return torch.zeros_like(x), torch.zeros_like(y)  # strides skip positions


def _path(phase: Phase) -> ModuleType:
    """The module whose ``correlate`` and ``backpropagate`` are the fastest for a phase."""
    x, y, maps = phase[:3]
    fused = _triton_path() if x.is_cuda else None
    if fused is not None and x.dtype == y.dtype == maps.dtype and x.dtype in fused.DTYPES:
        return fused
    return correlation_strip


@cache
def _triton_path() -> ModuleType | None:
    return triton_kernels("correlation_triton", _probe, "correlation")


def _probe(kernels: ModuleType) -> None:
    one = torch.ones(1, 1, 1, 1, device="cuda", dtype=torch.float32)
    kernels.correlate(Phase(one, one, torch.empty_like(one)[None], 1, 0, 0))


declare(
    "local_correlation(Tensor x, Tensor y, int radius, int stride, int displacement_stride) -> Tensor",
    correlate,
    new_output,
)
declare(
    "local_correlation_backward(Tensor grad, Tensor x, Tensor y, int radius, int stride, int displacement_stride)"
    " -> (Tensor, Tensor)",
    correlate_backward,
    _new_gradients,
)
