"""dnt_d2/weights/torch_resnet.py: Detectron2's ResNet computes what torchvision's and timm's do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import timm
import torch
from detectron2.checkpoint import DetectionCheckpointer
from detectron2.modeling import build_backbone
from torch import Tensor, nn
from torchvision.models.resnet import Bottleneck, ResNet

from dnt_d2.weights import convert, write_checkpoint
from dnt_d2.weights.network import network_cfg
from dnt_d2.weights.torch_resnet import convert_resnet, is_detectron2s, picture_keys, rename, resnet_keys


def _torchvision(layers: list[int], **changes: Any) -> nn.Module:
    return ResNet(Bottleneck, layers, num_classes=5, **changes)


NETWORKS: dict[str, tuple[str, Callable[[], nn.Module]]] = {
    "torchvision ResNet-50": ("torchvision", lambda: _torchvision([3, 4, 6, 3], width_per_group=8)),
    "torchvision ResNeXt-101": ("torchvision", lambda: _torchvision([3, 4, 23, 3], groups=8, width_per_group=2)),
    "timm ResNeXt-50": (
        "timm",
        lambda: timm.models.resnet.ResNet(
            timm.models.resnet.Bottleneck, (3, 4, 6, 3), num_classes=5, cardinality=4, base_width=2
        ),
    ),
}


@torch.no_grad()
def _stages(network: nn.Module, x: Tensor) -> list[Tensor]:
    """The maps of conv3, conv4 and, undilated, conv5."""
    pool = getattr(network, "maxpool", None)
    x = pool(nn.functional.relu(network.bn1(network.conv1(x))))  # type: ignore[operator,misc]
    result = []
    for stage in (network.layer1, network.layer2, network.layer3, network.layer4):
        x = stage(x)  # type: ignore[operator]
        result.append(x)
    return result[1:]


def _with_statistics(network: nn.Module) -> nn.Module:
    """Batch norms as after training: none is the identity."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.2, 0.2)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
            nn.init.uniform_(module.weight, 0.3, 0.6)
            nn.init.uniform_(module.bias, -0.1, 0.3)
    return network.eval()


@pytest.mark.parametrize("name", NETWORKS)
def test_features_are_the_original_ones(name: str, tmp_path) -> None:
    origin, build = NETWORKS[name]
    torch.manual_seed(0)
    network = _with_statistics(build())
    torch.save(network.state_dict(), tmp_path / "source.pth")
    converted = convert(tmp_path / "source.pth", origin)
    assert converted.report.complete
    assert converted.report.left_over == ("fc.weight", "fc.bias")
    config = write_checkpoint(converted, tmp_path / "out.pkl")

    cfg = network_cfg({})
    cfg.MODEL.RESNETS.NORM = "FrozenBN"
    cfg.merge_from_file(str(config))
    cfg.MODEL.RESNETS.RES5_DILATION = 1  # theirs is not dilated
    model = nn.ModuleDict({"backbone": build_backbone(cfg)}).eval()
    left = DetectionCheckpointer(model).load(cfg.MODEL.WEIGHTS)
    assert left["matching_heuristics"]
    loaded = model.state_dict()
    assert all(np.array_equal(loaded[f"backbone.{key}"], x) for key, x in converted.weights.items())
    assert len(loaded) == len(converted.report.matched)

    x = torch.randn(1, 3, 64, 96)
    with torch.no_grad():
        ours = model["backbone"](x)
    for mine, theirs in zip(ours.values(), _stages(network, x), strict=True):
        assert theirs.std() > 0.01
        assert (mine - theirs).abs().max() <= 1e-4 * theirs.abs().max()


def test_names() -> None:
    pairs = {
        "conv1.weight": "stem.conv1.weight",
        "bn1.running_var": "stem.conv1.norm.running_var",
        "layer1.0.downsample.0.weight": "res2.0.shortcut.weight",
        "layer2.0.downsample.1.bias": "res3.0.shortcut.norm.bias",
        "layer3.22.conv2.weight": "res4.22.conv2.weight",
        "layer4.2.bn3.running_mean": "res5.2.conv3.norm.running_mean",
        "fc.weight": None,
        "layer1.0.se.fc1.weight": None,
        "conv1.0.weight": None,
    }
    assert {name: rename(name) for name in pairs} == pairs


def test_an_empty_file_and_another_network_are_refused() -> None:
    assert convert_resnet({}) == ({}, [], [])
    for weights in ({}, {"stem.conv1.weight": np.zeros((8, 3, 7, 7), np.float32)}):
        with pytest.raises(ValueError, match=r"not a ResNet or ResNeXt of depth 50, 101, 152: .*\(0, 0, 0, 0\)"):
            resnet_keys(weights)


@pytest.mark.parametrize(
    ("arch", "expected"),
    [("resnext101_32x4d", (101, 32, 4)), ("resnext101_32x8d", (101, 32, 8)), ("resnet50", (50, 1, 64))],
)
def test_sizes_are_read_off_the_shapes(arch: str, expected: tuple[int, int, int]) -> None:
    with torch.device("meta"):
        shapes = {name: tuple(x.shape) for name, x in timm.create_model(arch).state_dict().items()}
    weights = {name: np.broadcast_to(np.float32(0), shape) for name, shape in shapes.items()}
    keys = resnet_keys(convert_resnet(weights)[0])
    names = ("DEPTH", "NUM_GROUPS", "WIDTH_PER_GROUP", "STEM_OUT_CHANNELS", "RES2_OUT_CHANNELS")
    assert tuple(keys[f"MODEL.RESNETS.{name}"] for name in names) == (*expected, 64, 256)
    assert is_detectron2s(weights)


@pytest.mark.parametrize("arch", ["resnet34", "resnet50d", "seresnet50", "regnety_002"])
def test_networks_that_detectron2_has_not(arch: str) -> None:
    with torch.device("meta"):
        shapes = {name: tuple(x.shape) for name, x in timm.create_model(arch).state_dict().items()}
    assert not is_detectron2s({name: np.broadcast_to(np.float32(0), shape) for name, shape in shapes.items()})


def test_picture_keys() -> None:
    keys = picture_keys()
    assert keys["MODEL.PIXEL_MEAN"] == [123.675, 116.28, 103.53]
    assert keys["MODEL.PIXEL_STD"] == [58.395, 57.12, 57.375]
    assert keys["INPUT.FORMAT"] == "RGB"
