"""The arithmetic of `correlation` on CUDA, as two Triton kernels: the same bands of matrix products as in `Strip`.

A program makes the products of one tile of positions with a chunk of the window that the tile can reach, and stores
the band of them that is wanted. Nothing is copied beforehand, and there is one launch per phase where strips need one
hundred. Sums are float32 for every dtype; float32 products are exact to float32, not to TF32. Gradients gather what
they need and are written once, without atomics: the same inputs give the same bits.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
import triton
import triton.language as tl
from torch import Tensor

from .correlation_phase import Phase

DTYPES = (torch.float32, torch.float16, torch.bfloat16)


class Tiles(NamedTuple):
    """How much of the work is one program's: all numbers are powers of two, and products at least 16 in each size.

    Products of 16 x 32 numbers by four warps came out wrong on an H100 with Triton 3.6; by one warp they don't.
    """

    rows: int = 4
    cols: int = 16
    across: int = 64  # cells of the window (forward), channels (backward)
    depth: int = 32  # channels (forward) or partners (backward) that one step of the sum adds
    warps: int = 4
    stages: int = 3
    precision: str = "ieee"  # of float32 products; "tf32x3" makes them of three shorter ones

    def options(self) -> dict[str, Any]:
        """The tiles as a kernel wants to be told of them."""
        sizes = {"ROWS": self.rows, "COLS": self.cols, "ACROSS": self.across, "DEPTH": self.depth}
        return {**sizes, "PRECISION": self.precision, "num_warps": self.warps, "num_stages": self.stages}


FORWARD = Tiles()
BACKWARD = Tiles(across=128)


def correlate(phase: Phase, tiles: Tiles = FORWARD) -> None:
    """Write the correlation of ``phase`` into its maps. The tensors are on one device and of one dtype in `DTYPES`."""
    x, y, maps, step, top, left = phase
    (count, channels, height, width), grid = x.shape, maps.shape[1]
    window = step * (tiles.rows - 1) + grid, step * (tiles.cols - 1) + grid
    tiles_down, tiles_across = triton.cdiv(height, tiles.rows), triton.cdiv(width, tiles.cols)
    programs = count * tiles_down * tiles_across, triton.cdiv(window[0] * window[1], tiles.across)
    with torch.cuda.device_of(x):
        _correlate[programs](
            x, y, maps, *x.stride(), *y.stride(), *maps.stride(),
            channels, height, width, *y.shape[2:], top, left, phase.scale, tiles_down, tiles_across,
            STEP=step, GRID=grid, WINDOW_H=window[0], WINDOW_W=window[1], **tiles.options(),
        )  # fmt: skip


def backpropagate(phase: Phase, x_grad: Tensor, y_grad: Tensor, tiles: Tiles = BACKWARD) -> None:
    """Write the gradients of ``phase`` for that of its output, ``phase.maps``, into tensors like its ``x`` and ``y``.

    They are of one dtype with the phase. Every cell is written, with 0 where no position reaches it.
    """
    reach, step = phase.maps.shape[1] - 1, phase.step
    x_window = step * (tiles.rows - 1) + reach + 1, step * (tiles.cols - 1) + reach + 1
    y_window = (tiles.rows - 1 + reach) // step + 1, (tiles.cols - 1 + reach) // step + 1
    with torch.cuda.device_of(x_grad):
        _launch_gradient(phase, x_grad, phase.y, x_window, tiles, of_x=True)
        _launch_gradient(phase, y_grad, phase.x, y_window, tiles, of_x=False)


def _launch_gradient(
    phase: Phase, target: Tensor, partner: Tensor, window: tuple[int, int], tiles: Tiles, of_x: bool
) -> None:
    maps, step, top, left = phase[2:]
    (count, channels, height, width), grid = target.shape, maps.shape[1]
    tiles_down, tiles_across = triton.cdiv(height, tiles.rows), triton.cdiv(width, tiles.cols)
    programs = count * tiles_down * tiles_across, triton.cdiv(channels, tiles.across)
    _gradient[programs](
        target, partner, maps, *target.stride(), *partner.stride(), *maps.stride(),
        channels, height, width, *partner.shape[2:], top, left, phase.scale, tiles_down, tiles_across,
        OF_X=of_x, STEP=step, GRID=grid, SHIFT=1 + max(0, grid - min(top, left)),
        WINDOW_H=window[0], WINDOW_W=window[1], **tiles.options(),
    )  # fmt: skip


@triton.jit
def _correlate(  # type: ignore[no-untyped-def]
    x, y, maps, x_n, x_c, x_i, x_j, y_n, y_c, y_i, y_j, m_n, m_dy, m_dx, m_i, m_j,
    channels, height, width, y_height, y_width, top, left, scale, tiles_down, tiles_across,
    STEP: tl.constexpr, GRID: tl.constexpr, ROWS: tl.constexpr, COLS: tl.constexpr,
    WINDOW_H: tl.constexpr, WINDOW_W: tl.constexpr, ACROSS: tl.constexpr, DEPTH: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    tile = tl.program_id(0) % (tiles_down * tiles_across)
    n = (tl.program_id(0) // (tiles_down * tiles_across)).to(tl.int64)  # offsets may exceed 31 bits
    place = tl.arange(0, ROWS * COLS)
    i = (tile // tiles_across * ROWS + place // COLS).to(tl.int64)
    j = (tile % tiles_across * COLS + place % COLS).to(tl.int64)
    cell = tl.program_id(1) * ACROSS + tl.arange(0, ACROSS)
    row = (tile // tiles_across * (ROWS * STEP) + cell // WINDOW_W).to(tl.int64) - top
    col = (tile % tiles_across * (COLS * STEP) + cell % WINDOW_W).to(tl.int64) - left
    in_x = (i < height) & (j < width)
    in_y = (row >= 0) & (row < y_height) & (col >= 0) & (col < y_width)
    x_at = x + n * x_n + i * x_i + j * x_j
    y_at = y + n * y_n + row * y_i + col * y_j
    total = tl.zeros((ROWS * COLS, ACROSS), dtype=tl.float32)
    for first in range(0, channels, DEPTH):
        channel = first + tl.arange(0, DEPTH).to(tl.int64)
        there = channel < channels
        a = tl.load(x_at[:, None] + channel[None, :] * x_c, mask=in_x[:, None] & there[None, :], other=0.0)
        b = tl.load(y_at[None, :] + channel[:, None] * y_c, mask=in_y[None, :] & there[:, None], other=0.0)
        total = tl.dot(a, b, total, input_precision=PRECISION)
    # Cells outside of y hold zeros, and are stored: the output has no other values there.
    dy = (cell // WINDOW_W)[None, :] - (place // COLS)[:, None] * STEP
    dx = (cell % WINDOW_W)[None, :] - (place % COLS)[:, None] * STEP
    band = (dy >= 0) & (dy < GRID) & (dx >= 0) & (dx < GRID)
    at = (n * m_n + i * m_i + j * m_j)[:, None] + dy.to(tl.int64) * m_dy + dx.to(tl.int64) * m_dx
    mask = band & in_x[:, None] & (cell < WINDOW_H * WINDOW_W)[None, :]
    tl.store(maps + at, (total * scale).to(maps.dtype.element_ty), mask=mask)


@triton.jit
def _gradient(  # type: ignore[no-untyped-def]
    target, partner, maps, t_n, t_c, t_i, t_j, p_n, p_c, p_i, p_j, m_n, m_dy, m_dx, m_i, m_j,
    channels, height, width, p_height, p_width, top, left, scale, tiles_down, tiles_across,
    OF_X: tl.constexpr, STEP: tl.constexpr, GRID: tl.constexpr, SHIFT: tl.constexpr,
    ROWS: tl.constexpr, COLS: tl.constexpr, WINDOW_H: tl.constexpr, WINDOW_W: tl.constexpr,
    ACROSS: tl.constexpr, DEPTH: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    tile = tl.program_id(0) % (tiles_down * tiles_across)
    n = (tl.program_id(0) // (tiles_down * tiles_across)).to(tl.int64)
    place = tl.arange(0, ROWS * COLS)
    own_i = tile // tiles_across * ROWS + place // COLS
    own_j = tile % tiles_across * COLS + place % COLS
    if OF_X:
        first_i = tile // tiles_across * (ROWS * STEP) - top
        first_j = tile % tiles_across * (COLS * STEP) - left
    else:
        # The first position i with step * i + (grid - 1) - top >= row. SHIFT keeps what is divided above zero, where
        # all divisions agree.
        first_i = (tile // tiles_across * ROWS + top - GRID + STEP + STEP * SHIFT) // STEP - SHIFT
        first_j = (tile % tiles_across * COLS + left - GRID + STEP + STEP * SHIFT) // STEP - SHIFT
    in_target = (own_i < height) & (own_j < width)
    channel = (tl.program_id(1) * ACROSS + tl.arange(0, ACROSS)).to(tl.int64)
    partner_at = partner + n * p_n + channel * p_c
    total = tl.zeros((ROWS * COLS, ACROSS), dtype=tl.float32)
    for first in range(0, WINDOW_H * WINDOW_W, DEPTH):
        cell = first + tl.arange(0, DEPTH)
        i = first_i + cell // WINDOW_W
        j = first_j + cell % WINDOW_W
        inside = (cell < WINDOW_H * WINDOW_W) & (i >= 0) & (i < p_height) & (j >= 0) & (j < p_width)
        if OF_X:
            dy = i[None, :] - own_i[:, None] * STEP + top
            dx = j[None, :] - own_j[:, None] * STEP + left
            at = own_i[:, None].to(tl.int64) * m_i + own_j[:, None].to(tl.int64) * m_j
        else:
            dy = own_i[:, None] - i[None, :] * STEP + top
            dx = own_j[:, None] - j[None, :] * STEP + left
            at = i[None, :].to(tl.int64) * m_i + j[None, :].to(tl.int64) * m_j
        band = (dy >= 0) & (dy < GRID) & (dx >= 0) & (dx < GRID) & in_target[:, None] & inside[None, :]
        at = at + n * m_n + dy.to(tl.int64) * m_dy + dx.to(tl.int64) * m_dx
        weights = tl.load(maps + at, mask=band, other=0.0)
        offsets = i.to(tl.int64) * p_i + j.to(tl.int64) * p_j
        there = inside[:, None] & (channel < channels)[None, :]
        values = tl.load(partner_at[None, :] + offsets[:, None], mask=there, other=0.0)
        total = tl.dot(weights, values, total, input_precision=PRECISION)
    at = n * t_n + own_i.to(tl.int64)[:, None] * t_i + own_j.to(tl.int64)[:, None] * t_j + channel[None, :] * t_c
    mask = in_target[:, None] & (channel < channels)[None, :]
    tl.store(target + at, (total * scale).to(target.dtype.element_ty), mask=mask)
