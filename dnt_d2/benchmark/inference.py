"""Stage "inference": what a frame costs, D&T against D, and what else changes it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from detectron2.config import CfgNode
from torch.utils.flop_counter import FlopCounterMode

from ..demo import ResultDrawer, write_live
from ..modeling import DetectAndTrack, folded
from ..predictor import VideoPredictor
from ..video import VideoWriter, read_frames
from .breakdown import breakdown_table, time_parts
from .figures import Comparison, Figure, Limit, Scaling, Stage
from .floors import matmul_rate
from .memory import peak_extra_bytes
from .networks import D, Player, another_way, changed, load_config, made_clip, network_inputs, random_network
from .options import Options
from .timing import Timing, take_turns

CONFIG = "DnT_R_101.yaml"
FULL = (600, 1000)
"""Height and width of a frame, as in the paper."""
SMALL_CONFIG, SMALL_SIZE, CLIP_FRAMES = "DnT_R_50.yaml", (96, 160), 32
"""A network that is about as fast as decoding, drawing and encoding are."""
ALONE, TRACKED = "D", "D&T"
PAIRS, STREAM = "each pair by itself", "streaming"
APART, FOLDED = "batch norms apart", "folded into convolutions"
SERIAL, QUEUES = "one after the other", "bounded queues"


def measure_inference(options: Options) -> Stage:
    """ResNet-101 with random weights, 30 classes, 300 proposals, all of them tracked."""
    full = scaled(FULL, options, 1.0)
    cfg = config(options, CONFIG, full)
    model = random_network(cfg, seed=options.seed)
    # What is no limit is measured on frames half as high and wide, where a CPU is to be done in minutes.
    part = scaled(FULL, options, 0.5 if options.device == "cpu" else 1.0)
    size = f"{full[0]}x{full[1]}"
    stage = Stage("inference", f"{options.setting}; ResNet-101 with random weights, 30 classes, 300 proposals")
    _tracking(stage, cfg, model, full, options)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        clip = write_clip(Path(folder, "clip.mp4"), 4, (full[0] * 6 // 5, full[1] * 6 // 5), options.seed)
        names = [str(c) for c in range(30)]
        watch = time_parts(cfg, folded(model), clip, Path(folder, "drawn.mp4"), names=names, device=options.device)
        title = f"Where the time of a frame goes ({size}, online, one part after the other):"
        stage.tables.append(breakdown_table(watch, title))
        _queues(stage, Path(folder), options)
    _ways(stage, cfg, model, part, options)
    _scaling(stage, cfg, model, part, options)
    return stage


def config(options: Options, name: str, size: tuple[int, int]) -> CfgNode:
    """A config as the options want it, for pictures of at most this height and width."""
    keys = ("MODEL.DEVICE", options.device, "TEST.PRECISION", options.dtype, "MODEL.CHANNELS_LAST")
    sides = ("INPUT.MIN_SIZE_TEST", size[0], "INPUT.MAX_SIZE_TEST", size[1])
    return load_config(name, *keys, options.channels_last, *sides)


def scaled(size: tuple[int, int], options: Options, share: float) -> tuple[int, int]:
    """A share of a frame's height and width, in whole cells of the network."""
    height, width = (max(64, round(side * share * options.scale / 4) * 4) for side in size)
    return height, width


def write_clip(path: Path, frames: int, size: tuple[int, int], seed: int) -> Path:
    """A made-up video file."""
    with VideoWriter(path, 25.0) as writer:
        for frame in made_clip(frames, *size, seed):
            writer.write(frame)
    return path


def _clip(size: tuple[int, int], options: Options) -> list[dict[str, Any]]:
    return network_inputs(made_clip(4, *size, options.seed))


def _turns(calls: dict[str, Callable[[], object]], options: Options, rounds: int) -> dict[str, Timing]:
    return take_turns(calls, rounds=rounds if options.device == "cpu" else 3 * rounds, device=options.device)


def _tracking(stage: Stage, cfg: CfgNode, model: DetectAndTrack, size: tuple[int, int], options: Options) -> None:
    """The price of tracking: D&T against D, frame after frame."""
    clip, what = _clip(size, options), f"a frame of {size[0]}x{size[1]}, streaming"
    tracked, alone = Player(folded(model), clip), Player(folded(another_way(model, cfg, *D)), clip)
    timings = _turns({TRACKED: tracked, ALONE: alone}, options, 15)
    rate = matmul_rate(options.device, options.torch_dtype)
    for name, player in {ALONE: alone, TRACKED: tracked}.items():
        with FlopCounterMode(display=False) as counter:
            player()
        floor = counter.get_total_flops() / rate
        stage.figures.append(
            Figure.of(f"{name}, {what}", timings[name], floor=floor, floor_of="its convolutions' arithmetic")
        )
    ratio, low, high = timings[TRACKED].times_longer_than(timings[ALONE])
    stage.limits.append(Limit(f"{TRACKED} against {ALONE}, {what}", ratio, 1.08, "x"))
    (output,) = tracked.outputs
    scores = output["link_candidates"].class_scores
    stage.notes.append(
        f"{TRACKED} takes {ratio:.3f}x of {ALONE} ({low:.3f}-{high:.3f}). In the last frame of the comparison "
        f"{len(output['tracklets'])} tracks ended; of the scores of {len(scores)} boxes and {scores.shape[1]} classes "
        f"{int((scores > 0.001).sum())} were above 0.001, and {len(output['instances'])} detections were left. "
        "A trained network tracks no more boxes than all."
    )


def _ways(stage: Stage, cfg: CfgNode, model: DetectAndTrack, size: tuple[int, int], options: Options) -> None:
    """Other ways to run the same network on the same frames."""
    clip, what = _clip(size, options), f"a frame of {size[0]}x{size[1]}"
    pair = clip[0] | {"next_image": clip[1]["image"]}
    calls: dict[str, Callable[[], object]] = {
        PAIRS: torch.no_grad()(partial(model, [pair])),
        STREAM: Player(model, clip),
    }
    stage.comparisons.append(Comparison.of(f"{what}, tracked", PAIRS, STREAM, _turns(calls, options, 3)))
    calls = {APART: Player(model, clip), FOLDED: Player(folded(model), clip)}
    stage.comparisons.append(Comparison.of(what, APART, FOLDED, _turns(calls, options, 3)))
    batches = {f"batches of {n}": Player(model, clip, n) for n in (1, 2, 4)}
    timings = _turns(dict(batches), options, 2)
    each = {f"batches of {n}": Timing(tuple(s / n for s in timings[f"batches of {n}"].seconds)) for n in (1, 2, 4)}
    stage.comparisons += [Comparison.of(what, "batches of 1", f"batches of {n}", each) for n in (2, 4)]
    halves = ("bfloat16",) if options.device == "cpu" else ("bfloat16", "float16")
    for precision, last in (
        (options.dtype, not options.channels_last),
        *((x, y) for x in halves for y in (False, True)),
    ):
        other = folded(another_way(model, cfg, "TEST.PRECISION", precision, "MODEL.CHANNELS_LAST", last))
        before, after = way(options.dtype, options.channels_last), way(precision, last)
        if before != after:
            timings = _turns({before: Player(folded(model), clip), after: Player(other, clip)}, options, 3)
            stage.comparisons.append(Comparison.of(what, before, after, timings))


def way(precision: str, channels_last: bool) -> str:
    """In words."""
    return f"{precision}, channels-last" if channels_last else precision


def _queues(stage: Stage, folder: Path, options: Options) -> None:
    """Decode, resize, network, drawing and encoding: one after the other, or all at once."""
    height, width = scaled(SMALL_SIZE, options, 1.0)
    cfg = config(options, SMALL_CONFIG, (height, width))
    predictor = VideoPredictor(cfg, model=random_network(cfg, seed=options.seed), mode="online")
    frames = options.scaled(CLIP_FRAMES, 3)
    clip = write_clip(folder / "long.mp4", frames, scaled((720, 1280), options, 1.0), options.seed)
    names, target = [str(c) for c in range(30)], folder / "drawn.mp4"
    calls: dict[str, Callable[[], object]] = {
        SERIAL: partial(draw_serially, predictor, clip, names, target),
        QUEUES: partial(write_live, predictor, clip, names, target),
    }
    timings = {
        name: Timing(tuple(s / frames for s in timing.seconds))
        for name, timing in take_turns(calls, rounds=3, device=options.device).items()
    }
    what = f"a frame of 720x1280 from file to file, ResNet-50 at {height}x{width}"
    stage.comparisons.append(Comparison.of(what, SERIAL, QUEUES, timings))
    stage.notes.append(
        "Bounded queues gain where decoding, drawing or the network leave a processor idle: with a GPU, or with more "
        "cores than the network keeps busy. On two cores that it shares with them they can lose."
    )


def draw_serially(predictor: VideoPredictor, source: Path, names: list[str], target: Path) -> None:
    """What :func:`dnt_d2.demo.write_live` does, one frame and one part after the other."""
    draw = ResultDrawer(names)
    predictor.reset()
    with VideoWriter(target, 25.0) as writer:
        for frame in read_frames(source):
            (result,) = predictor.step(frame)
            writer.write(draw(frame, result))


def _scaling(stage: Stage, cfg: CfgNode, model: DetectAndTrack, size: tuple[int, int], options: Options) -> None:
    """Doubling the video, the proposals, the classes."""
    clip, small = _clip(size, options), _clip(scaled(FULL, options, 0.25), options)

    def video(frames: int) -> Callable[[], object]:
        def run() -> None:
            player = Player(model, small)
            for _ in range(frames):
                player()

        return run

    def network(key: str, count: int) -> Callable[[], object]:
        return Player(random_network(changed(cfg, key, count), seed=options.seed), clip)

    network_bound = "less than linear: the trunk doesn't depend on it"
    kinds: dict[str, tuple[tuple[int, ...], Callable[[int], Callable[[], object]], str]] = {
        "frames": ((2, 4, 8), video, "time linear, memory constant"),
        "proposals": ((150, 300, 600), partial(network, "MODEL.RPN.POST_NMS_TOPK_TEST"), network_bound),
        "classes": ((15, 30, 60), partial(network, "MODEL.ROI_HEADS.NUM_CLASSES"), network_bound),
    }
    for of, (sizes, make, stated) in kinds.items():
        calls = {str(n): make(n) for n in sizes}
        timings = _turns(calls, options, 3)
        seconds = tuple(timings[name].median for name in calls)
        extra = tuple(peak_extra_bytes(call, options.device) for call in calls.values())
        stage.scaling.append(Scaling("D&T, streaming", of, sizes, seconds, extra, stated))
