"""The authors' layers (D and D&T, ResNet-50 and -101) under our names.

What differs between their networks and ours, and is settled here:

- BatchNorm and Scale are two layers there, one frozen batch norm here. BatchNorm's blobs are sums, its third says by
  what to divide them. ResNet-50's first convolution has a bias, which moves into the mean.
- Their class maps begin with the background, ours end with it. Within a class, and for boxes and tracks, channels are
  in one order: (output * k + row) * k + column.
- Snapshots have the statistics of the box targets folded into `rfcn_bbox`, so that it gives plain deltas:
  BBOX_REG_WEIGHTS is (1, 1, 1, 1). `rfcn_disp`, trained on unfolded box maps, reads the folded ones in testing too.

What is not the same: they subtract a mean image, resized to the picture, where we subtract its mean; they resize
pictures by MATLAB's `imresize`; and inside the network they pool tracks at boxes half a pixel further up and left than
those that they report (a slip in their BoxTransform layer).
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .caffemodel import Layers
from .torch_resnet import resnet_keys

State = dict[str, NDArray[np.float32]]

_BRANCHES = {"1": "shortcut", "2a": "conv1", "2b": "conv2", "2c": "conv3"}
_TRUNK_CONV = re.compile(r"res([2-5])([a-z])(\d*)_branch(1|2[abc])")
_HEADS = {
    "conv_new_1": "roi_heads.reduction",
    "rfcn_bbox": "roi_heads.box_conv",
    "rfcn_disp": "track_head.conv",
}
# D's class maps are rfcn_cls, those of D&T carry the name of the data set: rfcn_cls_ILSVRCvid.
_CLASS_MAPS = re.compile(r"rfcn_cls(_\w+)?")
_CLASSIFIER = re.compile(r"fc1000|fc_?\d*")


def trunk_name(layer: str) -> str | None:
    """Our name of a convolution of the trunk: ``res4b22_branch2a`` is ``res4.22.conv1``. None for other layers."""
    if layer == "conv1":
        return "stem.conv1"
    if not (found := _TRUNK_CONV.fullmatch(layer)):
        return None
    # Blocks are a, b, c, ..., or, where the alphabet is too short, a, b1, b2, ...
    place = int(found[3]) if found[3] else ord(found[2]) - ord("a")
    return f"res{found[1]}.{place}.{_BRANCHES[found[4]]}"


def convert_layers(layers: Layers) -> tuple[State, list[str], list[str]]:
    """Rename and rearrange all weights of a snapshot.

    Args:
        layers: from :func:`dnt_d2.weights.caffemodel.read_caffemodel`.

    Returns:
        the weights under the names of our network; the layers of a classifier; the layers that are not known.

    Raises:
        ValueError: a layer has not the blobs that it should have.
    """
    state: State = {}
    used: set[str] = set()
    for layer, blobs in layers.items():
        if (name := trunk_name(layer)) is not None:
            used |= {layer, *_norm_layers(layer)}
            state[f"backbone.{name}.weight"] = blobs[0]
            state |= {f"backbone.{name}.norm.{key}": x for key, x in _norm(layers, layer).items()}
        elif layer in _HEADS or _CLASS_MAPS.fullmatch(layer):
            used.add(layer)
            if len(blobs) != 2:
                raise ValueError(f"layer {layer!r} has {len(blobs)} blobs; a weight and a bias are due")
            target = _HEADS.get(layer, "roi_heads.cls_conv")
            if f"{target}.weight" in state:
                raise ValueError(f"layer {layer!r} is not the only one with class maps; the snapshot must have one")
            state[f"{target}.weight"], state[f"{target}.bias"] = blobs[0], blobs[1].reshape(-1)
    rest = [layer for layer in layers if layer not in used]
    classifier = [layer for layer in rest if _CLASSIFIER.fullmatch(layer)]
    _move_background(state)
    return state, classifier, [layer for layer in rest if layer not in classifier]


def _norm_layers(conv: str) -> tuple[str, str]:
    suffix = conv.removeprefix("res") if conv != "conv1" else "_conv1"
    return f"bn{suffix}", f"scale{suffix}"


def _norm(layers: Layers, conv: str) -> State:
    """The frozen batch norm behind a convolution; what the file lacks is left out, and reported as missing."""
    normal, scale = _norm_layers(conv)
    result: State = {}
    if normal in layers:
        if len(layers[normal]) != 3:
            raise ValueError(
                f"layer {normal!r} has {len(layers[normal])} blobs; a mean, a variance and a factor are due"
            )
        mean, variance, total = (x.reshape(-1) for x in layers[normal])
        # As in Caffe: a factor of 0 means that nothing was ever summed.
        factor = np.float32(0 if total[0] == 0 else 1 / total[0])
        bias = layers[conv][1].reshape(-1) if len(layers[conv]) > 1 else np.float32(0)
        result = {"running_mean": mean * factor - bias, "running_var": variance * factor}
    if scale in layers:
        if len(layers[scale]) != 2:
            raise ValueError(f"layer {scale!r} has {len(layers[scale])} blobs; a factor and a shift are due")
        result |= dict(zip(("weight", "bias"), (x.reshape(-1) for x in layers[scale]), strict=True))
    return result


def _move_background(state: State) -> None:
    cells = state["roi_heads.box_conv.bias"].size // 8 if "roi_heads.box_conv.bias" in state else 0
    for name in ("roi_heads.cls_conv.weight", "roi_heads.cls_conv.bias"):
        if cells and name in state and len(state[name]) % cells == 0:
            state[name] = np.roll(state[name], -cells, axis=0)


def authors_keys(state: State) -> dict[str, Any]:
    """The config that a converted snapshot needs; sizes are read off its shapes.

    Raises:
        ValueError: its shapes are not those of D or D&T.
    """
    trunk = {name.removeprefix("backbone."): x for name, x in state.items() if name.startswith("backbone.")}
    keys = resnet_keys(trunk) | {
        "MODEL.BACKBONE.NAME": "build_caffe_resnet_backbone",
        "MODEL.RESNETS.STRIDE_IN_1X1": True,
        "MODEL.PIXEL_MEAN": [103.06, 115.90, 123.15],
        "MODEL.PIXEL_STD": [1.0, 1.0, 1.0],
        "INPUT.FORMAT": "BGR",
    }
    heads = ("roi_heads.reduction", "roi_heads.box_conv", "roi_heads.cls_conv")
    if not any(f"{head}.weight" in state for head in heads):
        return keys  # a classification network: the trunk alone
    if missing := [head for head in heads if f"{head}.weight" not in state]:
        raise ValueError(f"the snapshot is neither D nor D&T: it has no weights for {', '.join(missing)}")
    reduction, box, cls = (state[f"{head}.weight"].shape[0] for head in heads)
    grid = round((box / 8) ** 0.5)
    if box != 8 * grid**2 or cls % grid**2:
        raise ValueError(f"{box} box and {cls} class maps don't fit 8 and C + 1 outputs on one k x k grid")
    return keys | {
        "MODEL.META_ARCHITECTURE": "DetectAndTrack",
        "MODEL.LOAD_PROPOSALS": True,
        "MODEL.PROPOSAL_GENERATOR.NAME": "PrecomputedProposals",
        "MODEL.ROI_HEADS.NAME": "CaffeRFCNHeads",
        "MODEL.ROI_HEADS.NUM_CLASSES": cls // grid**2 - 1,
        "MODEL.ROI_BOX_HEAD.BBOX_REG_WEIGHTS": (1.0, 1.0, 1.0, 1.0),
        "MODEL.RFCN.BOX_MAPS": 8,
        "MODEL.RFCN.GRID_SIZE": grid,
        "MODEL.RFCN.REDUCTION_CHANNELS": reduction,
        **_track_keys(state, box),
    }


def _track_keys(state: State, box_channels: int) -> dict[str, Any]:
    if "track_head.conv.weight" not in state:
        return {"MODEL.TRACK_HEAD.NAME": ""}
    channels = state["track_head.conv.weight"].shape[1]
    for reach in range(33):  # conv5 and conv4 in steps of 1, conv3 in steps of 2
        if 2 * box_channels + 2 * (2 * reach + 1) ** 2 + (2 * (reach // 2) + 1) ** 2 == channels:
            return {"MODEL.TRACK_HEAD.NAME": "CaffeTrackHead", "MODEL.TRACK_HEAD.MAX_DISPLACEMENT": reach}
    raise ValueError(
        f"rfcn_disp reads {channels} channels, which are not two stacks of {box_channels} box maps and three of "
        "correlations: the snapshot is of one of the authors' experiments, not of D&T"
    )
