"""The operators behind `ps_roi_pool`: opaque to `torch.compile`, and the choice of who does the arithmetic.

``torch.ops.dnt_d2.ps_roi_pool`` and its ``_backward`` know nothing of autograd; `ps_roi_pool` has that.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from types import ModuleType

import numpy as np
import torch
from torch import Tensor

from . import ps_roi_integral
from .operators import declare, triton_kernels
from .ps_roi_bins import make_bins


def pool(maps: Tensor, rois: Tensor, k: int, scale: float) -> Tensor:
    """The operator: (N, D * k * k, H, W) and (R, 5) to (R, D, k, k)."""
    fused = _fused_path(maps)
    if fused is not None:
        result = _new_output(maps, rois, k, scale)
        fused.pool(maps, rois, result, scale)
        return result
    if maps.device.type != "cpu":
        return ps_roi_integral.pool(maps, make_bins(rois, k, scale, *maps.shape[-2:]), k)
    from . import ps_roi_kernels  # here, not above: loading the compiler takes longer than the rest of the package

    # NumPy has no bfloat16. Half precision is rounded once, from float64.
    half = maps.dtype.itemsize < 4
    out = maps.new_empty(len(rois), maps.shape[1], dtype=torch.float64 if half else maps.dtype)
    cells = (maps.float() if half else maps).contiguous()
    bins = ps_roi_kernels.cut(rois.float().contiguous().numpy(), k, np.float32(scale), *maps.shape[-2:])
    ps_roi_kernels.pool(cells.numpy(), *bins, out.numpy())
    return out.to(maps.dtype).unflatten(1, (-1, k, k))


def pool_backward(grad: Tensor, rois: Tensor, shape: Sequence[int], dtype: torch.dtype, k: int, scale: float) -> Tensor:
    """The gradient of the maps, of this shape and dtype, for that of the output, ``grad`` (R, D, k, k)."""
    maps_grad = _new_gradient(grad, rois, shape, dtype, k, scale)
    # Where the same bits are demanded, PyTorch's own functions say what they can not promise.
    fused = None if torch.are_deterministic_algorithms_enabled() else _fused_path(grad, maps_grad)
    if fused is not None:
        fused.spread(grad, rois, maps_grad, scale)
        return maps_grad
    if grad.device.type != "cpu":
        ps_roi_integral.spread(grad, make_bins(rois, k, scale, *shape[-2:]), maps_grad, k)
        return maps_grad
    from . import ps_roi_kernels

    half = dtype.itemsize < 4
    target = torch.empty(tuple(shape), dtype=torch.float32) if half else maps_grad
    shares = (grad.float() if half else grad).flatten(1).contiguous()
    bins = ps_roi_kernels.cut(rois.float().contiguous().numpy(), k, np.float32(scale), *shape[-2:])
    ps_roi_kernels.spread(shares.numpy(), *bins, target.numpy())
    return target.to(dtype)


def _new_output(maps: Tensor, rois: Tensor, k: int, _scale: float) -> Tensor:
    return maps.new_empty(len(rois), maps.shape[1] // k**2, k, k)


def _new_gradient(
    grad: Tensor, _rois: Tensor, shape: Sequence[int], dtype: torch.dtype, _k: int, _scale: float
) -> Tensor:
    return grad.new_empty(tuple(shape), dtype=dtype)


def _fused_path(*tensors: Tensor) -> ModuleType | None:
    """The module whose ``pool`` and ``spread`` take one launch for these tensors, if there is one."""
    fused = _triton_path() if tensors[0].is_cuda else None
    return fused if fused is not None and all(x.dtype in fused.DTYPES for x in tensors) else None


@cache
def _triton_path() -> ModuleType | None:
    return triton_kernels("ps_roi_triton", _probe, "PSRoI pooling")


def _probe(kernels: ModuleType) -> None:
    one = torch.ones(1, 1, 1, 1, device="cuda", dtype=torch.float32)
    kernels.pool(one, one.new_zeros(1, 5), torch.empty_like(one), 1.0)


declare("ps_roi_pool(Tensor maps, Tensor rois, int k, float scale) -> Tensor", pool, _new_output)
declare(
    "ps_roi_pool_backward(Tensor grad, Tensor rois, SymInt[] shape, ScalarType dtype, int k, float scale) -> Tensor",
    pool_backward,
    _new_gradient,
)
