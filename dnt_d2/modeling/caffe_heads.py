"""The heads of the authors' released networks: ours, with boxes that count their last pixel."""

from __future__ import annotations

from typing import Any

from detectron2.config import CfgNode
from detectron2.layers import ShapeSpec
from detectron2.modeling.box_regression import Box2BoxTransform
from detectron2.modeling.roi_heads import ROI_HEADS_REGISTRY
from torch import Tensor

from .rfcn import RFCNHeads
from .track_head import TRACK_HEAD_REGISTRY, CorrelationTrackHead


class InclusiveBoxTransform:
    """R-CNN's deltas of boxes whose corners are pixels of the box: the width is x2 - x1 + 1.

    Detectron2's transform, which has no "+ 1", gives other corners for the same deltas, by dx - (exp(dw) - 1) / 2 on
    the left and dx + (exp(dw) - 1) / 2 on the right, in pixels, whatever the size of the box.
    """

    def __init__(self, weights: tuple[float, float, float, float]) -> None:
        """
        Args:
            weights: of the deltas, as in Detectron2.
        """
        self.transform = Box2BoxTransform(weights=weights)

    def get_deltas(self, source: Tensor, target: Tensor) -> Tensor:
        """(N, 4) deltas between inclusive corners (N, 4)."""
        last = source.new_tensor([0, 0, 1, 1])
        return self.transform.get_deltas(source + last, target + last)

    def apply_deltas(self, deltas: Tensor, boxes: Tensor) -> Tensor:
        """(N, 4) inclusive corners after (N, 4) deltas."""
        last = boxes.new_tensor([0, 0, 1, 1])
        return self.transform.apply_deltas(deltas, boxes + last) - last


@ROI_HEADS_REGISTRY.register()
class CaffeRFCNHeads(RFCNHeads):
    """R-FCN with inclusive boxes."""

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: dict[str, ShapeSpec]) -> dict[str, Any]:
        transform = InclusiveBoxTransform(cfg.MODEL.ROI_BOX_HEAD.BBOX_REG_WEIGHTS)
        return super().from_config(cfg, input_shape) | {"box2box_transform": transform}


@TRACK_HEAD_REGISTRY.register()
class CaffeTrackHead(CorrelationTrackHead):
    """RoI tracking with inclusive boxes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """The arguments of :class:`CorrelationTrackHead`."""
        super().__init__(*args, **kwargs)
        self.transform = InclusiveBoxTransform((1.0, 1.0, 1.0, 1.0))
