"""Stage "evaluation": what a saved run of the size of ImageNet VID's validation set costs, reading included."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ..evaluation.saved_run import SavedRun
from .figures import Comparison, Figure, Limit, Scaling, Stage
from .floors import copy_rate
from .measuring import Cost, run_command
from .options import Options
from .synthetic_run import RunSize, make_run
from .timing import Timing

GIB = 1 << 30
_BYTES = 16 + 4 + 2  # of a detection: its box, its score, its class


@dataclass(frozen=True)
class Allowed:
    """What an evaluation may take: detections per frame, seconds, GiB."""

    per_frame: int
    seconds: float
    gib: float


ALLOWED = (Allowed(50, 60.0, 4.0), Allowed(750, 900.0, 4.0))
"""As this project has set them: what single frames give, and what linking gives."""


def measure_evaluation(options: Options) -> Stage:
    """AP, AP by speed and AP by size of made-up runs, by the command that users call, in processes of its own."""
    stage = Stage("evaluation", f"Every frame of ImageNet VID's validation set, made up; {options.setting}")
    for allowed in ALLOWED:
        _full_size(stage, allowed, options)
    stage.scaling += [_scaling(options, "frames"), _scaling(options, "per_frame")]
    stage.comparisons.append(_workers(options))
    stage.notes.append("Memory is that of all processes, pages that they share counted for each.")
    return stage


def run_size(options: Options, per_frame: int) -> RunSize:
    """ImageNet VID's validation set, or a share of it."""
    whole = RunSize(seed=options.seed, per_frame=per_frame)
    return replace(
        whole,
        videos=options.scaled(whole.videos, 4),
        frames=options.scaled(whole.frames, 16),
        boxes=options.scaled(whole.boxes, 16),
    )


@contextmanager
def made_run(size: RunSize, parent: Path | None) -> Iterator[SavedRun]:
    """A made-up run in a temporary folder, which goes away whatever happens."""
    folder = Path(tempfile.mkdtemp(prefix="dnt_d2_run_", dir=parent))
    try:
        # A small one is made before other processes would have started.
        yield make_run(folder / "run", size, workers=1 if size.frames < 1000 else None)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def evaluate(run: SavedRun, *arguments: str) -> Cost:
    """Evaluate a run by the command of the package."""
    command = [sys.executable, "-m", "dnt_d2.evaluation", "--run", str(run.folder), "--metrics", *arguments]
    return run_command(command, log=run.folder.parent / "log.txt")


def read_everything(run: SavedRun) -> tuple[float, int]:
    """Seconds that one process takes to read and unpack a run, and how many detections there are."""
    start, detections = time.perf_counter(), 0
    for _, record in run.videos():
        detections += int(record.detections.counts.sum())
    return time.perf_counter() - start, detections


def _full_size(stage: Stage, allowed: Allowed, options: Options) -> None:
    size = run_size(options, allowed.per_frame)
    with made_run(size, options.folder) as run:
        reading, detections = read_everything(run)
        cost = evaluate(run)
    what = f"{size.frames:,} frames, {allowed.per_frame} detections each"
    floor = detections * _BYTES / copy_rate()
    stage.figures += [
        Figure(f"evaluate {what}", cost.seconds, cost.seconds, cost.seconds, floor, "a copy", cost.peak_bytes),
        Figure(f"read alone, one process: {what}", reading, reading, reading, floor, "a copy"),
    ]
    stage.limits += [
        Limit(f"evaluation, {what}: time", cost.seconds, allowed.seconds, "s"),
        Limit(f"evaluation, {what}: memory", cost.peak_bytes / GIB, allowed.gib, "GiB"),
    ]


def _scaling(options: Options, of: str) -> Scaling:
    """An eighth, a quarter and a half of the frames; or an eighth of them with 50, 100 and 200 detections each."""
    costs, sizes = [], []
    for step in (1, 2, 4):
        size = run_size(replace(options, scale=options.scale / 8 * (step if of == "frames" else 1)), 50)
        size = replace(size, per_frame=50 * step) if of == "per_frame" else size
        with made_run(size, options.folder) as run:
            costs.append(evaluate(run))
        sizes.append(size.frames if of == "frames" else size.per_frame)
    words = {"frames": ("frames, 50 detections each", "frames"), "per_frame": ("frames", "detections a frame")}
    what = f"evaluate {size.frames:,} frames" if of == "per_frame" else f"evaluate {words[of][0]}"
    return Scaling(
        what,
        words[of][1],
        tuple(sizes),
        tuple(cost.seconds for cost in costs),
        tuple(cost.peak_bytes for cost in costs),
        "linear, on top of what Python and the compiled loops take",
    )


def _workers(options: Options) -> Comparison:
    size = run_size(replace(options, scale=options.scale / 2), 200)
    turns: dict[str, list[float]] = {"one process": [], "two processes": []}
    with made_run(size, options.folder) as run:
        for _ in range(3):
            for name, workers in zip(turns, ("1", "2"), strict=True):
                turns[name].append(evaluate(run, "--workers", workers).seconds)
    timings = {name: Timing(tuple(seconds)) for name, seconds in turns.items()}
    one, two = turns
    return Comparison.of(f"evaluate {size.frames:,} frames, 200 detections each", one, two, timings)
