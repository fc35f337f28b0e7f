"""Offline tracks by frame: equal to tubes that are linked, cut, filled and trimmed in memory; and windows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
import torch
from detectron2.structures import Boxes, Instances

from dnt_d2 import track_shelf
from dnt_d2.frame_result import FrameResult
from dnt_d2.geometry import box_iou
from dnt_d2.offline_tracks import Linked, OfflineTracks
from dnt_d2.track_shelf import Trim
from dnt_d2.tubes import Tube, interpolate_tube, trim_tube
from dnt_d2.tubes.collector import TubeSettings, VideoCollector

SIZE = (96, 128)


@pytest.fixture(autouse=True)
def few_frames_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(track_shelf, "_FRAMES_AT_A_TIME", 4)


def found_alone(frame_index: int, count: int) -> Instances:
    boxes = torch.arange(4.0 * count).reshape(count, 4) + frame_index
    return Instances(SIZE, pred_boxes=Boxes(boxes), scores=torch.rand(count), pred_classes=torch.arange(count) % 3)


def video(seed: int, frames: Sequence[int]) -> list[Linked]:
    """Six objects of two classes that drift, with scores that come and go; class 1 is missing in some frames."""
    rng = np.random.default_rng(seed)
    corners, linked = rng.uniform(0, 70, (6, 2)), []
    before = None
    for t in frames:
        corners = corners + rng.normal(0, 2, corners.shape)
        boxes = np.concatenate([corners, corners + 24], axis=1).astype(np.float32)
        scores = rng.random((6, 2), dtype=np.float32) ** 2
        if t % 7 == 3:
            scores[:, 1] = np.nan
        tracklets = np.zeros((0, 8), np.float32) if before is None else np.concatenate([before, boxes], axis=1)
        linked.append(Linked(t, boxes, scores, tracklets, found_alone(t, t % 4)))
        before = boxes
    return linked


def run(
    frames: Sequence[Linked], num_frames: int, trim: float, window: int | None = None, min_frames: int = 1
) -> list[FrameResult]:
    tracks = OfflineTracks(TubeSettings(), Trim(trim, min_frames), window=window)
    early = [result for frame in frames for result in tracks.add(frame, SIZE)]
    return [*early, *tracks.finish(num_frames, SIZE)]


def parts_of(tube: Tube, tracklets: dict[int, np.ndarray]) -> list[Tube]:
    """A tube cut where its next box neither overlaps the last one nor is where a tracklet leads."""
    cuts = [0]
    for i, (box, after) in enumerate(pairwise(tube.boxes), start=1):
        ends = tracklets[int(tube.frames[i])].astype(np.float64)
        starts = box_iou(box[None], ends[:, :4], inclusive=False)[0] >= 0.5
        if box_iou(box[None], after[None], inclusive=False)[0, 0] == 0 and not any(
            starts & (box_iou(after[None], ends[:, 4:], inclusive=False)[0] >= 0.5)
        ):
            cuts.append(i)
    return [tube.part(start, stop) for start, stop in pairwise([*cuts, len(tube)])]


def expected_rows(frames: Sequence[Linked], trim: float) -> dict[int, list[tuple[float, ...]]]:
    """By frame: class, box, score, own score, in rising order."""
    collector = VideoCollector()
    for frame in frames:
        collector.add(*frame[:4])
    tracklets = {frame.frame_index: frame.tracklets for frame in frames}
    rows: dict[int, list[tuple[float, ...]]] = {}
    for category, of_class in enumerate(collector.link(TubeSettings())):
        for part in (part for tube in of_class for part in parts_of(tube, tracklets)):
            shown = trim_tube(interpolate_tube(part), trim)
            for i, frame in enumerate(shown.frames.tolist() if shown is not None else []):
                values = (*shown.boxes[i].tolist(), float(shown.confidence[i]), float(shown.scores[i]))
                rows.setdefault(frame, []).append((category, *values))
    return {frame: sorted(of_frame) for frame, of_frame in rows.items()}


def assert_shown(results: Sequence[FrameResult], expected: dict[int, list[tuple[float, ...]]]) -> None:
    """But for the numbers, of which each is there once."""
    for result in results:
        rows = sorted(row[1:] for row in rows_of(result))
        np.testing.assert_allclose(rows, expected.get(result.frame_index, []), rtol=1e-6, atol=1e-5)
        assert sorted(set(result.instances.ID)) == result.instances.ID


def rows_of(result: FrameResult) -> list[tuple[float, ...]]:
    found = result.instances
    columns = (found.track_ids, found.pred_classes, *found.pred_boxes.tensor.T, found.scores, found.raw_scores)
    return [tuple(row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def test_no_frames() -> None:
    assert run([], 0, 0.3) == []


@pytest.mark.parametrize("trim", [0.0, 0.45])
@pytest.mark.parametrize(("frames", "length"), [(range(11), 11), ([0, 3, 6, 9, 10], 11), ([0], 1)])
def test_a_whole_video(frames: Sequence[int], length: int, trim: float) -> None:
    for seed in range(3):
        linked = video(seed, frames)
        results = run(linked, length, trim)
        assert [r.frame_index for r in results] == list(range(length))
        assert_shown(results, expected_rows(linked, trim))
        by_frame = {frame.frame_index: frame.detections for frame in linked}
        for result in results:
            alone = by_frame.get(result.frame_index)
            assert (result.detections is None) == (alone is None)
            if alone is not None and result.detections is not None:
                for name, values in alone.get_fields().items():
                    other = result.detections.get(name)
                    values, other = (x.tensor if isinstance(x, Boxes) else x for x in (values, other))
                    assert values.dtype == other.dtype
                    assert torch.equal(values, other)


@pytest.mark.parametrize("window", [1, 4, 5, 10, 11, 50])
@pytest.mark.parametrize("frames", [range(11), [0, 3, 6, 9, 10]])
def test_windows_are_linked_as_videos_of_their_own(frames: Sequence[int], window: int) -> None:
    """But for the numbers; and each ends with the first frame of the next one."""
    linked = video(1, frames)
    results = run(linked, 11, 0.0, window)
    assert [r.frame_index for r in results] == list(range(11))
    start, numbers = 0, 0
    while start < len(linked):
        stop = start
        while stop < len(linked) and linked[stop].frame_index - linked[start].frame_index < window:
            stop += 1
        last = stop + 1 >= len(linked)
        part = linked[start:] if last else linked[start : stop + 1]
        part = [part[0]._replace(tracklets=part[0].tracklets[:0]), *part[1:]]
        assert_shown(results[part[0].frame_index : 11 if last else part[-1].frame_index], expected_rows(part, 0.0))
        numbers += 1
        start = len(linked) if last else stop
    assert (numbers == 1) == (window >= 10)
    if window >= 10:
        assert [rows_of(r) for r in results] == [rows_of(r) for r in run(linked, 11, 0.0)]


@pytest.mark.parametrize("window", [2, 3, 7])
def test_tracks_go_on_in_the_next_window(window: int) -> None:
    """Two objects of one class in plain view keep their numbers; one that is weak at a border is shown there still."""
    frames, before = [], None
    for t in range(20):
        boxes = np.array([[5 * t, 10, 5 * t + 20, 40], [100 - 4 * t, 60, 125 - 4 * t, 90]], np.float32)
        scores = np.array([[0.9], [0.0 if 8 <= t <= 9 else 0.8]], np.float32)
        tracklets = np.zeros((0, 8), np.float32) if before is None else np.concatenate([before, boxes], axis=1)
        frames.append(Linked(t, boxes, scores, tracklets, found_alone(t, 0)))
        before = boxes
    for result in run(frames, 20, 0.3, window):
        by_number = dict(zip(result.instances.ID, result.instances.pred_boxes.tensor[:, 1].tolist(), strict=True))
        assert by_number.get(1, 10) == 10
        assert by_number.get(2, 60) == 60
        assert set(by_number) <= {1, 2}
        assert 2 in by_number or 8 <= result.frame_index <= 9


def test_results_of_a_window_come_with_the_second_frame_after_it() -> None:
    tracks = OfflineTracks(TubeSettings(), Trim(0.0), window=4)
    arrived = [[r.frame_index for r in tracks.add(frame, SIZE)] for frame in video(0, range(11))]
    assert arrived == [[], [], [], [], [], [0, 1, 2, 3], [], [], [], [4, 5, 6, 7], []]
    assert [r.frame_index for r in tracks.finish(11, SIZE)] == [8, 9, 10]


def test_revised_scores_take_the_place_of_those_of_the_frame_before() -> None:
    linked = video(2, range(6))
    final = [frame._replace(scores=frame.scores * np.float32(0.5)) for frame in linked[:-1]]
    for window in (None, 2):
        tracks = OfflineTracks(TubeSettings(), Trim(0.0), window=window)
        found = list(tracks.add(linked[0], SIZE))
        for frame, revised in zip(linked[1:], final, strict=True):
            found += tracks.add(frame, SIZE, revised.scores)
        found += tracks.finish(6, SIZE)
        expected = run([*final, linked[-1]], 6, 0.0, window)
        assert [rows_of(r) for r in found] == [rows_of(r) for r in expected]
    with pytest.raises(ValueError, match=r"frame 0: revised scores \(6, 2\) for no frame before"):
        OfflineTracks(TubeSettings(), Trim(0.0)).add(linked[0], SIZE, linked[0].scores)
    tracks = OfflineTracks(TubeSettings(), Trim(0.0))
    tracks.add(linked[0], SIZE)
    with pytest.raises(ValueError, match=r"frame 0: revised scores \(5, 2\) for \(6, 2\)"):
        tracks.add(linked[1], SIZE, linked[0].scores[:5])


@pytest.mark.parametrize("window", [None, 5])
def test_what_is_shown_only_shortly_is_left_out(window: int | None) -> None:
    """Three objects: one is strong in frames 3 to 9, which two windows share, one in 1 to 2, one in 12 to 16."""
    strong = {0: range(3, 10), 1: range(1, 3), 2: range(12, 17)}
    frames, before = [], None
    for t in range(20):
        boxes = np.array([[50 * i, 10 + t, 50 * i + 30, 50 + t] for i in range(3)], np.float32)
        scores = np.array([[0.9 if t in strong[i] else 0.0] for i in range(3)], np.float32)
        tracklets = np.zeros((0, 8), np.float32) if before is None else np.concatenate([before, boxes], axis=1)
        frames.append(Linked(t, boxes, scores, tracklets, found_alone(t, 0)))
        before = boxes
    for min_frames, left_out in (1, set()), (3, {1}), (6, {1} if window else {1, 2}):
        shown = {i: set() for i in strong}
        for result in run(frames, 20, 0.5, window, min_frames):
            for x in result.instances.pred_boxes.tensor[:, 0].tolist():
                shown[round(x / 50)].add(result.frame_index)
        assert {i for i in strong if not shown[i]} == left_out
        assert all(shown[i] == set(strong[i]) for i in strong if i not in left_out)


def test_in_a_short_video_everything_is_short() -> None:
    linked = video(0, range(3))
    assert [rows_of(r) for r in run(linked, 3, 0.1, None, 5)] == [rows_of(r) for r in run(linked, 3, 0.1, None, 3)]
    (result,) = run(linked[:1], 1, 0.1, None, 5)
    assert rows_of(result)
