"""ResNets and ResNeXts as torchvision and timm write them (both use the same names), for Detectron2's ResNet."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[np.float32]]

DEPTHS = {(3, 4, 6, 3): 50, (3, 4, 23, 3): 101, (3, 8, 36, 3): 152}
"""Blocks of each stage of the ResNets with bottlenecks."""

# As torchvision and most of timm were trained: RGB in [0, 1] less the mean, divided by the deviation.
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

_BLOCK = re.compile(r"layer([1-4])\.(\d+)\.(conv[123]|bn[123]|downsample\.[01])\.(\w+)")
_STEM = re.compile(r"(conv1|bn1)\.(\w+)")
_CLASSIFIER = re.compile(r"fc\.(weight|bias)")


def rename(name: str) -> str | None:
    """Detectron2's name of a tensor: ``layer1.0.bn2.bias`` is ``res2.0.conv2.norm.bias``. None if it has none."""
    if stem := _STEM.fullmatch(name):
        return f"stem.conv1.{'norm.' if stem[1] == 'bn1' else ''}{stem[2]}"
    if block := _BLOCK.fullmatch(name):
        stage, place, layer, tensor = int(block[1]) + 1, block[2], block[3], block[4]
        if layer.startswith("downsample"):
            layer = "shortcut" if layer.endswith("0") else "shortcut.norm"
        elif layer.startswith("bn"):
            layer = f"conv{layer[2]}.norm"
        return f"res{stage}.{place}.{layer}.{tensor}"
    return None


def convert_resnet(weights: Arrays) -> tuple[dict[str, NDArray[np.float32]], list[str], list[str]]:
    """Rename all tensors of a checkpoint.

    Returns:
        the trunk under Detectron2's names; the names of the classifier; the names that no ResNet of Detectron2 has
        (a deep stem, squeeze-and-excitation, ...).
    """
    trunk: dict[str, NDArray[np.float32]] = {}
    classifier: list[str] = []
    unknown: list[str] = []
    for name, array in weights.items():
        renamed = rename(name)
        if renamed is not None:
            trunk[renamed] = array
        else:
            (classifier if _CLASSIFIER.fullmatch(name) else unknown).append(name)
    return trunk, classifier, unknown


def resnet_keys(trunk: Arrays) -> dict[str, Any]:
    """The keys of MODEL.RESNETS that describe a trunk, read off its shapes.

    Args:
        trunk: under Detectron2's names, as from :func:`convert_resnet`.

    Raises:
        ValueError: it is no ResNet with bottlenecks, or of a depth that Detectron2 doesn't build.
    """
    blocks = tuple(
        1 + max((int(name.split(".")[1]) for name in trunk if name.startswith(f"res{stage}.")), default=-1)
        for stage in (2, 3, 4, 5)
    )
    needed = ("stem.conv1.weight", "res2.0.conv2.weight", "res2.0.conv3.weight")
    if blocks not in DEPTHS or any(name not in trunk for name in needed):
        raise ValueError(
            f"not a ResNet or ResNeXt of depth {', '.join(map(str, DEPTHS.values()))}: its stages have {blocks} "
            "bottlenecks; for another timm network name it with --arch"
        )
    width, per_group = trunk["res2.0.conv2.weight"].shape[:2]
    return {
        "MODEL.RESNETS.DEPTH": DEPTHS[blocks],
        "MODEL.RESNETS.NUM_GROUPS": width // per_group,
        "MODEL.RESNETS.WIDTH_PER_GROUP": per_group,
        "MODEL.RESNETS.STEM_OUT_CHANNELS": trunk["stem.conv1.weight"].shape[0],
        "MODEL.RESNETS.RES2_OUT_CHANNELS": trunk["res2.0.conv3.weight"].shape[0],
    }


def is_detectron2s(weights: Arrays) -> bool:
    """Whether a checkpoint is of a network that Detectron2 builds: the stem of one convolution, no added parts."""
    trunk, _, unknown = convert_resnet(weights)
    try:
        resnet_keys(trunk)
    except ValueError:
        return False
    return not unknown


def picture_keys(mean: tuple[float, ...] = IMAGENET_MEAN, std: tuple[float, ...] = IMAGENET_STD) -> dict[str, Any]:
    """The keys by which pictures are normalised: RGB, with values 0 to 255 where ``mean`` and ``std`` have 0 to 1."""
    return {
        "MODEL.PIXEL_MEAN": [round(255 * x, 4) for x in mean],
        "MODEL.PIXEL_STD": [round(255 * x, 4) for x in std],
        "INPUT.FORMAT": "RGB",
    }
