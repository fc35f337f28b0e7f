"""The trunk, what reads its maps, and whether the maps fit on each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from detectron2.config import CfgNode
from detectron2.modeling import BACKBONE_REGISTRY, build_backbone

from . import Run, has_track_head, is_rpn_alone, out_of_range

_RESNETS = ("build_resnet_backbone", "build_caffe_resnet_backbone")
_TIMM = ("build_timm_backbone", "build_inception_v4_backbone")
_DEPTHS = (18, 34, 50, 101, 152)
_RESNET_MAPS = ("stem", "res2", "res3", "res4", "res5")


def pixels(cfg: CfgNode, run: Run) -> Iterator[str]:
    """Colours: their order, and one mean and deviation for each."""
    mean, std = cfg.MODEL.PIXEL_MEAN, cfg.MODEL.PIXEL_STD
    if cfg.INPUT.FORMAT not in ("BGR", "RGB"):
        yield f"INPUT.FORMAT is {cfg.INPUT.FORMAT!r}: D&T reads BGR or RGB"
    if not len(mean) == len(std) == 3:
        yield (
            f"MODEL.PIXEL_MEAN has {len(mean)} values and MODEL.PIXEL_STD {len(std)}: give each 3, in the order of "
            f"INPUT.FORMAT {cfg.INPUT.FORMAT}"
        )
    if any(value <= 0 for value in std):
        yield f"MODEL.PIXEL_STD is {list(std)}: pixels are divided by it, so each value must be above 0"


def trunk(cfg: CfgNode, run: Run) -> Iterator[str]:
    """The trunk by itself: its name, its dilation, what of it is frozen, where its weights come from."""
    name = cfg.MODEL.BACKBONE.NAME
    if name not in BACKBONE_REGISTRY:
        yield f"MODEL.BACKBONE.NAME is {name!r}, which is not registered: the configs use {', '.join(_RESNETS + _TIMM)}"
    if name in _RESNETS:
        resnets = cfg.MODEL.RESNETS
        unknown = [x for x in resnets.OUT_FEATURES if x not in _RESNET_MAPS]
        if unknown or not resnets.OUT_FEATURES:
            yield (
                f"MODEL.RESNETS.OUT_FEATURES is {list(resnets.OUT_FEATURES)}: "
                f"name maps of {', '.join(_RESNET_MAPS)}, D&T needs res3, res4 and res5"
            )
        if resnets.DEPTH not in _DEPTHS:
            yield f"MODEL.RESNETS.DEPTH is {resnets.DEPTH}: it must be one of {', '.join(map(str, _DEPTHS))}"
        if resnets.RES5_DILATION not in (1, 2):
            yield f"MODEL.RESNETS.RES5_DILATION is {resnets.RES5_DILATION}: it must be 2 (conv5 at stride 16) or 1"
        yield from out_of_range(cfg, {"MODEL.BACKBONE.FREEZE_AT": (0, 5)})
    if name in _TIMM:
        yield from out_of_range(cfg, {"MODEL.TIMM.FREEZE_STAGES": (0, 5)})
        source = cfg.MODEL.TIMM.WEIGHTS
        kind, _, rest = source.partition(":")
        if source not in ("", "hub") and (kind not in ("package", "file") or not rest):
            yield f'MODEL.TIMM.WEIGHTS is {source!r}: it must be "", "hub", "package:NAME" or "file:PATH"'
    for key, value in (("TAPS", cfg.MODEL.TIMM.TAPS), ("FREEZE_UP_TO", cfg.MODEL.TIMM.FREEZE_UP_TO)):
        if value and name == "build_inception_v4_backbone":
            yield f"MODEL.TIMM.{key} is {value!r}, which Inception-v4 doesn't read: leave it empty"


def maps(cfg: CfgNode, run: Run) -> Iterator[str]:
    """RPN, R-FCN and track head read maps that the trunk gives, and correlations fit on the box maps."""
    try:
        shapes = trunk_shapes(cfg)
    except (AssertionError, KeyError, ValueError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        yield f"the trunk MODEL.BACKBONE.NAME {cfg.MODEL.BACKBONE.NAME!r} can't be built with these keys: {reason}"
        return
    read = {"MODEL.RPN.IN_FEATURES": cfg.MODEL.RPN.IN_FEATURES} if cfg.MODEL.PROPOSAL_GENERATOR.NAME == "RPN" else {}
    if not is_rpn_alone(cfg):
        read["MODEL.RFCN.IN_FEATURE"] = [cfg.MODEL.RFCN.IN_FEATURE]
    if has_track_head(cfg):
        read["MODEL.TRACK_HEAD.IN_FEATURES"] = cfg.MODEL.TRACK_HEAD.IN_FEATURES
    unknown = [(key, name) for key, names in read.items() for name in names if name not in shapes]
    for key, name in unknown:
        yield (
            f"{key} names {name!r}, but the trunk {cfg.MODEL.BACKBONE.NAME} gives {', '.join(shapes)}: use one of "
            "these, or add it to MODEL.RESNETS.OUT_FEATURES"
        )
    if has_track_head(cfg) and not unknown:
        yield from _stacking(cfg, {name: shape.stride for name, shape in shapes.items()})


def _stacking(cfg: CfgNode, strides: dict[str, int]) -> Iterator[str]:
    head, box = cfg.MODEL.TRACK_HEAD, cfg.MODEL.RFCN.IN_FEATURE
    for name, step in zip(head.IN_FEATURES, head.STRIDES, strict=False):
        if strides[name] * step != strides[box]:
            if strides[box] % strides[name] == 0:
                remedy = f"use {strides[box] // strides[name]}"
            else:
                remedy = f"leave {name} out"
            if strides[box] > 16:
                remedy += ", or MODEL.RESNETS.RES5_DILATION 2"
            yield (
                f"MODEL.TRACK_HEAD.IN_FEATURES: {name} has stride {strides[name]}, with STRIDES {step} its correlation "
                f"can't be stacked on box maps of stride {strides[box]} (MODEL.RFCN.IN_FEATURE {box}): {remedy}"
            )


def trunk_shapes(cfg: CfgNode) -> dict[str, Any]:
    """The trunk's ``output_shape()``, from a trunk without storage, in well under a second."""
    cfg = cfg.clone()
    cfg.defrost()
    cfg.MODEL.TIMM.WEIGHTS = ""
    with torch.device("meta"):
        return build_backbone(cfg).output_shape()


RULES = (pixels, trunk, maps)
