"""Stage "psroi": position-sensitive RoI pooling of the class maps and the box maps, forward and backward."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor
from torchvision.ops import ps_roi_pool as torchvision_pool

from ..layers import ps_roi_integral, ps_roi_pool
from ..layers.ps_roi_bins import make_bins
from .figures import Comparison, Figure, Limit, Scaling, Stage
from .floors import copy_rate
from .memory import peak_extra_bytes
from .options import Options
from .timing import Timing, take_turns

Pool = Callable[[Tensor, Tensor, int, float], Tensor]
K, SCALE, HEIGHT, WIDTH = 7, 1 / 16, 38, 63
OURS, PYTORCH, TORCHVISION, MASKS = "dnt_d2", "PyTorch alone", "torchvision", "a mask per bin"
_GROWTH = {
    "cpu": "constant but for the sums of bins: the integral images don't depend on RoIs",
    "cuda": "linear, where the launch is not all of the time: bins are summed one by one",
}


def measure_psroi(options: Options) -> Stage:
    """Class maps of 30 classes and box maps of a frame of 600x1000 pixels, at 300 RoIs, as in testing."""
    stage = Stage("psroi", f"Maps of 38 x 63 cells, 7 x 7 bins; {options.setting}")
    rois = options.scaled(300)
    for what, outputs in ("class maps (31 x 49)", 31), ("box maps (4 x 49)", 4):
        maps, boxes = make_maps(outputs, options), make_rois(rois, options)
        _forward_and_backward(stage, f"{what}, {rois} RoIs", maps, boxes, options)
    stage.scaling += [
        _scaling("RoIs", (150, 300, 600), _GROWTH[options.device], options),
        _scaling("classes", (15, 30, 60), "linear", options),
    ]
    stage.notes.append(
        "torchvision's `ps_roi_pool` computes something else: it rounds corners after scaling, and never reads the "
        "last row and column. It is here since it is what people would use."
    )
    return stage


def make_maps(outputs: int, options: Options) -> Tensor:
    """(1, outputs * 49, 38, 63) random maps."""
    generator = torch.Generator().manual_seed(options.seed)
    return torch.randn(1, outputs * K * K, HEIGHT, WIDTH, generator=generator).to(options.device, options.torch_dtype)


def make_rois(count: int, options: Options) -> Tensor:
    """(count, 5) boxes in a picture of 600x1000 pixels, of the RPN's sizes (22.6 to 362 pixels) and shapes."""
    generator = torch.Generator().manual_seed(options.seed + 1)
    side = 22.6 * 2 ** torch.randint(0, 5, (count, 1), generator=generator)
    shape = 2 ** (torch.randint(-1, 2, (count, 1), generator=generator) / 2)
    half = torch.cat([side * shape, side / shape], dim=1) / 2
    limit = torch.tensor([999.0, 599.0])
    center = torch.rand(count, 2, generator=generator) * limit
    corners = [(center - half).clamp_min(0), torch.minimum(center + half, limit)]
    return torch.cat([torch.zeros(count, 1), *corners], dim=1).to(options.device)


def masked_means(maps: Tensor, rois: Tensor, k: int, scale: float) -> Tensor:
    """What `ps_roi_pool` gives for one picture, by a product per bin with a mask of its cells: a slow reference."""
    height, width = maps.shape[2:]
    masks = []
    for low, high, limit in (rois[:, 2], rois[:, 4], height), (rois[:, 1], rois[:, 3], width):
        start = (low + 0.5).floor() * scale
        size = (((high + 0.5).floor() + 1) * scale - start).clamp_min(0.1) / k
        edges = torch.arange(k + 1, device=rois.device) * size[:, None] + start[:, None]
        cells = torch.arange(limit, device=rois.device)
        inside = (cells >= edges[:, :-1, None].floor()) & (cells < edges[:, 1:, None].ceil())  # (R, k, cells)
        masks.append(inside.to(maps.dtype))
    rows, columns = (mask / mask.sum(2, keepdim=True).clamp_min(1) for mask in masks)
    return torch.einsum("rih,dijhw,rjw->rdij", rows, maps[0].unflatten(0, (-1, k, k)), columns)


def _forward_and_backward(stage: Stage, what: str, maps: Tensor, rois: Tensor, options: Options) -> None:
    pools: dict[str, Pool] = {OURS: ps_roi_pool, PYTORCH: _pytorch, TORCHVISION: _as_torchvision, MASKS: masked_means}
    forward = {name: partial(pool, maps, rois, K, SCALE) for name, pool in pools.items()}
    timings = take_turns(forward, device=options.device)
    moved = maps.nbytes + forward[OURS]().nbytes
    extra = peak_extra_bytes(forward[OURS], options.device)
    _add(stage, f"pool {what}", timings, moved, extra, options)
    leaf = maps.clone().requires_grad_()
    results = {name: pools[name](leaf, rois, K, SCALE) for name in (OURS, TORCHVISION)}
    weights = torch.randn_like(results[OURS])

    def back(name: str) -> None:
        result = results[name]
        torch.autograd.grad(result, leaf, weights.view_as(result), retain_graph=True)

    def back_pytorch() -> None:
        bins = make_bins(rois, K, SCALE, HEIGHT, WIDTH)
        ps_roi_integral.spread(weights, bins, torch.empty_like(maps), K)

    calls: dict[str, Callable[[], object]] = {name: partial(back, name) for name in results}
    timings = take_turns({**calls, PYTORCH: back_pytorch}, device=options.device)
    extra = peak_extra_bytes(partial(back, OURS), options.device)
    _add(stage, f"gradient of {what}", timings, moved, extra, options)


def _add(
    stage: Stage, what: str, timings: Mapping[str, Timing], moved: int, extra: int | None, options: Options
) -> None:
    ours = timings[OURS]
    # A copy moves each byte twice, the least that pooling can do is to read or write each once.
    floor = moved / (2 * copy_rate(options.device))
    stage.figures.append(Figure.of(what, ours, floor=floor, floor_of="reading the maps", extra_bytes=extra))
    stage.comparisons += [Comparison.of(what, name, OURS, timings) for name in timings if name != OURS]
    stage.limits.append(
        Limit(f"{what}: against torchvision", ours.times_longer_than(timings[TORCHVISION])[0], 1.0, "x")
    )


def _pytorch(maps: Tensor, rois: Tensor, k: int, scale: float) -> Tensor:
    return ps_roi_integral.pool(maps, make_bins(rois, k, scale, *maps.shape[2:]), k)


def _as_torchvision(maps: Tensor, rois: Tensor, k: int, scale: float) -> Tensor:
    # Its channels are in the same order; it pools all dtypes alike, and wants one for both.
    return torchvision_pool(maps, rois.to(maps.dtype), k, scale)


def _scaling(of: str, sizes: tuple[int, ...], stated: str, options: Options) -> Scaling:
    seconds, extra = [], []
    for size in sizes:
        maps = make_maps(options.scaled(size) + 1 if of == "classes" else 31, options)
        rois = make_rois(options.scaled(size) if of == "RoIs" else options.scaled(300), options)
        pool = partial(ps_roi_pool, maps, rois, K, SCALE)
        seconds.append(take_turns({OURS: pool}, rounds=5, device=options.device)[OURS].median)
        extra.append(peak_extra_bytes(pool, options.device))
    what = "pool the class maps" if of == "RoIs" else "pool the class maps at 300 RoIs"
    return Scaling(what, of, tuple(options.scaled(size) for size in sizes), tuple(seconds), tuple(extra), stated)
