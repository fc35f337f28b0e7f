"""Point "numbers", of half precision: correlation, its normalisation and pooling against float64."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from ..layers import local_correlation, ps_roi_pool
from ..modeling.track_head import CORRELATION_NORMS, normalise_correlation
from .record import Fault, Work

DTYPES = (torch.float16, torch.bfloat16)
CHANNELS = (3, 64, 1024, 2048)
SCALES = tuple(10.0**n for n in range(-3, 4))
"""Of features: at 1000, means over channels pass float16's largest number, 65504."""


def run(work: Work) -> Iterator[Fault]:
    """Each kind of arithmetic, over dtypes, numbers of channels, scales, and repetitions."""
    generator = torch.Generator().manual_seed(work.seed)
    times = work.scaled(4)
    yield _sweep("correlation in half precision, with its gradients", check_correlation, generator, times)
    yield _sweep("normalised correlations in half precision", check_norms, generator, times)
    yield _sweep("position-sensitive pooling in half precision, with its gradients", check_pooling, generator, times)


def _sweep(what: str, check: Callable[..., str], generator: torch.Generator, times: int) -> Fault:
    start, wrong = time.perf_counter(), []
    cases = [(d, c, s) for d in DTYPES for c in CHANNELS for s in SCALES] * times
    for dtype, channels, scale in cases:
        if problem := check(generator, dtype, channels, scale):
            wrong.append(f"{dtype}, {channels} channels, features of {scale:g}: {problem}")
    return Fault(
        "numbers",
        what,
        "within one rounding of float64; infinite only where the true number is beyond the dtype",
        injected=len(cases),
        survived=len(cases) - len(wrong),
        lost=0,
        unit="inputs",
        seconds=time.perf_counter() - start,
        details={"wrong": wrong[:10]},
    )


def check_correlation(generator: torch.Generator, dtype: torch.dtype, channels: int, scale: float) -> str:
    """What is wrong with a correlation of random features of this scale, or nothing."""
    x, y = (_features(generator, (1, channels, 6, 9), dtype, scale) for _ in range(2))
    return _compare(lambda a, b: local_correlation(a, b, 2), (x, y), generator)


def check_norms(generator: torch.Generator, dtype: torch.dtype, _channels: int, scale: float) -> str:
    """What is wrong with normalised maps: of any size that the dtype has, up to 60 times the scale."""
    maps = _features(generator, (2, 25, 6, 9), dtype, min(scale * 60, 10000.0))
    for norm in CORRELATION_NORMS:
        found, truth = (normalise_correlation(x, norm).double() for x in (maps, maps.double()))
        if not torch.allclose(found, truth, rtol=1e-4, atol=1e-4):
            return f"{norm} is off by {(found - truth).abs().max():g}"
    return ""


def check_pooling(generator: torch.Generator, dtype: torch.dtype, _channels: int, scale: float) -> str:
    """What is wrong with the pooling of maps of 38 x 63 cells, all of whose sums are beyond float16 at scale 1000."""
    maps = _features(generator, (1, 18, 38, 63), dtype, scale).abs()
    rois = torch.tensor([[0, 0, 0, 1000, 600], [0, 10, 10, 200, 100], [0, 5, 5, 5, 5.0], [0, -90, 300, 90, 900]])
    return _compare(lambda a: ps_roi_pool(a, rois, 3, 1 / 16), (maps,), generator)


def _features(generator: torch.Generator, shape: tuple[int, ...], dtype: torch.dtype, scale: float) -> Tensor:
    mean = torch.rand(1, generator=generator)  # of some, products have a mean too; ReLU gives such features
    return ((torch.randn(shape, generator=generator) + mean) * scale).to(dtype)


def _compare(function: Callable[..., Tensor], inputs: tuple[Tensor, ...], generator: torch.Generator) -> str:
    """The value of a function and its gradients, in half precision and in float64."""
    narrow = [x.clone().requires_grad_() for x in inputs]
    wide = [x.double().requires_grad_() for x in inputs]
    found, truth = function(*narrow), function(*wide)
    grad = torch.randn(truth.shape, generator=generator).to(found.dtype)
    found.backward(grad)
    truth.backward(grad.double())
    pairs: list[tuple[str, Any, Any]] = [("the value", found.detach(), truth.detach())]
    pairs += [("a gradient", a.grad, b.grad) for a, b in zip(narrow, wide, strict=True)]
    return next((f"{what} {problem}" for what, a, b in pairs if (problem := _off(a, b))), "")


def _off(found: Tensor, truth: Tensor) -> str:
    limits = torch.finfo(found.dtype)
    beyond = truth.abs() > limits.max * (1 + limits.eps / 4)
    near = truth.abs() > limits.max  # what rounds to the largest number may do so
    if not (found.isfinite() | near).all() or (found.isfinite() & beyond).any():
        return "is finite where it shouldn't be, or the other way round"
    least = limits.tiny * limits.eps  # the smallest number there is
    allowed = truth.abs() * limits.eps * 0.51 + truth.abs().max() * 2e-6 + least
    worst = ((found.double() - truth).abs() / allowed)[~near].max()
    return "" if worst <= 1 else f"is off by {float(worst):.1f} times what rounding allows"
