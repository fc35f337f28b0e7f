"""Stage "training": what a step costs, D&T against D, and what else changes it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from detectron2.config import CfgNode
from detectron2.structures import Boxes, Instances
from detectron2.utils.events import EventStorage
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from ..modeling import DetectAndTrack
from .figures import Comparison, Figure, Limit, Scaling, Stage, Table
from .floors import matmul_rate
from .memory import peak_extra_bytes
from .networks import D, another_way, load_config, random_network
from .options import Options
from .stopwatch import Part, Stopwatch
from .timing import Timing, take_turns
from .training_step import TrainingStep, losses_by_two_passes, made_pairs, single_frames, still

CONFIG = "DnT_R_50.yaml"
FULL = (320, 512)
"""Height and width of a frame."""
ALONE, TRACKED = "D", "D&T"
NEARLY_ZERO = ("SOLVER.BASE_LR", 1e-12)  # all steps begin with the same weights


def measure_training(options: Options) -> Stage:
    """ResNet-50 with random weights, conv1 and conv2 frozen, 30 classes, 300 proposals; an update of a pair."""
    keys = ("MODEL.DEVICE", options.device, "MODEL.CHANNELS_LAST", options.channels_last)
    cfg = load_config(CONFIG, *keys, *NEARLY_ZERO)
    model = random_network(cfg, seed=options.seed)
    # What is no limit is measured on frames half as high and wide, where a CPU is to be done in minutes.
    size, part = (scaled(FULL, options, share) for share in (1.0, 0.5 if options.device == "cpu" else 1.0))
    stage = Stage("training", f"{options.setting}; ResNet-50 with random weights, 30 classes, 300 proposals")
    _tracking(stage, cfg, model, size, options)
    _precisions(stage, cfg, model, part, options)
    _stills(stage, cfg, model, part, options)
    _mining(stage, cfg, model, options)
    _scaling(stage, cfg, model, part, options)
    return stage


def scaled(size: tuple[int, int], options: Options, share: float) -> tuple[int, int]:
    """A share of a frame's height and width, in whole cells of the network."""
    height, width = (max(64, round(side * share * options.scale / 16) * 16) for side in size)
    return height, width


def _turns(calls: dict[str, Callable[[], object]], options: Options, rounds: int) -> dict[str, Timing]:
    return take_turns(calls, rounds=rounds if options.device == "cpu" else 5 * rounds, device=options.device)


def _compare(stage: Stage, what: str, calls: dict[str, Callable[[], object]], options: Options, rounds: int) -> None:
    before, after = calls
    stage.comparisons.append(Comparison.of(what, before, after, _turns(calls, options, rounds)))


def _pairs(cfg: CfgNode, count: int, size: tuple[int, int], options: Options) -> list[dict[str, Any]]:
    return made_pairs(count, size, options.seed, classes=cfg.MODEL.ROI_HEADS.NUM_CLASSES)


def _tracking(stage: Stage, cfg: CfgNode, model: DetectAndTrack, size: tuple[int, int], options: Options) -> None:
    """The price of tracking: a pair for D&T, its two frames for D."""
    pairs, what = _pairs(cfg, 1, size, options), f"a step on two frames of {size[0]}x{size[1]}"
    alone = another_way(model, cfg, *D)
    steps = {
        ALONE: TrainingStep(alone, cfg, single_frames(pairs), options.torch_dtype),
        TRACKED: TrainingStep(model, cfg, pairs, options.torch_dtype),
    }
    timings = _turns(dict(steps), options, 5)
    rate = matmul_rate(options.device, options.torch_dtype)
    for name, step in steps.items():
        with FlopCounterMode(display=False) as counter:
            step()
        floor, extra = counter.get_total_flops() / rate, peak_extra_bytes(step, options.device)
        figure = Figure.of(
            f"{name}, {what}", timings[name], floor=floor, floor_of="its convolutions' arithmetic", extra_bytes=extra
        )
        stage.figures.append(figure)
    ratio, low, high = timings[TRACKED].times_longer_than(timings[ALONE])
    stage.limits.append(Limit(f"{TRACKED} against {ALONE}, {what}", ratio, 1.15, "x"))
    stage.notes.append(f"A step of {TRACKED} takes {ratio:.3f}x of one of {ALONE} ({low:.3f}-{high:.3f}).")
    rounds = 1 if options.device == "cpu" else 10
    stage.tables.append(breakdown(steps, f"Where the time of {what} goes:", options, rounds))


def breakdown(steps: dict[str, TrainingStep], title: str, options: Options, rounds: int) -> Table:
    """Milliseconds of each part of steps that are warm, with a column for each. Before "gradients" it goes forward."""
    columns = []
    for step in steps.values():
        with Stopwatch(_parts(step), device=options.device) as watch:
            for _ in range(rounds):
                step()
        columns.append({name: 1e3 * seconds / rounds for name, seconds in watch.seconds.items()})
    names = list(dict.fromkeys(name for column in reversed(columns) for name in column))
    rows = [(name, *(column.get(name, 0.0) for column in columns)) for name in names]
    rows.append(("all", *(sum(column.values()) for column in columns)))
    return Table(title, ("part", *(f"ms, {name}" for name in steps)), tuple(rows))


def _parts(step: TrainingStep) -> list[Part]:
    model = step.model
    parts = [
        Part("normalise, pad, batch", model, "preprocess"),
        Part("trunk", model.backbone, "forward"),
        Part("position-sensitive maps", model.roi_heads, "maps"),
        Part("RPN and its losses", model.proposal_generator, "forward"),
        Part("RoI losses, OHEM", model.roi_heads, "losses"),
    ]
    if model.track_head is not None:
        parts += [
            Part("correlation", model.track_head, "correlate"),
            Part("track maps and loss", model.track_head, "losses"),
        ]
    return [*parts, Part("gradients", step, "backward"), Part("update", step, "update")]


def _precisions(stage: Stage, cfg: CfgNode, model: DetectAndTrack, size: tuple[int, int], options: Options) -> None:
    """Half precision, and channels-last."""
    pairs, what = _pairs(cfg, 1, size, options), f"a step of {TRACKED} on two frames of {size[0]}x{size[1]}"
    halves = {"bfloat16": torch.bfloat16} | ({"float16": torch.float16} if options.device == "cuda" else {})
    usual, layout = f"{options.dtype}", " channels-last" if options.channels_last else ""
    ways = {f"{name}{layout}": (dtype, options.channels_last) for name, dtype in halves.items() if name != usual}
    ways |= {f"{usual}{'' if layout else ' channels-last'}": (options.torch_dtype, not options.channels_last)}
    ways |= {f"{name}{'' if layout else ' channels-last'}": (dtype, not layout) for name, dtype in halves.items()}
    for name, (dtype, last) in ways.items():
        other = another_way(model, cfg, "MODEL.CHANNELS_LAST", bool(last))
        calls: dict[str, Callable[[], object]] = {
            f"{usual}{layout}": TrainingStep(model, cfg, pairs, options.torch_dtype),
            name: TrainingStep(other, cfg, pairs, dtype),
        }
        _compare(stage, what, calls, options, 3)
    stage.notes.append(
        "Detectron2's AMPTrainer (SOLVER.AMP.ENABLED) trains in float16 with a scaled loss, on GPUs alone; bfloat16, "
        "and any half precision on a CPU, is timed here by the same step under `torch.autocast`."
    )


def _stills(stage: Stage, cfg: CfgNode, model: DetectAndTrack, size: tuple[int, int], options: Options) -> None:
    """A still image is a pair of itself: its trunk needs one pass."""
    (pair,) = _pairs(cfg, 1, size, options)
    calls: dict[str, Callable[[], object]] = {
        f"{passes} of the trunk": TrainingStep(model, cfg, [still(pair, known=known)], options.torch_dtype)
        for passes, known in (("two passes", False), ("one pass", True))
    }
    what = f"a step of {TRACKED} on a still of {size[0]}x{size[1]}"
    _compare(stage, what, calls, options, 3)


def _mining(stage: Stage, cfg: CfgNode, model: DetectAndTrack, options: Options) -> None:
    """OHEM: 128 of 300 RoIs of two frames, with gradients as far as the maps."""
    heads, device = model.roi_heads.train(), model.device
    generator = torch.Generator().manual_seed(options.seed)
    frames = single_frames(_pairs(cfg, 1, FULL, options))
    targets = [x["instances"].to(device) for x in frames]
    features = torch.randn(2, heads.reduction.in_channels, FULL[0] // 16, FULL[1] // 16, generator=generator).to(device)
    with torch.no_grad():
        cls_maps, box_maps = (x.float() for x in heads.maps({heads.in_feature: features}))
    proposals = [_proposals(options.scaled(300, 10), generator).to(device) for _ in frames]

    def learn(losses: Callable[[tuple[Tensor, Tensor]], dict[str, Tensor]]) -> None:
        leaves = cls_maps.clone().requires_grad_(), box_maps.clone().requires_grad_()
        with EventStorage():
            torch.stack(list(losses(leaves).values())).sum().backward()

    each_its_own = torch.arange(2, device=device)
    ways: dict[str, Callable[[tuple[Tensor, Tensor]], dict[str, Tensor]]] = {
        "a second forward pass": lambda x: losses_by_two_passes(heads, x, proposals, targets),
        "one forward pass": lambda x: heads.losses(*x, proposals, targets, each_its_own),
    }
    calls: dict[str, Callable[[], object]] = {name: partial(learn, losses) for name, losses in ways.items()}
    what = "OHEM of 300 RoIs in each of two frames, losses and gradients of the maps"
    _compare(stage, what, calls, options, 5)


def _proposals(count: int, generator: torch.Generator) -> Instances:
    limit = torch.tensor([FULL[1], FULL[0]])
    corner = limit * 0.7 * torch.rand(count, 2, generator=generator)
    boxes = torch.cat([corner, corner + 20 + 100 * torch.rand(count, 2, generator=generator)], dim=1)
    return Instances(FULL, proposal_boxes=Boxes(boxes), objectness_logits=torch.zeros(count))


def _scaling(stage: Stage, cfg: CfgNode, model: DetectAndTrack, size: tuple[int, int], options: Options) -> None:
    """Doubling the batch."""
    sizes = (1, 2, 4)
    calls: dict[str, Callable[[], object]] = {
        str(n): TrainingStep(model, cfg, _pairs(cfg, n, size, options), options.torch_dtype) for n in sizes
    }
    timings = _turns(calls, options, 2)
    extra = tuple(peak_extra_bytes(call, options.device) for call in calls.values())
    seconds = tuple(timings[name].median for name in calls)
    stage.scaling.append(Scaling(f"a step of {TRACKED}", "pairs", sizes, seconds, extra, "linear"))
