"""The detection terms of eq. 1, so normalised that gradients don't depend on how a batch is cut or spread."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

BOX_NORMS = ("rois", "foreground")


def average_over_pairs(values: Tensor, divisor: Tensor, pair: Tensor) -> Tensor:
    """Sum values within their pair, divide by the pair's divisor, average over the pairs.

    Args:
        values: (R,) losses.
        divisor: (P,) what a pair's sum is divided by; a 0 counts as 1 (its sum is empty).
        pair: (R,) the pair of each value.

    Returns:
        A scalar. Without values it is 0, and still carries a gradient (of zeros) for distributed training.
    """
    sums = values.new_zeros(len(divisor)).index_add(0, pair, values)
    return (sums / divisor.to(values).clamp(min=1)).mean()


class RFCNLoss:
    """Classification and box losses of the RoIs that OHEM kept.

    Per pair, the classification loss is divided by the RoIs kept, and the box loss by ``rois_per_frame`` for each
    frame (a constant, "rois", the authors' code) or by the foreground RoIs ("foreground", N_fg of eq. 1).
    """

    def __init__(
        self,
        *,
        cls_weight: float = 1.0,
        box_weight: float = 1.0,
        box_norm: str = "rois",
        rois_per_frame: int = 128,
        smooth_l1_beta: float = 1.0,
    ) -> None:
        """
        Args:
            cls_weight, box_weight: weights of the two terms.
            box_norm: "rois" or "foreground".
            rois_per_frame: RoIs that OHEM keeps; 0 (no OHEM) makes "rois" divide by the RoIs there are.
            smooth_l1_beta: where the smooth L1 turns linear.

        Raises:
            ValueError: for another ``box_norm``.
        """
        if box_norm not in BOX_NORMS:
            raise ValueError(f"MODEL.RFCN.BOX_LOSS_NORM is {box_norm!r}: it must be one of {', '.join(BOX_NORMS)}")
        self.cls_weight, self.box_weight = cls_weight, box_weight
        self.box_norm, self.rois_per_frame, self.smooth_l1_beta = box_norm, rois_per_frame, smooth_l1_beta

    def per_roi(self, logits: Tensor, predicted: Tensor, labels: Tensor, deltas: Tensor) -> tuple[Tensor, Tensor]:
        """The two losses of every RoI, unweighted.

        Args:
            logits: (R, C + 1).
            predicted, deltas: (R, 4) box deltas, predicted and true.
            labels: (R,) classes, C being the background.

        Returns:
            (R,) cross-entropy, and (R,) smooth L1 summed over the four coordinates, 0 for the background.
        """
        cls_loss = F.cross_entropy(logits, labels, reduction="none")
        box_loss = F.smooth_l1_loss(predicted, deltas, reduction="none", beta=self.smooth_l1_beta).sum(dim=1)
        return cls_loss, box_loss * (labels < logits.shape[1] - 1)

    def __call__(
        self, cls_loss: Tensor, box_loss: Tensor, foreground: Tensor, pair: Tensor, pair_of_frame: Tensor
    ) -> dict[str, Tensor]:
        """Reduce the kept RoIs' losses, each (R,), to the two terms of the loss.

        Args:
            cls_loss, box_loss: from :meth:`per_roi`.
            foreground: (R,) bool.
            pair: (R,) the pair of each RoI.
            pair_of_frame: (N,) the pair of each frame; gives the number of pairs, and of frames in them.
        """
        num_pairs = int(pair_of_frame.max()) + 1 if len(pair_of_frame) else 1
        kept = _count(torch.ones_like(pair), pair, num_pairs)
        if self.box_norm == "foreground":
            box_divisor = _count(foreground.to(pair), pair, num_pairs)
        elif self.rois_per_frame > 0:
            box_divisor = _count(torch.ones_like(pair_of_frame), pair_of_frame, num_pairs) * self.rois_per_frame
        else:
            box_divisor = kept
        return {
            "loss_cls": self.cls_weight * average_over_pairs(cls_loss, kept, pair),
            "loss_box_reg": self.box_weight * average_over_pairs(box_loss, box_divisor, pair),
        }


def _count(ones: Tensor, pair: Tensor, num_pairs: int) -> Tensor:
    """(P,) how many of them are in each pair. ``torch.bincount`` would wait for a GPU, to look for a larger number."""
    return pair.new_zeros(num_pairs).index_add_(0, pair, ones)
