"""The correlation of `dnt_d2.layers` in three slow forms: peers in timings, and what its fast paths are tested against.

Each takes maps (N, C, H, W) of one floating dtype and a displacement d, with unit strides, and gives
(N, G * G, H, W), G = 2 d + 1. Displacements that leave the map meet zeros. Autograd differentiates all of them.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def shifted_products(x: Tensor, y: Tensor, displacement: int) -> Tensor:
    """The definition: one product of shifted maps per displacement, G * G passes over both maps."""
    height, width = x.shape[2:]
    padded, shifts = _pad(y, displacement), range(2 * displacement + 1)
    maps = [(x * padded[:, :, top : top + height, left : left + width]).mean(1) for top in shifts for left in shifts]
    return torch.stack(maps, 1)


def all_pairs(x: Tensor, y: Tensor, displacement: int) -> Tensor:
    """One matrix product of all positions with all positions, from which the displacements are gathered.

    The product holds H * W * (H + 2 d) * (W + 2 d) numbers per picture.
    """
    count, channels, height, width = x.shape
    grid, padded = 2 * displacement + 1, _pad(y, displacement)
    per_row = padded.shape[3]
    pairs = x.flatten(2).mT @ padded.flatten(2) / channels  # (N, positions, cells)
    cells = torch.arange(padded.shape[2] * per_row, device=x.device).reshape(-1, per_row)
    reached = cells.unfold(0, grid, 1).unfold(1, grid, 1).reshape(height * width, grid * grid)
    maps = pairs.gather(2, reached.expand(count, -1, -1))
    return maps.mT.reshape(count, grid * grid, height, width)


def unfold_einsum(x: Tensor, y: Tensor, displacement: int) -> Tensor:
    """Each position's surroundings as a copy, multiplied by its features: G * G times the memory of a map."""
    count, channels, height, width = x.shape
    grid = 2 * displacement + 1
    surroundings = F.unfold(_pad(y, displacement), grid).reshape(count, channels, grid * grid, height, width)
    return torch.einsum("nchw,ncdhw->ndhw", x, surroundings) / channels


def _pad(y: Tensor, displacement: int) -> Tensor:
    return F.pad(y, (displacement, displacement, displacement, displacement))
