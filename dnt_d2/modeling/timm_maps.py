"""The maps of a timm network: those at the ends of its stages, or of modules that are named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from detectron2.layers import ShapeSpec
from torch import nn

from .fixed_norm import fix_batch_norms

TAPS = ("res3", "res4", "res5")
"""The maps a timm trunk gives, named as Detectron2 names a ResNet's."""


def staged(timm: Any, name: str, settings: dict[str, Any]) -> tuple[nn.Module, list[str], dict[str, ShapeSpec]]:
    """A network that gives the ends of its stages, the names of all of these, and the shapes of its maps."""
    body = timm.create_model(name, features_only=True, out_indices=(2, 3, 4), **settings)
    info = body.feature_info
    maps = zip(TAPS, info.channels(), info.reduction(), strict=True)
    shapes = {tap: ShapeSpec(channels=channels, stride=stride) for tap, channels, stride in maps}
    return body, [stage["module"] for stage in info.info], shapes


def tapped(
    timm: Any, name: str, taps: Sequence[str], settings: dict[str, Any]
) -> tuple[nn.Module, list[str], dict[str, ShapeSpec]]:
    """The same of a network that ends with the last of three modules."""
    if len(taps) != len(TAPS):
        raise ValueError(f"MODEL.TIMM.TAPS is {list(taps)}: name the modules that give {', '.join(TAPS)}")
    whole = timm.create_model(name, **settings)
    known = {module for module, _ in whole.named_modules()}
    if wrong := [tap for tap in taps if tap not in known]:
        raise ValueError(f"MODEL.TIMM.TAPS names {wrong[0]!r}: {name} has no such module")
    stages = [stage["module"] for stage in whole.feature_info]
    whole = fix_batch_norms(timm, whole)  # while they are modules: extraction takes some of them apart
    body = timm.models.create_feature_extractor(whole, dict(zip(taps, TAPS, strict=True)))
    side = 64
    with torch.no_grad():
        maps = body(torch.zeros(1, settings["in_chans"], side, side))
    shapes = {tap: ShapeSpec(channels=maps[tap].shape[1], stride=side // maps[tap].shape[3]) for tap in TAPS}
    return body, stages, shapes
