"""The operators behind `local_correlation`: opaque to `torch.compile`, and the choice of who does the arithmetic.

``torch.ops.dnt_d2.local_correlation`` and its ``_backward`` know nothing of autograd; `correlation` has that. An
operator, because a compiler that follows the loops over strips makes a graph of hundreds of small products of them.
"""

from __future__ import annotations

import os
import warnings
from functools import cache
from types import ModuleType

import torch
from torch import Tensor

from . import correlation_strip
from .correlation_phase import Phase, phases


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
    """`correlation_triton`; nothing if Triton is not there or fails, or if ``DNT_D2_TRITON=0`` in the environment."""
    if os.environ.get("DNT_D2_TRITON") == "0":
        return None
    try:
        from . import correlation_triton
    except ImportError:
        return None
    try:
        one = torch.ones(1, 1, 1, 1, device="cuda", dtype=torch.float32)
        correlation_triton.correlate(Phase(one, one, torch.empty_like(one)[None], 1, 0, 0))
    except Exception as error:  # it builds a launcher: without a compiler or Python's headers, anything may come
        warnings.warn(f"Triton can't be used, and correlation is slower without it: {error}", stacklevel=2)
        return None
    return correlation_triton


_SIGNATURES = (
    "local_correlation(Tensor x, Tensor y, int radius, int stride, int displacement_stride) -> Tensor",
    "local_correlation_backward(Tensor grad, Tensor x, Tensor y, int radius, int stride, int displacement_stride)"
    " -> (Tensor, Tensor)",
)
# `torch.library.custom_op` would say the same in fewer lines, but is not in all versions of PyTorch that are supported.
_library = torch.library.Library("dnt_d2", "DEF")
for _signature, _kernel, _meta in zip(
    _SIGNATURES, (correlate, correlate_backward), (new_output, _new_gradients), strict=True
):
    _name = _signature.partition("(")[0]
    _library.define(_signature)
    _library.impl(_name, _kernel, "CompositeExplicitAutograd")
    _library.impl(_name, _meta, "Meta")
