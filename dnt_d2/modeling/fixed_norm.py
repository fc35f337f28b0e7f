"""Batch norms of timm networks that stay as they are: a scale and a shift of each channel, in one pass over memory."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.ops import FrozenBatchNorm2d


class FixedNorm(nn.Module):
    """What timm's and torchvision's frozen batch norms compute, and the activation behind, if there is one.

    Theirs multiply, and then add: on a CPU that takes twice as long. Names of buffers are theirs.
    """

    weight: Tensor
    bias: Tensor
    running_mean: Tensor
    running_var: Tensor

    def __init__(self, norm: nn.Module) -> None:
        """
        Args:
            norm: timm's ``FrozenBatchNormAct2d``, or torchvision's ``FrozenBatchNorm2d``; its tensors are shared.
        """
        super().__init__()
        for name, buffer in norm.named_buffers(recurse=False):
            self.register_buffer(name, buffer)
        self.eps: float = float(norm.eps)  # type: ignore[arg-type]
        for name, behind in norm.named_children():
            self.add_module(name, behind)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) in, the same out. Half precision becomes float32, as with theirs."""
        x = x.to(torch.promote_types(x.dtype, self.weight.dtype))
        x = F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, False, 0.0, self.eps)
        for behind in self.children():
            x = behind(x)
        return x

    def extra_repr(self) -> str:
        return f"{len(self.weight)}, eps={self.eps}"


def fix_batch_norms(timm: Any, module: nn.Module) -> nn.Module:
    """Freeze all batch norms of a timm network, or of a part of one.

    Args:
        timm: the module, which is optional here.
        module: is changed, unless it is a batch norm itself.

    Returns:
        The same module, or what took its place.
    """
    timm.models.register_notrace_module(FixedNorm)  # extraction of features leaves it whole
    frozen: nn.Module = timm.layers.freeze_batch_norm_2d(module)
    kinds = (timm.layers.FrozenBatchNormAct2d, FrozenBatchNorm2d)
    if isinstance(frozen, kinds):
        return FixedNorm(frozen)
    for parent in list(frozen.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, kinds):
                setattr(parent, name, FixedNorm(child))
    return frozen
