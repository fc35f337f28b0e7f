"""Local correlation of two feature maps (D&T sec. 3.4, eq. 4), in plain PyTorch.

Here are the layer and its gradient. `correlation_ops` has the operators behind them, `correlation_phase` how strides
become unit strides, and `correlation_strip` the arithmetic; on CUDA, `correlation_triton` may do it. Nothing but the
two maps is kept for the backward pass.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from . import correlation_ops  # noqa: F401  registers the operators


def local_correlation(
    x: Tensor, y: Tensor, max_displacement: int, stride: int = 1, displacement_stride: int = 1
) -> Tensor:
    """Correlate each position of ``x`` with the positions of ``y`` around it.

    With r = max_displacement // displacement_stride, G = 2 r + 1 and dy, dx in {-r, ..., r}:

        out[n, (dy + r) * G + (dx + r), i, j] = 1/C * sum_c x[n, c, i * stride, j * stride]
                       * y[n, c, i * stride + dy * displacement_stride, j * stride + dx * displacement_stride]

    where ``y`` is zero outside the map. What lies at (i, j) in ``x`` and has moved by (dy, dx) in ``y`` therefore
    answers in channel (dy + r) * G + (dx + r). This is the authors' layer (eq. 4, divided by the channel count).

    Half precision inputs are accumulated in float32, and autocast does not change the arithmetic. `torch.compile`
    takes it as one operator, in a full graph. The gradient can not be differentiated again.

    On CUDA, maps of one dtype up to float32 are correlated by Triton kernels, if Triton is installed and works. With
    ``DNT_D2_TRITON=0`` in the environment, when the first maps come, PyTorch's matrix products do it, as everywhere.

    Args:
        x: (N, C, H, W) features of the first frame, any floating dtype. N may be 0.
        y: (N, C, H, W) features of the second frame, on the same device. If its dtype differs from that of ``x``,
            the result has the wider one.
        max_displacement: largest displacement d in cells of ``y``, at least 0. It may exceed H or W.
        stride: step between the positions of ``x`` (and the cells of the output), at least 1.
        displacement_stride: step between displacements, at least 1.

    Returns:
        (N, G * G, ceil(H / stride), ceil(W / stride)), contiguous.

    Raises:
        ValueError: if the shapes or devices differ, there are no channels, or a step or displacement is out of range.
        TypeError: if an input is not a floating point tensor.
    """
    _check_parameters(max_displacement, stride, displacement_stride)
    _check_maps(x, y)
    return _LocalCorrelation.apply(x, y, max_displacement // displacement_stride, stride, displacement_stride)


class LocalCorrelation(nn.Module):
    """`local_correlation` with its parameters, as a module.

    Args:
        max_displacement: largest displacement d in cells, at least 0.
        stride: step between positions, at least 1.
        displacement_stride: step between displacements, at least 1.
    """

    def __init__(self, max_displacement: int, stride: int = 1, displacement_stride: int = 1) -> None:
        super().__init__()
        _check_parameters(max_displacement, stride, displacement_stride)
        self.max_displacement = max_displacement
        self.stride = stride
        self.displacement_stride = displacement_stride

    @property
    def out_channels(self) -> int:
        """The number of displacements, G * G."""
        return (2 * (self.max_displacement // self.displacement_stride) + 1) ** 2

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Correlate ``x`` and ``y``, both (N, C, H, W); see `local_correlation`."""
        return local_correlation(x, y, self.max_displacement, self.stride, self.displacement_stride)

    def extra_repr(self) -> str:
        return (
            f"max_displacement={self.max_displacement}, stride={self.stride}, "
            f"displacement_stride={self.displacement_stride}"
        )


def _check_parameters(max_displacement: int, stride: int, displacement_stride: int) -> None:
    if max_displacement < 0:
        raise ValueError(f"max_displacement must be 0 or more, got {max_displacement}")
    if stride < 1 or displacement_stride < 1:
        raise ValueError(f"strides must be 1 or more, got stride={stride}, displacement_stride={displacement_stride}")


def _check_maps(x: Tensor, y: Tensor) -> None:
    if x.dim() != 4 or x.shape != y.shape:
        raise ValueError(f"expected two maps of one shape (N, C, H, W), got {tuple(x.shape)} and {tuple(y.shape)}")
    if x.shape[1] == 0:
        raise ValueError(f"maps without channels cannot be correlated, got {tuple(x.shape)}")
    if x.device != y.device:
        raise ValueError(f"the maps must be on one device, got {x.device} and {y.device}")
    if not (x.is_floating_point() and y.is_floating_point()):
        raise TypeError(f"the maps must be floating point, got {x.dtype} and {y.dtype}")


class _LocalCorrelation(torch.autograd.Function):
    """The operation with its gradient, both as operators that compilers do not look into."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor, radius: int, stride: int, displacement_stride: int) -> Tensor:
        ctx.save_for_backward(x, y)
        ctx.geometry = radius, stride, displacement_stride
        return torch.ops.dnt_d2.local_correlation(x, y, radius, stride, displacement_stride)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, y = ctx.saved_tensors
        x_grad, y_grad = torch.ops.dnt_d2.local_correlation_backward(grad, x, y, *ctx.geometry)
        wanted_x, wanted_y = ctx.needs_input_grad[:2]
        return x_grad if wanted_x else None, y_grad if wanted_y else None, None, None, None
