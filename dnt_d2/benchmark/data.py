"""Stage "data": how fast items of training and frames of testing come from JPEG files, and whether a step waits."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
from detectron2.config import CfgNode
from detectron2.data import DatasetCatalog, MetadataCatalog
from detectron2.structures import BoxMode
from torch.utils.data import DataLoader

from ..data import build_pair_train_loader, build_video_test_loader, mapper
from ..data import images as images_module
from ..vid_classes import VID_CLASSES
from .figures import Comparison, Figure, Limit, Stage, Table
from .networks import changed, load_config, made_clip, random_network
from .options import Options
from .stopwatch import Part, Stopwatch
from .timing import Timing, take_turns
from .training import CONFIG, FULL, NEARLY_ZERO, scaled
from .training_step import TrainingStep, made_pairs

VIDEOS, VIDEO_FRAMES, VIDEO_SIZE = 6, 8, (720, 1280)
STILLS, STILL_SIZE = 16, (375, 500)
"""Sizes as in ImageNet VID and DET; a third of a second of video each."""
ITEMS, ROUNDS = 24, 4
"""Of a turn, and turns of each loader."""
_QUALITY = 90  # pictures of 100 to 200 KB, somewhat more than ImageNet's


def measure_data(options: Options) -> Stage:
    """Files are in the system's cache: what is measured is decoding, resizing and handing over, not the disk."""
    height, width = FULL
    what = f"pairs of training at {height}x{width}, frames of testing at 600x1000"
    stage = Stage("data", f"JPEG files of 720x1280 (videos) and 375x500 (stills); {what}; {options.setting}")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder, made_up_data(Path(folder), options) as (vid, det):
        keys = ("INPUT.MIN_SIZE_TRAIN", (height,), "INPUT.MAX_SIZE_TRAIN", width, "SOLVER.IMS_PER_BATCH", 1)
        cfg = load_config(CONFIG, *keys, "SEED", options.seed, "MODEL.DEVICE", options.device)
        cfg.DATASETS.TRAIN = (vid, det)
        sizes = [path.stat().st_size for path in Path(folder).glob("*.jpg")]
        stage.notes.append(f"The files have {sum(sizes) / len(sizes) / 1024:.0f} KB on average.")
        counts = (0, 1, 2) if options.device == "cpu" else (0, 1, 2, 4, 8)
        _training(stage, cfg, counts, options)
        _memory(stage, cfg, options)
        _testing(stage, cfg, vid, counts, options)
        stage.tables.append(breakdown(cfg, options.scaled(ITEMS, 2)))
    return stage


@contextmanager
def made_up_data(folder: Path, options: Options) -> Iterator[tuple[str, str]]:
    """Names of a data set of videos and one of stills, which are registered for as long as this lasts."""
    videos = [
        frame
        for v in range(options.scaled(VIDEOS))
        for frame in write_video(folder, f"video_{v}", v, VIDEO_FRAMES, VIDEO_SIZE, options.seed + v)
    ]
    stills = [
        frame
        for s in range(options.scaled(STILLS))
        for frame in write_video(folder, f"still_{s}", s, 1, STILL_SIZE, options.seed + VIDEOS + s)
    ]
    names = {"benchmark_videos": ("video", videos), "benchmark_stills": ("still", stills)}
    for name, (kind, dicts) in names.items():
        DatasetCatalog.register(name, lambda dicts=dicts: dicts)
        MetadataCatalog.get(name).set(kind=kind, thing_classes=list(VID_CLASSES))
    try:
        yield "benchmark_videos", "benchmark_stills"
    finally:
        for name in names:
            DatasetCatalog.remove(name)
            MetadataCatalog.remove(name)


def write_video(
    folder: Path, name: str, video_id: int, length: int, size: tuple[int, int], seed: int
) -> list[dict[str, Any]]:
    """Write the frames of a video as JPEG files, and give their dataset dicts, with two objects each."""
    height, width = size
    dicts = []
    for t, frame in enumerate(made_clip(length, height, width, seed)):
        path = folder / f"{name}_{t:06d}.jpg"
        cv2.imwrite(str(path), cv2.GaussianBlur(frame, (0, 0), 0.8), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        boxes = [[40.0 + 8 * t + 90 * i, 50.0 + 60 * i, 160.0 + 8 * t + 90 * i, 170.0 + 60 * i] for i in range(2)]
        objects = [
            {"bbox": box, "bbox_mode": BoxMode.XYXY_ABS, "category_id": i, "instance_id": i, "occluded": 0}
            for i, box in enumerate(boxes)
        ]
        place = {"video_id": video_id, "frame_index": t, "video_length": length, "image_id": f"{name}_{t}"}
        dicts.append({"file_name": str(path), "height": height, "width": width, **place, "annotations": objects})
    return dicts


class Feed:
    """Takes batches from a loader."""

    def __init__(self, loader: DataLoader, batches: int) -> None:
        """
        Args:
            loader: of one item in a batch.
            batches: of a turn.
        """
        self._loader, self._batches = loader, batches

    def __call__(self) -> float:
        """Seconds of an item, when the workers are under way; what they made ahead meanwhile doesn't count."""
        batches = iter(self._loader)
        for _ in islice(batches, self._loader.num_workers * (self._loader.prefetch_factor or 0) + 1):
            pass
        start = time.perf_counter()
        taken = sum(1 for _ in islice(batches, self._batches))
        return (time.perf_counter() - start) / max(taken, 1)


def time_feeds(makers: Mapping[str, Callable[[], DataLoader]], items: int, rounds: int) -> dict[str, Timing]:
    """Time so many items of loaders in turns, with a turn of each to warm up."""
    feeds = {name: Feed(make(), items) for name, make in makers.items()}
    for feed in feeds.values():
        feed()
    turns = [{name: feed() for name, feed in feeds.items()} for _ in range(rounds)]
    return {name: Timing(tuple(turn[name] for turn in turns)) for name in feeds}


def _workers(count: int) -> str:
    return f"{count} worker{'s' * (count != 1)}"


def _pairs_with(cfg: CfgNode, *overrides: Any) -> Callable[[], DataLoader]:
    return partial(build_pair_train_loader, changed(cfg, *overrides))


def _training(stage: Stage, cfg: CfgNode, counts: tuple[int, ...], options: Options) -> None:
    """Pairs, against what a step of D&T takes for one."""
    makers = {_workers(n): _pairs_with(cfg, "DATALOADER.NUM_WORKERS", n) for n in counts}
    timings = time_feeds(makers, options.scaled(ITEMS, 2), ROUNDS)
    stage.figures += [Figure.of(f"a pair from the training loader, {name}", t) for name, t in timings.items()]
    stage.comparisons += [
        Comparison.of("a pair from the training loader", _workers(0), _workers(n), timings) for n in counts[1:]
    ]
    network = changed(cfg, *NEARLY_ZERO)
    size = scaled(FULL, options, 1.0)
    pairs = made_pairs(1, size, options.seed, classes=network.MODEL.ROI_HEADS.NUM_CLASSES)
    step = TrainingStep(random_network(network, seed=options.seed), network, pairs, options.torch_dtype)
    needs = take_turns({"step": step}, rounds=3, device=options.device)["step"]
    stage.figures.append(Figure.of(f"a training step of D&T on a pair of {size[0]}x{size[1]}", needs))
    ratio = timings[_workers(2)].median / needs.median
    stage.limits.append(Limit("a pair from the training loader, 2 workers, against a step on it", ratio, 1.0, "x"))


def _memory(stage: Stage, cfg: CfgNode, options: Options) -> None:
    """Decoded pictures kept in memory, once all of them are there."""
    before, after = "CACHE_MB 0", "CACHE_MB 1024"
    makers = {
        name: _pairs_with(cfg, "DATALOADER.NUM_WORKERS", 0, "DATALOADER.CACHE_MB", int(name.split()[1]))
        for name in (before, after)
    }
    timings = time_feeds(makers, options.scaled(ITEMS, 2), ROUNDS)
    stage.comparisons.append(Comparison.of("a pair from the training loader, no workers", before, after, timings))


def _testing(stage: Stage, cfg: CfgNode, name: str, counts: tuple[int, ...], options: Options) -> None:
    makers = {
        _workers(n): partial(build_video_test_loader, changed(cfg, "DATALOADER.NUM_WORKERS", n), name) for n in counts
    }
    timings = time_feeds(makers, options.scaled(ITEMS, 2), ROUNDS)
    stage.figures += [Figure.of(f"a frame from the test loader, {name}", t) for name, t in timings.items()]


def breakdown(cfg: CfgNode, items: int) -> Table:
    """Milliseconds of each part of a pair, in this process."""
    loader = iter(build_pair_train_loader(changed(cfg, "DATALOADER.NUM_WORKERS", 0)))
    next(loader)
    parts = [
        Part("read and decode", images_module, "read_image"),
        Part("mirror", mapper, "flip_image"),
        Part("resize", mapper, "resize"),
        Part("to a tensor", mapper, "to_tensor"),
    ]
    with Stopwatch(parts) as watch:
        for _ in islice(loader, items):
            pass
    rows: list[tuple[Any, ...]] = [
        (name, 1e3 * seconds / items, 100 * seconds / watch.total) for name, seconds in watch.seconds.items()
    ]
    rows.append(("all", 1e3 * watch.total / items, 100.0))
    return Table("Where the time of a pair of training goes, in one process:", ("part", "ms a pair", "%"), tuple(rows))
