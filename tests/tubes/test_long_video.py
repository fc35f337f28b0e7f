"""LongVideo finds the tubes of VideoCollector, to the last bit, whatever is on the disk."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
import pytest

from dnt_d2.spill import GrowingArray, SpillFile
from dnt_d2.tubes import Tube, long_video
from dnt_d2.tubes.collector import TubeSettings, VideoCollector
from dnt_d2.tubes.long_video import LongVideo

Frame = tuple[int, np.ndarray, np.ndarray, np.ndarray]
NO_TRACKLETS = np.zeros((0, 8), np.float32)


@pytest.fixture(autouse=True)
def on_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nearly everything, also of short videos."""
    monkeypatch.setattr(long_video, "GrowingArray", lambda *args, **_: GrowingArray(*args, held_bytes=40))


def made_up(seed: int, num_frames: int, num_classes: int = 3, gaps: float = 0.0) -> list[Frame]:
    """Boxes that drift, with tracklets about where they go. In ``gaps`` of all frames a class, or all, has no box."""
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0, 80, (12, 2))
    frames: list[Frame] = []
    before = None
    for t in range(num_frames):
        corners = corners + rng.normal(0, 3, corners.shape)
        boxes = np.concatenate([corners, corners + 25], axis=1).astype(np.float32)
        scores = rng.random((12, num_classes), dtype=np.float32)
        scores[rng.random(scores.shape) < 0.1] = 0.25  # ties
        for c in range(num_classes):
            if rng.random() < gaps:
                scores[:, c] = np.nan  # which voting drops
        boxes[rng.random(12) < 0.05, 0] = np.inf
        if rng.random() < gaps:
            boxes, scores = boxes[:0], scores[:0]
        tracklets = NO_TRACKLETS
        if before is not None and len(before):
            ends = before[:, :4] + rng.normal(0, 4, before[:, :4].shape).astype(np.float32)
            tracklets = np.concatenate([before, ends], axis=1)
        frames.append((2 + 3 * t, boxes, scores, tracklets))
        before = boxes
    return frames


def tubes_of(video: LongVideo) -> Iterator[list[Tube]]:
    """The tubes of each class with all that belongs to them."""
    for category in range(video.num_classes):
        found = video.link(category)
        boxes = video.boxes(category, 0, int(found.first_rows[-1]))
        rows = found.first_rows[:-1] + found.indices
        yield [
            Tube(found.frames, i.astype(np.int64), boxes[rows[k]], found.scores[k], video.rescored(found, k))
            for k, i in enumerate(found.indices)
        ]


def both(frames: list[Frame], settings: TubeSettings) -> tuple[list[Any], list[Any]]:
    long, reference = LongVideo(settings, SpillFile()), VideoCollector()
    for frame in frames:
        long.add(*frame)
        reference.add(*frame)
    return list(tubes_of(long)), reference.link(settings)


def test_no_frames_and_no_boxes() -> None:
    video = LongVideo(TubeSettings(), SpillFile())
    assert list(tubes_of(video)) == []
    assert (len(video), video.num_classes) == (0, 0)
    video.add(0, np.zeros((0, 4)), np.zeros((0, 2)), NO_TRACKLETS)
    assert list(tubes_of(video)) == [[], []]
    assert video.link(1).indices.shape == (0, 0)
    video.add(1, [[0, 0, 9, 9]], [[0.5, 0.25]], NO_TRACKLETS)
    assert [[tube.rescored.tolist() for tube in tubes] for tubes in tubes_of(video)] == [[[1.0]], [[0.5]]]


@pytest.mark.parametrize("gaps", [0.0, 0.3])
@pytest.mark.parametrize(
    "settings", [{}, {"absent_score": 0.4, "absent_frames": 4}, {"link_iou": 0.3, "top_fraction": 0.1, "top_k": 4}]
)
def test_equals_the_collector(settings: dict[str, Any], gaps: float) -> None:
    linked = 0
    for seed in range(4):
        found, expected = both(made_up(seed, 17, gaps=gaps), TubeSettings(**settings))
        assert [len(tubes) for tubes in found] == [len(tubes) for tubes in expected]
        for mine, other in zip(chain(*found), chain(*expected), strict=True):
            for name in ("frames", "indices", "boxes", "scores", "rescored"):
                np.testing.assert_array_equal(getattr(mine, name), getattr(other, name))
        linked += sum(len(tubes) for tubes in found)
    assert linked > 8


def test_linking_consumes_nothing() -> None:
    frames = made_up(0, 12)
    video = LongVideo(TubeSettings(), SpillFile())
    for frame in frames[:7]:
        video.add(*frame)
    early = [tube.indices.tolist() for tube in next(tubes_of(video))]
    assert [tube.indices.tolist() for tube in next(tubes_of(video))] == early
    for frame in frames[7:]:
        video.add(*frame)
    whole = both(frames, TubeSettings())[1][0]
    assert [tube.indices.tolist() for tube in next(tubes_of(video))] == [tube.indices.tolist() for tube in whole]


def test_bad_frames_are_named() -> None:
    video = LongVideo(TubeSettings(), SpillFile())
    good: Frame = (5, np.array([[0, 0, 9, 9]]), np.array([[0.5, 0.25]]), NO_TRACKLETS)
    with pytest.raises(ValueError, match="frame 5 is the first of its video, yet 1 tracklets end in it"):
        video.add(*good[:3], np.zeros((1, 8)))
    video.add(*good)
    add = partial(video.add, 6)
    for arrays, message in (
        ((good[1][:, :3], good[2], NO_TRACKLETS), r"boxes \(1, 3\), scores \(1, 2\); need"),
        ((good[1], good[2][:, :1], NO_TRACKLETS), "frame 6 has scores of 1 classes, the first had 2"),
        ((good[1], good[2], np.zeros((2, 7))), r"tracklets \(2, 7\); need \(M, 8\)"),
    ):
        with pytest.raises(ValueError, match=message):
            add(*arrays)
    with pytest.raises(ValueError, match="frame 5 after frame 5"):
        video.add(*good)
    with pytest.raises(ValueError, match="top_k must be at least 1"):
        LongVideo(TubeSettings(top_k=0), SpillFile())
