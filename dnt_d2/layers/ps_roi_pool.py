"""Position-sensitive RoI pooling (R-FCN sec. 3; D&T sec. 3.2) with the arithmetic of Caffe's layer, in plain PyTorch.

A RoI is cut into k x k bins, and each bin averages a map of its own. The sums come from integral images: whatever the
size of a bin, its sum is four numbers of the integral image. The gradient goes the same way back: each bin leaves four
numbers at its corners, and running sums spread them over the cells. All of this is in float64, since differences of
large sums are taken.

Here are the layer and its gradient; `ps_roi_ops` has the operators behind them, `ps_roi_bins` which cells a bin has,
`ps_roi_integral` the arithmetic in PyTorch, and `ps_roi_kernels` the same as compiled loops, for the CPU. On CUDA,
`ps_roi_triton` may add up the cells of each bin instead, which takes one launch.

`torchvision.ops.ps_roi_pool` computes something else: it rounds the corners after scaling them, and never reads the
last row and column of the maps.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from . import ps_roi_ops  # noqa: F401  registers the operators


def ps_roi_pool(maps: Tensor, rois: Tensor, output_size: int, spatial_scale: float) -> Tensor:
    """Average, for each RoI and each of its k x k bins, the cells of the bin in the bin's own map.

    Corners are rounded to whole pixels of the image, half away from zero, and the last pixel belongs to the RoI:
    it extends from round(x1) * spatial_scale to (round(x2) + 1) * spatial_scale cells, at least 0.1. A bin covers
    all cells that it touches, within the map; a bin that touches none is 0. Edges are computed in float32, in the
    order of Caffe's layer, so that a bin covers the same cells here and there.

    Sums are made in float64, for any dtype of the maps, and autocast does not change that; only Triton's gradients, on
    CUDA for maps of up to 32 bits, are sums in float32. An infinite or undefined cell may make the bins of its map
    undefined also below and right of it. `torch.compile` takes it as one operator. The gradient can not be
    differentiated again; RoIs have none. On CUDA it is added in any order, so that its last digits vary.

    Args:
        maps: (N, D * k * k, H, W), any floating dtype; the map of output d for bin (row, col) is channel
            (d * k + row) * k + col.
        rois: (R, 5) index of the picture in the batch, then x1, y1, x2, y2 in pixels of the image. They may reach
            outside the image. R may be 0.
        output_size: k, at least 1.
        spatial_scale: cells per pixel, above 0; 1/16 for maps of stride 16.

    Returns:
        (R, D, k, k) in the dtype of the maps. The vote of sec. 3.2 is its mean over the last two dimensions.

    Raises:
        ValueError: if a shape, device or parameter does not fit, or (on the CPU, where looking costs nothing) if a RoI
            is not finite or names a picture that is not in the batch. Triton gives NaN for such a RoI.
        TypeError: if ``maps`` or ``rois`` is not floating point.
    """
    _check_parameters(output_size, spatial_scale)
    _check_inputs(maps, rois, output_size)
    return _PSRoIPool.apply(maps, rois.detach(), output_size, spatial_scale)


class PSRoIPool(nn.Module):
    """`ps_roi_pool` with its parameters, as a module.

    Args:
        output_size: k, bins per side of a RoI, at least 1.
        spatial_scale: cells of the maps per pixel of the image, above 0.
    """

    def __init__(self, output_size: int, spatial_scale: float) -> None:
        super().__init__()
        _check_parameters(output_size, spatial_scale)
        self.output_size = output_size
        self.spatial_scale = spatial_scale

    def forward(self, maps: Tensor, rois: Tensor) -> Tensor:
        """Pool ``maps`` (N, D * k * k, H, W) at ``rois`` (R, 5) to (R, D, k, k); see `ps_roi_pool`."""
        return ps_roi_pool(maps, rois, self.output_size, self.spatial_scale)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}, spatial_scale={self.spatial_scale}"


def _check_parameters(output_size: int, spatial_scale: float) -> None:
    if output_size < 1:
        raise ValueError(f"output_size must be 1 or more, got {output_size}")
    if not spatial_scale > 0:
        raise ValueError(f"spatial_scale must be above 0, got {spatial_scale}")


def _check_inputs(maps: Tensor, rois: Tensor, k: int) -> None:
    if maps.dim() != 4 or maps.shape[1] == 0 or maps.shape[1] % (k * k) != 0:
        raise ValueError(f"maps must be (N, D * {k * k}, H, W) for output_size={k}, got {tuple(maps.shape)}")
    if rois.dim() != 2 or rois.shape[1] != 5:
        raise ValueError(f"rois must be (R, 5) of batch index, x1, y1, x2, y2, got {tuple(rois.shape)}")
    if maps.device != rois.device:
        raise ValueError(f"maps and rois must be on one device, got {maps.device} and {rois.device}")
    if not (maps.is_floating_point() and rois.is_floating_point()):
        raise TypeError(f"maps and rois must be floating point, got {maps.dtype} and {rois.dtype}")
    # On a GPU looking at the values would wait for it; there a wrong index gives NaN, or is caught by the gather.
    if rois.device.type == "cpu" and len(rois) > 0:
        if not rois.isfinite().all():
            raise ValueError("rois must be finite; a diverged box regression is the usual cause")
        lowest, highest = rois[:, 0].aminmax()
        if lowest < 0 or highest >= len(maps):
            raise ValueError(f"rois name pictures {lowest:g} to {highest:g} of a batch of {len(maps)}")


class _PSRoIPool(torch.autograd.Function):
    """The operation with its gradient, both as operators that compilers do not look into."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, rois: Tensor, k: int, scale: float) -> Tensor:
        ctx.save_for_backward(rois)
        ctx.shape, ctx.dtype, ctx.bins = maps.shape, maps.dtype, (k, scale)
        return torch.ops.dnt_d2.ps_roi_pool(maps, rois, k, scale)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        (rois,) = ctx.saved_tensors
        maps_grad = torch.ops.dnt_d2.ps_roi_pool_backward(grad, rois, list(ctx.shape), ctx.dtype, *ctx.bins)
        return maps_grad, None, None, None
