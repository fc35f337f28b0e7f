"""The networks that converted weights are held against: name and shape of each of their tensors."""

from __future__ import annotations

from typing import Any

import torch
from detectron2.config import CfgNode, get_cfg
from detectron2.modeling import META_ARCH_REGISTRY, build_backbone

import dnt_d2.modeling  # noqa: F401  registers

from ..config import add_dnt_config

Shapes = dict[str, tuple[int, ...]]


def network_cfg(keys: dict[str, Any]) -> CfgNode:
    """A config of D&T with these keys, as far as they concern the shape of the network."""
    cfg = get_cfg()
    add_dnt_config(cfg)
    cfg.MODEL.RESNETS.OUT_FEATURES = ["res3", "res4", "res5"]
    cfg.MODEL.RESNETS.RES5_DILATION = 2
    cfg.merge_from_list([x for key, value in keys.items() for x in (key, value)])
    return cfg


def expected_shapes(keys: dict[str, Any]) -> Shapes:
    """The tensors of the network of a config: the whole of DetectAndTrack where the keys name it, else its trunk.

    Nothing is allocated. Names are those of a checkpoint of the network; a trunk's have no prefix.
    """
    cfg = network_cfg(keys)
    with torch.device("meta"):
        if "MODEL.META_ARCHITECTURE" in keys:
            module = META_ARCH_REGISTRY.get(cfg.MODEL.META_ARCHITECTURE)(cfg)
        else:
            module = build_backbone(cfg)
    return _shapes(module)


def timm_trunk_keys(arch: str) -> dict[str, Any]:
    """The keys by which a network of timm's, named as there, is the trunk; a tag behind a dot names weights alone."""
    name = arch.partition(".")[0]
    if name == "inception_v4":
        return {"MODEL.BACKBONE.NAME": "build_inception_v4_backbone", "MODEL.TIMM.WEIGHTS": ""}
    return {"MODEL.BACKBONE.NAME": "build_timm_backbone", "MODEL.TIMM.NAME": name, "MODEL.TIMM.WEIGHTS": ""}


def timm_shapes(arch: str) -> tuple[Shapes, dict[str, Any]]:
    """What timm says of one of its networks.

    Returns:
        all of its tensors, the classifier's included; its pretrained config (``mean``, ``std``, ...).

    Raises:
        ModuleNotFoundError: timm is not installed.
        ValueError: timm doesn't know the name.
    """
    try:
        import timm
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("--arch needs timm: pip install 'dnt_d2[timm]'", name="timm") from error
    try:
        with torch.device("meta"):
            module = timm.create_model(arch, pretrained=False)
    except RuntimeError as error:
        raise ValueError(f"--arch {arch!r}: timm does not know it; see timm.list_models() ({error})") from error
    about: dict[str, Any] = dict(module.pretrained_cfg)  # type: ignore[arg-type]
    return _shapes(module), about


def _shapes(module: torch.nn.Module) -> Shapes:
    return {name: tuple(x.shape) for name, x in module.state_dict().items() if not name.endswith("num_batches_tracked")}
