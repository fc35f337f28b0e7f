"""Position-sensitive RoI pooling (R-FCN sec. 3; D&T sec. 3.2) with the arithmetic of Caffe's layer, in plain PyTorch.

A RoI is cut into k x k bins, and each bin averages a map of its own. The sums come from integral images: whatever the
size of a bin, its sum is four numbers of the integral image. The gradient goes the same way back: each bin leaves four
numbers at its corners, and running sums spread them over the cells. Both passes work through the k rows of bins one
after the other, so that the integral images (float64, since differences of large sums are taken) stay small.

`torchvision.ops.ps_roi_pool` computes something else: it rounds the corners after scaling them, and never reads the
last row and column of the maps.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


def ps_roi_pool(maps: Tensor, rois: Tensor, output_size: int, spatial_scale: float) -> Tensor:
    """Average, for each RoI and each of its k x k bins, the cells of the bin in the bin's own map.

    Corners are rounded to whole pixels of the image, half away from zero, and the last pixel belongs to the RoI:
    it extends from round(x1) * spatial_scale to (round(x2) + 1) * spatial_scale cells, at least 0.1. A bin covers
    all cells that it touches, within the map; a bin that touches none is 0. Edges are computed in float32, in the
    order of Caffe's layer, so that a bin covers the same cells here and there.

    Sums are made in float64, for any dtype of the maps. An infinite or undefined cell makes the bins of its map
    undefined also below and right of it. The gradient can not be differentiated again; RoIs have none.

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
            is not finite or names a picture that is not in the batch.
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
    # On a GPU looking at the values would wait for it; there a wrong index is caught by the gather itself.
    if rois.device.type == "cpu" and len(rois) > 0:
        if not rois.isfinite().all():
            raise ValueError("rois must be finite; a diverged box regression is the usual cause")
        lowest, highest = rois[:, 0].aminmax()
        if lowest < 0 or highest >= len(maps):
            raise ValueError(f"rois name pictures {lowest:g} to {highest:g} of a batch of {len(maps)}")


class _PSRoIPool(torch.autograd.Function):
    """Both passes, on buffers for one row of bins at a time: (D, N, k columns of bins, H + 1, W + 1)."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, rois: Tensor, k: int, scale: float) -> Tensor:
        ctx.save_for_backward(rois)
        ctx.maps_shape, ctx.maps_dtype, ctx.k, ctx.scale = maps.shape, maps.dtype, k, scale
        count, channels, height, width = maps.shape
        outputs = channels // k**2
        bins = _bins(rois, k, scale, height, width)
        out = maps.new_empty(len(rois), outputs, k, k)
        integral = maps.new_zeros(outputs, count, k, height + 1, width + 1, dtype=torch.float64)
        inner = integral[..., 1:, 1:]  # the first row and column are sums of nothing
        for row, part in enumerate(_rows_of_bins(maps, k)):
            torch.cumsum(part, -1, dtype=torch.float64, out=inner)
            inner.cumsum_(-2)
            out[:, :, row] = bins.average(integral, row).transpose(0, 1)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        (rois,), k = ctx.saved_tensors, ctx.k
        count, channels, height, width = ctx.maps_shape
        bins = _bins(rois, k, ctx.scale, height, width)
        maps_grad = grad.new_empty(ctx.maps_shape, dtype=ctx.maps_dtype)
        spread = grad.new_empty(channels // k**2, count, k, height + 1, width + 1, dtype=torch.float64)
        inner = spread[..., :-1, :-1]  # corners in the last row and column have no cell to reach
        for row, part in enumerate(_rows_of_bins(maps_grad, k)):
            spread.zero_()
            bins.mark_corners(spread, grad[:, :, row].transpose(0, 1), row)
            part.copy_(inner.cumsum_(-1).cumsum_(-2))
        return maps_grad, None, None, None


def _rows_of_bins(maps: Tensor, k: int) -> tuple[Tensor, ...]:
    """View (N, D * k * k, H, W) as k parts (D, N, k, H, W), one for each row of bins."""
    return maps.unflatten(1, (maps.shape[1] // k**2, k, k)).transpose(0, 1).unbind(2)


class _Bins(NamedTuple):
    """Where the corners of all bins lie in a buffer (D, N, k, H + 1, W + 1) whose last four dimensions are flattened.

    An index is the sum of one number for the row and one for the column: ``top[r, row] + left[r, col]`` is the cell
    where bin (row, col) of RoI r begins; ``bottom`` and ``right`` lie behind its last cell.
    """

    top: Tensor  # (R, k)
    bottom: Tensor  # (R, k)
    left: Tensor  # (R, k), with the picture and the column's own map counted in, and so is right
    right: Tensor  # (R, k)
    weight: Tensor  # (R, k, k) 1 / cells, float64; 0 for an empty bin

    def average(self, integral: Tensor, row: int) -> Tensor:
        """The means (D, R, k) of the bins of one row, from the integral images of their maps."""
        flat = integral.flatten(1)
        added, removed = (
            [flat.gather(1, index.flatten().expand(len(flat), -1)) for index in corners]
            for corners in self._corners(row)
        )
        total = (added[0] - removed[0]).sub_(removed[1]).add_(added[1])
        return total.unflatten(1, self.top.shape).mul_(self.weight[:, row])

    def mark_corners(self, spread: Tensor, grad: Tensor, row: int) -> None:
        """Add ``grad`` (D, R, k), that of `average`, to ``spread`` such that running sums make it that of the maps."""
        flat, share = spread.flatten(1), (grad * self.weight[:, row]).flatten(1)
        added, removed = self._corners(row)
        for index in added:
            flat.scatter_add_(1, index.flatten().expand(len(flat), -1), share)
        share.neg_()
        for index in removed:
            flat.scatter_add_(1, index.flatten().expand(len(flat), -1), share)

    def _corners(self, row: int) -> tuple[list[Tensor], list[Tensor]]:
        """Indices (R, k) of the corners that count positive, and negative, for the bins of one row."""
        top, bottom = self.top[:, row, None], self.bottom[:, row, None]
        return [bottom + self.right, top + self.left], [bottom + self.left, top + self.right]


def _bins(rois: Tensor, k: int, scale: float, height: int, width: int) -> _Bins:
    rois = rois.float()
    top, bottom = _edges(rois[:, 2], rois[:, 4], k, scale, height)
    left, right = _edges(rois[:, 1], rois[:, 3], k, scale, width)
    cells = (bottom - top)[:, :, None] * (right - left)[:, None, :]
    weight = torch.where(cells > 0, 1.0 / cells.double(), 0.0)
    maps = rois[:, :1].long() * k + torch.arange(k, device=rois.device)
    first = maps * ((height + 1) * (width + 1))
    return _Bins(top * (width + 1), bottom * (width + 1), first + left, first + right, weight)


def _edges(low: Tensor, high: Tensor, k: int, scale: float, limit: int) -> tuple[Tensor, Tensor]:
    """Where the bins begin and end along one axis, as whole cells: (R, k) each, 0 <= begin <= end <= limit."""
    start = _round(low) * scale
    extent = ((_round(high) + 1.0) * scale - start).clamp_min(0.1)
    # By a tensor: a GPU multiplies by the inverse of a number, whose last digit may move an edge by a cell.
    size = extent / extent.new_full((), k)
    steps = torch.arange(k + 1, dtype=size.dtype, device=size.device)
    edges = steps * size[:, None] + start[:, None]
    begin = edges[:, :-1].floor().clamp(0, limit).long()
    end = edges[:, 1:].ceil().clamp(0, limit).long()
    return begin, torch.maximum(begin, end)


def _round(values: Tensor) -> Tensor:
    """Round half away from zero, as C does; `torch.round` takes halves to the even neighbour."""
    whole = values.trunc()
    return whole + (values - whole).mul(2.0).trunc()
