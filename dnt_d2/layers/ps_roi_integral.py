"""The arithmetic of `ps_roi_pool` in plain PyTorch, for any device: integral images, and four numbers of them per bin.

All maps are done at once, in float64: on a GPU the number of calls is what costs. On the CPU `ps_roi_kernels` does the
same with less memory.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from .ps_roi_bins import Bins


def pool(maps: Tensor, bins: Bins, k: int) -> Tensor:
    """The means (R, D, k, k) of all bins, in the dtype of the maps (N, D * k * k, H, W)."""
    by_output = _by_output(maps, k)
    *before, height, width = by_output.shape
    integral = maps.new_zeros(*before, height + 1, width + 1, dtype=torch.float64)
    inner = integral[..., 1:, 1:]  # the first row and column are sums of nothing
    torch.cumsum(by_output, -1, dtype=torch.float64, out=inner)
    inner.cumsum_(-2)
    flat, corners = integral.flatten(1), _corners(bins, k, height + 1, width + 1)
    added, removed = ([flat.gather(1, index.expand(len(flat), -1)) for index in some] for some in corners)
    total = (added[0] - removed[0]).sub_(removed[1]).add_(added[1])  # (D, R * k * k)
    means = total.unflatten(1, bins.weight.shape).mul_(bins.weight)
    return means.transpose(0, 1).to(maps.dtype).contiguous()


def spread(grad: Tensor, bins: Bins, maps_grad: Tensor, k: int) -> None:
    """Write the gradient of the maps into ``maps_grad`` (N, D * k * k, H, W), from that of the means (R, D, k, k)."""
    by_output = _by_output(maps_grad, k)
    *before, height, width = by_output.shape
    marks = grad.new_zeros(*before, height + 1, width + 1, dtype=torch.float64)
    flat, corners = marks.flatten(1), _corners(bins, k, height + 1, width + 1)
    share = (grad.transpose(0, 1) * bins.weight).flatten(1)
    for index in corners.added:
        flat.scatter_add_(1, index.expand(len(flat), -1), share)
    share.neg_()
    for index in corners.removed:
        flat.scatter_add_(1, index.expand(len(flat), -1), share)
    inner = marks[..., :-1, :-1]  # corners in the last row and column have no cell to reach
    by_output.copy_(inner.cumsum_(-1).cumsum_(-2))


def _by_output(maps: Tensor, k: int) -> Tensor:
    """View (N, D * k * k, H, W) as (D, N, k * k, H, W)."""
    return maps.unflatten(1, (maps.shape[1] // k**2, k**2)).transpose(0, 1)


class _Corners(NamedTuple):
    """Places in a buffer (D, N, k * k, H + 1, W + 1) whose last four dimensions are flattened: (R * k * k,) each."""

    added: tuple[Tensor, Tensor]
    removed: tuple[Tensor, Tensor]


def _corners(bins: Bins, k: int, height: int, width: int) -> _Corners:
    """The corners of all bins that count positive, and negative, in buffers of height x width numbers."""
    own_map = torch.arange(k * k, device=bins.picture.device).view(k, k) + bins.picture[:, None, None] * k**2
    top, bottom = (edge[:, :, None] * width + own_map * (height * width) for edge in (bins.top, bins.bottom))
    left, right = (edge[:, None, :] for edge in (bins.left, bins.right))
    (tl, tr), (bl, br) = ([(row + column).flatten() for column in (left, right)] for row in (top, bottom))
    return _Corners((br, tl), (bl, tr))
