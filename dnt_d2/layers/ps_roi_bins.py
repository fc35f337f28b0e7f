"""Which cells of the maps belong to the bins of a RoI, as Caffe's layer counts them, to the last bit."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Bins(NamedTuple):
    """The bins of R RoIs: bin (row, col) of RoI r has the rows top[r, row] to bottom[r, row] - 1, and so on.

    All are int64. 0 <= top <= bottom <= H and 0 <= left <= right <= W; a bin may have no cells.
    """

    picture: Tensor  # (R,)
    top: Tensor  # (R, k)
    bottom: Tensor
    left: Tensor
    right: Tensor

    @property
    def weight(self) -> Tensor:
        """(R, k, k) float64, 1 / number of cells; 0 for an empty bin."""
        cells = (self.bottom - self.top)[:, :, None] * (self.right - self.left)[:, None, :]
        return torch.where(cells > 0, 1.0 / cells.double(), 0.0)


def make_bins(rois: Tensor, k: int, scale: float, height: int, width: int) -> Bins:
    """Cut RoIs (R, 5) into k x k bins on maps of ``height`` x ``width`` cells.

    Rows and columns go through each call together: on a GPU the number of calls is what costs.
    """
    rois = rois.float()
    low, high = _round(rois[:, 1:]).T.unflatten(0, (2, 2))  # (2, R) each: of columns, and of rows
    start = low * scale
    extent = ((high + 1.0) * scale - start).clamp_min(0.1)
    # By a tensor: a GPU multiplies by the inverse of a number, whose last digit may move an edge by a cell.
    size = extent / extent.new_full((), k)
    steps = torch.arange(k + 1, dtype=size.dtype, device=size.device)
    edges = steps * size[..., None] + start[..., None]  # (2, R, k + 1), none below the one before it
    cells = torch.stack([edges[..., :-1].floor(), edges[..., 1:].ceil()])
    for axis, limit in enumerate((width, height)):
        cells[:, axis].clamp_(0, limit)
    (left, top), (right, bottom) = cells.long()
    return Bins(rois[:, 0].long(), top, bottom, left, right)


def _round(values: Tensor) -> Tensor:
    """Round half away from zero, as C does; `torch.round` takes halves to the even neighbour."""
    whole = values.trunc()
    return whole + (values - whole).mul(2.0).trunc()
