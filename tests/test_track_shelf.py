"""The shelf of tracks by itself; by frame, against tubes in memory: test_offline_tracks.py."""

from __future__ import annotations

from itertools import count

import numpy as np

from dnt_d2.detection_shelf import DetectionShelf
from dnt_d2.spill import SpillFile
from dnt_d2.track_shelf import Joints, TrackShelf, Trim
from dnt_d2.tubes.collector import TubeSettings
from dnt_d2.tubes.identities import Identities
from dnt_d2.tubes.long_video import LongVideo

SIZE = (100, 200)
WHOLE = Joints(None, False, None)


def linked(places: list[float], scores: list[float]) -> tuple[LongVideo, SpillFile]:
    """One box a frame, at these x, with a tracklet from each to the next if they are not 100 px apart."""
    file = SpillFile()
    video, before = LongVideo(TubeSettings(), file), None
    for t, (x, score) in enumerate(zip(places, scores, strict=True)):
        box = np.array([[x, 10.0, x + 30, 60]])
        near = before is not None and abs(before[0, 0] - x) < 100
        tracklets = np.concatenate([before, box], axis=1) if near and before is not None else np.zeros((0, 8))
        video.add(t, box, np.array([[score]]), tracklets)
        before = box
    return video, file


def shown(video: LongVideo, file: SpillFile, trim: Trim, joints: Joints = WHOLE) -> tuple[list[list[int]], Joints]:
    """By frame the numbers, and how the tube goes on."""
    shelf, found = TrackShelf(video, file, count()), video.link(0)
    after = shelf.add(0, found, 0, trim, joints) if len(found.indices) else joints
    results = shelf.results(0, len(video), SIZE, DetectionShelf(file), Identities())
    return [r.instances.ID for r in results], after


def test_nothing_is_shown() -> None:
    file = SpillFile()
    shelf = TrackShelf(LongVideo(TubeSettings(), file), file, count())
    assert list(shelf.results(0, 0, SIZE, DetectionShelf(file), Identities())) == []
    assert [len(r.instances) for r in shelf.results(0, 2, SIZE, DetectionShelf(file), Identities())] == [0, 0]
    assert shown(*linked([0, 5, 10], [0.1, 0.1, 0.1]), Trim(0.5))[0] == [[], [], []]


def test_a_tube_is_cut_where_it_jumps_and_at_its_weak_ends() -> None:
    video = linked([0, 5, 10, 15, 150, 155, 160], [0.1, 0.9, 0.1, 0.9, 0.9, 0.9, 0.0])
    assert shown(*video, Trim(0.6))[0] == [[], [1], [1], [1], [2], [2], []]
    assert shown(*video, Trim(0.6, min_frames=3))[0] == [[], [1], [1], [1], [], [], []]


def test_how_it_goes_on() -> None:
    """The last frame is that of the next window, too."""
    video = linked([0, 5, 10, 15], [0.0, 0.0, 0.9, 0.9])
    numbers, after = shown(*video, Trim(0.6), Joints(None, False, 3))
    assert numbers == [[], [], [1], [1]]
    assert after == Joints(0, True, None)
    # Shown to the end of the window before, it is shown from the beginning of this one, also if that is short.
    assert shown(*video, Trim(0.6, 9), Joints(7, True, None)) == ([[1], [1], [1], [1]], Joints(7, False, None))
    assert shown(*video, Trim(0.95), Joints(7, True, None))[0] == [[], [], [], []]
