"""dnt_d2/benchmark/synthetic_run.py: runs of exactly the size asked for, the same for the same seed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnt_d2.benchmark.synthetic_run import RunSize, make_record, make_run, make_truth, video_lengths
from dnt_d2.evaluation.saved_run import SavedRun
from dnt_d2.geometry import box_iou

SIZE = RunSize(videos=4, frames=60, boxes=95, classes=5, per_frame=13, seed=3)


def arrays_of(run: SavedRun) -> dict[str, Any]:
    """All that a run holds."""
    truth, frames = run.read_truth()
    found: dict[str, Any] = {**truth.arrays(), "image_ids": frames.image_ids, "names": np.array(frames.file_names)}
    for video_id, record in run.videos():
        found[f"{video_id} frames"], found[f"{video_id} counts"] = record.frames, record.detections.counts
        found |= {f"{video_id} {name}": values for name, values in record.detections.columns.items()}
    return found


def assert_same(a: dict[str, Any], b: dict[str, Any]) -> None:
    assert a.keys() == b.keys()
    for name, values in a.items():
        np.testing.assert_array_equal(values, b[name], err_msg=name)


@pytest.mark.parametrize(
    "size",
    [
        RunSize(videos=1, frames=1, boxes=0, classes=1, per_frame=0),
        RunSize(videos=1, frames=1, boxes=1, classes=1, per_frame=1),
        RunSize(videos=3, frames=3, boxes=0, classes=2, per_frame=1),
        RunSize(videos=1, frames=20, boxes=7, classes=30, per_frame=3),
        SIZE,
    ],
)
def test_sums_are_exact(tmp_path: Path, size: RunSize) -> None:
    run = make_run(tmp_path, size, workers=1)
    truth, frames = run.read_truth()
    assert len(frames) == truth.num_frames == size.frames
    assert len(truth.boxes) == size.boxes
    assert len(frames.video_names) == len(run.video_ids) == size.videos
    assert len(frames.class_names) == truth.num_classes == size.classes
    assert run.finished == list(range(size.videos))
    for video_id, record in run.videos():
        numbers = truth.sampled_of(video_id, 1)
        np.testing.assert_array_equal(record.frames, truth.frame_indices[numbers])
        np.testing.assert_array_equal(record.detections.counts, size.per_frame)
        assert len(record.detections.columns["scores"]) == len(numbers) * size.per_frame


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("videos", "frames"), [(1, 1), (1, 9), (7, 7), (7, 8), (30, 1000), (555, 176_126)])
def test_lengths(videos: int, frames: int, seed: int) -> None:
    lengths = video_lengths(RunSize(videos=videos, frames=frames, seed=seed))
    assert len(lengths) == videos
    assert lengths.sum() == frames
    assert lengths.min() >= 1


def test_too_few_frames() -> None:
    with pytest.raises(ValueError, match="3 videos need at least as many frames, not 2"):
        video_lengths(RunSize(videos=3, frames=2))


def test_the_full_size_is_like_the_data_set() -> None:
    size = RunSize()
    lengths = video_lengths(size)
    assert lengths.min() < 60
    assert 1000 < lengths.max() < 10_000
    truth = make_truth(size, lengths)
    assert np.bincount(truth.classes, minlength=30).min() > 0
    np.testing.assert_array_equal(np.unique(np.bincount(truth.frames)), [1, 2])


def test_same_seed_same_run(tmp_path: Path) -> None:
    first = arrays_of(make_run(tmp_path / "a", SIZE, workers=1))
    assert_same(arrays_of(make_run(tmp_path / "b", SIZE, workers=1)), first)
    assert_same(arrays_of(make_run(tmp_path / "c", SIZE, workers=2)), first)  # whoever writes it
    other = arrays_of(make_run(tmp_path / "d", replace(SIZE, seed=4), workers=1))
    for name in ("video_ids", "frames", "0 boxes", "0 scores"):
        assert not np.array_equal(other[name], first[name]), name


def test_objects_wander_with_tracks_of_their_own() -> None:
    size = replace(SIZE, frames=400, boxes=900)
    truth = make_truth(size, video_lengths(size))
    for frame in range(size.frames):
        rows = truth.frames == frame
        assert truth.tracks[rows].tolist() == list(range(rows.sum()))
    assert (truth.boxes[:, 2:] > truth.boxes[:, :2]).all()
    for video in truth.videos:
        rows = np.flatnonzero((truth.video_ids[truth.frames] == video) & (truth.tracks == 0))
        assert len(np.unique(truth.classes[rows])) == 1
        steps = np.abs(np.diff(truth.boxes[rows], axis=0))
        assert 0 < steps.max() < 60  # it moves, but does not jump


@pytest.mark.parametrize("per_frame", [1, 5, 13, 40])
def test_detections_are_as_linking_gives_them(per_frame: int) -> None:
    size = replace(SIZE, per_frame=per_frame)
    truth = make_truth(size, video_lengths(size))
    record = make_record(size, truth, 1)
    rows = record.detections
    assert {name: values.dtype for name, values in rows.columns.items()} == {
        "boxes": np.float32,
        "scores": np.float32,
        "classes": np.int16,
    }
    for classes, scores in zip(rows.split("classes"), rows.split("scores"), strict=True):
        np.testing.assert_array_equal(np.lexsort((-scores, classes)), np.arange(per_frame))
        counts = np.bincount(classes, minlength=size.classes)
        assert counts.max() - counts.min() <= 1
    assert (rows.columns["scores"] >= 0).all()
    assert (rows.columns["scores"] <= 1).all()


def test_nearly_all_large_objects_are_found() -> None:
    size = replace(SIZE, videos=30, frames=400, boxes=400, per_frame=20)
    truth = make_truth(size, video_lengths(size))
    best, scores = [], []
    for video_id in range(size.videos):
        record = make_record(size, truth, video_id)
        tables = (record.detections.split(name) for name in ("boxes", "classes", "scores"))
        for number, boxes, classes, said in zip(truth.sampled_of(video_id, 1), *tables, strict=True):
            (row,) = np.flatnonzero(truth.frames == number)
            if np.ptp(truth.boxes[row].reshape(2, 2), axis=0).min() < 80:
                continue  # the noise, which knows no size, is too much for small ones
            ious = box_iou(truth.boxes[row][None], boxes.astype(np.float64), inclusive=True)[0]
            ious *= classes == truth.classes[row]
            best.append(ious.max())
            scores.append(said[ious.argmax()])
    found = np.array(best) >= 0.5
    assert len(found) > 100
    assert found.mean() == pytest.approx(7 / 8, abs=0.05)
    assert np.array(scores)[found].min() >= 0.3 - 1e-6  # others are mostly far below
    assert np.median(np.array(scores)[~found]) < 0.3
