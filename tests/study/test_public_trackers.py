"""dnt_d2/study/public_trackers.py: what goes into the trackers of the package, and what is made of what comes out."""

from __future__ import annotations

import inspect
import sys
from typing import Any

import numpy as np
import pytest

from dnt_d2.evaluation.video_record import Rows
from dnt_d2.formats.results import Detections
from dnt_d2.study import public_trackers
from dnt_d2.study.public_trackers import TrackerName, track_video

trackers = pytest.importorskip("trackers", reason=f"needs {public_trackers.INSTALL}")

Row = tuple[int, float, list[float]]  # class, score, box
LAYOUT: dict[str, Any] = {"boxes": (np.float32, (4,)), "scores": (np.float32, ()), "classes": (np.int16, ())}
BOTH = pytest.mark.parametrize("name", ["sort", "bytetrack"])


def detections(frames: list[list[Row]]) -> Rows:
    columns = [{"boxes": [r[2] for r in f], "scores": [r[1] for r in f], "classes": [r[0] for r in f]} for f in frames]
    return Rows.of(columns, LAYOUT)


def moving(class_id: int, score: float, index: int, y: float = 10) -> Row:
    return class_id, score, [10.0 + 3 * index, y, 49.0 + 3 * index, y + 39]


def tracks_of(found: Detections, class_id: int) -> list[tuple[int, int]]:
    """Frames and tracks of a class."""
    rows = found.classes == class_id
    return list(zip(found.frames[rows].tolist(), found.tracks[rows].tolist(), strict=True))


@BOTH
@pytest.mark.parametrize("count", [0, 1, 3])
def test_no_detections(name: TrackerName, count: int) -> None:
    assert len(track_video(np.arange(count), detections([[]] * count), name, score=0.1)) == 0


@pytest.mark.parametrize(("name", "wait"), [("sort", 3), ("bytetrack", 2)])
def test_each_class_has_tracks_of_its_own(name: TrackerName, wait: int) -> None:
    """Two classes in one place, one of them in another, too. Tracks begin after some boxes in a row."""
    frames = [[moving(0, 0.9, i), moving(2, 0.8, i), moving(2, 0.75, i, y=80), moving(2, 0.2, i)] for i in range(6)]
    found = track_video(np.arange(20, 26), detections(frames), name, score=0.3)
    later = range(20 + wait - 1, 26)
    assert tracks_of(found, 0) == [(frame, 0) for frame in later]
    assert tracks_of(found, 2) == [(frame, track) for frame in later for track in (1, 2)]
    for row in range(len(found)):
        _, score, box = frames[found.frames[row] - 20][found.tracks[row]]
        assert found.boxes[row].tolist() == box
        assert found.scores[row] == np.float32(score)


@BOTH
@pytest.mark.parametrize(("gap", "count"), [(6, 1), (40, 2)])
def test_time_goes_on_in_frames_without_boxes(name: TrackerName, gap: int, count: int) -> None:
    """A track is kept for 30 frames, whatever the frame numbers are."""
    here = [[moving(0, 0.9, 0)]] * 5
    frames = [*here, *[[]] * gap, *here]
    found = track_video(np.arange(0, 10 * len(frames), 10), detections(frames), name, score=0.1)
    assert set(found.tracks.tolist()) == set(range(count))
    assert found.frames.max() == 10 * (len(frames) - 1)


def test_weak_boxes() -> None:
    """ByteTrack goes on with a box that can't begin a track; one below the score takes no part."""
    frames = [[moving(0, score, i)] for i, score in enumerate([0.5, 0.5, 0.5, 0.2, 0.05, 0.5])]
    assert len(track_video(np.arange(6), detections(frames), "bytetrack", score=0.1)) == 0
    found = track_video(np.arange(6), detections(frames), "bytetrack", score=0.1, start=0.4)
    assert found.frames.tolist() == [1, 2, 3, 5]
    assert len(track_video(np.arange(6), detections(frames), "bytetrack", score=0.1, start=0.6)) == 0
    assert track_video(np.arange(6), detections(frames), "sort", score=0.1, start=0.4).frames.tolist() == [2, 3, 5]
    assert len(track_video(np.arange(6), detections(frames), "sort", score=0.1, start=0.6)) == 0


@BOTH
def test_as_the_package_says(name: TrackerName) -> None:
    """One class of wandering boxes, given to a tracker by hand."""
    from supervision import Detections as FrameBoxes

    rng = np.random.default_rng(3)
    paths = rng.uniform(0, 150, (5, 2)) + np.cumsum(rng.normal(0, 6, (25, 5, 2)), axis=0)
    scores = rng.uniform(0.2, 1, (25, 5)).astype(np.float32)
    boxes = np.concatenate([paths, paths + 50], axis=2).astype(np.float32)
    frames = [[(4, float(s), b.tolist()) for s, b in zip(*of, strict=True)] for of in zip(scores, boxes, strict=True)]
    found = track_video(np.arange(25), detections(frames), name, score=0.4)
    tracker = trackers.SORTTracker() if name == "sort" else trackers.ByteTrackTracker()
    expected = set()
    for frame in range(25):
        good = scores[frame] >= 0.4
        given = FrameBoxes(xyxy=boxes[frame][good].astype(np.float64), confidence=scores[frame][good])
        back = tracker.update(given)
        expected |= {
            (frame, t, *b) for t, b in zip(back.tracker_id.tolist(), back.xyxy.tolist(), strict=True) if t >= 0
        }
    rows = zip(found.frames.tolist(), found.tracks.tolist(), found.boxes.tolist(), strict=True)
    assert {(frame, track, *box) for frame, track, box in rows} == expected
    assert len(expected) > 40


def test_the_settings_are_those_that_the_page_tells() -> None:
    names = ["minimum_iou_threshold", "minimum_consecutive_frames", "lost_track_buffer", "track_activation_threshold"]
    sort, byte = (inspect.signature(kind).parameters for kind in (trackers.SORTTracker, trackers.ByteTrackTracker))
    values = [[str(of[name].default) for of in (sort, byte)] for name in names]
    values.append(["-", str(byte["high_conf_det_threshold"].default)])
    lines = (public_trackers.__doc__ or "").splitlines()
    start = next(i for i, line in enumerate(lines) if line.split() == ["SORT", "ByteTrack"])
    assert [line.split()[-2:] for line in lines[start + 1 : start + 6]] == values


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trackers", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install --no-deps 'trackers>=2\.6,<3'"):
        track_video(np.arange(0), detections([]), "sort", score=0.1)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("kalman", {"score": 0.1}, "there is no tracker 'kalman'; these are known: sort, bytetrack"),
        ("sort", {"score": 1.1}, "score must be in"),
        ("sort", {"score": 0.1, "start": -1.0}, "start must be in"),
    ],
)
def test_bad_settings(name: Any, options: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        track_video(np.arange(1), detections([[]]), name, **options)


def test_frames_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="2 frame numbers for the detections of 1 frames"):
        track_video(np.arange(2), detections([[]]), "sort", score=0.1)
