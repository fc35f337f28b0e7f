"""dnt_d2/evaluation/linking.py: which linkings are reported, and the boxes of their tubes."""

from __future__ import annotations

from dataclasses import fields
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import pytest

from dnt_d2.evaluation.ground_truth import VideoTruth
from dnt_d2.evaluation.linking import Linking, settings_of, standard_linkings, trim_tracks, tube_boxes
from dnt_d2.formats.results import Detections
from dnt_d2.tubes import Tube
from dnt_d2.tubes.collector import TubeSettings, VideoCollector
from dnt_d2.tubes.tube import trim_tube

if TYPE_CHECKING:
    from conftest import Drawn

NOTHING = Detections.of([], [], [], [])


def truth(frames: list[int]) -> VideoTruth:
    """A box that moves 2 px a frame, in some frames of video 5."""
    return VideoTruth.of(
        [
            {
                "file_name": f"{i}.JPEG",
                "video_id": 5,
                "frame_index": i,
                "annotations": [{"bbox": [2 * i, 0, 2 * i + 29, 29], "category_id": 0, "instance_id": 1}],
            }
            for i in frames
        ],
        1,
    )


def video(frames: list[int]) -> VideoCollector:
    """What a perfect network says of the box of :func:`truth`."""
    collector = VideoCollector()
    for i in frames:
        collector.add(i, [[2 * i, 0, 2 * i + 29, 29]], [[0.5]], np.zeros((0, 8)))
    return collector


def test_standard_linkings() -> None:
    settings = TubeSettings(top_k=7)
    assert list(standard_linkings(settings, 1)) == ["tube", "tube_psi0"]
    linkings = standard_linkings(settings, 10)
    assert list(linkings) == ["tube", "tube_psi0", "tube_all"]
    assert not linkings["tube_psi0"].use_tracks
    assert linkings["tube_all"] == Linking(settings, every_frame=True)
    assert {linking.widen for linking in linkings.values()} == {1}


@pytest.mark.parametrize("every_frame", [True, False])
def test_no_boxes(every_frame: bool) -> None:
    linking = Linking(TubeSettings(), every_frame=every_frame)
    without_frames, without_boxes = VideoCollector(), VideoCollector()
    without_boxes.add(0, np.zeros((0, 4)), np.zeros((0, 1)), np.zeros((0, 8)))
    for collector in (without_frames, without_boxes):
        boxes, own_scores = tube_boxes(truth([0]), 5, collector, linking)
        assert len(boxes) == len(own_scores) == 0
        assert boxes.boxes.shape == (0, 4)


def test_sampled_frames_and_every_frame() -> None:
    every = truth(list(range(7)))
    boxes, own_scores = tube_boxes(every, 5, video([0, 3, 6]), Linking(TubeSettings()))
    assert boxes.frames.tolist() == [0, 3, 6]
    np.testing.assert_allclose(own_scores, 0.5)
    boxes, own_scores = tube_boxes(every, 5, video([0, 3, 6]), Linking(TubeSettings(), every_frame=True))
    assert boxes.frames.tolist() == list(range(7))
    np.testing.assert_allclose(boxes.boxes, every.boxes, atol=1e-9)
    np.testing.assert_allclose(boxes.scores, 0.5)
    np.testing.assert_allclose(own_scores, 0.5)
    assert boxes.tracks.tolist() == [0] * 7


def test_online_boxes_are_held() -> None:
    held = Linking(TubeSettings(online=True), every_frame=True)
    boxes, _ = tube_boxes(truth(list(range(7))), 5, video([0, 3, 6]), held)
    assert boxes.boxes[:, 0].tolist() == [0, 0, 0, 6, 6, 6, 12]


def test_frames_that_the_data_set_lacks_are_left_out() -> None:
    """A list may have only some frames of a video; what is interpolated elsewhere can't be judged."""
    part = truth([0, 2, 6])
    boxes, own_scores = tube_boxes(part, 5, video([0, 6]), Linking(TubeSettings(), every_frame=True))
    assert boxes.frames.tolist() == [0, 1, 2]  # numbers of the data set's own frames 0, 2 and 6
    np.testing.assert_allclose(boxes.boxes, part.boxes, atol=1e-9)
    assert len(own_scores) == 3


@pytest.mark.parametrize("use_tracks", [True, False])
def test_all_boxes_of_all_tubes(drawn: Drawn, use_tracks: bool) -> None:
    """Of the last video, whose first frame is number 10; each tube has a number of its own over all classes."""
    collector, settings = drawn.record(7, stride=2).collector(), TubeSettings(top_fraction=0.3)
    boxes, own_scores = tube_boxes(drawn.truth, 7, collector, Linking(settings, use_tracks=use_tracks))
    tubes = list(chain(*collector.link(settings, use_tracks=use_tracks)))
    assert np.unique(boxes.tracks).tolist() == list(range(len(tubes)))
    for number, tube in enumerate(tubes):
        rows = boxes.tracks == number
        np.testing.assert_array_equal(boxes.frames[rows], 10 + tube.frames)
        np.testing.assert_array_equal(boxes.boxes[rows], tube.boxes)
        np.testing.assert_array_equal(boxes.scores[rows], tube.rescored / 2)
        np.testing.assert_array_equal(own_scores[rows], tube.scores)
        assert len(np.unique(boxes.classes[rows])) == 1
    assert (np.diff(boxes.frames) >= 0).all()


def test_a_video_that_the_data_set_lacks() -> None:
    with pytest.raises(ValueError, match="the data set has no video 6"):
        tube_boxes(truth([0]), 6, video([0]), Linking(TubeSettings()))


def test_trimming_nothing() -> None:
    assert len(trim_tracks(NOTHING, 0.3)) == 0
    alone = Detections.of([0, 1], [0, 0], np.zeros((2, 4)), [0.9, 0.9])
    assert len(trim_tracks(alone, 0.3)) == 0  # boxes without a track


@pytest.mark.parametrize("score", [0.0, 0.3, 0.5, 0.9, 1.0])
def test_trimming_is_that_of_tubes(score: float) -> None:
    rng = np.random.default_rng(int(10 * score))
    for _ in range(40):
        tubes = []
        for _ in range(rng.integers(0, 6)):
            frames = np.flatnonzero(rng.random(12) < 0.7)
            raw = rng.integers(0, 9, len(frames)) / 8  # halves and the like occur
            tubes.append(Tube(frames, frames, rng.random((len(frames), 4)), raw, raw * 2))
        tracks = np.repeat(rng.permutation(20)[: len(tubes)], [len(tube) for tube in tubes])
        columns = [
            np.concatenate([np.zeros((0, *shape)), *(getattr(tube, name) for tube in tubes)])
            for name, shape in (("frames", ()), ("boxes", (4,)), ("confidence", ()))
        ]
        frames, boxes, scores = columns
        loose = rng.integers(0, 12, 3)  # boxes without a track
        every = Detections.of(
            np.append(frames, loose),
            np.zeros(len(frames) + 3),
            np.vstack([boxes, np.zeros((3, 4))]),
            np.append(scores, [1.0, 1.0, 1.0]),
            np.append(tracks, [-1, -1, -1]),
        )
        kept = trim_tracks(every, score)
        parts = [trim_tube(tube, score) for tube in tubes]
        assert len(kept) == sum(len(part) for part in parts if part is not None)
        for number, part in zip(
            dict.fromkeys(tracks.tolist()), [p for p, t in zip(parts, tubes, strict=True) if len(t)], strict=True
        ):
            rows = kept.tracks == number
            assert rows.sum() == (0 if part is None else len(part))
            if part is not None:
                np.testing.assert_array_equal(kept.frames[rows], part.frames)
                np.testing.assert_array_equal(kept.boxes[rows], part.boxes)
                np.testing.assert_array_equal(kept.scores[rows], part.confidence)


def test_settings_by_config_key() -> None:
    settings = TubeSettings(top_k=7)
    assert settings_of(settings)["TUBES.TOP_K"] == 7
    assert list(settings_of(settings)) == [f"TUBES.{field.name.upper()}" for field in fields(TubeSettings)]
    assert TubeSettings(**{key[6:].lower(): value for key, value in settings_of(settings).items()}) == settings
