"""Online hard example mining (OHEM): train each frame on the RoIs that it gets most wrong."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def hardest_rois(losses: Tensor, rois_per_frame: Sequence[int], keep: int) -> Tensor:
    """Pick the RoIs with the largest loss, frame by frame.

    There is no NMS between them, as in the authors' code, and nothing of this is differentiated.

    Args:
        losses: (R,) classification + box loss of every RoI, those of the first frame first.
        rois_per_frame: how many of them belong to each frame; sums to R.
        keep: how many to keep of each frame; 0 keeps all. Frames with fewer keep what they have.

    Returns:
        int64 indices into ``losses``, frame by frame; equal losses are kept in the order of the proposals.
    """
    if keep <= 0:
        return torch.arange(len(losses), device=losses.device)
    picked, start = [], 0
    for count in rois_per_frame:
        order = torch.sort(losses.detach()[start : start + count], descending=True, stable=True).indices
        picked.append(order[:keep] + start)
        start += count
    return torch.cat(picked) if picked else torch.zeros(0, dtype=torch.int64, device=losses.device)
