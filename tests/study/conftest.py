"""A toy data set whose videos can stand any number of times, and detections of any quality in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from dnt_d2.evaluation.ground_truth import VideoTruth
from dnt_d2.evaluation.plan import Plan
from dnt_d2.evaluation.run_scoring import score_detections
from dnt_d2.evaluation.scoring import VideoScore
from dnt_d2.formats.results import Detections, FrameList

CLASSES = ["everywhere", "in the second video", "in every other video", "nowhere"]


@dataclass(frozen=True)
class Toy:
    """See the fixture ``make_toy``."""

    plan: Plan
    scores: list[VideoScore]

    @property
    def truth(self) -> VideoTruth:
        return self.plan.truth


def objects_of(video: int, index: int) -> list[tuple[int, list[int]]]:
    """Class and box of each object of a frame: one or two of class 0, and others."""
    found = [(0, [10, 10, 49, 49])] + ([(0, [60, 10, 99, 49])] if index % 2 else [])
    found += [(1, [10, 60, 49, 99])] if video == 1 else []
    return found + ([(2, [60, 60, 99, 99])] if video % 2 else [])


def detections_of(video: int, index: int, quality: float, seed: int) -> list[tuple[int, list[int], float]]:
    """Class, box, score. Scores have one digit, so that hits and misses of a video, and of several, tie."""
    rng = np.random.default_rng([seed, video, index])
    rows: list[tuple[int, list[int], float]] = []
    for class_id, box in objects_of(video, index):
        chance, score, count = rng.random(), round(rng.uniform(0.3, 1), 1), int(rng.integers(1, 3))
        if chance < quality:
            rows += [(class_id, box, score)] * count  # a second one is a miss
    for class_id in rng.integers(4, size=4).tolist():
        rows.append((class_id, [150, 10, 189, 49], round(rng.uniform(0, 0.8), 1)))
    return [rows[i] for i in rng.permutation(len(rows))]


def toy(copies: Sequence[int], quality: float = 0.6, seed: int = 0) -> Toy:
    frames, notes, found = [], [], []
    for video, count in enumerate(copies):
        for copy in range(count):
            for index in range(2 + video % 3):
                place = {"video_id": 10 * video + copy, "frame_index": index, "image_id": len(frames)}
                frames.append({**place, "file_name": f"{len(frames)}", "width": 200, "height": 110})
                notes.append(
                    [{"bbox": box, "category_id": c, "instance_id": -1} for c, box in objects_of(video, index)]
                )
                found += [(len(frames) - 1, *row) for row in detections_of(video, index, quality, seed)]
    annotated = [{**frame, "annotations": of} for frame, of in zip(frames, notes, strict=True)]
    ids = sorted({frame["video_id"] for frame in frames})
    listed = [{**frame, "video_id": ids.index(frame["video_id"])} for frame in frames]
    names = [f"clip_{video_id}" for video_id in ids]
    plan = Plan("toy", VideoTruth.of(annotated, len(CLASSES)), FrameList.of(listed, names, CLASSES))
    columns = list(zip(*found, strict=True)) or [[], [], [], []]
    return Toy(plan, score_detections(plan, Detections.of(*columns)))


@pytest.fixture(scope="session")
def make_toy() -> Callable[..., Toy]:
    """``make_toy(copies, quality=0.6, seed=0)``: a data set in which video v stands ``copies[v]`` times, one after the
    other, with detections that find an object with the probability ``quality``.

    What a copy is does not depend on the others. A higher quality finds what a lower one does, and more. Class 1 is in
    video 1 only, class 3 nowhere; video v has 2 + v % 3 frames.
    """
    return toy
