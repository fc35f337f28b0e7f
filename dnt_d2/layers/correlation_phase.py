"""How a correlation with strides becomes ones with unit displacement steps: views of the maps, called phases."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

from torch import Tensor


class Phase(NamedTuple):
    """A part of the problem whose displacements are adjacent cells: views, so that results land in place.

    ``maps[n, dy, dx, i, j]`` is the product of ``x[n, :, i, j]`` with ``y[n, :, step * i + dy - top, step * j + dx -
    left]``, where dy and dx count from 0.
    """

    x: Tensor
    y: Tensor
    maps: Tensor
    step: int
    top: int
    left: int

    @property
    def scale(self) -> float:
        """What products are multiplied by: their mean over channels is wanted."""
        return 1.0 / self.x.shape[1]


def phases(x: Tensor, y: Tensor, maps: Tensor, radius: int, stride: int, displacement_stride: int) -> Iterator[Phase]:
    """Split the strided problem into ones with unit displacement steps, none of which computes a cell in vain.

    Along an axis, position i is compared with ``y`` at i * stride + d * displacement_stride. Positions i that are
    equal modulo period = displacement_stride / gcd see the same cells of ``y`` modulo displacement_stride; those cells
    are a smaller map, in which d moves by one and i by step = stride / gcd. With both strides equal there is one phase.
    No two phases share a position of ``x`` or a cell of ``y``.

    Args:
        x: (N, C, H, W).
        y: (N, C, H, W).
        maps: (N, G, G, ceil(H / stride), ceil(W / stride)), G = 2 radius + 1: the output, or its gradient.
        radius: the largest displacement in steps of ``displacement_stride``.
        stride: step between positions, at least 1.
        displacement_stride: step between displacements, at least 1.
    """
    common = math.gcd(stride, displacement_stride)
    step, period = stride // common, displacement_stride // common
    axes = []
    for first in range(period):
        skipped, remainder = divmod(step * first, period)
        x_cells = slice(stride * first, None, stride * period)
        y_cells = slice(common * remainder, None, displacement_stride)
        axes.append((x_cells, y_cells, slice(first, None, period), radius - skipped))
    for (x_rows, y_rows, map_rows, top), (x_cols, y_cols, map_cols, left) in product(axes, axes):
        part = maps[..., map_rows, map_cols]
        if part.numel() > 0:
            yield Phase(x[..., x_rows, x_cols], y[..., y_rows, y_cols], part, step, top, left)
