"""dnt_d2/evaluation/linking.py: which linkings are reported, and what their tubes find."""

from __future__ import annotations

import numpy as np

from dnt_d2.evaluation.ground_truth import VideoTruth
from dnt_d2.evaluation.linking import Linking, standard_linkings, tube_hits
from dnt_d2.tubes.collector import TubeSettings, VideoCollector


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


def test_no_boxes() -> None:
    collector = VideoCollector()
    collector.add(0, np.zeros((0, 4)), np.zeros((0, 1)), np.zeros((0, 8)))
    assert all(len(part) == 0 for part in tube_hits(truth([0]), 5, collector, Linking(TubeSettings())))


def test_sampled_frames_and_every_frame() -> None:
    every = truth(list(range(7)))
    found = tube_hits(every, 5, video([0, 3, 6]), Linking(TubeSettings()))
    assert found.frames.tolist() == [0, 3, 6]
    found = tube_hits(every, 5, video([0, 3, 6]), Linking(TubeSettings(), every_frame=True))
    assert found.frames.tolist() == list(range(7))
    assert found.hits.all()
    np.testing.assert_allclose(found.scores, 0.5)


def test_frames_that_the_data_set_lacks_are_left_out() -> None:
    """A list may have only some frames of a video; what is interpolated elsewhere can't be judged."""
    found = tube_hits(truth([0, 2, 6]), 5, video([0, 6]), Linking(TubeSettings(), every_frame=True))
    assert found.frames.tolist() == [0, 1, 2]  # numbers of the data set's own frames 0, 2 and 6
    assert found.hits.all()
