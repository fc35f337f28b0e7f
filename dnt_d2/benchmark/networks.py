"""Networks of the configs with random weights, and clips to run them on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from detectron2.config import CfgNode, get_cfg
from detectron2.modeling import build_model
from detectron2.modeling.backbone.resnet import BottleneckBlock
from detectron2.structures import Instances
from numpy.typing import NDArray
from torch import Tensor

from .. import add_dnt_config
from ..modeling import DetectAndTrack, VideoStream
from ..modeling.post_processing import boxes_to_rois

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
D = ("MODEL.TRACK_HEAD.NAME", "")
"""Makes D of a config of D&T."""


def load_config(name: str, *overrides: Any) -> CfgNode:
    """A config of ``configs/``, which needs no data set and no file of weights.

    Args:
        name: of the file.
        overrides: keys and values in turn.
    """
    cfg = get_cfg()
    add_dnt_config(cfg)
    cfg.merge_from_file(str(CONFIGS / name))
    cfg.merge_from_list(["MODEL.WEIGHTS", "", "MODEL.TIMM.WEIGHTS", "", "DATASETS.TRAIN", (), "DATASETS.TEST", ()])
    cfg.merge_from_list(list(overrides))
    return cfg


def random_network(cfg: CfgNode, *, seed: int = 0, background: float = 3.0) -> DetectAndTrack:
    """A network that says as much as a trained one, though not as well.

    Untrained, every block of a ResNet doubles the variance, and every box is of every class alike. Here blocks add
    little, class scores spread, and the background is likely, so that some boxes are sure enough to be tracked.

    Args:
        cfg: see :func:`load_config`.
        seed: of the weights.
        background: how much larger the background's logit is than those of the other classes; over boxes, logits
            have a standard deviation of 1.

    Returns:
        The network, in evaluation mode.
    """
    torch.manual_seed(seed)
    model = build_model(cfg).eval()
    for block in model.modules():
        if isinstance(block, BottleneckBlock):
            block.conv3.norm.weight.fill_(0.2)
    heads = model.roi_heads
    with torch.no_grad():
        for room in (model.proposal_generator, heads, model.track_head or torch.nn.Identity()):
            for layer in room.modules():
                if isinstance(layer, torch.nn.Conv2d):
                    torch.nn.init.normal_(layer.weight, std=2.0 / layer.weight[0].numel() ** 0.5)
        logits, maps_each = _logits(model), heads.grid_size**2
        means = logits.mean(dim=0, keepdim=True)
        deviation = (logits - means).std()
        means[:, -1] -= background * deviation
        heads.cls_conv.weight.div_(deviation)
        heads.cls_conv.bias.sub_((means / deviation).flatten().repeat_interleave(maps_each))
    return model


def _logits(model: DetectAndTrack) -> Tensor:
    """The class logits of all proposals of a small made picture."""
    images = model.preprocess([x["image"] for x in network_inputs(made_clip(1, 128, 192))])
    maps = model.encode(images)
    assert model.proposal_generator is not None, "the benchmark's networks have an RPN"
    with model.autocast():
        proposals, _ = model.proposal_generator(images, maps.features, None)
    rois = boxes_to_rois([p.proposal_boxes.tensor for p in proposals])
    return model.roi_heads.predict(maps.cls_maps, maps.box_maps, rois)[0]


def made_clip(length: int, height: int, width: int, seed: int = 0) -> Iterator[NDArray[np.uint8]]:
    """BGR frames (height, width, 3): a random landscape that moves by some pixels a frame."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (8 + height // 32, 8 + width // 32, 3), dtype=np.uint8)
    picture = np.asarray(cv2.resize(coarse, (width + 8 * length, height + 4 * length), interpolation=cv2.INTER_CUBIC))
    picture = np.clip(picture + rng.normal(0, 8, picture.shape), 0, 255).astype(np.uint8)
    for t in range(length):
        yield np.ascontiguousarray(picture[4 * t : 4 * t + height, 8 * t : 8 * t + width])


def network_inputs(frames: Iterator[NDArray[np.uint8]]) -> list[dict[str, Any]]:
    """What :class:`dnt_d2.modeling.VideoStream` takes of a video, its frames at the network's size already."""
    return [
        {
            "image": torch.from_numpy(frame.transpose(2, 0, 1).copy()),
            "height": frame.shape[0],
            "width": frame.shape[1],
            "video_id": 0,
            "frame_index": t,
        }
        for t, frame in enumerate(frames)
    ]


def another_way(model: DetectAndTrack, cfg: CfgNode, *overrides: Any) -> DetectAndTrack:
    """The same weights with other settings: :data:`D`, TEST.PRECISION.

    Args:
        model: whose weights are copied, as far as the other network has them.
        cfg: that it was built from.
        overrides: keys and values in turn.
    """
    other = build_model(changed(cfg, *overrides)).eval()
    names = other.state_dict().keys()
    other.load_state_dict({name: value for name, value in model.state_dict().items() if name in names})
    return other


def changed(cfg: CfgNode, *overrides: Any) -> CfgNode:
    """A copy of a config with other values of some keys, keys and values in turn."""
    cfg = cfg.clone()
    cfg.merge_from_list(list(overrides))
    return cfg


class Player:
    """Feeds a clip to a network chunk by chunk, over and over, as a video that never ends.

    Attributes:
        outputs: of the last chunk.
    """

    def __init__(self, model: DetectAndTrack, clip: list[dict[str, Any]], chunk: int = 1) -> None:
        """
        Args:
            model: D or D&T.
            clip: see :func:`network_inputs`; at least ``chunk`` frames.
            chunk: frames of a call.
        """
        self._stream, self._clip, self._chunk, self._shown = VideoStream(model), clip, chunk, 0
        self.outputs: list[dict[str, Instances]] = []

    def __call__(self) -> None:
        """The next chunk."""
        indices = range(self._shown, self._shown + self._chunk)
        self._shown += self._chunk
        self.outputs = self._stream([self._clip[t % len(self._clip)] | {"frame_index": t} for t in indices])
