"""Inception-v4 as a trunk of D&T (table 2): timm's network, padded to whole cells, its last part dilated to stride 16.

timm's network is the original one: most of its convolutions and all of its reducing pools take no padding, so that a
picture loses a border at each of them, and its last maps have stride 32. Three changes make it a trunk; none of them
touches a weight, so timm's checkpoints load as they are:

- Every convolution and pool is padded by half its kernel. Strides 8 and 16 then give ceil(H / 8) and ceil(H / 16)
  cells, cell (i, j) is centred on pixel (8 i, 8 j) or (16 i, 16 j), where the RPN's anchors are, and conv3 at a stride
  of 2 fits on conv4 and conv5. Away from the borders the features are the original ones. The padding of max pools is
  never the maximum, and average pools divide by the cells that are there.
- The last reduction (Reduction-B) has stride 1 in its three branches.
- The three Inception-C blocks behind it, convolutions and pools, are dilated by 2: at every second cell they compute
  exactly what the network of stride 32 computes there.
"""

from __future__ import annotations

from detectron2.config import CfgNode
from detectron2.layers import ShapeSpec
from detectron2.modeling import BACKBONE_REGISTRY
from detectron2.modeling.backbone import Backbone
from torch import Tensor, nn
from torch.nn import functional as F

from .backbones import check_freeze_stages, import_timm, load_source
from .fixed_norm import fix_batch_norms

STAGES = (slice(0, 3), slice(3, 5), slice(5, 10), slice(10, 18), slice(18, 22))
"""Which of the network's 22 blocks have stride 2, 4, 8, 16 and (undilated) 32."""

# conv3, conv4 and conv5 are the last maps of their resolution, as in a ResNet: behind the four Inception-A, the seven
# Inception-B and the three Inception-C blocks.
_TAPS = {"res3": (9, 384, 8), "res4": (17, 1024, 16), "res5": (21, 1536, 16)}  # block, channels, stride
_REDUCTION_B = 18


class InceptionV4(Backbone):
    """timm's Inception-v4 up to its last block: conv3 at stride 8, conv4 and the dilated conv5 at stride 16."""

    def __init__(self, *, pretrained: bool = False, freeze_stages: int = 2, in_channels: int = 3) -> None:
        """
        Args:
            pretrained: whether timm downloads its weights.
            freeze_stages: how many of :data:`STAGES` keep their weights; 2, as FREEZE_AT 2 of the ResNets, keeps all
                blocks before stride 8. Batch norm is frozen everywhere.
            in_channels: of the picture.

        Raises:
            ModuleNotFoundError: without timm.
            ValueError: ``freeze_stages`` is not in 0..5.
        """
        super().__init__()
        check_freeze_stages(freeze_stages, len(STAGES), "Inception-v4")
        timm = import_timm()
        body = timm.create_model("inception_v4", pretrained=pretrained, in_chans=in_channels)
        # Named as in timm, so that the names of its checkpoints are suffixes of ours.
        self.features: nn.Sequential = body.features
        fix_batch_norms(timm, self.features)
        pad_to_whole_cells(self.features)
        dilate_last_stage(self.features)
        for stage in STAGES[:freeze_stages]:
            self.features[stage].requires_grad_(False)

    def load_weights(self, weights: dict[str, Tensor]) -> None:
        """Load a checkpoint of timm's ``inception_v4``, with its own names; a classifier in it is left over.

        Raises:
            ValueError: a tensor is missing or has another shape.
        """
        ours = {name: value.shape for name, value in self.state_dict().items()}
        theirs = {name: weights[name] for name in weights if name.startswith("features.")}
        wrong = [name for name, shape in ours.items() if name not in theirs or theirs[name].shape != shape]
        if wrong:
            raise ValueError(
                f"these are no weights of timm's inception_v4: {len(wrong)} of {len(ours)} tensors are missing or have "
                f"another shape, {wrong[0]} for one"
            )
        self.load_state_dict(theirs, strict=False)  # num_batches_tracked has no place in frozen batch norms

    def output_shape(self) -> dict[str, ShapeSpec]:
        """Channels and stride of each map."""
        return {name: ShapeSpec(channels=channels, stride=stride) for name, (_, channels, stride) in _TAPS.items()}

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """(N, 3, H, W) in; ``res3`` at ceil(H/8), ``res4`` and ``res5`` at ceil(H/16) out."""
        outputs = {}
        names = {block: name for name, (block, _, _) in _TAPS.items()}
        for i, block in enumerate(self.features):
            x = block(x)
            if i in names:
                outputs[names[i]] = x
        return outputs


class DilatedMean(nn.Module):
    """The mean of a 3x3 window whose cells are ``dilation`` apart, over those inside the map (PyTorch has none)."""

    def __init__(self, dilation: int) -> None:
        super().__init__()
        self.dilation = dilation

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) in and out."""
        inside = x.new_ones(1, 1, *x.shape[-2:])
        return self._window_sum(x) / self._window_sum(inside)

    def _window_sum(self, x: Tensor) -> Tensor:
        d = self.dilation
        height, width = x.shape[-2:]
        rows = F.pad(x, (0, 0, d, d))
        x = rows[..., :height, :] + x + rows[..., 2 * d :, :]
        columns = F.pad(x, (d, d))
        return columns[..., :width] + x + columns[..., 2 * d :]


def pad_to_whole_cells(features: nn.Module) -> None:
    """Pad every convolution and max pool by half its kernel, so that a stride s makes ceil(H / s) cells of H."""
    for module in features.modules():
        if isinstance(module, nn.Conv2d):
            module.padding = tuple(size // 2 for size in module.kernel_size)
        elif isinstance(module, nn.MaxPool2d):
            module.padding = 1  # of 3x3; average pools are padded already


def dilate_last_stage(features: nn.Sequential) -> None:
    """Give the padded network's last reduction stride 1, and all behind it dilation 2."""
    for module in features[_REDUCTION_B].modules():
        if isinstance(module, nn.Conv2d):
            module.stride = (1, 1)
        elif isinstance(module, nn.MaxPool2d):
            module.stride = 1
    for block in features[_REDUCTION_B + 1 :]:
        pool_and_conv = block.get_submodule("branch3")
        assert isinstance(pool_and_conv, nn.Sequential)
        pool_and_conv[0] = DilatedMean(2)
        for module in block.modules():
            if isinstance(module, nn.Conv2d):
                module.dilation = tuple(2 if size > 1 else 1 for size in module.kernel_size)
                module.padding = tuple(2 * (size // 2) for size in module.kernel_size)


@BACKBONE_REGISTRY.register()
def build_inception_v4_backbone(cfg: CfgNode, input_shape: ShapeSpec) -> InceptionV4:
    """Inception-v4 with the weights that ``MODEL.TIMM.WEIGHTS`` names (``MODEL.TIMM.NAME`` is not read)."""
    source = cfg.MODEL.TIMM.WEIGHTS
    backbone = InceptionV4(
        pretrained=source == "hub", freeze_stages=cfg.MODEL.TIMM.FREEZE_STAGES, in_channels=input_shape.channels
    )
    load_source(backbone, source)
    return backbone
