"""Point "numbers", of shapes: pictures of a pixel, or fifty times as long as wide; boxes of no area, or everywhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from detectron2.structures import Boxes, Instances
from detectron2.utils.events import EventStorage
from torch import Tensor

from ..benchmark.networks import random_network
from ..modeling import DetectAndTrack, VideoStream
from ..predictor import VideoPredictor
from .record import Fault, Work
from .small_run import small_config

SIZES = ((1, 1), (1, 16), (16, 1), (16, 16), (7, 3), (33, 65), (2000, 16), (16, 2000), (64, 96), (5000, 1), (1, 5000))
"""Height and width of pictures; the largest side of what is trained on is 2000."""


def run(work: Work) -> Iterator[Fault]:
    """Training steps on drawn pairs, then videos, with a network of random weights."""
    rng = np.random.default_rng(work.seed)
    model = random_network(small_config("MODEL.ROI_HEADS.NUM_CLASSES", 3), seed=work.seed)
    yield _training(model, rng, work.scaled(150))
    yield _testing(model, rng, work.scaled(50))


def _training(model: DetectAndTrack, rng: np.random.Generator, times: int) -> Fault:
    start, wrong, refused = time.perf_counter(), [], 0
    for n in range(times):
        item = make_pair(rng)
        broken = any(not x.gt_boxes.tensor.isfinite().all() for x in (item["instances"], item["next_instances"]))
        try:
            problem = train(model, item)
        except FloatingPointError as error:
            problem = "" if broken and str(error).startswith(item["file_name"]) else repr(error)
            refused += not problem
        except Exception as error:  # whatever it is, it is counted
            problem = repr(error)
        wrong += [f"case {n}, {tuple(item['image'].shape[1:])}: {problem}"] if problem else []
    return Fault(
        "numbers",
        "training steps on pictures of odd shapes, with boxes without area, across the border, NaN, or none",
        "finite losses, and a finite gradient of every parameter; for a NaN an error that names the picture",
        injected=times,
        survived=times - len(wrong),
        lost=0,
        unit="inputs",
        seconds=time.perf_counter() - start,
        details={"refused for a NaN": refused, "wrong": wrong[:10]},
    )


def train(model: DetectAndTrack, item: dict[str, Any]) -> str:
    """A step without its update; what is wrong with it, or nothing."""
    model.train().zero_grad()
    with EventStorage():
        losses: dict[str, Tensor] = model([item])
    torch.stack(list(losses.values())).sum().backward()
    for name, loss in losses.items():
        if not loss.isfinite():
            return f"{name} is {float(loss)}"
    for name, p in model.named_parameters():
        if p.requires_grad and (p.grad is None or not p.grad.isfinite().all()):
            return f"the gradient of {name} is {'missing' if p.grad is None else 'not finite'}"
    return ""


def _testing(model: DetectAndTrack, rng: np.random.Generator, times: int) -> Fault:
    start, wrong = time.perf_counter(), []
    cfg = small_config("MODEL.ROI_HEADS.NUM_CLASSES", 3)
    model.eval()
    for n in range(times):
        size = SIZES[rng.integers(len(SIZES))]
        frames = [rng.integers(0, 256, (*size, 3), dtype=np.uint8) for _ in range(rng.integers(1, 4))]
        try:
            problem = stream(model, frames) or predict(cfg, model, frames, "online" if n % 2 else "offline")
        except Exception as error:  # whatever it is, it is counted
            problem = repr(error)
        wrong += [f"case {n}, {len(frames)} frames of {size}: {problem}"] if problem else []
    return Fault(
        "numbers",
        "videos of one to three frames of odd shapes",
        "VideoStream and VideoPredictor give a result for every frame: finite, inside the picture",
        injected=times,
        survived=times - len(wrong),
        lost=0,
        unit="inputs",
        seconds=time.perf_counter() - start,
        details={"wrong": wrong[:10]},
    )


def stream(model: DetectAndTrack, frames: list[np.ndarray]) -> str:
    """Frames as they are, in one chunk; what is wrong with the output, or nothing."""
    height, width = frames[0].shape[:2]
    items = [
        {"image": torch.from_numpy(x.transpose(2, 0, 1).copy()), "video_id": 0, "frame_index": t}
        for t, x in enumerate(frames)
    ]
    outputs = VideoStream(model).eval()(items)
    for value in (v for output in outputs for found in output.values() for v in found.get_fields().values()):
        numbers = value.tensor if isinstance(value, Boxes) else value
        if not numbers.isfinite().all():
            return "the output is not finite"
        if isinstance(value, Boxes) and not _inside(numbers, height, width):
            return "a box lies outside"
    return "" if len(outputs) == len(frames) else f"{len(outputs)} outputs of {len(frames)} frames"


def predict(cfg: Any, model: DetectAndTrack, frames: list[np.ndarray], mode: str) -> str:
    """Frames resized, linked; what is wrong with the results, or nothing."""
    results = list(VideoPredictor(cfg, model=model, mode=mode).stream(frames))
    height, width = frames[0].shape[:2]
    for result in results:
        boxes = result.instances.pred_boxes.tensor
        if not boxes.isfinite().all() or not _inside(boxes, height, width):
            return "a track lies outside, or is not finite"
    return "" if len(results) == len(frames) else f"{len(results)} results of {len(frames)} frames"


def _inside(boxes: Tensor, height: int, width: int) -> bool:
    limits = torch.tensor([width - 1, height - 1] * 2) + 1e-3
    return bool((boxes >= -1e-3).all() and (boxes <= limits).all())


def make_pair(rng: np.random.Generator) -> dict[str, Any]:
    """A training item of an odd shape, with up to four boxes of odd kinds in each frame; some of them common."""
    size = SIZES[rng.integers(len(SIZES) - 2)]
    item: dict[str, Any] = {"file_name": "drawn.jpg", "video_length": int(rng.integers(1, 3))}
    for prefix in ("", "next_"):
        item[f"{prefix}image"] = torch.from_numpy(rng.integers(0, 256, (3, *size), dtype=np.uint8))
        item[f"{prefix}instances"] = _instances(rng, size)
    return item


def _instances(rng: np.random.Generator, size: tuple[int, int]) -> Instances:
    count = int(rng.integers(0, 5))
    boxes = np.array([_box(rng, *size) for _ in range(count)], dtype=np.float32).reshape(-1, 4)
    return Instances(
        size,
        gt_boxes=Boxes(torch.from_numpy(boxes)),
        gt_classes=torch.from_numpy(rng.integers(0, 3, count)),
        gt_instance_ids=torch.from_numpy(rng.permutation(5)[:count]),
    )


def _box(rng: np.random.Generator, height: int, width: int) -> list[float]:
    x, y = sorted(rng.uniform(0, width - 1, 2)), sorted(rng.uniform(0, height - 1, 2))
    kinds: tuple[list[float], ...] = (
        [x[0], y[0], x[1], y[1]],
        [0, 0, width - 1, height - 1],  # all of it
        [x[0], y[0], x[0], y[1]],  # no area
        [x[0], y[0], x[0] + 10.0 ** -rng.integers(1, 38), y[0] + 1],  # hardly any
        [x[1], y[1], x[0], y[0]],  # inside out
        [x[0] - width, y[0] - height, x[1] + width, y[1] + height],  # across the border
        [5 * width, 5 * height, 6 * width, 6 * height],  # outside
        [x[0], y[0], x[0] + 1, y[0] + 1],  # a pixel
        [-1e8, -1e8, 1e8, 1e8],
        [float("nan"), y[0], x[1], float("inf")],
    )
    return kinds[rng.choice(len(kinds), p=[0.3, 0.1, 0.1, 0.1, 0.05, 0.1, 0.1, 0.1, 0.03, 0.02])]
