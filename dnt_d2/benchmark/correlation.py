"""Stage "correlation": the local correlation of conv4 of two frames of 600x1000 pixels, forward and backward."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from ..layers import correlation_ops, correlation_strip, local_correlation
from ..layers.correlation_phase import phases
from .figures import Comparison, Figure, Limit, Scaling, Stage
from .floors import matmul_rate
from .memory import peak_extra_bytes
from .options import Options
from .references import all_pairs, shifted_products, unfold_einsum
from .timing import Timing, take_turns

CHANNELS, HEIGHT, WIDTH, DISPLACEMENT = 1024, 38, 63, 8
OURS, STRIPS = "dnt_d2", "strips in PyTorch"
LOOP, PAIRS, UNFOLD = "a loop of shifted products", "all pairs of positions", "unfold + einsum"
SAMPLER = "spatial-correlation-sampler"
CONTIGUOUS, LAST = "contiguous maps", "channels-last maps"
GRID = 2 * DISPLACEMENT + 1
_FLOOR = "the useful products"


def measure_correlation(options: Options) -> Stage:
    """Maps (1, 1024, 38, 63), displacements up to 8: eq. 4 with 289 products for each position."""
    shape = (1, options.scaled(CHANNELS, 16), options.scaled(HEIGHT, 4), options.scaled(WIDTH, 5))
    stage = Stage("correlation", f"Maps {shape}, d = {DISPLACEMENT}; {options.setting}")
    _forward(stage, shape, options)
    _backward(stage, shape, options)
    _peers(stage, shape, options)
    for dtype in ("bfloat16", "float16"):
        _half(stage, dtype, shape, options)
    stage.scaling += _scaling(shape, options)
    stage.notes.append(
        "The floor is the useful arithmetic, two operations for each channel, displacement and position, at the rate "
        "of a large matrix product of the same dtype. What is computed outside of the wanted band counts for nothing."
    )
    return stage


def make_maps(shape: tuple[int, ...], options: Options, dtype: torch.dtype | None = None) -> tuple[Tensor, Tensor]:
    """Two random maps; channels-last if the options say so."""
    generator = torch.Generator().manual_seed(options.seed)
    layout = torch.channels_last if options.channels_last else torch.contiguous_format
    x, y = (torch.randn(shape, generator=generator).to(options.device, dtype or options.torch_dtype) for _ in range(2))
    return x.contiguous(memory_format=layout), y.contiguous(memory_format=layout)


def _correlate(x: Tensor, y: Tensor) -> Tensor:
    return local_correlation(x, y, DISPLACEMENT)


def _turns(calls: dict[str, Callable[[], object]], options: Options, rounds: int = 9) -> dict[str, Timing]:
    return take_turns(calls, rounds=rounds, device=options.device)


def _forward(stage: Stage, shape: tuple[int, ...], options: Options) -> None:
    """In both memory layouts: of networks as they are, and with MODEL.CHANNELS_LAST."""
    floor = 2 * shape[1] * GRID**2 * shape[0] * shape[2] * shape[3] / matmul_rate(options.device, options.torch_dtype)
    calls = {}
    for layout, last in ((CONTIGUOUS, False), (LAST, True)):
        x, y = make_maps(shape, replace(options, channels_last=last))
        calls[layout] = partial(_correlate, x, y)
    # Each by itself: in turns, one would find the other's maps in the caches.
    timings = {layout: _turns({layout: call}, options)[layout] for layout, call in calls.items()}
    for layout, call in calls.items():
        extra = peak_extra_bytes(call, options.device)
        stage.figures.append(
            Figure.of(f"forward, {layout}", timings[layout], floor=floor, floor_of=_FLOOR, extra_bytes=extra)
        )
        ratio = timings[layout].median / floor
        stage.limits.append(Limit(f"correlation, forward, {layout}: against the floor", ratio, 4.0, "x"))
        if extra is not None:
            out = call()
            # What it returns is no extra.
            used = (extra - out.nbytes) / (x.nbytes + y.nbytes + out.nbytes)
            what = f"correlation, forward, {layout}: memory against inputs and output"
            stage.limits.append(Limit(what, used, 1.0, "x"))


def _backward(stage: Stage, shape: tuple[int, ...], options: Options) -> None:
    x, y = (maps.requires_grad_() for maps in make_maps(shape, options))
    out = _correlate(x, y)
    grad = torch.randn_like(out)

    def call() -> object:
        return torch.autograd.grad(out, (x, y), grad, retain_graph=True)

    timings = _turns({"forward": partial(_correlate, x.detach(), y.detach()), "backward": call}, options)
    floor = 4 * shape[1] * out.numel() / matmul_rate(options.device, options.torch_dtype)
    extra = peak_extra_bytes(call, options.device)
    stage.figures.append(Figure.of("backward", timings["backward"], floor=floor, floor_of=_FLOOR, extra_bytes=extra))
    ratio = timings["backward"].times_longer_than(timings["forward"])[0]
    stage.limits.append(Limit("correlation, backward: against forward", ratio, 3.0, "x"))
    if extra is not None:
        gradients, allowed = x.nbytes + y.nbytes, x.nbytes + y.nbytes + out.nbytes
        used = (extra - gradients) / allowed
        stage.limits.append(Limit("correlation, backward: memory against inputs and output", used, 1.0, "x"))


def _peers(stage: Stage, shape: tuple[int, ...], options: Options) -> None:
    """Other ways to the same maps, forward alone."""
    x, y = make_maps(shape, options)
    calls: dict[str, Callable[[], object]] = {
        OURS: partial(_correlate, x, y),
        LOOP: partial(shifted_products, x, y, DISPLACEMENT),
        PAIRS: partial(all_pairs, x, y, DISPLACEMENT),
    }
    if options.device == "cuda":
        calls[STRIPS] = partial(strips, x, y)
    sampler = spatial_correlation_sampler()
    if sampler is not None and options.dtype == "float32":
        calls[SAMPLER] = partial(sampler, x, y, patch_size=GRID)
    else:
        stage.notes.append("spatial-correlation-sampler can't be imported here; it builds where CUDA's headers are.")
    timings = _turns(calls, options, rounds=3)
    stage.comparisons += [Comparison.of("forward", name, OURS, timings) for name in calls if name != OURS]
    few = (shape[0], max(1, shape[1] // 16), *shape[2:])
    x, y = make_maps(few, options)
    timings = _turns({UNFOLD: partial(unfold_einsum, x, y, DISPLACEMENT), OURS: partial(_correlate, x, y)}, options, 3)
    stage.comparisons.append(
        Comparison.of(f"forward, {few[1]} channels (its copies fill the memory)", UNFOLD, OURS, timings)
    )


def strips(x: Tensor, y: Tensor) -> Tensor:
    """The correlation as it is made where there is no Triton."""
    out = correlation_ops.new_output(x, y, DISPLACEMENT, 1)
    for phase in phases(x, y, out.unflatten(1, (GRID, GRID)), DISPLACEMENT, 1, 1):
        correlation_strip.correlate(phase)
    return out


def spatial_correlation_sampler() -> Callable[..., object] | None:
    """The usual compiled operator, which few machines can build; None without it."""
    try:
        from spatial_correlation_sampler import spatial_correlation_sample
    except ImportError:
        return None
    return spatial_correlation_sample


def _half(stage: Stage, dtype: str, shape: tuple[int, ...], options: Options) -> None:
    """Half precision is to be no slower than float32."""
    wide = make_maps(shape, options, torch.float32)
    half = make_maps(shape, options, getattr(torch, dtype))
    timings = _turns({"float32": partial(_correlate, *wide), dtype: partial(_correlate, *half)}, options)
    stage.comparisons.append(Comparison.of("forward", "float32", dtype, timings))
    ratio = timings[dtype].times_longer_than(timings["float32"])[0]
    stage.limits.append(Limit(f"correlation, forward: {dtype} against float32", ratio, 1.0, "x"))


def _scaling(shape: tuple[int, ...], options: Options) -> list[Scaling]:
    """Doubling the pictures, the channels, the height, the displacement."""
    count, channels, height, width = shape
    kinds: dict[str, tuple[list[tuple[tuple[int, ...], int]], tuple[int, ...], str]] = {
        "pictures": ([((n, channels, height, width), DISPLACEMENT) for n in (1, 2, 4)], (1, 2, 4), "linear"),
        "channels": (
            [((count, channels * n // 2, height, width), DISPLACEMENT) for n in (1, 2, 4)],
            tuple(channels * n // 2 for n in (1, 2, 4)),
            "linear in products, while the output stays the same",
        ),
        "rows of cells": (
            [((count, channels, height * n // 2, width), DISPLACEMENT) for n in (1, 2, 4)],
            tuple(height * n // 2 for n in (1, 2, 4)),
            "linear",
        ),
        "d": ([(shape, d) for d in (4, 8, 16)], (4, 8, 16), "the output grows with (2 d + 1)^2: 3.6x and 3.8x"),
    }
    found = []
    for of, (cases, sizes, stated) in kinds.items():
        calls = {
            str(size): partial(local_correlation, *make_maps(case, options), d)
            for size, (case, d) in zip(sizes, cases, strict=True)
        }
        timings = _turns(dict(calls), options, rounds=3)
        seconds = tuple(timings[name].median for name in calls)
        extra = tuple(peak_extra_bytes(call, options.device) for call in calls.values())
        found.append(Scaling("forward", of, sizes, seconds, extra, stated))
    return found
