"""Detectron2's ResNet with Caffe's first pooling, for the weights that the authors released."""

from __future__ import annotations

from detectron2.config import CfgNode
from detectron2.layers import ShapeSpec
from detectron2.modeling import BACKBONE_REGISTRY
from detectron2.modeling.backbone import Backbone, build_resnet_backbone
from detectron2.modeling.backbone.resnet import BasicStem
from torch import Tensor
from torch.nn import functional as F


class CaffeStem(BasicStem):
    """The stem of the MSRA networks as Caffe computes it.

    Caffe pools without padding and rounds the size up: the windows begin at 0, 2, 4, ..., and the last may be cut
    off by the border. Detectron2's begin at -1, 1, 3, ...: all features would lie two pixels of the picture aside.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, H, W) to (N, C, H', W') at about a quarter of the size."""
        return F.max_pool2d(F.relu_(self.conv1(x)), kernel_size=3, stride=2, ceil_mode=True)


@BACKBONE_REGISTRY.register()
def build_caffe_resnet_backbone(cfg: CfgNode, input_shape: ShapeSpec) -> Backbone:
    """A ResNet by the keys of MODEL.RESNETS, with :class:`CaffeStem`."""
    backbone = build_resnet_backbone(cfg, input_shape)
    resnets = cfg.MODEL.RESNETS
    backbone.stem = CaffeStem(input_shape.channels, resnets.STEM_OUT_CHANNELS, resnets.NORM)
    return backbone.freeze(cfg.MODEL.BACKBONE.FREEZE_AT)
