"""The compiled loops of `ps_roi_pool` on the CPU; `ps_roi_integral` says the same in PyTorch.

One map after the other: its integral image (20 KB for 38 x 63 cells) never leaves the cache that is nearest to the
processor, where one for all maps has to travel through memory several times.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..compiled import kernel

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.int64]


@kernel
def cut(
    rois: NDArray[np.float32], k: int, scale: np.float32, height: int, width: int
) -> tuple[IntArray, IntArray, IntArray, IntArray, IntArray]:
    """The same numbers as :func:`dnt_d2.layers.ps_roi_bins.make_bins`, in float32 all the way, of RoIs (R, 5)."""
    picture = np.empty(len(rois), np.int64)
    edges = np.empty((4, len(rois), k), np.int64)
    for r in range(len(rois)):
        picture[r] = int(rois[r, 0])
        _cut_axis(rois[r, 2], rois[r, 4], scale, height, edges[0, r], edges[1, r])
        _cut_axis(rois[r, 1], rois[r, 3], scale, width, edges[2, r], edges[3, r])
    return picture, edges[0], edges[1], edges[2], edges[3]


@kernel
def _cut_axis(low: np.float32, high: np.float32, scale: np.float32, limit: int, begin: IntArray, end: IntArray) -> None:
    """Where the bins begin and end along one axis."""
    k = len(begin)
    start = _round(low) * scale
    size = max((_round(high) + np.float32(1)) * scale - start, np.float32(0.1)) / np.float32(k)
    for n in range(k):
        first = np.floor(np.float32(n) * size + start)
        behind = np.ceil(np.float32(n + 1) * size + start)
        # Compared as floats: a number that is too large for an integer is no integer.
        begin[n] = int(min(max(first, np.float32(0)), np.float32(limit)))
        end[n] = int(min(max(behind, np.float32(0)), np.float32(limit)))


@kernel
def _round(value: np.float32) -> np.float32:
    """Half away from zero."""
    whole = np.trunc(value)
    return whole + np.trunc((value - whole) * np.float32(2))


@kernel
def _sum_up(cells: FloatArray, integral: NDArray[np.float64]) -> None:
    """Sums of all cells above and to the left: integral[i, j] of cells[:i, :j]. Its first row and column are zeros.

    Four rows at a time: each sum has to wait for the one before it, and four of them fill the wait.
    """
    height, width = cells.shape
    whole = height - height % 4
    for i in range(0, whole, 4):
        a = b = c = d = 0.0
        for j in range(width):
            a += cells[i, j]
            b += cells[i + 1, j]
            c += cells[i + 2, j]
            d += cells[i + 3, j]
            integral[i + 1, j + 1], integral[i + 2, j + 1] = a, b
            integral[i + 3, j + 1], integral[i + 4, j + 1] = c, d
    for i in range(whole, height):
        a = 0.0
        for j in range(width):
            a += cells[i, j]
            integral[i + 1, j + 1] = a
    for i in range(1, height):
        for j in range(1, width + 1):
            integral[i + 1, j] += integral[i, j]


@kernel
def pool(
    maps: FloatArray,
    picture: IntArray,
    top: IntArray,
    bottom: IntArray,
    left: IntArray,
    right: IntArray,
    out: FloatArray,
) -> None:
    """Write the means of all bins.

    Args:
        maps: (N, D * k * k, H, W), contiguous.
        picture: (R,) and
        top, bottom, left, right: (R, k), see :class:`dnt_d2.layers.ps_roi_bins.Bins`.
        out: (R, D * k * k), written.
    """
    count, channels, height, width = maps.shape
    k = top.shape[1]
    integral = np.zeros((height + 1, width + 1))
    for n in range(count):
        rois = np.nonzero(picture == n)[0]
        if len(rois) == 0:
            continue
        for channel in range(channels):
            _sum_up(maps[n, channel], integral)
            row, col = channel // k % k, channel % k
            for r in rois:
                y0, y1, x0, x1 = top[r, row], bottom[r, row], left[r, col], right[r, col]
                cells = (y1 - y0) * (x1 - x0)
                total = (integral[y1, x1] - integral[y1, x0]) - integral[y0, x1] + integral[y0, x0]
                out[r, channel] = total * (1.0 / cells) if cells > 0 else 0.0


@kernel
def spread(
    grad: FloatArray, picture: IntArray, top: IntArray, bottom: IntArray, left: IntArray, right: IntArray,
    maps_grad: FloatArray,
) -> None:  # fmt: skip
    """Write the gradient of the maps, ``maps_grad`` (N, D * k * k, H, W), from that of the means (R, D * k * k)."""
    count, channels, height, width = maps_grad.shape
    k = top.shape[1]
    marks = np.zeros((height + 1, width + 1))
    for n in range(count):
        rois = np.nonzero(picture == n)[0]
        for channel in range(channels):
            marks[:] = 0.0
            row, col = channel // k % k, channel % k
            for r in rois:
                y0, y1, x0, x1 = top[r, row], bottom[r, row], left[r, col], right[r, col]
                cells = (y1 - y0) * (x1 - x0)
                if cells > 0:
                    share = grad[r, channel] * (1.0 / cells)
                    marks[y0, x0] += share
                    marks[y1, x1] += share
                    marks[y0, x1] -= share
                    marks[y1, x0] -= share
            for i in range(1, height):
                for j in range(width):
                    marks[i, j] += marks[i - 1, j]
            for i in range(height):
                total = 0.0
                for j in range(width):
                    total += marks[i, j]
                    maps_grad[n, channel, i, j] = total
