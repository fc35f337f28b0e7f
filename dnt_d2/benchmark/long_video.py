"""Stage "long_video": memory over a long video, which must not grow with it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from detectron2.config import CfgNode
from numpy.typing import NDArray

from ..predictor import VideoPredictor
from .figures import Limit, Stage, Table
from .networks import load_config, made_clip, random_network
from .options import Options
from .resident import watch_peak
from .stand_in import StandIn

CONFIG = "minivid/DnT_EfficientNet_Lite0.yaml"
FRAMES, REAL_FRAMES, FIRST = 36_000, 2_000, 500
"""Frames through the stand-in and through a network; and the one after which memory must not grow."""
LIMIT_MB = 50.0
MODES: dict[str, dict[str, Any]] = {
    "offline": {},
    "offline, windows of 250 frames": {"window": 250},
    "online": {"mode": "online"},
}


@dataclass(frozen=True)
class Played:
    """What a long video took.

    Attributes:
        frames: how many results there were.
        boxes: tracked boxes in all of them.
        growth: bytes, by which the largest resident memory of the process grew after the first frames; None where the
            system doesn't tell.
        seconds: of the whole video.
        spilled: bytes in the temporary file at the end; 0 where there is none.
    """

    frames: int
    boxes: int
    growth: int | None
    seconds: float
    spilled: int


def measure_long_video(options: Options) -> Stage:
    """36,000 frames through a stand-in with outputs of a network's sizes, 2,000 through a network."""
    stage = Stage("long_video", f"300 boxes, 30 classes, 20 objects in every frame; {options.setting}")
    cfg = load_config(CONFIG, "MODEL.DEVICE", options.device, "MODEL.ROI_HEADS.NUM_CLASSES", 30)
    model = random_network(cfg, seed=options.seed)
    rows = []
    for network, frames in ("stand-in", options.scaled(FRAMES, 20)), ("network", options.scaled(REAL_FRAMES, 20)):
        for name, settings in MODES.items():
            if network == "network" and "window" in settings:
                continue
            predictor = make_predictor(cfg, model, settings, stand_in=network == "stand-in")
            played = play_through(predictor, frames, first=options.scaled(FIRST, 10))
            what = f"{frames:,} frames through a {network}, {name}"
            if played.growth is not None:
                stage.limits.append(Limit(f"{what}: memory", played.growth / 1e6, LIMIT_MB, "MB"))
            grown = "unknown" if played.growth is None else f"{played.growth / 1e6:.1f}"
            times = f"{1000 * played.seconds / frames:.1f}", f"{played.spilled / frames / 1000:.1f}"
            rows.append((network, name, frames, grown, *times, f"{played.boxes / frames:.1f}"))
    headers = (
        "what computes",
        "mode",
        "frames",
        "growth, MB",
        "ms a frame",
        "on the disk, kB a frame",
        "boxes a frame",
    )
    stage.tables.append(Table("Growth of the process, at most, after the first 500 frames:", headers, tuple(rows)))
    stage.notes.append(
        "A video of 20 frames goes first, for what is compiled or loaded once. The growth is that of the high-water "
        "mark of the resident memory from frame 500 on, linking and reading the results at the end included. A "
        "stand-in gives boxes that wander, all of them tracked; so much is on the disk, offline, of as many candidates "
        "and classes as the paper's. The network is EfficientNet-Lite0 with random weights."
    )
    return stage


def make_predictor(cfg: CfgNode, model: Any, settings: dict[str, Any], *, stand_in: bool) -> VideoPredictor:
    """A predictor of a network, or of a :class:`.stand_in.StandIn` of its number of classes."""
    predictor = VideoPredictor(cfg, model=model, **settings)
    if stand_in:
        predictor.stream_model = StandIn(num_classes=cfg.MODEL.ROI_HEADS.NUM_CLASSES)  # type: ignore[assignment]
        predictor.reset()
    return predictor


def play_through(predictor: VideoPredictor, frames: int, *, first: int = FIRST, warm: int = 20) -> Played:
    """Run a predictor over one long video, and drop each result.

    Args:
        predictor: of any mode.
        frames: how many.
        first: the frame from which on memory is watched.
        warm: length of a video that is run before.
    """
    clip = list(made_clip(8, 96, 128))
    for _ in predictor.stream(_playing(clip, warm)):
        pass
    peak, peaks, spilled = watch_peak(), [0], [0]

    def watched() -> Iterator[NDArray[np.uint8]]:
        for t, frame in enumerate(_playing(clip, frames)):
            if t == first and peak is not None:
                peaks[0] = peak()
            yield frame
            spilled[0] = predictor.spilled_bytes

    count = boxes = 0
    start = time.perf_counter()
    for result in predictor.stream(watched(), frames_ahead=0):
        count += 1
        boxes += len(result.instances)
    seconds = time.perf_counter() - start
    growth = None if peak is None else peak() - peaks[0]
    return Played(count, boxes, growth, seconds, spilled[0])


def _playing(clip: list[NDArray[np.uint8]], frames: int) -> Iterator[NDArray[np.uint8]]:
    """A clip over and over."""
    for t in range(frames):
        yield clip[t % len(clip)]
