"""Stage "linking": voting and linking of what the network says of a video, per frame, on one core."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from ..geometry import FloatArray
from ..tubes.box_voting import vote_boxes_numpy
from ..tubes.linking import link_tubes_numpy
from ..tubes.online import OnlineLinker
from ..tubes.video import link_voted, vote_video
from .figures import Comparison, Figure, Limit, Scaling, Stage
from .floors import matmul_rate
from .memory import peak_extra_bytes
from .options import Options
from .timing import Timing, take_turns

CLASSES, TOP_K, CANDIDATES, FRAMES = 30, 25, 300, 100
COMPILED, NUMPY = "compiled", "NumPy"


class Video(NamedTuple):
    """What a network might say of a video, per frame: (N, 4) candidates, (N, C) scores, (M, 8) tracklets."""

    boxes: list[FloatArray]
    scores: list[FloatArray]
    tracklets: list[FloatArray]

    @property
    def voted(self) -> list[list[FloatArray]]:
        """For each frame, what voting keeps of each class."""
        return vote_video(self.boxes, self.scores, nms_iou=0.4, vote_iou=0.5, top_k=TOP_K)


def make_video(frames: int, candidates: int, classes: int, seed: int) -> Video:
    """Objects that wander, each with a few candidates around it, and where each candidate goes.

    As the RPN's proposals do, half of the candidates lie around objects and half anywhere.
    """
    rng = np.random.default_rng(seed)
    objects = np.sort(rng.uniform(0, 900, (max(1, candidates // 12), 2, 2)), axis=1).reshape(-1, 4)
    boxes, scores, tracklets = [], [], []
    for _ in range(frames):
        objects = objects + rng.normal(0, 6, objects.shape)
        near = objects[np.arange(candidates // 2) % len(objects)] + rng.normal(0, 8, (candidates // 2, 4))
        corners = np.sort(rng.uniform(0, 900, (candidates - len(near), 2, 2)), axis=1).reshape(-1, 4)
        boxes.append(np.concatenate([near, corners]))
        scores.append(rng.random((candidates, classes)) ** 6)
        tracklets.append(np.concatenate([boxes[-1], boxes[-1] + rng.normal(0, 6, (candidates, 4))], axis=1))
    return Video(boxes, scores, tracklets)


def measure_linking(options: Options) -> Stage:
    """300 candidates of 30 classes a frame, of which voting keeps 25 of each class, and linking makes tubes."""
    frames, candidates = options.scaled(FRAMES, 3), options.scaled(CANDIDATES, 30)
    stage = Stage("linking", f"{candidates} candidates, {CLASSES} classes, {frames} frames, one core, float64")
    video = make_video(frames, candidates, CLASSES, options.seed)
    kept = video.voted
    _voting(stage, video)
    _linking(stage, video, kept)
    _online(stage, video)
    stage.scaling += [
        _scaling("frames", options, "linear"),
        _scaling("classes", options, "linear"),
        _scaling(
            "candidates", options, "linear: overlaps of all pairs are a small part, and linking keeps 25 of each class"
        ),
        _top_k(options),
    ]
    return stage


def _per_frame(timing: Timing, frames: int) -> Timing:
    return Timing(tuple(seconds / frames for seconds in timing.seconds))


def _voting(stage: Stage, video: Video) -> None:
    few = Video(*(part[:2] for part in video))
    found = {
        COMPILED: partial(vote_video, few.boxes, few.scores, nms_iou=0.4, vote_iou=0.5, top_k=TOP_K),
        NUMPY: partial(_vote_numpy, few),
    }
    timings = {name: _per_frame(t, len(few.boxes)) for name, t in take_turns(found, rounds=5).items()}
    what = f"NMS, top {TOP_K} and voting of {len(few.boxes[0])} boxes x {few.scores[0].shape[1]} classes, a frame"
    # An overlap of every pair takes about a dozen operations, whatever comes then.
    floor = 12 * len(few.boxes[0]) ** 2 / 2 / matmul_rate()
    stage.figures.append(Figure.of(what, timings[COMPILED], floor=floor, floor_of="the overlaps"))
    stage.comparisons.append(Comparison.of(what, NUMPY, COMPILED, timings))


def _vote_numpy(video: Video) -> list[list[FloatArray]]:
    return [
        [
            vote_boxes_numpy(np.column_stack([boxes, column]), nms_iou=0.4, vote_iou=0.5, top_k=TOP_K)
            for column in scores.T
        ]
        for boxes, scores in zip(video.boxes, video.scores, strict=True)
    ]


def _linking(stage: Stage, video: Video, kept: list[list[FloatArray]]) -> None:
    lengths = {COMPILED: len(kept), NUMPY: min(len(kept), 10)}
    calls: dict[str, Callable[[], object]] = {
        COMPILED: partial(link_voted, kept, video.tracklets, link_iou=0.5, top_fraction=0.5),
        NUMPY: partial(_link_numpy, kept[: lengths[NUMPY]], video.tracklets[: lengths[NUMPY]]),
    }
    timings = {name: _per_frame(t, lengths[name]) for name, t in take_turns(calls, rounds=5).items()}
    boxes = max(len(rows) for rows in kept[0])
    what = f"link {CLASSES} classes x {boxes} boxes, a frame"
    # Each tube's path compares, between two frames, every box that is left with every other.
    additions = CLASSES * sum(2 * left**2 for left in range(1, boxes + 1))
    floor = additions / matmul_rate()
    stage.figures.append(Figure.of(what, timings[COMPILED], floor=floor, floor_of="the additions"))
    stage.comparisons.append(Comparison.of(what, NUMPY, COMPILED, timings))
    stage.limits += [
        Limit(f"{what}: compiled", timings[COMPILED].median * 1e3, 1.0, "ms"),
        Limit(f"{what}: NumPy", timings[NUMPY].median * 1e3, 20.0, "ms"),
    ]


def _link_numpy(kept: list[list[FloatArray]], tracklets: list[FloatArray]) -> list[object]:
    return [link_tubes_numpy(frames, tracklets) for frames in zip(*kept, strict=True)]


def _online(stage: Stage, video: Video) -> None:
    def run() -> None:
        linker = OnlineLinker()
        for frame in zip(*video, strict=True):
            linker.step(*frame)

    timing = _per_frame(take_turns({"online": run}, rounds=5)["online"], len(video.boxes))
    stage.figures.append(Figure.of("vote and link online, a frame", timing))


def _chain(video: Video, top_k: int = TOP_K) -> Callable[[], object]:
    def run() -> object:
        voted = vote_video(video.boxes, video.scores, nms_iou=0.4, vote_iou=0.5, top_k=top_k)
        return link_voted(voted, video.tracklets, link_iou=0.5, top_fraction=0.5)

    return run


def _scaling(of: str, options: Options, stated: str) -> Scaling:
    usual = {"frames": options.scaled(FRAMES, 3), "candidates": options.scaled(CANDIDATES, 30), "classes": CLASSES}
    sizes = [usual[of] // 2, usual[of], usual[of] * 2]
    calls = [_chain(make_video(**usual | {of: size}, seed=options.seed)) for size in sizes]
    return _grown("vote and link a video", of, sizes, calls, stated)


def _top_k(options: Options) -> Scaling:
    video = make_video(options.scaled(FRAMES, 3), options.scaled(CANDIDATES, 30), CLASSES, options.seed)
    sizes = [12, 25, 50]
    stated = "up to cubic: as many tubes as boxes, and each compares all pairs of the boxes that are left"
    calls = [_chain(video, size) for size in sizes]
    return _grown("vote and link a video", "boxes kept of a class", sizes, calls, stated)


def _grown(what: str, of: str, sizes: list[int], calls: list[Callable[[], object]], stated: str) -> Scaling:
    timings = take_turns({str(size): call for size, call in zip(sizes, calls, strict=True)}, rounds=3)
    seconds = tuple(timings[str(size)].median for size in sizes)
    return Scaling(what, of, tuple(sizes), seconds, tuple(peak_extra_bytes(call) for call in calls), stated)
