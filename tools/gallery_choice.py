"""Which videos and frames the gallery shows: rules that look at numbers, so that nobody picks what pleases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from detectron2.structures import Instances

from dnt_d2.frame_result import FrameResult
from dnt_d2.geometry import FloatArray, box_iou

Dicts = list[dict[str, Any]]

# What may become of a true box; the last three in the order in which they are asked for.
FOUND, MISPLACED, CONFUSED, MISSED = "found", "misplaced", "of another class", "nothing"
OVERLAP, TOUCH = 0.5, 0.1  # IoU of a box that is found, and of one that is misplaced


@dataclass(frozen=True)
class Watched:
    """A video with what was found in it.

    Attributes:
        name: of the video.
        frames: its dataset dicts, in order.
        results: one for each.
        single: what became of each true box in the single frames' detections, a list for each frame.
        tubes: the same of the tubes.
    """

    name: str
    frames: Dicts
    results: Sequence[FrameResult]
    single: list[list[str]]
    tubes: list[list[str]]

    @property
    def share(self) -> float:
        """Of its true boxes, the share that tubes found, in [0, 1]; 0 where there is none."""
        fates = self.counts("tubes")
        return fates[FOUND] / max(fates.total(), 1)

    def counts(self, which: str, start: int = 0, length: int | None = None) -> Counter[str]:
        """How many true boxes met which fate, "single" or "tubes", in so many frames from the first that counts."""
        end = None if length is None else start + length
        return Counter(fate for frame in getattr(self, which)[start:end] for fate in frame)

    def gains(self) -> list[int]:
        """For each frame, how many more true boxes the tubes found than the single frames; negative: fewer."""
        pairs = zip(self.tubes, self.single, strict=True)
        return [tubes.count(FOUND) - single.count(FOUND) for tubes, single in pairs]


def fate(thing: dict[str, Any], found: Instances, score: float) -> str:
    """What became of a true box: the best that a detection of at least ``score`` says of it."""
    sure = found[found.scores >= score]
    boxes = sure.pred_boxes.tensor.cpu().numpy().astype(np.float64)
    overlap = box_iou(np.array([thing["bbox"]], np.float64), boxes, inclusive=True)[0]
    same = (sure.pred_classes == thing["category_id"]).cpu().numpy()
    if (overlap[same] >= OVERLAP).any():
        return FOUND
    if (overlap[same] >= TOUCH).any():
        return MISPLACED
    return CONFUSED if (overlap[~same] >= OVERLAP).any() else MISSED


def watch(name: str, frames: Dicts, results: Sequence[FrameResult], score: float) -> Watched:
    """Compare what was found in a video with what is there."""
    single, tubes = [], []
    for frame, result in zip(frames, results, strict=True):
        things = frame["annotations"]
        assert result.detections is not None, "every frame went through the network"
        single.append([fate(thing, result.detections, score) for thing in things])
        tubes.append([fate(thing, result.instances, score) for thing in things])
    return Watched(name, frames, results, single, tubes)


def best_stretches(videos: Sequence[Watched], length: int, count: int) -> list[tuple[Watched, int, int]]:
    """The stretches of so many frames in which tubes find most of what single frames lose, each of another video.

    Returns:
        Up to ``count`` times the video, the first frame, and how many boxes more were found; the most first. A video
        without any such box is left out.
    """
    found = []
    for video in videos:
        if not any(gain > 0 for gain in video.gains()):
            continue
        gains = np.convolve(video.gains(), np.ones(min(length, len(video.frames)), int), "valid")
        if gains.max() > 0:
            found.append((video, int(gains.argmax()), int(gains.max())))
    return sorted(found, key=lambda stretch: -stretch[2])[:count]


@dataclass(frozen=True)
class Move:
    """An object that is in two frames, one after the other.

    Attributes:
        first, second: dicts of the frames.
        category_id: its class.
        box: (4,) its corners in the first frame.
        move: (2,) how far its centre goes, in pixels to the right and down.
    """

    first: dict[str, Any]
    second: dict[str, Any]
    category_id: int
    box: FloatArray
    move: FloatArray


def moves(first: dict[str, Any], second: dict[str, Any]) -> list[Move]:
    """Of the objects in both of two frames, those that nothing hides and that no other object's box overlaps."""
    found = []
    later = {thing["instance_id"]: thing for thing in second["annotations"]}
    for thing in first["annotations"]:
        other = later.get(thing["instance_id"])
        if other is not None and _alone(thing, first) and _alone(other, second):
            start, end = (np.asarray(x["bbox"], np.float64) for x in (thing, other))
            move = (end - start).reshape(2, 2).mean(axis=0)
            found.append(Move(first, second, thing["category_id"], start, move))
    return found


def _alone(thing: dict[str, Any], frame: dict[str, Any]) -> bool:
    boxes = np.array([x["bbox"] for x in frame["annotations"] if x is not thing], np.float64)
    overlap = box_iou(np.array([thing["bbox"]], np.float64), boxes, inclusive=True)
    return not thing["occluded"] and not overlap.any()


def most_diagonal(videos: Sequence[Dicts], reach: float) -> Move | None:
    """Of the :func:`moves` from a frame to the next, the one that goes farthest in both directions.

    Args:
        videos: their frames, in order.
        reach: what goes farther than this in a direction, in pixels, is left out.

    Returns:
        None where nothing moves.
    """
    every = (move for frames in videos for first, second in pairwise(frames) for move in moves(first, second))
    near = [m for m in every if np.abs(m.move).min() > 0 and np.abs(m.move).max() <= reach]
    return max(near, key=lambda m: float(np.abs(m.move).min()), default=None)
