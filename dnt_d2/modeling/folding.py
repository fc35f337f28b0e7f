"""A network for testing alone: its frozen batch norms are part of its convolutions, its weights in half precision."""

from __future__ import annotations

import copy

import torch
from detectron2.layers import Conv2d, FrozenBatchNorm2d
from torch import nn

from .meta_arch import DetectAndTrack
from .precision import PRECISIONS


def folded(model: DetectAndTrack) -> DetectAndTrack:
    """Copy a network, and save in the copy what testing repeats for every frame.

    - A batch norm with fixed statistics is a scale and a shift of each channel: they go into the weights and the bias
      of the convolution before it (Detectron2's ``Conv2d`` with a ``norm``; trunks of timm keep their norms).
    - With half precision (``TEST.PRECISION``) the weights of convolutions are cast once, where autocast would cast
      them for every frame.

    The copy says the same as the network, but for rounding. It can't be trained, and does not follow its original.

    Args:
        model: on any device, in any mode; it stays as it is.

    Returns:
        The copy, in evaluation mode.
    """
    copied = copy.deepcopy(model).eval().requires_grad_(False)
    for layer in copied.modules():
        if isinstance(layer, Conv2d) and has_fixed_statistics(layer.norm):
            _fold(layer, layer.norm)
    if model.precision != "float32":
        for layer in copied.modules():
            if isinstance(layer, nn.Conv2d):
                layer.to(PRECISIONS[model.precision])
    return copied


def has_fixed_statistics(norm: nn.Module | None) -> bool:
    """Whether a norm is nothing but a scale and a shift of each channel, in testing."""
    frozen = isinstance(norm, FrozenBatchNorm2d)
    return frozen or (isinstance(norm, nn.BatchNorm2d) and norm.affine and norm.track_running_stats)


@torch.no_grad()
def _fold(layer: Conv2d, norm: FrozenBatchNorm2d | nn.BatchNorm2d) -> None:
    """Make ``norm`` a part of ``layer``; computed in float64, rounded once."""
    assert norm.running_mean is not None, "a batch norm without statistics depends on the batch"
    assert norm.running_var is not None
    mean, variance, scale, shift = (x.double() for x in (norm.running_mean, norm.running_var, norm.weight, norm.bias))
    scale = scale / (variance + norm.eps).sqrt()
    bias = 0.0 if layer.bias is None else layer.bias.double()
    layer.bias = nn.Parameter(((bias - mean) * scale + shift).to(layer.weight), requires_grad=False)
    layer.weight.copy_(layer.weight.double() * scale[:, None, None, None])
    layer.norm = None
