"""The arithmetic of `ps_roi_pool` on CUDA, as two Triton kernels: one launch each way, where PyTorch needs dozens.

A program takes one RoI and a block of channels, each of which is one bin, and goes through the cells of its bins: of
300 RoIs they are fewer than the cells of the maps, so that nothing is to be gained from integral images. Means are
summed in float64. Edges of bins are those of `ps_roi_bins` to the last bit, for which the kernels are built without
fused multiply-adds.

Gradients are added by atomics, in float32 and in any order, so that the last digits differ from time to time, as they
do in PyTorch's own ``scatter_add_``. A cell could gather what all RoIs leave it, always in one order; but it would have
to look at every RoI, a hundred times more work than a bin has cells.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
import triton
import triton.language as tl
from torch import Tensor

DTYPES = (torch.float32, torch.float16, torch.bfloat16)


class Block(NamedTuple):
    """How much of the work is one program's: powers of two."""

    channels: int = 128
    cells: int = 4  # of each bin, that are read or written at a time
    warps: int = 4

    def options(self) -> dict[str, Any]:
        """The block as a kernel wants to be told of it."""
        sizes = {"CHANNELS": self.channels, "CELLS": self.cells}
        return {**sizes, "num_warps": self.warps, "enable_fp_fusion": False}


FORWARD = Block()
BACKWARD = Block()


def pool(maps: Tensor, rois: Tensor, out: Tensor, scale: float, block: Block = FORWARD) -> None:
    """Write the means of all bins; NaN for a RoI that is not finite, or whose picture is not in the batch.

    Args:
        maps: (N, D * k * k, H, W) on CUDA, of a dtype in `DTYPES` and any strides.
        rois: (R, 5) on the same device, any floating dtype.
        out: (R, D, k, k), contiguous, in the dtype of the maps; written.
        scale: cells per pixel.
        block: how the work is cut.
    """
    count, channels, height, width = maps.shape
    with torch.cuda.device_of(maps):
        _pool[len(rois), triton.cdiv(channels, block.channels)](
            maps, rois.float().contiguous(), out, *maps.stride(), count, channels, height, width, scale,
            K=out.shape[-1], **block.options(),
        )  # fmt: skip


def spread(grad: Tensor, rois: Tensor, maps_grad: Tensor, scale: float, block: Block = BACKWARD) -> None:
    """Write the gradient of the maps, with 0 where no bin reaches.

    Args:
        grad: (R, D, k, k) that of the means, on CUDA, of a dtype in `DTYPES` and any strides.
        rois: (R, 5) as in `pool`; those that give NaN there have no part in the gradient.
        maps_grad: (N, D * k * k, H, W), contiguous, of a dtype in `DTYPES`; written.
        scale: cells per pixel.
        block: how the work is cut.
    """
    count, channels, height, width = maps_grad.shape
    sums = maps_grad.zero_() if maps_grad.dtype == torch.float32 else torch.zeros_like(maps_grad, dtype=torch.float32)
    with torch.cuda.device_of(maps_grad):
        _spread[len(rois), triton.cdiv(channels, block.channels)](
            grad, rois.float().contiguous(), sums, *grad.stride(), count, channels, height, width, scale,
            K=grad.shape[-1], **block.options(),
        )  # fmt: skip
    if sums is not maps_grad:
        maps_grad.copy_(sums)


@triton.jit
def _pool(  # type: ignore[no-untyped-def]
    maps, rois, out, m_n, m_c, m_i, m_j, count, channels, height, width, scale,
    K: tl.constexpr, CHANNELS: tl.constexpr, CELLS: tl.constexpr,
):  # fmt: skip
    roi = tl.program_id(0).to(tl.int64)  # offsets may exceed 31 bits
    channel = tl.program_id(1) * CHANNELS + tl.arange(0, CHANNELS)
    known, picture, top, left, down, across = _bins(rois + roi * 5, channel, count, height, width, scale, K)
    cells = tl.where(channel < tl.where(known, channels, 0), down * across, 0)
    first = maps + picture * m_n + channel.to(tl.int64) * m_c + top.to(tl.int64) * m_i + left.to(tl.int64) * m_j
    across = tl.maximum(across, 1)[:, None]  # no division by zero where nothing is read
    total = tl.zeros((CHANNELS,), dtype=tl.float64)
    for start in range(0, tl.max(cells, 0), CELLS):
        cell = start + tl.arange(0, CELLS)[None, :]
        offset = (cell // across).to(tl.int64) * m_i + (cell % across).to(tl.int64) * m_j
        values = tl.load(first[:, None] + offset, mask=cell < cells[:, None], other=0.0)
        total += tl.sum(values.to(tl.float64), 1)
    mean = total * (1.0 / tl.maximum(cells, 1).to(tl.float64))
    # To halves through float32, as PyTorch does; not all versions of Triton know the direct way.
    mean = tl.where(known, mean.to(tl.float32), float("nan"))
    tl.store(out + roi * channels + channel, mean.to(out.dtype.element_ty), mask=channel < channels)


@triton.jit
def _spread(  # type: ignore[no-untyped-def]
    grad, rois, sums, g_n, g_d, g_i, g_j, count, channels, height, width, scale,
    K: tl.constexpr, CHANNELS: tl.constexpr, CELLS: tl.constexpr,
):  # fmt: skip
    roi = tl.program_id(0).to(tl.int64)
    channel = tl.program_id(1) * CHANNELS + tl.arange(0, CHANNELS)
    known, picture, top, left, down, across = _bins(rois + roi * 5, channel, count, height, width, scale, K)
    cells = tl.where(channel < tl.where(known, channels, 0), down * across, 0)
    wide = channel.to(tl.int64)
    at = grad + roi * g_n + wide // (K * K) * g_d + wide // K % K * g_i + wide % K * g_j
    share = tl.div_rn(tl.load(at, mask=cells > 0, other=0.0).to(tl.float32), tl.maximum(cells, 1).to(tl.float32))
    cells = tl.where(share == 0, 0, cells)  # most RoIs, where few are chosen for the loss
    first = sums + ((picture * channels + wide) * height + top) * width + left
    across = tl.maximum(across, 1)[:, None]
    for start in range(0, tl.max(cells, 0), CELLS):
        cell = start + tl.arange(0, CELLS)[None, :]
        offset = cell // across * width + cell % across
        tl.atomic_add(first[:, None] + offset, share[:, None], mask=cell < cells[:, None], sem="relaxed")


@triton.jit
def _bins(roi, channel, count, height, width, scale, K: tl.constexpr):  # type: ignore[no-untyped-def]
    """Of the RoI at an address: if it can be used, its picture, and first row, first column and size of its bins."""
    picture, x1, y1, x2, y2 = tl.load(roi), tl.load(roi + 1), tl.load(roi + 2), tl.load(roi + 3), tl.load(roi + 4)
    # A difference with itself is 0 but for what is infinite or undefined.
    finite = (x1 - x1 == 0) & (y1 - y1 == 0) & (x2 - x2 == 0) & (y2 - y2 == 0)
    known = finite & (picture >= 0) & (picture < count)
    top, bottom = _edges(y1, y2, channel // K % K, scale, height, K)
    left, right = _edges(x1, x2, channel % K, scale, width, K)
    return known, tl.where(known, picture, 0.0).to(tl.int64), top, left, bottom - top, right - left


@triton.jit
def _edges(low, high, place, scale, limit, K: tl.constexpr):  # type: ignore[no-untyped-def]
    """Where the bins at ``place`` (0 to K - 1) begin and end along one axis, step by step as in `ps_roi_bins`."""
    start = _round(low) * scale
    extent = tl.maximum((_round(high) + 1.0) * scale - start, 0.1)
    size = tl.div_rn(extent, K + 0.0)
    begin = tl.floor(place.to(tl.float32) * size + start)
    end = tl.ceil((place + 1).to(tl.float32) * size + start)
    begin = tl.minimum(tl.maximum(begin, 0.0), limit).to(tl.int32)
    return begin, tl.maximum(begin, tl.minimum(tl.maximum(end, 0.0), limit).to(tl.int32))


@triton.jit
def _round(values):  # type: ignore[no-untyped-def]
    """Round half away from zero."""
    size = tl.abs(values)
    whole = tl.floor(size)
    whole += tl.where(size - whole >= 0.5, 1.0, 0.0)
    return tl.where(values < 0, -whole, whole)
