"""Saved runs of any size, made up: to see what evaluation costs, whatever a network would have said."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..evaluation.ground_truth import VideoTruth
from ..evaluation.saved_run import RunFacts, SavedRun
from ..evaluation.video_record import Rows, VideoRecord
from ..formats.results import FrameList

IntArray = NDArray[np.int64]
WIDTH, HEIGHT = 1280, 720


@dataclass(frozen=True)
class RunSize:
    """How much there is to evaluate; the defaults are ImageNet VID's validation set.

    Attributes:
        videos, frames, boxes: of the ground truth, in all.
        classes: how many.
        per_frame: detections in every frame; equal numbers of each class, as linking emits them.
        seed: same seed, same run.
    """

    videos: int = 555
    frames: int = 176_126
    boxes: int = 273_505
    classes: int = 30
    per_frame: int = 50
    seed: int = 0


def make_run(folder: str | os.PathLike[str], size: RunSize, *, workers: int | None = None) -> SavedRun:
    """Write a run of single-frame detections, or of a tracker's: a part of them near objects, the rest anywhere.

    Args:
        folder: to write to.
        size: how much.
        workers: processes; None is one per core.
    """
    lengths = video_lengths(size)
    truth = make_truth(size, lengths)
    run = SavedRun.create(folder, RunFacts("synthetic"), truth, _frame_list(size, truth))
    count = (os.cpu_count() or 1) if workers is None else workers
    if count <= 1:
        for video_id in range(size.videos):
            _write_video(run.folder, size, truth, video_id)
        return run
    with ProcessPoolExecutor(count, get_context("spawn")) as pool:
        list(pool.map(partial(_write_video, run.folder, size, truth), range(size.videos), chunksize=8))
    return run


def video_lengths(size: RunSize) -> IntArray:
    """(V,) frames of each video, from a few to some thousand as in ImageNet VID, with the sum asked for."""
    if size.frames < size.videos:
        raise ValueError(f"{size.videos} videos need at least as many frames, not {size.frames}")
    weights = np.random.default_rng([size.seed, 0]).lognormal(0, 0.8, size.videos)
    edges = np.floor(np.cumsum(weights) / weights.sum() * (size.frames - size.videos)).astype(np.int64)
    edges[-1] = size.frames - size.videos
    return np.diff(edges, prepend=0) + 1


def make_truth(size: RunSize, lengths: IntArray) -> VideoTruth:
    """Objects that wander through their videos: in each frame the tracks 0, 1, ... up to its number of boxes."""
    rng = np.random.default_rng([size.seed, 1])
    per_frame = np.full(size.frames, size.boxes // size.frames)
    per_frame[rng.permutation(size.frames)[: size.boxes % size.frames]] += 1
    frames = np.repeat(np.arange(size.frames), per_frame)
    tracks = np.arange(size.boxes) - np.repeat(np.cumsum(per_frame) - per_frame, per_frame)
    videos = np.repeat(np.arange(size.videos), lengths)
    indices = np.arange(size.frames) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    # Where track k of video v is in frame t: a slow wave of its own, in place and in size.
    key = videos[frames] * 31 + tracks
    phase, speed = (key * 0.618) % 1 * 2 * np.pi, 0.01 + 0.09 * ((key * 0.414) % 1)
    wave = phase + speed * indices[frames]
    center = np.stack([WIDTH * (0.5 + 0.3 * np.cos(wave)), HEIGHT * (0.5 + 0.3 * np.sin(1.3 * wave))], axis=1)
    half = 10 + 90 * ((key * 0.732) % 1)[:, None] * np.array([1.0, 0.8]) * (1.1 + 0.1 * np.sin(wave))[:, None]
    return VideoTruth(
        num_classes=size.classes,
        video_ids=videos,
        frame_indices=indices,
        frames=frames,
        boxes=np.concatenate([center - half, center + half], axis=1).round(),
        classes=key % size.classes,
        tracks=tracks,
    )


def _frame_list(size: RunSize, truth: VideoTruth) -> FrameList:
    return FrameList(
        [f"video_{v:05d}" for v in range(size.videos)],
        [f"class_{c:02d}" for c in range(size.classes)],
        truth.video_ids,
        truth.frame_indices,
        np.arange(1, size.frames + 1),
        np.tile(np.array([WIDTH, HEIGHT]), (size.frames, 1)),
        [f"video_{v:05d}/{i:06d}.JPEG" for v, i in zip(truth.video_ids, truth.frame_indices, strict=True)],
    )


def _write_video(folder: Path, size: RunSize, truth: VideoTruth, video_id: int) -> None:
    SavedRun(folder).write(video_id, make_record(size, truth, video_id))


def make_record(size: RunSize, truth: VideoTruth, video_id: int) -> VideoRecord:
    """Detections of one video: in each frame by class, and of a class by falling score, as linking gives them."""
    rng = np.random.default_rng([size.seed, 2, video_id])
    numbers = truth.sampled_of(video_id, 1)
    shape = (len(numbers), size.per_frame)
    classes = np.broadcast_to(np.sort(np.arange(size.per_frame) % size.classes), shape)
    scores = rng.random(shape, dtype=np.float32) ** 4
    corner = rng.random((*shape, 2), dtype=np.float32) * np.array([WIDTH - 1, HEIGHT - 1], np.float32)
    extent = 20 + 160 * rng.random((*shape, 2), dtype=np.float32)
    boxes = np.concatenate([corner, corner + extent], axis=2)
    for frame, row, column in _near_objects(truth, numbers, classes[0]):
        boxes[frame, column] = truth.boxes[row] + rng.normal(0, 6, 4)
        scores[frame, column] = 0.3 + 0.7 * rng.random()
    order = np.lexsort((-scores, classes), axis=1)
    rows = np.arange(len(numbers))[:, None]
    columns = {
        "boxes": boxes[rows, order].reshape(-1, 4),
        "scores": scores[rows, order].reshape(-1),
        "classes": classes.reshape(-1).astype(np.int16),
    }
    return VideoRecord(truth.frame_indices[numbers], Rows(np.full(len(numbers), size.per_frame), columns))


def _near_objects(truth: VideoTruth, numbers: IntArray, classes: IntArray) -> Iterator[tuple[int, int, int]]:
    """(frame, object, place of a detection of its class) for nearly all objects; the rest is missed."""
    first = {int(c): int(np.argmax(classes == c)) for c in np.unique(classes)}
    for row in truth.rows(numbers):
        column = first.get(int(truth.classes[row]))
        if column is not None and row % 8:
            yield int(truth.frames[row] - numbers[0]), int(row), column
