"""A small drawn data set, and what a network might have said about it, as records and as a saved run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnt_d2.evaluation.ground_truth import VideoTruth
from dnt_d2.evaluation.saved_run import RunFacts, SavedRun
from dnt_d2.evaluation.video_record import VideoRecord, VideoRecorder
from dnt_d2.formats.results import FrameList

CLASSES = ["bear", "car", "fox"]  # no fox is ever there
LENGTHS = {2: 9, 5: 1, 7: 12}  # video id -> frames; video 5 is a still
SIZE = (240, 160)  # width, height


@dataclass(frozen=True)
class Drawn:
    """See the fixture ``drawn``.

    Attributes:
        dicts: one per frame, as ``DatasetCatalog`` has them.
        truth: of these.
        frames: of these.
    """

    dicts: list[dict[str, Any]]
    truth: VideoTruth
    frames: FrameList

    def record(self, video_id: int, stride: int = 1, *, tubes: bool = True, seed: int = 0) -> VideoRecord:
        """What a network said about the frames of a video that it sees at a stride."""
        return record_of(video_id, stride, tubes=tubes, seed=seed)


def true_boxes(video: int, index: int) -> np.ndarray:
    """(2, 4), or (1, 4) in the first frame of a video: a bear, and a car that comes later."""
    bear = [8 * index + video, 10, 8 * index + 45 + video, 60]
    car = [160 - 11 * index, 80, 225 - 11 * index, 130 + video]
    return np.array([bear, car] if index or LENGTHS[video] == 1 else [bear], dtype=np.float64)


def make_dicts() -> list[dict[str, Any]]:
    dicts = []
    for video, length in LENGTHS.items():
        for index in range(length):
            notes = [
                {"bbox": box.tolist(), "bbox_mode": 0, "category_id": c, "instance_id": c}
                for c, box in enumerate(true_boxes(video, index))
            ]
            place = {"video_id": video, "frame_index": index, "video_length": length, "image_id": 100 * video + index}
            path = {"file_name": f"data/clip_{video}/{index:06d}.JPEG", "width": SIZE[0], "height": SIZE[1]}
            dicts.append({**path, **place, "annotations": notes})
    return dicts


def frame_of(video: int, index: int, previous: int | None, seed: int) -> dict[str, dict[str, np.ndarray]]:
    """The tables of one frame: boxes near the objects and three stray ones, all with noisy scores."""
    rng = np.random.default_rng([seed, video, index])
    objects = true_boxes(video, index)
    near = np.repeat(objects, 4, axis=0)
    corners = rng.uniform((0, 0), (150, 90), (3, 2))
    stray = np.hstack([corners, corners + rng.uniform(15, 70, (3, 2))])
    boxes = np.vstack([near + rng.normal(0, 4, near.shape), stray]).astype(np.float32)
    scores = rng.uniform(0, 0.35, (len(boxes), len(CLASSES)))
    for row in range(len(near)):
        scores[row, row // 4] = rng.uniform(0.2, 0.95)
    scores = scores.astype(np.float32)
    rows, classes = np.nonzero(scores > 0.2)
    best = np.argsort(-scores[rows, classes], kind="stable")
    found = {"boxes": boxes[rows[best]], "scores": scores[rows, classes][best], "classes": classes[best]}
    proposals = boxes[rng.permutation(len(boxes))]  # before the steps, which depend on the frame before
    steps = np.zeros((0, 8))
    if previous is not None:
        starts = true_boxes(video, previous)
        steps = np.hstack([starts, objects[: len(starts)]])
        steps = np.repeat(steps, 2, axis=0) + rng.normal(0, 2, (2 * len(steps), 8))
    return {
        "detections": found,
        "candidates": {"boxes": boxes, "scores": scores},
        "tracklets": {"boxes": steps},
        "proposals": {"boxes": proposals},
    }


def record_of(video: int, stride: int = 1, *, tubes: bool = True, seed: int = 0) -> VideoRecord:
    recorder = VideoRecorder(len(CLASSES))
    sampled = sorted({*range(0, LENGTHS[video], stride), LENGTHS[video] - 1})
    for previous, index in zip([None, *sampled[:-1]], sampled, strict=True):
        tables = frame_of(video, index, previous, seed)
        recorder.add(index, tables if tubes else {"detections": tables["detections"]})
    return recorder.record()


def _drawn() -> Drawn:
    dicts, places = make_dicts(), {video: place for place, video in enumerate(LENGTHS)}
    frames = [{**frame, "video_id": places[frame["video_id"]]} for frame in dicts]
    listed = FrameList.of(frames, [f"clip_{video}" for video in LENGTHS], CLASSES)
    return Drawn(dicts, VideoTruth.of(dicts, len(CLASSES)), listed)


@pytest.fixture(scope="session")
def drawn() -> Drawn:
    """Three videos (ids 2, 5, 7, of 9, 1 and 12 frames) with a bear and a car that move, and no fox.

    ``drawn.record(video_id, stride)`` is what a network might have said: boxes near the objects and stray ones.
    """
    return _drawn()


@pytest.fixture(scope="session")
def make_run() -> Callable[..., SavedRun]:
    """``make_run(folder, stride=1, videos=(2, 5, 7), tubes=True)``: a saved run of ``drawn`` with these videos."""

    def make(
        folder: Path, *, stride: int = 1, videos: tuple[int, ...] = tuple(LENGTHS), tubes: bool = True
    ) -> SavedRun:
        data = _drawn()
        run = SavedRun.create(folder, RunFacts("drawn", stride, "0" * 16), data.truth, data.frames)
        for video in videos:
            run.write(video, record_of(video, stride, tubes=tubes))
        return run

    return make
