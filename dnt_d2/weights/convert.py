"""From a foreign file to a checkpoint of ours, with the config that it needs and a report."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from ..whole_file import whole_file
from .caffe_rfcn import authors_keys, convert_layers
from .caffemodel import read_caffemodel
from .files import read_state_dict
from .network import expected_shapes, timm_shapes, timm_trunk_keys
from .report import Report, compare
from .torch_resnet import IMAGENET_MEAN, IMAGENET_STD, convert_resnet, is_detectron2s, picture_keys, resnet_keys

ORIGINS = ("torchvision", "timm", "caffe")


@dataclass(frozen=True)
class Converted:
    """A converted file.

    Attributes:
        weights: by the names of our network; a trunk's without prefix, which Detectron2 finds by itself.
        keys: the config keys that the weights need, and their values.
        report: what matched.
        origin: of :data:`ORIGINS`.
    """

    weights: Mapping[str, NDArray[np.float32]]
    keys: Mapping[str, Any]
    report: Report
    origin: str


def convert(source: str | Path, origin: str, arch: str = "") -> Converted:
    """Convert a checkpoint.

    Args:
        source: the file.
        origin: "torchvision" or "timm" for a classification network, "caffe" for the authors' snapshots, and for
            classification ResNets in Caffe.
        arch: with "timm", the network's name there. ResNets and ResNeXts are known by their shapes; then it only says
            how pictures are normalised. Other networks become one of our trunks made of timm's.

    Raises:
        FileNotFoundError, ModuleNotFoundError, ValueError: the file can't be read, or is of no network that we know;
            the message says what to do.
    """
    if origin not in ORIGINS:
        raise ValueError(f"--from {origin!r}: it must be one of {', '.join(ORIGINS)}")
    if arch and origin != "timm":
        raise ValueError(f"--arch {arch!r} is for --from timm; the shapes of other files say what they are")
    try:
        if origin == "caffe":
            return _from_caffe(source)
        weights = read_state_dict(source)
        if arch and not is_detectron2s(weights):
            return _from_other_timm(weights, arch)
        return _from_resnet(weights, origin, arch)
    except ValueError as error:
        raise error if str(source) in str(error) else ValueError(f"{source}: {error}") from error


def _from_resnet(weights: Mapping[str, NDArray[np.float32]], origin: str, arch: str) -> Converted:
    mean, std = IMAGENET_MEAN, IMAGENET_STD
    if arch:
        _, about = timm_shapes(arch)
        mean, std = about["mean"], about["std"]
    trunk, classifier, unknown = convert_resnet(weights)
    # These networks stride in the 3x3 convolutions, the MSRA networks in the 1x1.
    keys = {"MODEL.BACKBONE.NAME": "build_resnet_backbone", **resnet_keys(trunk), "MODEL.RESNETS.STRIDE_IN_1X1": False}
    report = compare(expected_shapes(keys), trunk, classifier, unknown)
    return Converted(trunk, keys | picture_keys(mean, std), report, origin)


def _from_other_timm(weights: Mapping[str, NDArray[np.float32]], arch: str) -> Converted:
    whole, about = timm_shapes(arch)
    keys = timm_trunk_keys(arch)
    expected = expected_shapes(keys)
    # Our trunk may hold timm's under a prefix, and that one, cut to its stages, may write "stages_0" for "stages.0".
    ours = {name.removeprefix("body.").replace(".", "_"): name for name in expected}
    names = {name: ours.get(name.replace(".", "_")) for name in weights}
    trunk = {new: weights[name] for name, new in names.items() if new is not None}
    left_over = [name for name, new in names.items() if new is None and name in whole]
    unknown = [name for name, new in names.items() if new is None and name not in whole]
    report = compare(expected, trunk, left_over, unknown)
    return Converted(trunk, keys | picture_keys(about["mean"], about["std"]), report, "timm")


def _from_caffe(source: str | Path) -> Converted:
    weights, classifier, unknown = convert_layers(read_caffemodel(source))
    keys = authors_keys(weights)
    if "MODEL.META_ARCHITECTURE" not in keys:
        weights = {name.removeprefix("backbone."): x for name, x in weights.items()}
    return Converted(weights, keys, compare(expected_shapes(keys), weights, classifier, unknown), "caffe")


def write_checkpoint(converted: Converted, output: str | Path) -> Path:
    """Write the weights as Detectron2 writes its ImageNet networks, and the keys beside them.

    Args:
        converted: from :func:`convert`.
        output: ends in ``.pkl``; what MODEL.WEIGHTS is to be.

    Returns:
        the path of the config, ``output`` with ``.yaml``: the keys, and MODEL.WEIGHTS.

    Raises:
        ValueError: for another ending, by which Detectron2 would take the file for something else.
    """
    output = Path(output)
    if output.suffix != ".pkl":
        raise ValueError(f"{output}: the output must end in .pkl, or Detectron2 takes it for a file of PyTorch")
    data = {
        "model": {name: np.ascontiguousarray(x) for name, x in converted.weights.items()},
        "__author__": converted.origin,
        # Names without prefix are matched to a backbone by their ending, whatever it is a part of.
        "matching_heuristics": True,
    }
    with whole_file(output) as file:
        pickle.dump(data, file, protocol=4)
    config = output.with_suffix(".yaml")
    keys = yaml.safe_dump(_nested({**converted.keys, "MODEL.WEIGHTS": str(output)}), sort_keys=False)
    text = f"# The keys that {output.name} needs; merge them into a config of yours.\n{keys}VERSION: 2\n"
    with whole_file(config) as file:
        file.write(text.encode())
    return config


def _nested(keys: Mapping[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in keys.items():
        *rooms, last = key.split(".")
        node = result
        for room in rooms:
            node = node.setdefault(room, {})
        node[last] = list(value) if isinstance(value, tuple) else value
    return result
