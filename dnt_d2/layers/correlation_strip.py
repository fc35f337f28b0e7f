"""The arithmetic of `correlation`: one strip of a picture as matrix products, forward and backward.

Every position of the first map is compared with a square of positions around it in the second one. This is done by
matrix products: a tile of positions (on the CPU 4 x 16, or 4 x 8 for channels-last maps) times the window of all
positions that the tile can reach. Of each product only a band is wanted, because every position has a window of its own
inside the common one. From 40 to 55% of the multiplications fall outside it (d = 8), and still this is far faster than
one pass over the maps per displacement: a matrix product has what it reads in the cache.

The work goes picture by picture and strip by strip (one tile wide), and so does the backward pass, which loads its
strips again: the extra memory is that of one strip.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, cached_property

import torch
from torch import Tensor

from .correlation_phase import Phase

# Rows and columns of a tile. Smaller tiles waste less of each product, but every strip of them copies its surroundings
# again. Of ten shapes from 4 x 8 to 8 x 16, on a CPU with AVX-512, this one is among the fastest for d = 4 and d = 8.
_TILE = (4, 16)
# Channels-last maps are copied in long runs, at a third of the time, so that less waste is worth more copies there.
# With tile units it is not: they take the tiles of a strip one by one, and many small calls are slow.
_TILE_CHANNELS_LAST = (4, 8)
# On CUDA few and large products, hence few launches, are worth more than small waste.
_TILE_CUDA = (4, 64)


def sum_dtype(x: Tensor, y: Tensor) -> torch.dtype:
    """The dtype of the sums: float64 for float64 maps, else float32."""
    return torch.promote_types(torch.promote_types(x.dtype, y.dtype), torch.float32)


def product_dtype(phase: Phase) -> torch.dtype:
    """The dtype of factors and products: that of the sums, but bfloat16 where the processor multiplies tiles of it.

    There, products are summed in float32 and rounded once, to the dtype of the result. Without tile units (AMX) it is
    slower than copies in float32. Float16 gains nothing even where the processor has instructions for it.
    """
    both_narrow = phase.x.dtype == phase.y.dtype == phase.maps.dtype == torch.bfloat16
    if both_narrow and phase.x.device.type == "cpu" and _has_tile_units():
        return torch.bfloat16
    return sum_dtype(phase.x, phase.y)


@cache
def _has_tile_units() -> bool:
    # The name is private to PyTorch. Where it is missing the answer is no, which is slower and never wrong.
    has_amx = getattr(torch.cpu, "_is_amx_tile_supported", None)
    return torch.backends.mkldnn.is_available() and has_amx is not None and has_amx()


def _tile(phase: Phase, channels_last: bool) -> tuple[int, int]:
    if phase.x.is_cuda:
        return _TILE_CUDA
    return _TILE_CHANNELS_LAST if channels_last and product_dtype(phase) != torch.bfloat16 else _TILE


def correlate(phase: Phase) -> None:
    """Write the correlation of ``phase`` into its maps."""
    strip = Strip(phase)
    for x, y, maps in zip(phase.x, phase.y, phase.maps, strict=True):
        for left in strip.lefts():
            strip.load(x, y, left)
            strip.correlate(maps, left)


def backpropagate(phase: Phase, x_grad: Tensor, y_grad: Tensor) -> None:
    """Write the gradients of ``phase``, for ``phase.maps`` as that of its output, into zeros like its x and y."""
    strip, summed = Strip(phase), y_grad.dtype == sum_dtype(phase.x, phase.y)
    for x, y, maps, x_target, y_target in zip(phase.x, phase.y, phase.maps, x_grad, y_grad, strict=True):
        # Strips overlap in y: its gradient is summed over them, and rounded once, at the end.
        y_sum = y_target if summed else torch.zeros_like(y_target, dtype=sum_dtype(x, y))
        for left in strip.lefts():
            strip.load(x, y, left)
            strip.backpropagate(maps, x_target, y_sum, left)
        if not summed:
            y_target.copy_(y_sum)


class Strip:
    """One strip of columns of one picture: its buffers, and its products by matrix multiplication.

    The buffers of ``x`` (C, rows, tile width) and ``y`` (C, rows + surroundings, window width) hold the strip alone,
    so that a tile, and the window around it, are each a run of consecutive numbers per channel: a matrix, and no copy.
    Both begin as zeros and are loaded again for each strip.
    """

    def __init__(self, phase: Phase) -> None:
        (channels, height, self.width), step, grid = phase.x.shape[1:], phase.step, phase.maps.shape[1]
        self.phase = phase
        self.channels_last = phase.x.stride(1) == 1 and channels > 1
        tile = _tile(phase, self.channels_last)
        self.count = -(-height // tile[0])
        strips = -(-self.width // tile[1])
        self.tile = tile_h, tile_w = -(-height // self.count), -(-self.width // strips)
        self.window = window_h, window_w = step * (tile_h - 1) + grid, step * (tile_w - 1) + grid
        self.x = self._buffer(channels, self.count * tile_h, tile_w)
        self.y = self._buffer(channels, step * (self.count * tile_h - 1) + grid, window_w)
        self.product = self._matrices(tile_h * tile_w, window_h * window_w)
        per_tile, per_position, per_cell = self.product.stride()
        per_row = window_w * per_cell
        self.band = self.product.as_strided(
            (grid, grid, self.count, tile_h, tile_w),
            (per_row, per_cell, per_tile, tile_w * per_position + step * per_row, per_position + step * per_cell),
        )

    def _buffer(self, channels: int, height: int, width: int) -> Tensor:
        """Zeros (channels, height, width) in the memory layout of the maps: then loading is no transposition."""
        dtype = product_dtype(self.phase)
        if self.channels_last:
            return self.phase.x.new_zeros(height, width, channels, dtype=dtype).permute(2, 0, 1)
        return self.phase.x.new_zeros(channels, height, width, dtype=dtype)

    def _matrices(self, rows: int, columns: int) -> Tensor:
        """Zeros (count, rows, columns) for products, transposed in memory if the maps are channels-last.

        The factors then have the channels in neighbouring places, and their transposed product is the fast one.
        """
        if self.channels_last:
            return self.x.new_zeros(self.count, columns, rows).mT
        return self.x.new_zeros(self.count, rows, columns)

    @cached_property
    def gradients(self) -> tuple[Tensor, Tensor]:
        """Buffers for the gradients of `x`, as tiles (count, C, positions), and of `y`; there from the first use on."""
        x_buffer = self._matrices(len(self.x), self.tile[0] * self.tile[1])
        return x_buffer, torch.empty_like(self.y, dtype=sum_dtype(self.phase.x, self.phase.y))

    def lefts(self) -> range:
        """The first columns of the strips of a picture."""
        return range(0, self.width, self.tile[1])

    def load(self, x: Tensor, y: Tensor, left: int) -> None:
        """Fill the buffers with the strip of ``x`` (C, h, w) that begins at ``left``, and what it reaches in ``y``."""
        for buffer, source, top, first in (self.x, x, 0, left), (self.y, y, -self.phase.top, self._y_left(left)):
            inside, outside = _overlap(buffer, source, top, first)
            # The same rows are loaded for every strip, so rows outside the map stay zero; columns do not.
            buffer[:, :, : inside[2].start].zero_()
            buffer[:, :, inside[2].stop :].zero_()
            buffer[inside].copy_(source[outside])

    def correlate(self, maps: Tensor, left: int) -> None:
        """Write the correlation of the loaded strip into ``maps`` (G, G, h, w)."""
        self._multiply(self._tiles(self.x).mT, self._windows(self.y), self.product)
        for target, band in self._by_tile(maps, self.band, left):
            target.copy_(band)

    def backpropagate(self, maps: Tensor, x_grad: Tensor, y_grad: Tensor, left: int) -> None:
        """Write the gradient of the loaded strip into ``x_grad`` (C, h, w), add that of its surroundings to ``y_grad``.

        ``maps`` (G, G, h, w) is the gradient of the output. It goes into the band; the rest of `product` stays zero
        from the start. A last, narrower strip leaves older values in columns where ``x`` is zero and has no gradient.
        """
        for source, band in self._by_tile(maps, self.band, left):
            band.copy_(source)
        x_buffer, y_buffer = self.gradients
        self._multiply(self._windows(self.y), self.product.mT, x_buffer)
        for target, tiles in self._by_tile(x_grad, x_buffer.unflatten(2, self.tile).transpose(0, 1), left):
            target.copy_(tiles)
        y_buffer.zero_()
        x_tiles, bands = self._tiles(self.x.to(y_buffer.dtype)), self.product.to(y_buffer.dtype)
        # One by one, because the windows of neighbouring tiles overlap.
        for window, x_tile, weights in zip(self._windows(y_buffer), x_tiles, bands, strict=True):
            window.addmm_(x_tile, weights, alpha=self.phase.scale)
        inside, outside = _overlap(y_buffer, y_grad, -self.phase.top, self._y_left(left))
        y_grad[outside].add_(y_buffer[inside])

    def _multiply(self, first: Tensor, second: Tensor, out: Tensor) -> None:
        """Write the products of two batches of matrices, times the scale, into ``out``.

        Autocast would run matrix products in half precision, whose sums over a thousand channels can overflow before
        they are divided. It leaves calls with an ``out`` tensor and in-place calls alone, and no others are used here.
        """
        if self.channels_last:  # PyTorch takes a batch in one call only if its result is contiguous
            first, second, out = second.mT, first.mT, out.mT
        if out.dtype == torch.bfloat16:  # batches of windows, which overlap, are copied first: twice as slow
            for a, b, target in zip(first, second, out, strict=True):
                torch.addmm(target, a, b, beta=0, alpha=self.phase.scale, out=target)
        else:
            torch.baddbmm(out, first, second, beta=0, alpha=self.phase.scale, out=out)

    def _y_left(self, left: int) -> int:
        return self.phase.step * left - self.phase.left

    def _tiles(self, buffer: Tensor) -> Tensor:
        """The tiles of a buffer like `x`, as matrices (count, C, positions)."""
        positions = self.tile[0] * self.tile[1]
        per_channel, _, per_position = buffer.stride()
        shape = self.count, buffer.shape[0], positions
        return buffer.as_strided(shape, (positions * per_position, per_channel, per_position))

    def _windows(self, buffer: Tensor) -> Tensor:
        """The overlapping windows of a buffer like `y`, as matrices (count, C, cells)."""
        shift = self.phase.step * self.tile[0] * self.window[1]
        per_channel, _, per_cell = buffer.stride()
        shape = self.count, buffer.shape[0], self.window[0] * self.window[1]
        return buffer.as_strided(shape, (shift * per_cell, per_channel, per_cell))

    def _by_tile(self, maps: Tensor, tiles: Tensor, left: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Pairs of views of equal shape, first the whole tiles, then the rows that remain.

        The strip of ``maps`` (..., h, w) at ``left``, and the same cells in ``tiles`` (..., count, tile height, width).
        """
        maps = maps[..., left : left + self.tile[1]]
        height, width = maps.shape[-2:]
        whole, rest = divmod(height, self.tile[0])
        if whole > 0:
            tiled = maps[..., : height - rest, :].unflatten(-2, (whole, self.tile[0]))
            yield tiled, tiles[..., :whole, :, :width]
        if rest > 0:
            yield maps[..., height - rest :, :], tiles[..., whole, :rest, :width]


def _overlap(buffer: Tensor, source: Tensor, top: int, left: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Where a buffer (C, h, w) whose corner lies at (top, left) of ``source`` covers it: indices into both."""
    inside, outside = [slice(None)], [slice(None)]
    for start, length, size in zip((top, left), buffer.shape[1:], source.shape[1:], strict=True):
        first = min(max(0, -start), length)
        last = max(first, min(length, size - start))
        inside.append(slice(first, last))
        outside.append(slice(start + first, start + last))
    return tuple(inside), tuple(outside)
